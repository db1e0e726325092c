//! A node: one process's supervised tree, built once, started in order, looked at and stopped through one handle.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::Message;
use actix::prelude::{Actor as _, Addr};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::actor::{Actor, Handle};
use crate::dead_letters::DeadLetters;
use crate::panics;
use crate::reference::ActorRef;
use crate::slot::Slot;
use crate::spec::{Backoff, ChildSpec, Intensity, Restart, Strategy};
use crate::stats::{Rates, Stats, Status};
use crate::supervisor::child::{AnyChild, Child, Entry, Group};
use crate::supervisor::{Give, Launch, Look, NoSuchActor, Order, Ping, Shutdown, Supervisor};
use crate::tap::{Seen, Tap};

/// A group that failed is tried again after this, then twice as long, and given up after [`GROUP_RESTARTS_MAX`] in ten
/// minutes: that leaves a device time to come back, and tells the operator within two minutes.
const GROUP_BACKOFF: Backoff =
    Backoff { min: Duration::from_secs(5), max: Duration::from_secs(60), factor: 2, jitter_percent: 20 };
const GROUP_RESTARTS_MAX: u32 = 3;

/// The tree of a node while it is being written down. Order of writing is order of starting.
pub struct Tree {
    name: String,
    entries: Vec<Entry>,
    groups: Vec<Group>,
    index: HashMap<String, usize>,
    dead_letters: DeadLetters,
}

/// A child that has its place in the tree, whether it runs yet or not.
pub struct ChildRef<A: Actor> {
    slot: Arc<Slot<A>>,
}

impl<A: Actor> ChildRef<A> {
    pub fn reference<M>(&self) -> ActorRef<M>
    where
        A: Handle<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        ActorRef::to(self.slot.clone())
    }
}

impl<A: Actor> Clone for ChildRef<A> {
    fn clone(&self) -> ChildRef<A> {
        ChildRef { slot: self.slot.clone() }
    }
}

impl Tree {
    pub fn new(name: impl Into<String>) -> Tree {
        Tree {
            name: name.into(),
            entries: Vec::new(),
            groups: Vec::new(),
            index: HashMap::new(),
            dead_letters: DeadLetters::default(),
        }
    }

    /// Begin a group; the children that follow belong to it.
    pub fn group(&mut self, path: impl Into<String>, strategy: Strategy) -> &mut Tree {
        self.group_with(
            path,
            strategy,
            GROUP_BACKOFF,
            Intensity { restarts_max: GROUP_RESTARTS_MAX, within: Duration::from_secs(600) },
        )
    }

    pub fn group_with(
        &mut self,
        path: impl Into<String>,
        strategy: Strategy,
        backoff: Backoff,
        intensity: Intensity,
    ) -> &mut Tree {
        self.groups.push(Group::new(path.into(), strategy, backoff, intensity));
        self
    }

    /// Add a child to the last group.
    ///
    /// # Panics
    /// If there is no group yet, or the path is taken: a tree is written once, in one file.
    pub fn child<A: Actor>(&mut self, spec: ChildSpec<A>) -> ChildRef<A> {
        let group = self.groups.len().checked_sub(1).expect("a child belongs to a group");
        let slot = Arc::new(Slot::new(spec.path.clone(), spec.policy, self.dead_letters.clone()));
        let child = Child { slot: slot.clone(), kind: spec.kind, factory: Rc::new(spec.factory) };
        let taken = self.index.insert(spec.path, self.entries.len());
        assert!(taken.is_none(), "two children at one path");
        self.entries.push(Entry::new(Rc::new(child), group));
        ChildRef { slot }
    }

    /// Start all children in order. Each is up, or has failed once and is being retried, before the next is started.
    pub async fn start(self) -> Node {
        panics::install_hook();
        let degraded = Arc::new(AtomicBool::new(false));
        let counted: Vec<Counted> = self
            .entries
            .iter()
            .map(|entry| Counted {
                group: self.groups[entry.group].path.as_str().into(),
                restart: entry.child.policy().restart,
                mailbox_capacity: entry.child.policy().mailbox.capacity,
                path: entry.child.path().to_owned(),
                kind: entry.child.kind(),
                stats: entry.child.stats().clone(),
            })
            .collect();
        let supervisor =
            Supervisor::new(self.name.clone(), self.entries, self.groups, self.index, degraded.clone()).start();
        for index in 0..counted.len() {
            supervisor.send(Launch::first(index)).await.ok();
        }
        Node {
            name: self.name.into(),
            supervisor,
            counted: counted.into(),
            dead_letters: self.dead_letters,
            degraded,
            since: Instant::now(),
        }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("name", &self.name).field("children", &self.entries.len()).finish_non_exhaustive()
    }
}

/// A child's counters, readable without asking anybody.
#[derive(Clone, Debug)]
pub struct Counted {
    pub path: String,
    pub kind: &'static str,
    pub group: Arc<str>,
    pub restart: Restart,
    pub mailbox_capacity: usize,
    pub stats: Arc<Stats>,
}

/// The handle of a running node. Cheap to clone, good on every thread.
#[derive(Clone)]
pub struct Node {
    name: Arc<str>,
    supervisor: Addr<Supervisor>,
    counted: Arc<[Counted]>,
    dead_letters: DeadLetters,
    degraded: Arc<AtomicBool>,
    since: Instant,
}

impl Node {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    /// True while a group is down or given up.
    pub fn is_degraded(&self) -> bool {
        self.degraded.load(Ordering::Acquire)
    }

    /// True if every child that is meant to live does, and no group is down.
    pub fn is_ready(&self) -> bool {
        self.unready().is_empty()
    }

    /// Why the node is not ready: one sentence a reason. A child that an operator stopped or paused is no reason.
    pub fn unready(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self
            .counted
            .iter()
            .filter(|child| child.restart != Restart::Temporary)
            .map(|child| (child, child.stats.status()))
            .filter(|(_, status)| {
                matches!(
                    status,
                    Status::Waiting | Status::Starting | Status::Restarting | Status::Stuck | Status::Failed
                )
            })
            .map(|(child, status)| format!("actor {} is {}", child.path, status.as_str()))
            .collect();
        if reasons.is_empty() && self.is_degraded() {
            reasons.push("a group of actors is being restarted".to_owned());
        }
        reasons
    }

    /// True if the supervisor answers within `deadline`: the node can still be given orders.
    pub async fn is_alive(&self, deadline: Duration) -> bool {
        tokio::time::timeout(deadline, self.supervisor.send(Ping)).await.is_ok_and(|answer| answer.is_ok())
    }

    pub fn dead_letters(&self) -> &DeadLetters {
        &self.dead_letters
    }

    pub fn counted(&self) -> &[Counted] {
        &self.counted
    }

    /// Everything about every child. `None` if the supervisor is gone.
    pub async fn look(&self) -> Option<NodeView> {
        self.supervisor.send(Look).await.ok()
    }

    pub async fn order(&self, path: &str, order: Order) -> Result<(), NoSuchActor> {
        let gone = NoSuchActor { path: path.to_owned() };
        self.supervisor.send(Give { path: path.to_owned(), order }).await.unwrap_or(Err(gone))
    }

    /// Look at the messages of one actor, so many a second at most, until the receiver is dropped. A newer look ends this one.
    pub fn tap(&self, path: &str, rate: u32) -> Result<mpsc::Receiver<Seen>, NoSuchActor> {
        let child = self.counted.iter().find(|child| child.path == path);
        let child = child.ok_or_else(|| NoSuchActor { path: path.to_owned() })?;
        let (tap, seen) = Tap::new(rate);
        child.stats.tap.store(Some(Arc::new(tap)));
        Ok(seen)
    }

    /// Stop all children, last started first, each in its time; the paths of those that had to be cut off.
    pub async fn shutdown(&self) -> Vec<String> {
        self.supervisor.send(Shutdown).await.unwrap_or_default()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.name)
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct NodeView {
    pub name: String,
    pub degraded: bool,
    pub children: Vec<ChildView>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ChildView {
    pub path: String,
    pub kind: &'static str,
    pub group: String,
    pub status: Status,
    pub generation: u64,
    pub restarts: u64,
    pub mailbox_depth: usize,
    pub mailbox_capacity: usize,
    pub oldest_age_ms: u64,
    pub accepted: u64,
    pub handled: u64,
    pub refused: u64,
    #[serde(flatten)]
    pub rates: Rates,
    pub busy_ms: u64,
    pub panics: u64,
    pub last_panic: Option<String>,
    pub last_failure: Option<String>,
    pub state: Option<serde_json::Value>,
}

impl ChildView {
    pub(crate) fn of(child: &dyn AnyChild, group: &str) -> ChildView {
        let stats = child.stats();
        ChildView {
            path: child.path().to_owned(),
            kind: child.kind(),
            group: group.to_owned(),
            status: stats.status(),
            generation: stats.generation(),
            restarts: stats.restarts(),
            mailbox_depth: stats.depth(),
            mailbox_capacity: child.policy().mailbox.capacity,
            oldest_age_ms: whole_ms(stats.oldest_age()),
            accepted: stats.accepted(),
            handled: stats.handled(),
            refused: stats.refused(),
            rates: stats.rates(),
            busy_ms: whole_ms(stats.busy_for()),
            panics: stats.panics(),
            last_panic: stats.last_panic(),
            last_failure: stats.last_failure(),
            state: None,
        }
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
