//! The links that gateways hold: each gateway tells every few seconds, and what is not heard of any more is forgotten. Pages of
//! another process show them; and a gateway that a node dials asks the one that has it, so that a copy is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Message, Request};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use link::downlinks::{Lives, PeerStatus, Status};
use messages::codec::{from_body, to_body};
use runtime::actor::{Actor, Scope};
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{AGAIN, Cluster};

const SUBJECT: &str = "os1.links";
const TELL_EVERY: Duration = Duration::from_secs(2);
/// A gateway that is not heard of for so long has no links.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// Links of one message: some 200 KB.
const LINKS_MAX: usize = 500;
/// Messages of all gateways that are remembered: 128,000 links.
const PARTS_MAX: usize = 256;
/// A gateway that is asked for a node asks the node, for two seconds.
const LIVES_WITHIN: Duration = Duration::from_secs(3);
/// Questions of other gateways at once: stores that all dial another one after a cut.
const QUESTIONS_MAX: usize = 1_024;
const LIVES: &[u8] = b"1";
const IS_GONE: &[u8] = b"0";

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
        self.fresh(|_, peers| peers.to_vec()).into_iter().flatten().collect()
    }

    /// Gateways that said a moment ago that `peer` is linked to them.
    fn holders(&self, peer: &str) -> Vec<String> {
        let has = |peers: &[PeerStatus]| peers.iter().any(|known| known.connected && known.name == peer);
        self.fresh(|gateway, peers| has(peers).then(|| gateway.to_owned())).into_iter().flatten().collect()
    }

    /// Something of each part that is not forgotten yet.
    fn fresh<T>(&self, of: impl Fn(&str, &[PeerStatus]) -> T) -> Vec<T> {
        let parts = self.0.lock().expect("nothing panics while it holds the links");
        let now = Instant::now();
        let fresh = parts.iter().filter(|(_, (heard, _))| now.duration_since(*heard) < FORGOTTEN_AFTER);
        fresh.map(|((gateway, _), (_, peers))| of(gateway, peers)).collect()
    }
}

/// Asks the gateways that have a node whether it answers them.
pub struct Others(pub Cluster);

impl link::downlinks::Elsewhere for Others {
    fn lives<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, bool> {
        async move {
            for gateway in self.0.links.holders(peer) {
                let subject = Cluster::subject_of(&gateway, "lives");
                let request = Request::new().payload(peer.to_owned().into()).timeout(Some(LIVES_WITHIN));
                // A gateway that is gone has no listener, and one that is stuck has lost the node.
                let answer = self.0.client.send_request(subject, request).await;
                if answer.is_ok_and(|answer| *answer.payload == *LIVES) {
                    return true;
                }
            }
            false
        }
        .boxed()
    }
}

/// The supervised actor.
pub struct Links {
    cluster: Cluster,
    own: ActorRef<Status>,
    lives: ActorRef<Lives>,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct LinksState {
    pub elsewhere: usize,
}

impl Links {
    pub fn new(cluster: Cluster, own: ActorRef<Status>, lives: ActorRef<Lives>) -> Links {
        Links { cluster, own, lives }
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
        let cluster = self.cluster.clone();
        scope.spawn(async move {
            loop {
                if let Ok(mut all) = cluster.client.subscribe(SUBJECT).await {
                    while let Some(message) = all.next().await {
                        if let Ok(told) = from_body::<Told>(&message.payload)
                            && told.gateway != cluster.id()
                        {
                            cluster.links.keep(told);
                        }
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        let (cluster, lives) = (self.cluster.clone(), self.lives.clone());
        scope.spawn(async move {
            let (subject, turns) =
                (Cluster::subject_of(cluster.id(), "lives"), Arc::new(Semaphore::new(QUESTIONS_MAX)));
            cluster.serve(subject, turns, |question| Some(answer(lives.clone(), question))).await;
        });
        Ok(())
    }

    fn observe(&self) -> LinksState {
        LinksState { elsewhere: self.cluster.links.peers().len() }
    }
}

/// Another gateway asks for a node that was linked here a moment ago.
async fn answer(lives: ActorRef<Lives>, question: Message) -> Vec<u8> {
    let peer = String::from_utf8_lossy(&question.payload).into_owned();
    let lives = match lives.ask(Lives(peer)).await {
        Ok(looking) => looking.0.await.unwrap_or(false),
        Err(_) => false,
    };
    if lives { LIVES.to_vec() } else { IS_GONE.to_vec() }
}
