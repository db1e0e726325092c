//! What a supervisor keeps about a child and a group, and how it reaches a child whose type it does not know.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::Addr;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::actor::Actor;
use crate::host::{Control, Host, Observe, Wanted};
use crate::slot::Slot;
use crate::spec::{Backoff, Factory, Intensity, Policy, Strategy};
use crate::stats::{Stats, Status};
use crate::supervisor::Supervisor;

/// A child that cannot say how it is within this time is shown as it was last seen.
const OBSERVE_DEADLINE: Duration = Duration::from_millis(300);

pub(crate) trait AnyChild {
    fn path(&self) -> &str;
    fn kind(&self) -> &'static str;
    fn policy(&self) -> Policy;
    fn stats(&self) -> &Arc<Stats>;
    fn launch(&self, supervisor: Addr<Supervisor>);
    fn want(&self, wanted: Wanted);
    fn control(&self, order: Control);
    fn cut(&self, generation: u64);
    fn at_rest(&self) -> BoxFuture<'static, ()>;
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

    fn launch(&self, supervisor: Addr<Supervisor>) {
        Host::launch(self.slot.clone(), self.factory.clone(), supervisor);
    }

    fn want(&self, wanted: Wanted) {
        self.slot.want(wanted);
    }

    fn control(&self, order: Control) {
        self.slot.control(order);
    }

    fn cut(&self, generation: u64) {
        self.slot.cut(generation);
    }

    fn at_rest(&self) -> BoxFuture<'static, ()> {
        let mut at_rest = self.slot.at_rest.subscribe();
        async move {
            at_rest.wait_for(|rests| *rests).await.ok();
        }
        .boxed()
    }

    fn observe(&self) -> BoxFuture<'static, Option<serde_json::Value>> {
        let stats = self.slot.stats.clone();
        let Some(address) = self.slot.address.load_full().filter(|_| self.slot.may_be_observed()) else {
            return std::future::ready(stats.last_state()).boxed();
        };
        async move {
            match tokio::time::timeout(OBSERVE_DEADLINE, address.send(Observe)).await {
                Ok(Ok(state)) => state,
                _ => stats.last_state(),
            }
        }
        .boxed()
    }
}

/// What the supervisor last heard of a child, or told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Down,
    Starting,
    Up,
}

pub(crate) struct Entry {
    pub(crate) child: Rc<dyn AnyChild>,
    pub(crate) group: usize,
    pub(crate) heard: Heard,
    /// An operator wants it stopped.
    pub(crate) held: bool,
    /// It ended by itself and is not to be started again with its group.
    pub(crate) finished: bool,
    /// Number of the last permission to start.
    pub(crate) start: u64,
    /// Number of the last planned start; an older plan is void.
    pub(crate) plan: u64,
    pub(crate) failures_in_a_row: u32,
    pub(crate) up_since: Option<Instant>,
    pub(crate) restarted_at: VecDeque<Instant>,
    pub(crate) first_answers: Vec<oneshot::Sender<()>>,
    pub(crate) last_shown: Status,
}

impl Entry {
    pub(crate) fn new(child: Rc<dyn AnyChild>, group: usize) -> Entry {
        Entry {
            child,
            group,
            heard: Heard::Down,
            held: false,
            finished: false,
            start: 0,
            plan: 0,
            failures_in_a_row: 0,
            up_since: None,
            restarted_at: VecDeque::new(),
            first_answers: Vec::new(),
            last_shown: Status::Waiting,
        }
    }

    pub(crate) fn answer_first(&mut self) {
        for answer in self.first_answers.drain(..) {
            answer.send(()).ok();
        }
    }

    pub(crate) fn is_to_live(&self) -> bool {
        !self.held && !self.finished
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

impl Group {
    pub(crate) fn new(path: String, strategy: Strategy, backoff: Backoff, intensity: Intensity) -> Group {
        Group { path, strategy, backoff, intensity, restarted_at: VecDeque::new(), state: GroupState::Running }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupState {
    Running,
    Restarting,
    Failed,
}

/// Count one more restart; true if there were more than allowed in the time allowed.
pub(crate) fn too_many(restarted_at: &mut VecDeque<Instant>, intensity: Intensity) -> bool {
    let now = Instant::now();
    restarted_at.push_back(now);
    while restarted_at.front().is_some_and(|at| now.duration_since(*at) > intensity.within) {
        restarted_at.pop_front();
    }
    restarted_at.len() > usize::try_from(intensity.restarts_max).unwrap_or(usize::MAX)
}
