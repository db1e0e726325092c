//! CAS ECR scales (AP, ER, PD-II).

use futures_util::future::BoxFuture;

use super::{Scale, ScaleError, Weight};
use crate::port::Connector;

pub struct Cas {
    connector: Connector,
}

impl Cas {
    pub fn new(connector: Connector) -> Cas {
        Cas { connector }
    }
}

impl Scale for Cas {
    fn weigh(&mut self) -> BoxFuture<'_, Result<Weight, ScaleError>> {
        Box::pin(async {
            (self.connector)().await.map_err(|error| ScaleError::Offline { reason: error.to_string() })?;
            Err(ScaleError::NoAnswer)
        })
    }
}
