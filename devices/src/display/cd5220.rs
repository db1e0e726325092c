//! Customer displays in CD5220 mode.

use futures_util::future::BoxFuture;

use super::{CustomerDisplay, DisplayError};
use crate::port::Connector;

pub struct Cd5220 {
    connector: Connector,
}

impl Cd5220 {
    pub fn new(connector: Connector) -> Cd5220 {
        Cd5220 { connector }
    }
}

impl CustomerDisplay for Cd5220 {
    fn show<'a>(&'a mut self, _lines: &'a [String; 2]) -> BoxFuture<'a, Result<(), DisplayError>> {
        Box::pin(async {
            (self.connector)().await.map_err(|error| DisplayError { reason: error.to_string() })?;
            Ok(())
        })
    }
}
