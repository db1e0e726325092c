//! Takes what gateways offer for the partitions of this process, into the database, and answers them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, AckKind, consumer};
use futures_util::StreamExt;
use link::apply::{Apply, Peer};
use link::bell::Bell;
use link::frame::{Frame, Numbered};
use link::inbox::{self, TakeError, Taken};
use link::session::Incident;
use messages::codec::to_body;
use migrations::database::Database;
use migrations::lease::Fence;
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::wire::{Answered, Label, Outcome};
use super::{Cluster, ClusterError, up};

/// Batches in transactions at once, each of another store: half of the connections, the others answer questions.
const AT_ONCE: usize = 8;
/// Messages of one pull. They are in memory: 8 MiB at the most for each partition that is busy.
const PULL_MESSAGES: usize = 8;
const PULL_WAITS: Duration = Duration::from_secs(2);
/// After so many pulls for nothing the stream is looked for: its folder may be gone.
const PULLS_FOR_NOTHING: u32 = 3;
/// What was pulled and not answered comes again, here or at the next owner.
const UNANSWERED: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_secs(1);
/// Another offer of the same batch may be committed between a look at the cursor and the transaction.
const LOOKS_MAX: u32 = 3;

/// The surroundings, the same for every partition.
#[derive(Clone)]
pub struct IngestPorts {
    pub cluster: Cluster,
    pub database: Database,
    pub apply: Arc<dyn Apply>,
    pub committed: Bell,
}

/// The supervised actor.
pub struct Ingest {
    ports: IngestPorts,
    state: Rc<RefCell<IngestState>>,
    turns: Arc<Semaphore>,
    /// However this object ends, its tasks end with it.
    all: CancellationToken,
    _all: DropGuard,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IngestState {
    pub batches: u64,
    pub documents: u64,
    /// Offers of what was committed already.
    pub again: u64,
    pub fenced: u64,
    pub last_error: Option<String>,
}

impl Ingest {
    pub fn new(ports: IngestPorts) -> Ingest {
        let all = CancellationToken::new();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Ingest { ports, state: Rc::default(), turns, _all: all.clone().drop_guard(), all }
    }
}

impl Actor for Ingest {
    type State = IngestState;

    async fn started(&mut self, scope: &Scope<Ingest>) -> Result<(), StartError> {
        let mut owned = self.ports.cluster.owned.subscribe();
        owned.mark_changed();
        let pulling = Pulling { ports: self.ports.clone(), state: self.state.clone(), turns: self.turns.clone() };
        let all = self.all.clone();
        scope.spawn(async move {
            let mut running: BTreeMap<u8, (Fence, CancellationToken)> = BTreeMap::new();
            while owned.changed().await.is_ok() {
                let now = owned.borrow_and_update().clone();
                running.retain(|partition, (fence, stop)| {
                    let stays = now.get(partition) == Some(fence);
                    if !stays {
                        stop.cancel();
                    }
                    stays
                });
                for (partition, fence) in now.iter() {
                    if running.contains_key(partition) {
                        continue;
                    }
                    let stop = all.child_token();
                    running.insert(*partition, (fence.clone(), stop.clone()));
                    let (pulling, partition, fence) = (pulling.clone(), *partition, fence.clone());
                    tokio::task::spawn_local(async move {
                        stop.run_until_cancelled(pulling.partition(partition, fence)).await;
                    });
                }
            }
        });
        Ok(())
    }

    fn observe(&self) -> IngestState {
        self.state.borrow().clone()
    }
}

#[derive(Clone)]
struct Pulling {
    ports: IngestPorts,
    state: Rc<RefCell<IngestState>>,
    turns: Arc<Semaphore>,
}

impl Pulling {
    async fn partition(self, partition: u8, fence: Fence) {
        loop {
            if let Err(error) = self.pull(partition, &fence).await {
                self.state.borrow_mut().last_error = Some(error.to_string());
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Pull until there is nothing for a while or NATS fails.
    async fn pull(&self, partition: u8, fence: &Fence) -> Result<(), ClusterError> {
        fn failed(error: impl std::fmt::Display) -> ClusterError {
            ClusterError::Stream(error.to_string())
        }
        let name = format!("p{partition:02}");
        let config = consumer::pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: up(partition),
            ack_wait: UNANSWERED,
            ..consumer::pull::Config::default()
        };
        let stream = self.ports.cluster.stream().await?;
        let consumer = stream.get_or_create_consumer(&name, config).await.map_err(failed)?;
        let mut for_nothing = 0;
        while for_nothing < PULLS_FOR_NOTHING {
            let pull = consumer.batch().max_messages(PULL_MESSAGES).expires(PULL_WAITS).messages();
            let mut messages = pull.await.map_err(failed)?;
            for_nothing += 1;
            while let Some(message) = messages.next().await {
                self.message(message.map_err(failed)?, fence).await;
                for_nothing = 0;
            }
        }
        Ok(())
    }

    async fn message(&self, message: jetstream::Message, fence: &Fence) {
        let read = Label::read(message.headers.as_ref()).zip(Frame::decode(&message.payload).ok());
        let Some((label, Frame::Data(data))) = read else {
            tracing::error!(subject = %message.subject, "what a gateway offers cannot be read: it is dropped");
            message.ack().await.ok();
            return;
        };
        let Ok(_turn) = self.turns.acquire().await else { return };
        let count = data.documents.len() as u64;
        let result = self.take(&label.peer, data.documents, fence).await;
        {
            let mut state = self.state.borrow_mut();
            match &result {
                Ok((_, true)) => state.again += 1,
                Ok((_, false)) => {
                    state.batches += 1;
                    state.documents += count;
                    self.ports.committed.ring();
                }
                Err(TakeError::Fenced(_)) => state.fenced += 1,
                Err(error) => state.last_error = Some(error.to_string()),
            }
        }
        match Outcome::of(result.map(|(taken, _)| taken)) {
            Some(outcome) => {
                let answered = Answered { number: label.number, outcome };
                // A gateway that does not hear of it looks at the cursor.
                self.ports.cluster.client.publish(label.gateway, to_body(&answered).into()).await.ok();
                message.ack().await.ok();
            }
            None => {
                message.ack_with(AckKind::Nak(None)).await.ok();
            }
        }
    }

    /// True: all of it was committed before.
    async fn take(&self, peer: &Peer, documents: Vec<Numbered>, fence: &Fence) -> Result<(Taken, bool), TakeError> {
        let IngestPorts { database, apply, .. } = &self.ports;
        let last = documents.last().map(|last| last.place).unwrap_or_default();
        let mut looks = 0;
        loop {
            looks += 1;
            let cursor = inbox::cursor(&database.writer, &peer.name).await?;
            if cursor == last {
                return Ok((Taken { place: last, ..Taken::default() }, true));
            }
            let rest = documents.iter().filter(|numbered| numbered.place.sequence > cursor.sequence);
            let rest: Vec<Numbered> = rest.cloned().collect();
            let mut place = cursor;
            for Numbered { place: theirs, document } in &rest {
                if theirs.sequence != place.sequence + 1 {
                    // Part of what was offered is lost: the store begins at the cursor.
                    return Err(TakeError::Overtaken);
                }
                place = place.next(document.id, &document.body);
                if place.chain != theirs.chain {
                    let (whose, sequence) = (peer.name.clone(), place.sequence);
                    let (ours, theirs) = (place.chain, theirs.chain);
                    return Err(Incident::Fork { whose, sequence, ours, theirs }.into());
                }
            }
            if rest.is_empty() {
                return Err(TakeError::Overtaken);
            }
            match inbox::take_under(database, Some(fence), apply.as_ref(), peer, cursor, &rest).await {
                Err(TakeError::Overtaken) if looks < LOOKS_MAX => {}
                result => return result.map(|taken| (taken, false)),
            }
        }
    }
}
