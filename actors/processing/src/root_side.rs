//! The root at work: it answers stores over the line, and does what each second and each day bring.

use std::sync::Arc;
use std::time::Duration;

use domain::ledger::TransferId;
use futures_util::future::BoxFuture;
use link::apply::{Peer, PeerRole};
use link::requests::{ACCOUNTS_SYNC, Answer, RequestError};
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::{Semaphore, watch};

use crate::keeper::{Door, DoorError};
use crate::line::{Line, NEWS_WITHIN};
use crate::machine::log::{Document, Entry, Told};
use crate::machine::root::{Out, PeerStanding, Root};
use crate::machine::wire::{Answered, Envelope, Reply, Say, ToRoot};
use crate::pipe;
use crate::store::StoreError;

const TICK: Duration = Duration::from_secs(1);
/// An answer that waits for news ends so long before the question does.
const SOONER: Duration = Duration::from_millis(500);
/// Messages of one question.
const MESSAGES_MAX: usize = 16;
/// Stores that bring documents at once: some 20 ms of work. Others take turns behind them, so that a customer at the counter
/// of a store waits for few of those that were alone for long.
const BRINGING_MAX: usize = 4;

#[derive(Debug, thiserror::Error)]
enum RootError {
    #[error("\"{0}\" is no store")]
    Asker(String),
    #[error("the question cannot be read: {0}")]
    Body(#[from] messages::codec::BodyError),
    #[error("a store has at most {MESSAGES_MAX} things to say at once")]
    TooMuch,
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Answers stores about accounts, and leaves the rest to another.
#[derive(Clone)]
pub struct RootAnswers {
    door: Door<Root>,
    next: Option<Arc<dyn Answer>>,
    bringing: Arc<Semaphore>,
}

impl RootAnswers {
    pub fn new(door: Door<Root>, next: Option<Arc<dyn Answer>>) -> RootAnswers {
        RootAnswers { door, next, bringing: Arc::new(Semaphore::new(BRINGING_MAX)) }
    }

    async fn work(&self, from: &Peer, body: &[u8]) -> Result<Vec<u8>, RootError> {
        if from.role != PeerRole::Store {
            return Err(RootError::Asker(from.name.clone()));
        }
        let envelope = Envelope::from_body(body)?;
        if envelope.messages.len() > MESSAGES_MAX {
            return Err(RootError::TooMuch);
        }
        let ids: Vec<TransferId> = envelope.messages.iter().flat_map(ids_of).collect();
        let turn = match ids.is_empty() {
            true => None,
            false => self.bringing.acquire().await.ok(),
        };
        // Heard from before the question: what comes between it and the waiting counts.
        let mut ear = self.door.bell(envelope.node).ear();
        let (name, messages) = (from.name.clone(), envelope.messages);
        let asked = messages.clone();
        let (node, out) = self
            .door
            .ask(ids, move |root, now| {
                let node = root.number_of(&name);
                let own = messages.into_iter().filter(|message| message.from == node);
                (node, own.flat_map(|message| root.on_store(message, now)).collect::<Vec<_>>())
            })
            .await?;
        drop(turn);
        let mut replies = self.replies(out).await?;
        if envelope.waits && replies.iter().all(is_no_news) {
            tokio::time::timeout(NEWS_WITHIN - SOONER, ear.heard()).await.ok();
            let again = asked.into_iter().filter(|message| message.from == node);
            let again: Vec<ToRoot> = again.collect();
            let work = move |root: &mut Root, now| again.into_iter().flat_map(|m| root.on_store(m, now)).collect();
            replies = self.replies(self.door.ask(Vec::new(), work).await?).await?;
        }
        Ok(Answered { node, replies }.to_body())
    }

    async fn replies(&self, out: Vec<Out>) -> Result<Vec<Reply>, RootError> {
        Ok(pipe::replies(out, self.door.store()?.as_ref()).await?)
    }
}

fn is_no_news(reply: &Reply) -> bool {
    matches!(reply, Reply::Ack { .. })
}

/// Transfers that a message may make the root ask its book for.
fn ids_of(message: &ToRoot) -> Vec<TransferId> {
    let documents = |entries: &[Entry]| {
        let read = entries.iter().filter_map(|entry| Document::from_body(&entry.body).ok());
        read.flat_map(|document| (1..=6).map(move |line| document.operation.line(line))).collect::<Vec<_>>()
    };
    match &message.say {
        Say::Push { up, .. } => documents(up),
        Say::Sync(sync) => {
            let told = sync.downs.iter().filter_map(|entry| Told::from_body(&entry.body).ok());
            let told = told.flat_map(|told| match told {
                Told::Grant { transfers } | Told::Copy { transfers } => transfers.into_iter().map(|t| t.id).collect(),
                _ => Vec::new(),
            });
            documents(&sync.ups).into_iter().chain(told).collect()
        }
        Say::Hello | Say::Want { .. } => Vec::new(),
    }
}

impl Answer for RootAnswers {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        if type_id == ACCOUNTS_SYNC {
            return Box::pin(async move { self.work(from, &body).await.map_err(|error| error.to_string()) });
        }
        match &self.next {
            Some(next) => next.answer(from, type_id, body),
            None => Box::pin(async move { Err(format!("questions of kind {type_id} are not answered here")) }),
        }
    }
}

/// A store and its root in one process, without a line between them.
pub struct Beside {
    pub root: RootAnswers,
    pub store: Peer,
}

impl Line for Beside {
    fn exchange(&self, body: Vec<u8>, within: Duration) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(async move {
            let answer = self.root.answer(&self.store, ACCOUNTS_SYNC, body);
            match tokio::time::timeout(within, answer).await {
                Ok(answer) => answer.map_err(RequestError::Refused),
                Err(_) => Err(RequestError::Deadline),
            }
        })
    }
}

/// What an operator sees of the root.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RootState {
    pub epoch: u32,
    pub recovering: bool,
    pub customers: usize,
    pub alerts: usize,
    pub stores: Vec<PeerStanding>,
}

/// The supervised clockwork of the root.
pub struct RootTicks {
    door: Door<Root>,
    state: watch::Sender<RootState>,
}

impl RootTicks {
    pub fn new(door: Door<Root>) -> RootTicks {
        RootTicks { door, state: watch::Sender::default() }
    }
}

impl Actor for RootTicks {
    type State = RootState;

    async fn started(&mut self, scope: &Scope<RootTicks>) -> Result<(), StartError> {
        let (door, state) = (self.door.clone(), self.state.clone());
        scope.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // In turns, so that others come in between.
                while let Ok(true) = door.ask(Vec::new(), |root, now| root.tick(now)).await {}
                let look = door.ask(Vec::new(), |root, _| RootState {
                    epoch: root.epoch(),
                    recovering: root.is_recovering(),
                    customers: root.customer_count(),
                    alerts: root.alert_count(),
                    stores: root.peers(),
                });
                if let Ok(now) = look.await {
                    state.send_replace(now);
                }
            }
        });
        Ok(())
    }

    fn observe(&self) -> RootState {
        self.state.borrow().clone()
    }
}
