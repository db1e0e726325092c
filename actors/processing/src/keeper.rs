//! The one writer of an account book: takes what waits, lets the machine do it, writes one block, and then answers.
//!
//! While a block is being written the machine goes on, and what it does gathers for the next one: so a busy book writes seldom
//! and much, and an idle one at once. Whoever asks holds a [`Door`], which stays good through restarts.
//!
//! Must never: answer before the commit, or go on after a commit that may not have happened: it ends, and is loaded anew.

mod making;
mod opener;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use domain::ledger::transfer::Moment;
use domain::ledger::{Posting, TransferId};
use futures_util::future::BoxFuture;
use link::bell::Bell;
use runtime::actor::{Actor, Scope};
use runtime::clock::Clock;
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::blocks::Blocks;
use crate::host::{Loader, Machine, Sealed, Writer};
use crate::machine::{NodeId, Now, day_of};
use crate::store::index::{Index, Sealing};
use crate::store::{Store, StoreError};
use crate::turn::Turn;

use opener::Opener;

pub use making::{Book, Making, Opening};

/// Questions that wait for the writer; more are told that it is busy.
const QUEUE_MAX: usize = 8_192;
/// Questions of one block.
const BATCH_MAX: usize = 4_096;
/// Postings of one block, about: what one question posts is not split.
const POSTINGS_MAX: u32 = 16_384;
/// Who waits for the book to be opened looks so often.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    #[error("the accounts are being loaded, or another process keeps them: try again in a moment")]
    NotReady,
    #[error("the accounts have too much to do: try again")]
    Busy,
    #[error("the accounts failed while they worked: ask again with the same number of the operation")]
    Interrupted,
}

type Answer = Box<dyn FnOnce() + Send>;
type Work<M> = Box<dyn FnOnce(&mut M, Now) -> Answer + Send>;
type Written = oneshot::Receiver<Result<crate::store::run::Run, StoreError>>;

struct Job<M> {
    /// Transfers that may be of long ago: they are remembered before the work.
    ids: Vec<TransferId>,
    run: Work<M>,
}

struct Inside<M> {
    queue: mpsc::Sender<Job<M>>,
    store: Arc<dyn Store>,
    blocks: Blocks,
    /// None: nobody else could keep the book.
    turn: Option<Arc<Turn>>,
}

impl<M> Inside<M> {
    /// Whether what the machine knows may be told.
    fn is_current(&self) -> bool {
        self.turn.as_ref().is_none_or(|turn| turn.lasts())
    }
}

/// One bell a node: rung after a commit that has something for it.
type Bells = Mutex<BTreeMap<NodeId, Bell>>;

/// The way to an account book.
pub struct Door<M> {
    inside: Arc<ArcSwapOption<Inside<M>>>,
    bells: Arc<Bells>,
}

impl<M> Clone for Door<M> {
    fn clone(&self) -> Door<M> {
        Door { inside: self.inside.clone(), bells: self.bells.clone() }
    }
}

impl<M> std::fmt::Debug for Door<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("open", &self.inside.load().is_some()).finish()
    }
}

impl<M> Default for Door<M> {
    fn default() -> Door<M> {
        Door { inside: Arc::new(ArcSwapOption::empty()), bells: Arc::default() }
    }
}

impl<M: Send + 'static> Door<M> {
    /// Let the machine do `work`; the answer comes when all that it wrote is durable. `ids`: transfers that it may ask for.
    pub async fn ask<R: Send + 'static>(
        &self,
        ids: Vec<TransferId>,
        work: impl FnOnce(&mut M, Now) -> R + Send + 'static,
    ) -> Result<R, DoorError> {
        self.put(ids, work)?.await.map_err(|_| DoorError::Interrupted)
    }

    /// The same, with the answer to be waited for elsewhere: what is put one after another is done in that order.
    pub fn put<R: Send + 'static>(
        &self,
        ids: Vec<TransferId>,
        work: impl FnOnce(&mut M, Now) -> R + Send + 'static,
    ) -> Result<oneshot::Receiver<R>, DoorError> {
        let inside = self.inside.load_full().filter(|inside| inside.is_current()).ok_or(DoorError::NotReady)?;
        let (answer, answered) = oneshot::channel();
        let run = Box::new(move |machine: &mut M, now| {
            let result = work(machine, now);
            // Whoever asked may have given up.
            Box::new(move || drop(answer.send(result))) as Answer
        });
        inside.queue.try_send(Job { ids, run }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => DoorError::Busy,
            mpsc::error::TrySendError::Closed(_) => DoorError::NotReady,
        })?;
        Ok(answered)
    }

    /// Whether this process keeps the book just now.
    pub fn is_open(&self) -> bool {
        self.inside.load().as_ref().is_some_and(|inside| inside.is_current())
    }

    /// Wait until it does; no longer than this.
    pub async fn opens_within(&self, within: Duration) {
        let opened = async {
            while !self.is_open() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(within, opened).await.ok();
    }

    /// The number of the last block, as it grows.
    pub fn blocks(&self) -> Result<Blocks, DoorError> {
        Ok(self.inside.load().as_ref().ok_or(DoorError::NotReady)?.blocks.clone())
    }

    /// Rung when there is something for a node to hear.
    pub fn bell(&self, node: NodeId) -> Bell {
        self.bells.lock().expect("nothing panics while it holds the bells").entry(node).or_default().clone()
    }

    /// The book itself, for reading what is committed.
    pub fn store(&self) -> Result<Arc<dyn Store>, DoorError> {
        Ok(self.inside.load().as_ref().ok_or(DoorError::NotReady)?.store.clone())
    }
}

/// What an operator sees of a book.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeeperState {
    pub block: u64,
    pub accounts: u64,
    /// Blocks and questions since the start.
    pub blocks: u64,
    pub questions: u64,
    pub waiting: usize,
    /// Of the last block.
    pub last_write_ms: u64,
    pub loaded_in_ms: u64,
}

/// The supervised actor: it loads the book and runs the writer beside it.
pub struct Keeper<M: Machine + Send + 'static> {
    making: Making<M>,
    door: Door<M>,
    clock: Clock,
    seen: watch::Receiver<KeeperState>,
    see: watch::Sender<KeeperState>,
    turn: Arc<ArcSwapOption<Turn>>,
}

impl<M: Machine + Send + 'static> Keeper<M> {
    pub fn new(making: Making<M>, door: Door<M>, clock: Clock) -> Keeper<M> {
        let (see, seen) = watch::channel(KeeperState::default());
        Keeper { making, door, clock, seen, see, turn: Arc::default() }
    }

    fn opener(&self) -> Opener<M> {
        let Keeper { making, door, clock, see, turn, .. } = self;
        Opener {
            making: making.clone(),
            door: door.clone(),
            clock: clock.clone(),
            see: see.clone(),
            turn: turn.clone(),
        }
    }
}

impl<M: Machine + Send + 'static> Actor for Keeper<M> {
    type State = KeeperState;

    async fn started(&mut self, scope: &Scope<Keeper<M>>) -> Result<(), StartError> {
        let opener = self.opener();
        match &self.making.book {
            Book::InTurn(queue) => scope.spawn(opener.in_turn(queue.clone())),
            Book::Own(opening) => {
                let store = opening().await.map_err(StartError::new)?;
                let writing = opener.open(store, None).await.map_err(StartError::new)?;
                if let Some(seen) = self.making.seen.clone() {
                    scope.spawn(seen.keep(writing.blocks.clone()));
                }
                scope.spawn(writing.run());
            }
        }
        Ok(())
    }

    async fn stopping(&mut self) {
        self.door.inside.store(None);
        if let Some(turn) = self.turn.swap(None) {
            turn.give_back().await;
        }
    }

    fn observe(&self) -> KeeperState {
        self.seen.borrow().clone()
    }
}

impl<M: Machine + Send + 'static> Drop for Keeper<M> {
    fn drop(&mut self) {
        self.door.inside.store(None);
    }
}

/// A block that is being written, and what comes of it.
struct OnItsWay {
    append: BoxFuture<'static, Result<(), StoreError>>,
    number: u64,
    postings: Vec<Posting>,
    rings: BTreeSet<NodeId>,
    answers: Vec<Answer>,
    began: Instant,
}

/// Waits for the block that is being written; for ever, if there is none.
async fn appended(writing: &mut Option<OnItsWay>) -> (OnItsWay, Result<(), StoreError>) {
    let Some(block) = writing else { return std::future::pending().await };
    let result = block.append.as_mut().await;
    (writing.take().expect("it was just there"), result)
}

/// The writer with its book.
struct Writing<M> {
    machine: M,
    writer: Writer,
    store: Arc<dyn Store>,
    index: Index,
    /// Ids that the ledger has in memory and the index has not in a run yet.
    recent: Vec<TransferId>,
    sealing: Option<(Vec<TransferId>, Written)>,
    jobs: mpsc::Receiver<Job<M>>,
    clock: Clock,
    started: Instant,
    elapsed_before_ms: u64,
    see: watch::Sender<KeeperState>,
    bells: Arc<Bells>,
    blocks: Blocks,
}

impl<M: Machine + Send + 'static> Writing<M> {
    async fn load(
        making: &Making<M>,
        store: Arc<dyn Store>,
        clock: Clock,
        jobs: mpsc::Receiver<Job<M>>,
        (see, bells): (watch::Sender<KeeperState>, Arc<Bells>),
    ) -> Result<Writing<M>, StoreError> {
        let began = Instant::now();
        let mut machine = (making.machine)();
        let mut loader = Loader::new(&mut machine);
        let head = store.load(&mut loader).await?;
        let writer = loader.finish(head);
        let index = Index::open(store.as_ref()).await?;
        if making.seen.as_ref().is_some_and(|seen| seen.is_older(head.number)) {
            tracing::error!(block = head.number, "the account book was brought back from a backup");
            (making.restored)(&mut machine);
        }
        let loaded_in_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(block = head.number, loaded_in_ms, "the account book is loaded");
        see.send_modify(|state| {
            state.block = head.number;
            state.loaded_in_ms = loaded_in_ms;
        });
        let elapsed_before_ms = writer.elapsed_ms();
        Ok(Writing {
            machine,
            writer,
            store,
            index,
            recent: Vec::new(),
            sealing: None,
            jobs,
            clock,
            started: Instant::now(),
            elapsed_before_ms,
            see,
            bells,
            blocks: Blocks::from(head.number),
        })
    }

    fn now(&self) -> Now {
        let local = self.clock.now();
        let since_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let elapsed_ms = self.elapsed_before_ms + since_ms;
        Now { moment: Moment { elapsed_ms, day: day_of(local.date_naive()) }, wall_ms: local.timestamp_millis() }
    }

    async fn run(mut self) {
        let (mut waiting, mut fresh) = (VecDeque::new(), Vec::with_capacity(BATCH_MAX));
        let (mut answers, mut is_open) = (Vec::new(), true);
        // What the start itself wrote.
        let mut writing = self.seal(Vec::new());
        loop {
            let now = self.now();
            while self.machine.written() < POSTINGS_MAX as usize && answers.len() < BATCH_MAX {
                let Some(Job { ids, run }) = waiting.pop_front() else { break };
                self.remember(&ids).await;
                answers.push(run(&mut self.machine, now));
            }
            if writing.is_none() && !answers.is_empty() {
                writing = self.seal(std::mem::take(&mut answers));
                // What changed nothing is answered already.
                if writing.is_none() {
                    continue;
                }
            }
            if writing.is_none() && !is_open {
                return;
            }
            tokio::select! {
                biased;
                // Looked at first: it is under way while the machine works.
                written = appended(&mut writing) => self.written(written),
                count = self.jobs.recv_many(&mut fresh, BATCH_MAX), if is_open && waiting.is_empty() => {
                    is_open = count > 0;
                    waiting.extend(fresh.drain(..));
                }
            }
        }
    }

    /// The block of all that the machine did since the last one. None: it changed nothing, and who asked is answered.
    fn seal(&mut self, answers: Vec<Answer>) -> Option<OnItsWay> {
        let began = Instant::now();
        let now = self.now();
        let rings = self.machine.take_rings();
        let Some(Sealed { block, pages, postings }) = self.writer.seal(&mut self.machine, now) else {
            self.answer(rings, answers, began);
            return None;
        };
        let (number, store) = (block.number, self.store.clone());
        let append = Box::pin(async move { store.append(block, pages).await });
        Some(OnItsWay { append, number, postings, rings, answers, began })
    }

    /// # Panics
    /// If the block could not be written: what the machine knows may not be in the book. The supervisor loads it anew.
    fn written(&mut self, (block, result): (OnItsWay, Result<(), StoreError>)) {
        if let Err(error) = result {
            panic!("the account book was not written: {error}");
        }
        self.index.add(block.number, &block.postings);
        self.recent.extend(block.postings.iter().map(|posting| posting.transfer.id));
        self.seal_run();
        self.blocks.written(block.number);
        self.see.send_modify(|state| {
            state.blocks += 1;
            state.block = block.number;
        });
        self.answer(block.rings, block.answers, block.began);
    }

    fn answer(&self, rings: BTreeSet<NodeId>, answers: Vec<Answer>, began: Instant) {
        let bells = self.bells.lock().expect("nothing panics while it holds the bells");
        rings.iter().filter_map(|node| bells.get(node)).for_each(Bell::ring);
        drop(bells);
        let count = answers.len() as u64;
        answers.into_iter().for_each(|answer| answer());
        self.see.send_modify(|state| {
            state.questions += count;
            state.accounts = u64::from(self.machine.ledger().pages()) * 32;
            state.waiting = self.jobs.len();
            state.last_write_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        });
    }

    /// Ids of long ago leave the memory when a run on disk answers for them. Runs are made beside the writer.
    fn seal_run(&mut self) {
        if let Some((ids, written)) = &mut self.sealing {
            match written.try_recv() {
                Ok(Ok(run)) => {
                    self.index.sealed(run);
                    let open = |ledger: &domain::ledger::Ledger, id: TransferId| ledger.hold(id).is_some();
                    let gone: Vec<TransferId> =
                        ids.iter().copied().filter(|id| !open(self.machine.ledger(), *id)).collect();
                    self.machine.ledger_mut().forget(gone.into_iter());
                    self.sealing = None;
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "the index of transfers could not be written; it is tried again");
                    self.sealing = None;
                }
                Err(oneshot::error::TryRecvError::Empty) => {}
                Err(oneshot::error::TryRecvError::Closed) => self.sealing = None,
            }
            return;
        }
        if let Some(sealing) = self.index.seal() {
            let (tell, told) = oneshot::channel();
            tokio::spawn(build_run(sealing, self.store.clone(), tell));
            self.sealing = Some((std::mem::take(&mut self.recent), told));
        }
    }

    async fn remember(&mut self, ids: &[TransferId]) {
        for id in ids {
            if self.machine.ledger().known(*id).is_some() || !self.index.maybe(*id) {
                continue;
            }
            match self.index.find(self.store.as_ref(), *id).await {
                Ok(Some(found)) => {
                    self.machine.ledger_mut().remember(&found.posting);
                    if let Some(end) = &found.end {
                        self.machine.ledger_mut().remember(end);
                    }
                    self.recent.push(*id);
                }
                Ok(None) => {}
                Err(error) => panic!("an old transfer could not be read: {error}"),
            }
        }
    }
}

async fn build_run(
    sealing: Sealing,
    store: Arc<dyn Store>,
    tell: oneshot::Sender<Result<crate::store::run::Run, StoreError>>,
) {
    let built = tokio::task::spawn_blocking(move || sealing.build()).await;
    let run = match built {
        Ok(built) => built.write(store.as_ref()).await,
        Err(error) => Err(StoreError::Refused(error.to_string())),
    };
    tell.send(run).ok();
}
