//! Decides who is started, when, and what is given up. One supervisor a node; groups are the unit that fails together.
//!
//! A child that fails is started again after its backoff. Too many restarts in its time fail the group: all of it is
//! stopped and started again as a whole after the group's backoff, and when that does not help either the group stays
//! failed and the node is degraded. Nothing else is stopped for it, and the process never exits by itself.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::{Addr, AsyncContext, Context, Handler, Message, ResponseFuture};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use tokio::sync::{mpsc, oneshot};

use crate::actor::Actor;
use crate::host::{Control, Go, Host, Observe, Slot};
use crate::node::{ChildView, NodeView};
use crate::spec::{Backoff, Factory, Intensity, Policy, Restart, Strategy};
use crate::stats::{Stats, Status};

/// A child that ran this long has recovered: its next failure starts from the shortest backoff.
const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(60);
/// A child that cannot say how it is within this time is shown without its state.
const OBSERVE_DEADLINE: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) enum Cause {
    Panicked(String),
    NotStarted(String),
    /// It stopped by its own decision.
    Stopped,
    /// It was told to.
    Ordered,
    HostLost(String),
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Down {
    pub(crate) path: String,
    pub(crate) cause: Cause,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Up {
    pub(crate) path: String,
}

/// An operator's order to one child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Restart,
    Stop,
    Start,
    Pause,
    Resume,
    /// For tests of the supervision: fail in a handler, or in a task.
    PanicInHandler,
    PanicInTask,
}

#[derive(Debug, Message)]
#[rtype(result = "Result<(), NoSuchActor>")]
pub(crate) struct Give {
    pub(crate) path: String,
    pub(crate) order: Order,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no actor \"{path}\" on this node")]
pub struct NoSuchActor {
    path: String,
}

/// Start one child for the first time; answers when it is up, or has failed once.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Launch {
    pub(crate) path: String,
}

#[derive(Debug, Message)]
#[rtype(result = "NodeView")]
pub(crate) struct Look;

/// Stop everything, last started first. Answers with the paths that did not stop in time.
#[derive(Debug, Message)]
#[rtype(result = "Vec<String>")]
pub(crate) struct Shutdown;

pub(crate) trait AnyChild {
    fn path(&self) -> &str;
    fn kind(&self) -> &'static str;
    fn policy(&self) -> Policy;
    fn stats(&self) -> &Arc<Stats>;
    fn launch(&self, supervisor: Addr<Supervisor>, go: mpsc::Receiver<Go>);
    fn control(&self, order: Control);
    fn observe(&self) -> BoxFuture<'static, Option<serde_json::Value>>;
}

pub(crate) struct Child<A: Actor> {
    pub(crate) slot: Arc<Slot<A>>,
    pub(crate) kind: &'static str,
    pub(crate) factory: Rc<Factory<A>>,
}

impl<A: Actor> AnyChild for Child<A> {
    fn path(&self) -> &str {
        &self.slot.path
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn policy(&self) -> Policy {
        self.slot.policy
    }

    fn stats(&self) -> &Arc<Stats> {
        &self.slot.stats
    }

    fn launch(&self, supervisor: Addr<Supervisor>, go: mpsc::Receiver<Go>) {
        Host::launch(self.slot.clone(), self.factory.clone(), supervisor, go);
    }

    fn control(&self, order: Control) {
        self.slot.control(order);
    }

    fn observe(&self) -> BoxFuture<'static, Option<serde_json::Value>> {
        let address = self.slot.address.load_full();
        if !self.slot.stats.status().takes_messages() {
            return std::future::ready(None).boxed();
        }
        async move {
            let asked = address?.send(Observe);
            tokio::time::timeout(OBSERVE_DEADLINE, asked).await.ok()?.ok()?
        }
        .boxed()
    }
}

pub(crate) struct Entry {
    pub(crate) child: Box<dyn AnyChild>,
    pub(crate) group: usize,
    go: Option<mpsc::Sender<Go>>,
    failures_in_a_row: u32,
    up_since: Option<Instant>,
    restarted_at: VecDeque<Instant>,
    first_answer: Option<oneshot::Sender<()>>,
}

impl Entry {
    pub(crate) fn new(child: Box<dyn AnyChild>, group: usize) -> Entry {
        Entry {
            child,
            group,
            go: None,
            failures_in_a_row: 0,
            up_since: None,
            restarted_at: VecDeque::new(),
            first_answer: None,
        }
    }

    fn send_go(&self, word: Go) {
        if let Some(go) = &self.go {
            go.try_send(word).ok();
        }
    }
}

pub(crate) struct Group {
    pub(crate) path: String,
    pub(crate) strategy: Strategy,
    pub(crate) backoff: Backoff,
    pub(crate) intensity: Intensity,
    pub(crate) restarted_at: VecDeque<Instant>,
    pub(crate) state: GroupState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupState {
    Running,
    Restarting,
    Failed,
}

pub(crate) struct Supervisor {
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) groups: Vec<Group>,
    pub(crate) index: HashMap<String, usize>,
    pub(crate) degraded: Arc<AtomicBool>,
    pub(crate) leaving: bool,
}

impl actix::Actor for Supervisor {
    type Context = Context<Supervisor>;
}

impl Handler<Launch> for Supervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, message: Launch, context: &mut Context<Supervisor>) -> ResponseFuture<()> {
        let (first_answer, answered) = oneshot::channel();
        if let Some(&index) = self.index.get(&message.path) {
            self.entries[index].first_answer = Some(first_answer);
            self.launch(index, context);
        }
        Box::pin(async move {
            answered.await.ok();
        })
    }
}

impl Handler<Up> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Up, _: &mut Context<Supervisor>) {
        let Some(&index) = self.index.get(&message.path) else { return };
        let entry = &mut self.entries[index];
        entry.up_since = Some(Instant::now());
        entry.first_answer.take().map(|answer| answer.send(()).ok());
        let group = entry.group;
        let all_up = self
            .entries
            .iter()
            .filter(|entry| entry.group == group)
            .all(|entry| entry.child.stats().status().takes_messages() || entry.go.is_none());
        if all_up {
            self.groups[group].state = GroupState::Running;
        }
        self.note_degradation();
    }
}

impl Handler<Down> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Down, context: &mut Context<Supervisor>) {
        let Some(&index) = self.index.get(&message.path) else { return };
        if self.leaving {
            return;
        }
        let entry = &mut self.entries[index];
        entry.first_answer.take().map(|answer| answer.send(()).ok());
        let policy = entry.child.policy();
        let lasted = entry.up_since.take().map(|since| since.elapsed()).unwrap_or_default();
        match &message.cause {
            Cause::Ordered => return,
            Cause::Stopped => {
                if policy.restart == Restart::Permanent {
                    self.start_after(policy.backoff.min, index, context);
                }
                return;
            }
            Cause::Panicked(text) => tracing::error!(actor = %message.path, panic = %text, "actor failed"),
            Cause::NotStarted(text) => tracing::error!(actor = %message.path, reason = %text, "actor not started"),
            Cause::HostLost(text) => {
                tracing::error!(actor = %message.path, reason = %text, "actor lost with its mailbox");
                entry.go = None;
                entry.child.stats().mailbox_lost();
                entry.child.stats().set_status(Status::Restarting);
            }
        }
        if policy.restart == Restart::Temporary {
            entry.child.stats().set_status(Status::Failed);
            return;
        }
        entry.failures_in_a_row = if lasted > BACKOFF_RESET_AFTER { 0 } else { entry.failures_in_a_row };
        let delay = delay_of(policy.backoff, entry.failures_in_a_row);
        entry.failures_in_a_row += 1;
        if too_many(&mut entry.restarted_at, policy.intensity) {
            let group = entry.group;
            self.escalate(group, context);
        } else {
            self.restart_with_others(index, delay, context);
        }
    }
}

impl Handler<Give> for Supervisor {
    type Result = Result<(), NoSuchActor>;

    fn handle(&mut self, message: Give, context: &mut Context<Supervisor>) -> Self::Result {
        let Some(&index) = self.index.get(&message.path) else { return Err(NoSuchActor { path: message.path }) };
        tracing::info!(actor = %message.path, order = ?message.order, "operator's order");
        let entry = &mut self.entries[index];
        let has_object = entry.child.stats().status().takes_messages();
        match message.order {
            Order::Stop if has_object => entry.child.control(Control::Stop { done: None }),
            Order::Pause if has_object => entry.child.control(Control::Pause),
            Order::Resume => entry.send_go(Go::Resume),
            Order::Restart if has_object => {
                entry.child.control(Control::Stop { done: None });
                self.start_after(Duration::ZERO, index, context);
            }
            Order::Start | Order::Restart => {
                entry.failures_in_a_row = 0;
                entry.restarted_at.clear();
                let group = entry.group;
                self.groups[group].restarted_at.clear();
                self.start_after(Duration::ZERO, index, context);
            }
            Order::PanicInHandler => entry.child.control(Control::PanicInHandler),
            Order::PanicInTask => entry.child.control(Control::PanicInTask),
            Order::Stop | Order::Pause => {}
        }
        Ok(())
    }
}

impl Handler<Look> for Supervisor {
    type Result = ResponseFuture<NodeView>;

    fn handle(&mut self, _: Look, _: &mut Context<Supervisor>) -> ResponseFuture<NodeView> {
        let name = self.name.clone();
        let degraded = self.degraded.load(Ordering::Acquire);
        let views: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                let view = ChildView::of(entry.child.as_ref(), &self.groups[entry.group].path);
                let state = entry.child.observe();
                async move { ChildView { state: state.await, ..view } }
            })
            .collect();
        Box::pin(async move { NodeView { name, degraded, children: join_all(views).await } })
    }
}

impl Handler<Shutdown> for Supervisor {
    type Result = ResponseFuture<Vec<String>>;

    fn handle(&mut self, _: Shutdown, _: &mut Context<Supervisor>) -> ResponseFuture<Vec<String>> {
        self.leaving = true;
        let mut stops = Vec::new();
        for entry in self.entries.iter().rev() {
            if entry.child.stats().status().takes_messages() {
                let (done, stopped) = oneshot::channel();
                entry.child.control(Control::Stop { done: Some(done) });
                stops.push((entry.child.path().to_owned(), entry.child.policy().shutdown_timeout, stopped));
            }
        }
        Box::pin(async move {
            let mut cut = Vec::new();
            for (path, timeout, stopped) in stops {
                if tokio::time::timeout(timeout, stopped).await.is_err() {
                    cut.push(path);
                }
            }
            cut
        })
    }
}

impl Supervisor {
    fn launch(&mut self, index: usize, context: &mut Context<Supervisor>) {
        let (go, receiver) = mpsc::channel(1);
        let entry = &mut self.entries[index];
        entry.go = Some(go);
        entry.child.launch(context.address(), receiver);
    }

    fn start_after(&mut self, delay: Duration, index: usize, context: &mut Context<Supervisor>) {
        context.run_later(delay, move |supervisor, context| {
            if supervisor.leaving {
                return;
            }
            let entry = &mut supervisor.entries[index];
            entry.child.stats().restarts.fetch_add(1, Ordering::AcqRel);
            match entry.go {
                Some(_) => {
                    if entry.child.stats().status() != Status::Running {
                        entry.child.stats().set_status(Status::Starting);
                    }
                    entry.send_go(Go::Start);
                }
                None => supervisor.launch(index, context),
            }
        });
    }

    fn restart_with_others(&mut self, failed: usize, delay: Duration, context: &mut Context<Supervisor>) {
        let group = self.entries[failed].group;
        let strategy = self.groups[group].strategy;
        for index in 0..self.entries.len() {
            let together = match strategy {
                Strategy::OneForOne => false,
                Strategy::RestForOne => index > failed,
                Strategy::OneForAll => index != failed,
            };
            let entry = &self.entries[index];
            if together && entry.group == group && entry.child.stats().status().takes_messages() {
                entry.child.control(Control::Stop { done: None });
                self.start_after(delay, index, context);
            }
        }
        self.start_after(delay, failed, context);
    }

    fn escalate(&mut self, index: usize, context: &mut Context<Supervisor>) {
        let group = &mut self.groups[index];
        let give_up = too_many(&mut group.restarted_at, group.intensity);
        group.state = if give_up { GroupState::Failed } else { GroupState::Restarting };
        let attempts = u32::try_from(group.restarted_at.len()).unwrap_or(u32::MAX);
        let delay = delay_of(group.backoff, attempts.saturating_sub(1));
        tracing::error!(group = %group.path, give_up, "group failed: its children restart too often");
        for child in 0..self.entries.len() {
            if self.entries[child].group != index {
                continue;
            }
            let entry = &mut self.entries[child];
            entry.restarted_at.clear();
            if entry.child.stats().status().takes_messages() {
                entry.child.control(Control::Stop { done: None });
            } else {
                entry.child.stats().set_status(Status::Failed);
            }
            if !give_up {
                self.start_after(delay, child, context);
            }
        }
        self.note_degradation();
    }

    fn note_degradation(&self) {
        let degraded = self.groups.iter().any(|group| group.state != GroupState::Running);
        if self.degraded.swap(degraded, Ordering::AcqRel) != degraded {
            tracing::warn!(node = %self.name, degraded, "node state changed");
        }
    }
}

/// Count one more restart; true if there were more than allowed in the time allowed.
fn too_many(restarted_at: &mut VecDeque<Instant>, intensity: Intensity) -> bool {
    let now = Instant::now();
    restarted_at.push_back(now);
    while restarted_at.front().is_some_and(|at| now.duration_since(*at) > intensity.within) {
        restarted_at.pop_front();
    }
    restarted_at.len() > usize::try_from(intensity.restarts_max).unwrap_or(usize::MAX)
}

fn delay_of(backoff: Backoff, failures_in_a_row: u32) -> Duration {
    let grown = backoff.min.saturating_mul(backoff.factor.saturating_pow(failures_in_a_row.min(16)));
    let delay = grown.min(backoff.max);
    let jitter = i64::from(backoff.jitter_percent);
    let percent = 100 + if jitter == 0 { 0 } else { rand::random_range(-jitter..=jitter) };
    delay.saturating_mul(u32::try_from(percent.max(0)).unwrap_or(100)) / 100
}
