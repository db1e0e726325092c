//! A node as it runs: its tree of actors on a set of tasks of its own, so that it ends as a process does, at once and with all
//! that it had in mind; and its disk, whose power may fail in a write.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use futures_util::future::BoxFuture;
use processing::host::Machine;
use processing::keeper::{Book, Door, Keeper, Making};
use processing::seen::Seen;
use processing::store::disk::Disk;
use processing::store::{JournalStore, MemoryDisk, Store, StoreError};
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::spec::{Backoff, ChildSpec, Strategy};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, LocalSet};

/// Questions that wait for a node to begin them.
const JOBS_MAX: usize = 4096;

pub(crate) type Job = BoxFuture<'static, ()>;

/// What feeds the disk of one life.
#[derive(Clone)]
pub(crate) struct Power {
    state: Arc<Mutex<(Option<u64>, bool)>>,
    failed: Arc<Notify>,
}

impl Power {
    pub(crate) fn new(failed: Arc<Notify>) -> Power {
        Power { state: Arc::default(), failed }
    }

    /// The next write is cut off, and `torn` decides what of it stays.
    pub(crate) fn fails_next(&self, torn: Option<u64>) {
        self.state.lock().expect("nobody panics with it").0 = torn;
    }

    pub(crate) fn is_off(&self) -> bool {
        self.state.lock().expect("nobody panics with it").1
    }
}

pub(crate) struct PowerDisk {
    disk: MemoryDisk,
    power: Power,
}

impl PowerDisk {
    fn on(&mut self) -> io::Result<&mut MemoryDisk> {
        match self.power.is_off() {
            true => Err(io::Error::other("there is no power")),
            false => Ok(&mut self.disk),
        }
    }
}

impl Disk for PowerDisk {
    fn length(&mut self) -> io::Result<u64> {
        self.on()?.length()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.on()?.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let torn = self.power.state.lock().expect("nobody panics with it").0.take();
        if let Some(torn) = torn {
            self.disk.crash(torn);
            self.power.state.lock().expect("nobody panics with it").1 = true;
            self.power.failed.notify_one();
        }
        self.on()?.sync()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.on()?.read(offset, into)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.on()?.truncate(length)
    }
}

/// A book on a disk of memory, made anew at each start.
pub(crate) fn making<M: 'static>(
    disk: &MemoryDisk,
    power: &Power,
    machine: impl Fn() -> M + Send + Sync + 'static,
    restored: fn(&mut M),
    seen: Option<Seen>,
) -> Making<M> {
    let (disk, power) = (disk.clone(), power.clone());
    let store = move || -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> {
        let opened = JournalStore::open(PowerDisk { disk: disk.clone(), power: power.clone() });
        Box::pin(async move { Ok(Arc::new(opened?) as Arc<dyn Store>) })
    };
    Making { book: Book::Own(Arc::new(store)), machine: Arc::new(machine), restored: Arc::new(restored), seen }
}

/// No chance but the seed's.
pub(crate) fn steady<A: 'static>(spec: ChildSpec<A>) -> ChildSpec<A> {
    spec.backoff(Backoff { jitter_percent: 0, ..Backoff::default() })
}

/// A tree whose first child keeps the book behind `door`.
pub(crate) fn tree<M: Machine + Send + 'static>(name: &str, making: Making<M>, door: &Door<M>, clock: &Clock) -> Tree {
    let mut tree = Tree::new(name);
    tree.group("accounts", Strategy::OneForOne);
    let (door, clock) = (door.clone(), clock.clone());
    tree.child(steady(ChildSpec::new("accounts/keeper", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), door.clone(), clock.clone())))
    })));
    tree
}

/// One life of a node.
pub(crate) struct Life<M> {
    pub(crate) door: Door<M>,
    pub(crate) power: Power,
    pub(crate) jobs: mpsc::Sender<Job>,
    node: Arc<OnceLock<Node>>,
    tasks: JoinHandle<()>,
}

impl<M: Machine + Send + 'static> Life<M> {
    pub(crate) fn begin(tree: Tree, door: Door<M>, power: Power) -> Life<M> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(JOBS_MAX);
        let node = Arc::new(OnceLock::new());
        let (set, started) = (LocalSet::new(), node.clone());
        set.spawn_local(async move {
            started.set(tree.start().await).ok();
            while let Some(job) = waiting.recv().await {
                tokio::task::spawn_local(job);
            }
            std::future::pending::<()>().await;
        });
        Life { door, power, jobs, node, tasks: tokio::task::spawn_local(set) }
    }

    /// It does this when it has started, beside all else; if it ends before, nobody hears.
    pub(crate) fn does(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.jobs.try_send(Box::pin(job)).ok();
    }

    /// What an actor of it panicked with, but for want of power.
    pub(crate) fn gave_up(&self) -> Option<String> {
        let node = self.node.get().filter(|_| !self.power.is_off())?;
        node.counted().iter().find_map(|child| child.stats.last_panic())
    }

    /// Questions that its keeper was asked.
    pub(crate) async fn questions(&self) -> (u64, u64) {
        let view = self.node.get().expect("it has started").look().await.expect("its supervisor lives");
        let state = view.children[0].state.clone().expect("the keeper says what it did");
        let number = |name: &str| state[name].as_u64().expect("a number");
        (number("questions"), number("blocks"))
    }

    pub(crate) async fn end(self) {
        self.tasks.abort();
        self.tasks.await.ok();
    }
}

impl<M: Machine + Send + 'static> Life<M> {
    /// What it has in mind, and its end. Nothing else is done at this instant.
    pub(crate) async fn taken(self, empty: M) -> Option<M> {
        let machine = self.door.ask(Vec::new(), move |machine, _| std::mem::replace(machine, empty)).await.ok();
        self.end().await;
        machine
    }
}
