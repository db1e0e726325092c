//! Decides who is started, when, and what is given up. One supervisor a node; groups are the unit that fails together.
//!
//! A child that fails is started again after its backoff. Too many restarts in its time fail the group: all of it is
//! stopped and started again as a whole after the group's backoff, and when that does not help either the group is given
//! up: it shows as failed and the node as degraded until an operator starts it or, a long while later, it is tried again by
//! itself, because a shop has nobody who would. Nothing else is stopped for it, and the process never exits by itself.

pub(crate) mod child;

use std::collections::HashMap;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::ActorContext;
use actix::fut::ActorFutureExt;
use actix::prelude::{AsyncContext, Context, Handler, Message, ResponseActFuture, ResponseFuture, WrapFuture};
use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::host::{Control, Mode, Wanted};
use crate::node::{ChildView, NodeView};
use crate::spec::{Restart, Strategy};
use crate::stats::{SAMPLE_EVERY, Status};
use crate::supervisor::child::{AnyChild, Entry, Group, GroupState, Heard, too_many};

/// A child that ran this long has recovered: its next failure starts from the shortest backoff.
const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(60);
/// A group that was given up is tried again after this: a disk is cleaned up, a cable put back.
const GIVEN_UP_FOR: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) enum Cause {
    Panicked(String),
    NotStarted(String),
    /// It stopped by its own decision.
    Stopped,
    HostLost,
}

/// The object that was started by the permission `start` is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Down {
    pub(crate) path: String,
    pub(crate) start: u64,
    pub(crate) cause: Cause,
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Up {
    pub(crate) path: String,
    pub(crate) start: u64,
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

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no order \"{0}\": use restart, stop, start, pause or resume")]
pub struct NoSuchOrder(String);

/// The orders an operator may give by name; failing on purpose is not among them.
impl FromStr for Order {
    type Err = NoSuchOrder;

    fn from_str(name: &str) -> Result<Order, NoSuchOrder> {
        match name {
            "restart" => Ok(Order::Restart),
            "stop" => Ok(Order::Stop),
            "start" => Ok(Order::Start),
            "pause" => Ok(Order::Pause),
            "resume" => Ok(Order::Resume),
            _ => Err(NoSuchOrder(name.to_owned())),
        }
    }
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
    pub(crate) path: String,
}

/// Start one child as planned; answers when it is up, has failed once, or the plan is void.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Launch {
    index: usize,
    plan: u64,
}

impl Launch {
    pub(crate) fn first(index: usize) -> Launch {
        Launch { index, plan: 0 }
    }
}

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Ping;

#[derive(Debug, Message)]
#[rtype(result = "NodeView")]
pub(crate) struct Look;

/// Stop everything, last started first. Answers with the paths that did not stop in time and were cut off.
#[derive(Debug, Message)]
#[rtype(result = "Vec<String>")]
pub(crate) struct Shutdown;

pub(crate) struct Supervisor {
    name: String,
    entries: Vec<Entry>,
    groups: Vec<Group>,
    index: HashMap<String, usize>,
    degraded: Arc<AtomicBool>,
    leaving: bool,
}

impl actix::Actor for Supervisor {
    type Context = Context<Supervisor>;

    /// Every mailbox is there before the first child starts, so that children may write to each other in any order.
    fn started(&mut self, context: &mut Context<Supervisor>) {
        for entry in &self.entries {
            entry.child.launch(context.address());
            entry.child.stats().sample();
        }
        context.run_interval(SAMPLE_EVERY, |supervisor, _| supervisor.sample());
    }
}

impl Handler<Launch> for Supervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Launch { index, plan }: Launch, context: &mut Context<Supervisor>) -> ResponseFuture<()> {
        let (first_answer, answered) = oneshot::channel();
        let entry = &mut self.entries[index];
        let given_up = self.groups[entry.group].state == GroupState::Failed;
        if entry.plan == plan && entry.heard == Heard::Down && entry.is_to_live() && !given_up && !self.leaving {
            entry.first_answers.push(first_answer);
            self.start(index, context);
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
        entry.answer_first();
        if message.start == entry.start && entry.heard == Heard::Starting {
            entry.heard = Heard::Up;
            entry.up_since = Some(Instant::now());
        }
        self.note_groups();
    }
}

impl Handler<Down> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Down, context: &mut Context<Supervisor>) {
        let Some(&index) = self.index.get(&message.path) else { return };
        let entry = &mut self.entries[index];
        entry.answer_first();
        match &message.cause {
            Cause::Panicked(text) => tracing::error!(actor = %message.path, panic = %text, "actor failed"),
            Cause::NotStarted(text) => tracing::error!(actor = %message.path, reason = %text, "actor not started"),
            Cause::Stopped => tracing::info!(actor = %message.path, "actor stopped by itself"),
            Cause::HostLost => tracing::error!(actor = %message.path, "actor lost with its mailbox"),
        }
        if self.leaving {
            return;
        }
        // A new host begins with the permission of the lost one used up, whichever that was.
        let host_lost = matches!(message.cause, Cause::HostLost);
        if host_lost {
            entry.child.launch(context.address());
        }
        if (message.start != entry.start && !host_lost) || entry.heard == Heard::Down {
            return;
        }
        entry.heard = Heard::Down;
        let lasted = entry.up_since.take().map(|since| since.elapsed()).unwrap_or_default();
        let policy = entry.child.policy();
        match (policy.restart, &message.cause) {
            (Restart::Transient | Restart::Temporary, Cause::Stopped) => {
                entry.finished = true;
                return self.note_groups();
            }
            (Restart::Temporary, _) => {
                entry.finished = true;
                self.take_down(index, Status::Failed, context);
                return self.note_groups();
            }
            _ => {}
        }
        if lasted > BACKOFF_RESET_AFTER {
            entry.failures_in_a_row = 0;
        }
        let delay = policy.backoff.delay(entry.failures_in_a_row);
        entry.failures_in_a_row = entry.failures_in_a_row.saturating_add(1);
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
        tracing::info!(actor = %message.path, order = ?message.order, "order given");
        let heard = self.entries[index].heard;
        match message.order {
            Order::Stop => {
                self.entries[index].held = true;
                self.take_down(index, Status::Stopped, context);
                self.note_groups();
            }
            Order::Pause if heard == Heard::Up => self.want(index, Mode::Pause),
            Order::Resume if heard == Heard::Up => self.want(index, Mode::Run),
            Order::Start if heard == Heard::Down => self.start_anew(index, context),
            Order::Restart => self.start_anew(index, context),
            Order::PanicInHandler => self.entries[index].child.control(Control::PanicInHandler),
            Order::PanicInTask => self.entries[index].child.control(Control::PanicInTask),
            Order::Start | Order::Pause | Order::Resume => {}
        }
        Ok(())
    }
}

impl Handler<Ping> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Ping, _: &mut Context<Supervisor>) {}
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
    type Result = ResponseActFuture<Supervisor, Vec<String>>;

    fn handle(&mut self, _: Shutdown, _: &mut Context<Supervisor>) -> Self::Result {
        self.leaving = true;
        let children: Vec<(Rc<dyn AnyChild>, u64)> =
            self.entries.iter().rev().map(|entry| (entry.child.clone(), entry.start)).collect();
        let stop_all = async move {
            let mut cut = Vec::new();
            for (child, start) in children {
                child.want(Wanted { mode: Mode::Down(Status::Stopped), start, drain: true });
                if tokio::time::timeout(child.policy().shutdown_timeout, child.at_rest()).await.is_err() {
                    tracing::warn!(actor = child.path(), "actor did not stop in time: cut off");
                    cut.push(child.path().to_owned());
                }
                child.want(Wanted { mode: Mode::Gone, start, drain: false });
                child.cut(child.stats().generation());
            }
            cut
        };
        Box::pin(stop_all.into_actor(self).map(|cut, _, context| {
            context.stop();
            cut
        }))
    }
}

impl Supervisor {
    pub(crate) fn new(
        name: String,
        entries: Vec<Entry>,
        groups: Vec<Group>,
        index: HashMap<String, usize>,
        degraded: Arc<AtomicBool>,
    ) -> Supervisor {
        Supervisor { name, entries, groups, index, degraded, leaving: false }
    }

    fn want(&self, index: usize, mode: Mode) {
        let entry = &self.entries[index];
        entry.child.want(Wanted { mode, start: entry.start, drain: false });
    }

    /// Permit one start. An object that is still there is ended first, in order or, when its time is over, cut off.
    fn start(&mut self, index: usize, context: &mut Context<Supervisor>) {
        self.cut_later(index, context);
        let entry = &mut self.entries[index];
        if entry.start > 0 {
            entry.child.stats().restarts.fetch_add(1, Ordering::AcqRel);
        }
        entry.start += 1;
        entry.plan += 1;
        entry.heard = Heard::Starting;
        self.want(index, Mode::Run);
    }

    /// An operator's start: what happened before is forgotten.
    fn start_anew(&mut self, index: usize, context: &mut Context<Supervisor>) {
        let entry = &mut self.entries[index];
        entry.held = false;
        entry.finished = false;
        entry.failures_in_a_row = 0;
        entry.restarted_at.clear();
        let group = &mut self.groups[entry.group];
        group.restarted_at.clear();
        if group.state == GroupState::Failed {
            group.state = GroupState::Restarting;
        }
        self.start(index, context);
    }

    fn take_down(&mut self, index: usize, status: Status, context: &mut Context<Supervisor>) {
        self.cut_later(index, context);
        let entry = &mut self.entries[index];
        entry.plan += 1;
        entry.heard = Heard::Down;
        self.want(index, Mode::Down(status));
    }

    fn cut_later(&self, index: usize, context: &mut Context<Supervisor>) {
        let child = self.entries[index].child.clone();
        let generation = child.stats().generation();
        if generation > 0 {
            context.run_later(child.policy().shutdown_timeout, move |_, _| child.cut(generation));
        }
    }

    /// Start the children of `batch` after `delay`, each when the one before it is up or has failed.
    fn start_after(&mut self, delay: Duration, batch: &[usize], context: &mut Context<Supervisor>) {
        let mut launches = Vec::new();
        for &index in batch {
            let entry = &mut self.entries[index];
            entry.plan += 1;
            launches.push(Launch { index, plan: entry.plan });
        }
        let me = context.address();
        let one_by_one = async move {
            tokio::time::sleep(delay).await;
            for launch in launches {
                me.send(launch).await.ok();
            }
        };
        context.spawn(one_by_one.into_actor(self));
    }

    fn restart_with_others(&mut self, failed: usize, delay: Duration, context: &mut Context<Supervisor>) {
        let group = self.entries[failed].group;
        let strategy = self.groups[group].strategy;
        let mut batch = Vec::new();
        for index in 0..self.entries.len() {
            let together = match strategy {
                Strategy::OneForOne => index == failed,
                Strategy::RestForOne => index >= failed,
                Strategy::OneForAll => true,
            };
            if together && self.entries[index].group == group && self.entries[index].is_to_live() {
                if index != failed {
                    self.take_down(index, Status::Restarting, context);
                }
                batch.push(index);
            }
        }
        self.start_after(delay, &batch, context);
    }

    fn escalate(&mut self, index: usize, context: &mut Context<Supervisor>) {
        let group = &mut self.groups[index];
        let give_up = too_many(&mut group.restarted_at, group.intensity);
        group.state = if give_up { GroupState::Failed } else { GroupState::Restarting };
        let attempts = u32::try_from(group.restarted_at.len()).unwrap_or(u32::MAX);
        let delay = group.backoff.delay(attempts.saturating_sub(1));
        tracing::error!(group = %group.path, give_up, "group failed: its children restart too often");
        let mut batch = Vec::new();
        for child in 0..self.entries.len() {
            if self.entries[child].group == index && self.entries[child].is_to_live() {
                self.entries[child].restarted_at.clear();
                self.entries[child].failures_in_a_row = 0;
                self.take_down(child, if give_up { Status::Failed } else { Status::Restarting }, context);
                batch.push(child);
            }
        }
        if give_up {
            context.run_later(GIVEN_UP_FOR, move |supervisor, context| supervisor.revive(index, context));
        } else {
            self.start_after(delay, &batch, context);
        }
        self.note_groups();
    }

    fn revive(&mut self, index: usize, context: &mut Context<Supervisor>) {
        let group = &mut self.groups[index];
        if group.state != GroupState::Failed || self.leaving {
            return;
        }
        tracing::info!(group = %group.path, "group is tried again");
        group.state = GroupState::Restarting;
        group.restarted_at.clear();
        let batch: Vec<usize> = (0..self.entries.len()).filter(|&child| self.entries[child].group == index).collect();
        self.start_after(Duration::ZERO, &batch, context);
    }

    /// A group is well again when all its children that are to live do; the node is degraded while one is not.
    fn note_groups(&mut self) {
        for (number, group) in self.groups.iter_mut().enumerate() {
            let mut children = self.entries.iter().filter(|entry| entry.group == number && entry.is_to_live());
            if group.state != GroupState::Running && children.all(|entry| entry.heard == Heard::Up) {
                group.state = GroupState::Running;
                tracing::info!(group = %group.path, "group is well again");
            }
        }
        let degraded = self.groups.iter().any(|group| group.state != GroupState::Running);
        if self.degraded.swap(degraded, Ordering::AcqRel) != degraded {
            tracing::warn!(node = %self.name, degraded, "node state changed");
        }
    }

    fn sample(&mut self) {
        for entry in &mut self.entries {
            let stats = entry.child.stats();
            stats.sample();
            let status = stats.status();
            if status != entry.last_shown && matches!(status, Status::Busy | Status::Stuck) {
                tracing::warn!(
                    actor = entry.child.path(),
                    status = status.as_str(),
                    "actor is slow to handle a message"
                );
            }
            entry.last_shown = status;
        }
    }
}
