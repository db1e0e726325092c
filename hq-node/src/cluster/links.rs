//! The links that gateways hold, for the pages of another process: each gateway tells every few seconds, and what is not
//! heard of any more is forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use link::downlinks::{PeerStatus, Status};
use messages::codec::{from_body, to_body};
use runtime::actor::{Actor, Scope};
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Cluster;

const SUBJECT: &str = "os1.links";
const TELL_EVERY: Duration = Duration::from_secs(2);
/// A gateway that is not heard of for so long has no links.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// Links of one message: some 200 KB.
const LINKS_MAX: usize = 500;
/// Messages of all gateways that are remembered: 128,000 links.
const PARTS_MAX: usize = 256;
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
struct Told {
    gateway: String,
    part: usize,
    peers: Vec<PeerStatus>,
}

type Parts = BTreeMap<(String, usize), (Instant, Vec<PeerStatus>)>;

/// What other gateways told. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere(Arc<Mutex<Parts>>);

impl Elsewhere {
    fn keep(&self, told: Told) {
        let mut parts = self.0.lock().expect("nothing panics while it holds the links");
        let now = Instant::now();
        parts.retain(|_, (heard, _)| now.duration_since(*heard) < FORGOTTEN_AFTER);
        if parts.len() < PARTS_MAX {
            parts.insert((told.gateway, told.part), (now, told.peers));
        }
    }

    pub fn peers(&self) -> Vec<PeerStatus> {
        let parts = self.0.lock().expect("nothing panics while it holds the links");
        let now = Instant::now();
        let fresh = parts.values().filter(|(heard, _)| now.duration_since(*heard) < FORGOTTEN_AFTER);
        fresh.flat_map(|(_, peers)| peers.clone()).collect()
    }
}

/// The supervised actor.
pub struct Links {
    cluster: Cluster,
    own: ActorRef<Status>,
    elsewhere: Elsewhere,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct LinksState {
    pub elsewhere: usize,
}

impl Links {
    pub fn new(cluster: Cluster, own: ActorRef<Status>, elsewhere: Elsewhere) -> Links {
        Links { cluster, own, elsewhere }
    }
}

impl Actor for Links {
    type State = LinksState;

    async fn started(&mut self, scope: &Scope<Links>) -> Result<(), StartError> {
        let (cluster, own) = (self.cluster.clone(), self.own.clone());
        scope.spawn(async move {
            loop {
                tokio::time::sleep(TELL_EVERY).await;
                let Ok(status) = own.ask(Status).await else { continue };
                for (part, peers) in status.peers.chunks(LINKS_MAX).enumerate() {
                    let told = Told { gateway: cluster.id().to_owned(), part, peers: peers.to_vec() };
                    // What is lost is told again.
                    cluster.client.publish(SUBJECT, to_body(&told).into()).await.ok();
                }
            }
        });
        let (cluster, elsewhere) = (self.cluster.clone(), self.elsewhere.clone());
        scope.spawn(async move {
            loop {
                if let Ok(mut all) = cluster.client.subscribe(SUBJECT).await {
                    while let Some(message) = all.next().await {
                        if let Ok(told) = from_body::<Told>(&message.payload)
                            && told.gateway != cluster.id()
                        {
                            elsewhere.keep(told);
                        }
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Ok(())
    }

    fn observe(&self) -> LinksState {
        LinksState { elsewhere: self.elsewhere.peers().len() }
    }
}
