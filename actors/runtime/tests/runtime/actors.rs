//! Children for the tests: a counter whose "disk" outlives it, and one that cannot start.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use actix::Message;
use runtime::actor::{Actor, Handle, Scope};
use runtime::node::{ChildView, Node};
use runtime::spec::{Backoff, ChildSpec, StartError};
use serde::Serialize;
use tokio::task::LocalSet;

/// What survives a restart.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) total: Rc<Cell<u64>>,
    pub(crate) built: Rc<Cell<u64>>,
    /// The next starts that fail, and how.
    pub(crate) broken: Rc<Cell<Option<Broken>>>,
    pub(crate) stopped_in_order: Rc<Cell<u64>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Broken {
    FactoryFails,
    FactoryHangs,
    StartedPanics,
    StoppingPanics,
    StoppingHangs,
    DestructorPanics,
    ObservePanics,
}

pub(crate) struct Counter {
    disk: Disk,
    total: u64,
    unsaved: u64,
}

#[derive(Serialize)]
pub(crate) struct CounterState {
    total: u64,
}

#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Add(pub(crate) u64);

/// Changes memory only, then panics before anything is saved.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Fail;

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct FailInTask;

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Work(pub(crate) Duration);

/// From now on work for so long in each period.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Every {
    pub(crate) period: Duration,
    pub(crate) work: Duration,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct HangForEver;

/// Hang, and panic when cut off: in a destructor, outside every boundary at which panics are caught.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct HangWithBomb;

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a destructor of a handler is broken");
        }
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct StopYourself;

impl Actor for Counter {
    type State = CounterState;

    async fn started(&mut self, _: &Scope<Self>) -> Result<(), StartError> {
        if self.disk.broken.get() == Some(Broken::StartedPanics) {
            panic!("the cable is out");
        }
        Ok(())
    }

    async fn stopping(&mut self) {
        match self.disk.broken.get() {
            Some(Broken::StoppingPanics) => panic!("cannot even stop"),
            Some(Broken::StoppingHangs) => pending().await,
            _ => self.disk.stopped_in_order.set(self.disk.stopped_in_order.get() + 1),
        }
    }

    fn observe(&self) -> CounterState {
        if self.disk.broken.get() == Some(Broken::ObservePanics) {
            panic!("do not look");
        }
        CounterState { total: self.total }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if self.disk.broken.get() == Some(Broken::DestructorPanics) && !std::thread::panicking() {
            self.disk.broken.set(None);
            panic!("the destructor is broken too");
        }
    }
}

impl Handle<Add> for Counter {
    async fn handle(&mut self, Add(amount): Add, _: &Scope<Self>) -> u64 {
        self.total += amount;
        tokio::task::yield_now().await;
        self.disk.total.set(self.total);
        self.total + self.unsaved
    }
}

impl Handle<Fail> for Counter {
    async fn handle(&mut self, _: Fail, _: &Scope<Self>) {
        self.unsaved += 1_000;
        tokio::task::yield_now().await;
        panic!("the drawer is stuck");
    }
}

impl Handle<FailInTask> for Counter {
    async fn handle(&mut self, _: FailInTask, scope: &Scope<Self>) {
        scope.spawn(async { panic!("the timer is stuck") });
    }
}

impl Handle<Work> for Counter {
    async fn handle(&mut self, Work(time): Work, _: &Scope<Self>) {
        tokio::time::sleep(time).await;
    }
}

impl Handle<Every> for Counter {
    async fn handle(&mut self, Every { period, work }: Every, scope: &Scope<Self>) {
        scope.every(period, move || Work(work));
    }
}

impl Handle<HangForEver> for Counter {
    async fn handle(&mut self, _: HangForEver, _: &Scope<Self>) {
        pending().await
    }
}

impl Handle<HangWithBomb> for Counter {
    async fn handle(&mut self, _: HangWithBomb, _: &Scope<Self>) {
        let _bomb = Bomb;
        pending().await
    }
}

impl Handle<StopYourself> for Counter {
    async fn handle(&mut self, _: StopYourself, scope: &Scope<Self>) {
        scope.stop();
    }
}

/// A counter at `path`, built from `disk`.
pub(crate) fn counter(path: &str, disk: &Disk) -> ChildSpec<Counter> {
    let disk = disk.clone();
    ChildSpec::new(path, "counter", move || {
        let disk = disk.clone();
        async move {
            disk.built.set(disk.built.get() + 1);
            match disk.broken.get() {
                Some(Broken::FactoryFails) => Err(StartError::new("the disk is full")),
                Some(Broken::FactoryHangs) => pending().await,
                _ => Ok(Counter { total: disk.total.get(), disk, unsaved: 0 }),
            }
        }
    })
    .backoff(Backoff { jitter_percent: 0, ..Backoff::default() })
}

/// Run on a clock that stands still while anybody works and jumps when all wait.
pub(crate) async fn on_one_thread(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

pub(crate) async fn view(node: &Node, path: &str) -> ChildView {
    let seen = node.look().await.expect("the supervisor answers");
    seen.children.into_iter().find(|child| child.path == path).expect("the child is in the tree")
}

/// Wait until `done`, for a minute of the clock at most.
pub(crate) async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}");
}
