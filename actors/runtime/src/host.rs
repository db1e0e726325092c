//! The actix actor in which a supervised actor lives: it owns the mailbox, and outlives what it holds.
//!
//! What is wanted of a child is a level, not a signal: the supervisor writes `Wanted` and the host brings its object to
//! it (`settle`) between two messages. Orders that cross each other therefore end in the newest one, and a permission to
//! start is good for one start. A panic in a handler is caught at the handler's boundary and a panic in a task at the
//! task's; either way the object is dropped, the supervisor is told, and the mailbox is kept. Should the host itself ever
//! unwind, its guard says so and the supervisor makes a new host; only then is the queue lost, and counted.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::fut::ActorFutureExt;
use actix::prelude::{Addr, AsyncContext, Context, Handler, WrapFuture};
use actix::{ActorContext, Message};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::actor::{Actor, Handle, Scope};
use crate::panics;
use crate::reference::SendError;
use crate::slot::{Life, Slot};
use crate::spec::{Factory, Restart, StartError};
use crate::stats::Status;
use crate::supervisor::{Cause, Down, Supervisor, Up};
use crate::tap::Outcome;

/// A child that has not started by then has failed to. A slow disk or a device that is asked for its state takes seconds.
pub const START_DEADLINE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Run,
    Pause,
    /// Without an object, and shown as this.
    Down(Status),
    /// The node is leaving: the host itself ends.
    Gone,
}

/// What the supervisor wants of a child.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) mode: Mode,
    /// Number of the last permission to start. An object that was started by an earlier one is to be replaced.
    pub(crate) start: u64,
    /// Handle what is queued before going down.
    pub(crate) drain: bool,
}

/// A message, and whoever waits for its answer.
pub(crate) struct Envelope<M: Message> {
    pub(crate) message: M,
    pub(crate) answer: Option<oneshot::Sender<Result<M::Result, SendError>>>,
}

impl<M: Message> Message for Envelope<M> {
    type Result = ();
}

/// A task of the given generation unwound.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TaskPanicked {
    pub(crate) generation: u64,
    pub(crate) text: String,
}

/// Show the state. `None` while the child is down.
#[derive(Debug, Message)]
#[rtype(result = "Option<serde_json::Value>")]
pub(crate) struct Observe;

#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum Control {
    /// Look at what is wanted.
    Attend,
    /// Fail on purpose, for tests of the supervision.
    PanicInHandler,
    PanicInTask,
}

type Living<A> = (A, Scope<A>);

/// What a host needs to build its object, again and again.
struct Room<A: Actor> {
    slot: Arc<Slot<A>>,
    factory: Rc<Factory<A>>,
    supervisor: Addr<Supervisor>,
    /// The permission by which the last object was started.
    begun: Rc<Cell<u64>>,
}

impl<A: Actor> Clone for Room<A> {
    fn clone(&self) -> Room<A> {
        Room {
            slot: self.slot.clone(),
            factory: self.factory.clone(),
            supervisor: self.supervisor.clone(),
            begun: self.begun.clone(),
        }
    }
}

impl<A: Actor> Room<A> {
    fn down(&self, cause: Cause) {
        let status = match cause {
            Cause::Stopped if self.slot.policy.restart != Restart::Permanent => Status::Stopped,
            _ => Status::Restarting,
        };
        self.slot.stats.set_status(status);
        self.slot.stats.remember_state(None);
        self.supervisor.do_send(Down { path: self.slot.path.clone(), start: self.begun.get(), cause });
    }

    /// Show the message at hand to whoever looks.
    fn tapped<M: Message>(&self, begun: Option<Instant>, done: &Option<Result<M::Result, String>>) {
        let stats = &self.slot.stats;
        let Some(tap) = &*stats.tap.load() else { return };
        let outcome = match done {
            Some(Ok(_)) => Outcome::Done,
            Some(Err(_)) => Outcome::Panicked,
            None => Outcome::CutOff,
        };
        if !tap.see(std::any::type_name::<M>(), begun, || stats.depth(), outcome) {
            stats.tap.store(None);
        }
    }

    fn failed(&self, text: String) {
        self.slot.stats.panicked(text.clone());
        self.down(Cause::Panicked(text));
    }

    /// A destructor that unwinds must not take the host with it.
    fn discard(&self, (actor, scope): Living<A>) {
        scope.ended.cancel();
        if let Err(text) = panics::caught_now(|| drop(actor)) {
            self.slot.stats.panicked(text);
        }
    }

    async fn boot(&self) -> Option<Living<A>> {
        let stats = &self.slot.stats;
        let generation = stats.generation.fetch_add(1, Ordering::AcqRel) + 1;
        let ended = CancellationToken::new();
        self.slot.life.store(Some(Arc::new(Life { generation, ended: ended.clone() })));
        self.slot.at_rest.send_replace(false);
        stats.set_status(Status::Starting);
        let scope =
            Scope { slot: self.slot.clone(), generation, ended: ended.clone(), stop_asked: Rc::new(Cell::new(false)) };
        let build = async {
            let mut actor = (self.factory)().await?;
            actor.started(&scope).await?;
            Ok::<A, StartError>(actor)
        };
        let built = tokio::select! {
            biased;
            () = ended.cancelled() => Ok(Ok(Err(StartError::new("it was stopped while it started")))),
            built = tokio::time::timeout(START_DEADLINE, panics::caught(build)) => built,
        };
        let failure = match built {
            Ok(Ok(Ok(actor))) => {
                self.supervisor.do_send(Up { path: self.slot.path.clone(), start: self.begun.get() });
                return Some((actor, scope));
            }
            Ok(Ok(Err(error))) => self.not_started(error.to_string()),
            Ok(Err(text)) => {
                stats.panicked(text.clone());
                Cause::Panicked(text)
            }
            Err(_) => self.not_started(format!("it did not start within {} s", START_DEADLINE.as_secs())),
        };
        ended.cancel();
        self.down(failure);
        None
    }

    fn not_started(&self, text: String) -> Cause {
        self.slot.stats.failed(text.clone());
        Cause::NotStarted(text)
    }

    /// End the object in order, in the time it has for that.
    async fn end(&self, (mut actor, scope): Living<A>) {
        scope.ended.cancel();
        let stopping = tokio::time::timeout(self.slot.policy.shutdown_timeout, panics::caught(actor.stopping()));
        match stopping.await {
            Ok(Ok(())) => {}
            Ok(Err(text)) => self.slot.stats.panicked(text),
            Err(_) => tracing::warn!(actor = %self.slot.path, "actor did not finish stopping in time"),
        }
        self.discard((actor, scope));
    }
}

/// Bring the object to what is wanted of it. Returns when it may take messages; `None` when the host is to end.
async fn settle<A: Actor>(room: Room<A>, mut living: Option<Living<A>>) -> Option<Living<A>> {
    let slot = &room.slot;
    let mut wanted = slot.wanted.subscribe();
    loop {
        let now = *wanted.borrow_and_update();
        let renew = now.start > room.begun.get();
        match (living.take(), now.mode) {
            (Some(object), _) if object.1.stop_asked.get() => {
                room.end(object).await;
                room.down(Cause::Stopped);
            }
            (Some(object), Mode::Run) if !renew => {
                slot.stats.set_status(Status::Running);
                return Some(object);
            }
            (Some(object), Mode::Pause) if !renew => {
                slot.stats.set_status(Status::Paused);
                slot.stats.remember_state(state_of(&object.0));
                living = Some(object);
                wanted.changed().await.ok();
            }
            (Some(object), _) => {
                room.end(object).await;
                slot.stats.remember_state(None);
            }
            (None, Mode::Run | Mode::Pause) if renew => {
                room.begun.set(now.start);
                living = room.boot().await;
            }
            (None, Mode::Gone) => {
                slot.at_rest.send_replace(true);
                return None;
            }
            (None, mode) => {
                if let Mode::Down(status) = mode {
                    slot.stats.set_status(status);
                }
                slot.at_rest.send_replace(true);
                wanted.changed().await.ok();
            }
        }
    }
}

fn state_of<A: Actor>(actor: &A) -> Option<serde_json::Value> {
    panics::caught_now(|| serde_json::to_value(actor.observe())).ok()?.ok()
}

pub(crate) struct Host<A: Actor> {
    room: Room<A>,
    living: Option<Living<A>>,
    guard: HostGuard<A>,
}

/// Says that the host itself is gone, however it went.
struct HostGuard<A: Actor> {
    room: Room<A>,
    armed: bool,
}

impl<A: Actor> Drop for HostGuard<A> {
    fn drop(&mut self) {
        let slot = &self.room.slot;
        slot.address.store(None);
        slot.at_rest.send_replace(true);
        let lost = slot.stats.mailbox_lost();
        if lost > 0 {
            tracing::error!(actor = %slot.path, lost, "mailbox lost with its host");
        }
        if self.armed {
            self.room.down(Cause::HostLost);
        }
    }
}

impl<A: Actor> Host<A> {
    pub(crate) fn launch(slot: Arc<Slot<A>>, factory: Rc<Factory<A>>, supervisor: Addr<Supervisor>) {
        let begun = Rc::new(Cell::new(slot.wanted.borrow().start));
        let room = Room { slot: slot.clone(), factory, supervisor, begun };
        let guard = HostGuard { room: room.clone(), armed: true };
        let address = actix::Actor::start(Host { room, living: None, guard });
        slot.address.store(Some(Arc::new(address)));
    }

    fn settle(&mut self, context: &mut Context<Host<A>>) {
        let settled = settle(self.room.clone(), self.living.take());
        context.wait(settled.into_actor(self).map(|living, host, context| match living {
            Some(_) => host.living = living,
            None => {
                host.guard.armed = false;
                context.stop();
            }
        }));
    }

    fn is_settled(&self, ready_to_leave: bool) -> bool {
        let Some((_, scope)) = &self.living else { return false };
        let wanted = self.room.slot.wanted.borrow();
        let stays = wanted.mode == Mode::Run || (wanted.drain && !ready_to_leave);
        stays && wanted.start == self.room.begun.get() && !scope.stop_asked.get()
    }

    fn panicked(&mut self, text: String, context: &mut Context<Host<A>>) {
        self.drop_living();
        self.room.failed(text);
        self.settle(context);
    }

    fn drop_living(&mut self) {
        if let Some(object) = self.living.take() {
            self.room.discard(object);
        }
    }
}

impl<A: Actor> actix::Actor for Host<A> {
    type Context = Context<Host<A>>;

    fn started(&mut self, context: &mut Context<Host<A>>) {
        self.settle(context);
    }

    fn stopped(&mut self, _: &mut Context<Host<A>>) {
        self.drop_living();
    }
}

impl<A, M> Handler<Envelope<M>> for Host<A>
where
    A: Handle<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    type Result = ();

    fn handle(&mut self, Envelope { message, answer }: Envelope<M>, context: &mut Context<Host<A>>) {
        self.room.slot.stats.message_taken();
        let living = self.living.take();
        let work = async move {
            let (mut actor, scope) = living?;
            let cut = scope.ended.clone();
            let done = tokio::select! {
                biased;
                done = panics::caught(actor.handle(message, &scope)) => Some(done),
                () = cut.cancelled() => None,
            };
            Some(((actor, scope), done))
        };
        context.wait(work.into_actor(self).map(|worked, host, context| {
            let begun = host.room.slot.stats.message_done();
            let (object, done) = worked.unzip();
            host.living = object;
            let done = done.flatten();
            host.room.tapped::<M>(begun, &done);
            let (said, failure) = match done {
                Some(Ok(said)) => (Ok(said), None),
                Some(Err(text)) => (Err(SendError::Interrupted), Some(text)),
                None => {
                    tracing::warn!(actor = %host.room.slot.path, "handler cut off");
                    host.drop_living();
                    (Err(SendError::Interrupted), None)
                }
            };
            match failure {
                Some(text) => host.panicked(text, context),
                None if !host.is_settled(false) => host.settle(context),
                None => {}
            }
            // Whoever hears of a failure finds the child already down.
            if let Some(answer) = answer {
                answer.send(said).ok();
            }
        }));
    }
}

impl<A: Actor> Handler<TaskPanicked> for Host<A> {
    type Result = ();

    fn handle(&mut self, message: TaskPanicked, context: &mut Context<Host<A>>) {
        let current = self.living.as_ref().is_some_and(|(_, scope)| scope.generation == message.generation);
        if current {
            self.panicked(message.text, context);
        }
    }
}

impl<A: Actor> Handler<Observe> for Host<A> {
    type Result = Option<serde_json::Value>;

    fn handle(&mut self, _: Observe, _: &mut Context<Host<A>>) -> Option<serde_json::Value> {
        self.room.slot.stats.being_observed.store(false, Ordering::Release);
        let state = self.living.as_ref().and_then(|(actor, _)| state_of(actor));
        self.room.slot.stats.remember_state(state.clone());
        state
    }
}

impl<A: Actor> Handler<Control> for Host<A> {
    type Result = ();

    fn handle(&mut self, message: Control, context: &mut Context<Host<A>>) {
        match message {
            Control::Attend if !self.is_settled(true) => self.settle(context),
            Control::Attend => {}
            Control::PanicInHandler => {
                if let Err(text) = panics::caught_now::<()>(|| panic!("a panic ordered in the handler")) {
                    self.panicked(text, context);
                }
            }
            Control::PanicInTask => {
                if let Some((_, scope)) = &self.living {
                    scope.spawn(async { panic!("a panic ordered in a task") });
                }
            }
        }
    }
}
