//! The gateway's side: batches go out by partition, and wait here for what came of them.
//!
//! A session has one batch out at a time and keeps it until it is committed, so whatever NATS does to it, it is offered
//! again. Partitions that this very process owns need no way round.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use link::apply::{Apply, Peer};
use link::chain::Place;
use link::frame::batch::ENVELOPE_BYTES_MAX;
use link::frame::{Data, Frame, Numbered};
use link::inbox::{self, TakeError, Taken};
use link::intake::Intake;
use link::outbox::DOCUMENTS;
use messages::codec::from_body;
use migrations::database::Database;
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::oneshot;

use super::wire::{Answered, Label, Outcome};
use super::{Cluster, partition_of, up};

/// Whoever takes a batch answers by then, or the cursor is looked at.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// One message, with room for headers below the megabyte that a NATS server takes. A single document fits.
const MESSAGE_BYTES_MAX: usize = 900 * 1024;
/// What the broker does not take is tried again this much later.
const AGAIN: Duration = Duration::from_secs(1);

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Outcome>>>>;

/// Takes documents by whoever owns their partition.
#[derive(Clone)]
pub struct Courier {
    cluster: Cluster,
    database: Database,
    apply: Arc<dyn Apply>,
    waiting: Waiting,
    numbers: Arc<AtomicU64>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    own: AtomicU64,
    offered: AtomicU64,
    unanswered: AtomicU64,
    not_taken: AtomicU64,
}

impl Courier {
    pub fn new(cluster: Cluster, database: Database, apply: Arc<dyn Apply>) -> Courier {
        let (waiting, numbers, counts) = Default::default();
        Courier { cluster, database, apply, waiting, numbers, counts }
    }

    fn subject(&self) -> String {
        Cluster::subject_of(self.cluster.id(), "ack")
    }

    fn forget(&self, number: u64) -> Option<oneshot::Sender<Outcome>> {
        self.waiting.lock().expect("nothing panics while it holds the waiting").remove(&number)
    }

    async fn bring(&self, peer: &Peer, before: Place, batch: &[Numbered]) -> Result<Taken, TakeError> {
        if let Some(fence) = self.cluster.owns(&peer.name) {
            self.counts.own.fetch_add(1, Ordering::Relaxed);
            let apply = self.apply.as_ref();
            return match inbox::take_under(&self.database, Some(&fence), apply, peer, before, batch).await {
                // It may have been offered before, and committed by the owner of then.
                Err(TakeError::Overtaken) => self.look(peer, before, batch, TakeError::Overtaken).await,
                result => result,
            };
        }
        let mut all = Taken { place: before, ..Taken::default() };
        for part in parts(batch) {
            let taken = self.offer(peer, all.place, part).await;
            let Taken { place, applied, duplicate, parked } = match taken {
                // The whole batch cannot be offered again where part of it is committed: the store begins at the cursor.
                Err(TakeError::Nobody(_)) if all.place != before => return Err(TakeError::Overtaken),
                other => other?,
            };
            all.place = place;
            all.applied += applied;
            all.duplicate += duplicate;
            all.parked += parked;
        }
        Ok(all)
    }

    async fn offer(&self, peer: &Peer, before: Place, part: &[Numbered]) -> Result<Taken, TakeError> {
        if !self.cluster.is_connected() {
            self.counts.not_taken.fetch_add(1, Ordering::Relaxed);
            return Err(TakeError::Nobody("NATS is away".to_owned()));
        }
        let data = Data { channel: DOCUMENTS, documents: part.to_vec() };
        let frame = Frame::Data(data).encode().map_err(|error| TakeError::Nobody(error.to_string()))?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (tell, told) = oneshot::channel();
        let _place = Waits::new(&self.waiting, number, tell);
        let label = Label { peer: peer.clone(), gateway: self.subject(), number };
        let subject = up(partition_of(&peer.name));
        let sent = self.cluster.jetstream().publish_with_headers(subject, label.headers(), frame.into()).await;
        let kept = match sent {
            Ok(kept) => kept.await.map(|_| ()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = kept {
            self.counts.not_taken.fetch_add(1, Ordering::Relaxed);
            // Its folder may be gone, and the stream with it.
            self.cluster.stream().await.map_err(|error| TakeError::Nobody(error.to_string()))?;
            return Err(TakeError::Nobody(format!("NATS did not keep them: {reason}")));
        }
        self.counts.offered.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(ANSWER_WITHIN, told).await {
            Ok(Ok(outcome)) => outcome.into_result(),
            _ => {
                self.counts.unanswered.fetch_add(1, Ordering::Relaxed);
                let seconds = ANSWER_WITHIN.as_secs();
                let nobody = TakeError::Nobody(format!("no process took them within {seconds} seconds"));
                self.look(peer, before, part, nobody).await
            }
        }
    }

    /// The database knows whether `batch` was committed; `otherwise` if it was not.
    async fn look(
        &self,
        peer: &Peer,
        before: Place,
        batch: &[Numbered],
        otherwise: TakeError,
    ) -> Result<Taken, TakeError> {
        let cursor = inbox::cursor(&self.database.reader, &peer.name).await?;
        match batch.last() {
            Some(last) if last.place == cursor => Ok(Taken { place: cursor, ..Taken::default() }),
            _ if cursor == before => Err(otherwise),
            _ => Err(TakeError::Overtaken),
        }
    }
}

/// In messages that NATS takes.
fn parts(batch: &[Numbered]) -> impl Iterator<Item = &[Numbered]> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|numbered| {
            bytes += numbered.document.body.len() + ENVELOPE_BYTES_MAX;
            bytes <= MESSAGE_BYTES_MAX
        });
        let count = fitting.count().max(1).min(rest.len());
        let (part, after) = rest.split_at(count);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// A place among those who wait, for as long as somebody does.
struct Waits<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl<'a> Waits<'a> {
    fn new(waiting: &'a Waiting, number: u64, tell: oneshot::Sender<Outcome>) -> Waits<'a> {
        waiting.lock().expect("nothing panics while it holds the waiting").insert(number, tell);
        Waits { waiting, number }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.waiting.lock().expect("nothing panics while it holds the waiting").remove(&self.number);
    }
}

impl Intake for Courier {
    fn take<'a>(
        &'a self,
        peer: &'a Peer,
        before: Place,
        batch: &'a [Numbered],
    ) -> BoxFuture<'a, Result<Taken, TakeError>> {
        self.bring(peer, before, batch).boxed()
    }
}

/// The supervised actor that hands answers to those who wait.
pub struct Answers {
    courier: Courier,
}

/// What an operator sees of a gateway.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayState {
    pub nats: bool,
    pub waiting: usize,
    /// Batches for partitions of this process.
    pub own: u64,
    pub offered: u64,
    pub unanswered: u64,
    /// By NATS.
    pub not_taken: u64,
}

impl Answers {
    pub fn new(courier: Courier) -> Answers {
        Answers { courier }
    }
}

impl Actor for Answers {
    type State = GatewayState;

    async fn started(&mut self, scope: &Scope<Answers>) -> Result<(), StartError> {
        let courier = self.courier.clone();
        scope.spawn(async move {
            loop {
                if let Ok(mut answers) = courier.cluster.client.subscribe(courier.subject()).await {
                    while let Some(message) = answers.next().await {
                        let Ok(Answered { number, outcome }) = from_body(&message.payload) else { continue };
                        let waits = courier.forget(number);
                        // Whoever asked may have looked at the cursor meanwhile.
                        if let Some(tell) = waits {
                            tell.send(outcome).ok();
                        }
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        Ok(())
    }

    fn observe(&self) -> GatewayState {
        let Counts { own, offered, unanswered, not_taken } = self.courier.counts.as_ref();
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        GatewayState {
            nats: self.courier.cluster.is_connected(),
            waiting: self.courier.waiting.lock().expect("nothing panics while it holds the waiting").len(),
            own: now(own),
            offered: now(offered),
            unanswered: now(unanswered),
            not_taken: now(not_taken),
        }
    }
}
