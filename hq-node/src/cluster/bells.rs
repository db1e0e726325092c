//! Datasets that one process publishes are given by the gateways of all at once. A ring that NATS loses costs the seconds
//! until they look by themselves.

use futures_util::StreamExt;
use link::bell::Bell;
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use serde::Serialize;

use super::Cluster;

const SUBJECT: &str = "os1.datasets";
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// The supervised actor.
pub struct Bells {
    cluster: Cluster,
    /// Rung by the publisher of this process.
    published: Bell,
    /// Heard by the sessions of this process.
    changed: Bell,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct BellsState {
    pub nats: bool,
}

impl Bells {
    pub fn new(cluster: Cluster, published: Bell, changed: Bell) -> Bells {
        Bells { cluster, published, changed }
    }
}

impl Actor for Bells {
    type State = BellsState;

    async fn started(&mut self, scope: &Scope<Bells>) -> Result<(), StartError> {
        let (client, mut ear) = (self.cluster.client.clone(), self.published.ear());
        scope.spawn(async move {
            loop {
                ear.heard().await;
                if client.publish(SUBJECT, bytes::Bytes::new()).await.is_err() {
                    tokio::time::sleep(AGAIN).await;
                }
            }
        });
        let (client, changed) = (self.cluster.client.clone(), self.changed.clone());
        scope.spawn(async move {
            loop {
                if let Ok(mut rings) = client.subscribe(SUBJECT).await {
                    while rings.next().await.is_some() {
                        changed.ring();
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Ok(())
    }

    fn observe(&self) -> BellsState {
        BellsState { nats: self.cluster.is_connected() }
    }
}
