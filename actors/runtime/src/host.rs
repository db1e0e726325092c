//! The actix actor in which a supervised actor lives: it owns the mailbox, and outlives what it holds.
//!
//! A panic in a handler is caught at the handler's boundary and a panic in a task at the task's; either way the object is
//! dropped, the supervisor is told, and the host waits, its mailbox kept, for the word to build a new one. Should the host
//! itself ever unwind, its guard says so and the supervisor makes a new host; only then is the queue lost, and counted.

use std::any::type_name;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::ActorFutureExt;
use actix::prelude::{Addr, AsyncContext, AtomicResponse, Context, Handler, WrapFuture};
use actix::{ActorContext, Message};
use arc_swap::ArcSwapOption;
use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::actor::{Actor, Handle, Scope};
use crate::dead_letters::{DeadLetter, DeadLetters};
use crate::panics;
use crate::reference::{Route, SendError};
use crate::spec::{Factory, Overflow, Policy, StartError};
use crate::stats::{Stats, Status};
use crate::supervisor::{Cause, Down, Supervisor, Up};

/// The place of a child in its node: what references point at.
pub struct Slot<A: Actor> {
    pub(crate) path: String,
    pub(crate) policy: Policy,
    pub(crate) stats: Arc<Stats>,
    pub(crate) address: ArcSwapOption<Addr<Host<A>>>,
    pub(crate) dead_letters: DeadLetters,
}

impl<A: Actor> Slot<A> {
    /// Orders of the runtime itself: few, never refused for lack of room.
    pub(crate) fn control(&self, order: Control) {
        if let Some(address) = self.address.load_full() {
            address.do_send(order);
        }
    }

    pub(crate) fn task_panicked(&self, generation: u64, text: String) {
        if let Some(address) = self.address.load_full() {
            address.do_send(TaskPanicked { generation, text });
        }
    }

    fn bury(&self, message: &'static str, error: SendError) -> SendError {
        self.stats.refused.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        let reason = match error {
            SendError::Full => "mailbox full",
            SendError::Restarting => "restarting",
            SendError::Stopped | SendError::Deadline | SendError::Interrupted => "stopped",
        };
        self.dead_letters.put(DeadLetter {
            at_ms: Utc::now().timestamp_millis(),
            to: self.path.clone(),
            message,
            reason,
        });
        error
    }

    fn down_reason(&self) -> SendError {
        match self.stats.status() {
            Status::Restarting | Status::Starting => SendError::Restarting,
            _ => SendError::Stopped,
        }
    }
}

impl<A, M> Route<M> for Slot<A>
where
    A: Handle<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn path(&self) -> &str {
        &self.path
    }

    fn tell(&self, message: M, quiet: bool) -> Result<(), SendError> {
        let name = type_name::<M>();
        let mailbox = self.policy.mailbox;
        let status = self.stats.status();
        let Some(address) = self.address.load_full() else {
            return Err(self.bury(name, self.down_reason()));
        };
        if !status.takes_messages() && status != Status::Restarting {
            return Err(self.bury(name, SendError::Stopped));
        }
        if self.stats.depth() >= mailbox.capacity {
            if quiet || mailbox.overflow == Overflow::DropNewest {
                self.stats.refused.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
                return Err(SendError::Full);
            }
            return Err(self.bury(name, SendError::Full));
        }
        self.stats.message_accepted();
        address.do_send(Envelope(message));
        Ok(())
    }

    fn ask(&self, message: M) -> BoxFuture<'static, Result<M::Result, SendError>> {
        let status = self.stats.status();
        let address = match self.address.load_full() {
            Some(address) if status.takes_messages() => address,
            _ => return std::future::ready(Err(self.down_reason())).boxed(),
        };
        if self.stats.depth() >= self.policy.mailbox.capacity {
            return std::future::ready(Err(self.bury(type_name::<M>(), SendError::Full))).boxed();
        }
        self.stats.message_accepted();
        let answer = address.send(Envelope(message));
        async move { answer.await.unwrap_or(Err(SendError::Interrupted)) }.boxed()
    }
}

/// A message with its way through the host's boundary.
#[derive(Debug)]
pub(crate) struct Envelope<M>(M);

impl<M: Message> Message for Envelope<M>
where
    M::Result: 'static,
{
    type Result = Result<M::Result, SendError>;
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

/// Orders of the supervisor to a running host.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum Control {
    /// End the object in order and wait for [`Go`]; `done` is told when it has ended.
    Stop {
        done: Option<oneshot::Sender<()>>,
    },
    Pause,
    /// Fail on purpose, for tests of the supervision.
    PanicInHandler,
    PanicInTask,
}

/// The word for which a host waits when it has no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    Start,
    Resume,
}

pub(crate) struct Host<A: Actor> {
    slot: Arc<Slot<A>>,
    factory: Rc<Factory<A>>,
    supervisor: Addr<Supervisor>,
    go: Option<mpsc::Receiver<Go>>,
    living: Option<(A, Scope<A>)>,
    guard: Option<HostGuard>,
}

/// Says that the host itself is gone, however it went.
struct HostGuard {
    path: String,
    supervisor: Addr<Supervisor>,
}

impl Drop for HostGuard {
    fn drop(&mut self) {
        let text = if std::thread::panicking() { panics::take_last() } else { "its host ended".to_owned() };
        self.supervisor.do_send(Down { path: self.path.clone(), cause: Cause::HostLost(text) });
    }
}

impl<A: Actor> Host<A> {
    pub(crate) fn launch(
        slot: Arc<Slot<A>>,
        factory: Rc<Factory<A>>,
        supervisor: Addr<Supervisor>,
        go: mpsc::Receiver<Go>,
    ) -> Addr<Host<A>> {
        let guard = HostGuard { path: slot.path.clone(), supervisor: supervisor.clone() };
        let host = Host { slot, factory, supervisor, go: Some(go), living: None, guard: Some(guard) };
        actix::Actor::start(host)
    }

    fn boot(&mut self, context: &mut Context<Host<A>>) {
        let generation = self.slot.stats.generation.fetch_add(1, std::sync::atomic::Ordering::AcqRel) + 1;
        self.slot.stats.set_status(Status::Starting);
        let scope = Scope {
            slot: self.slot.clone(),
            generation,
            ended: CancellationToken::new(),
            stop_asked: Rc::new(Cell::new(false)),
        };
        let factory = self.factory.clone();
        let starting = scope.clone();
        let build = async move {
            let mut actor = factory().await?;
            actor.started(&starting).await?;
            Ok::<A, StartError>(actor)
        };
        let boot =
            AssertUnwindSafe(build).catch_unwind().into_actor(self).map(move |built, host, context| match built {
                Ok(Ok(actor)) => {
                    host.living = Some((actor, scope));
                    host.slot.stats.set_status(Status::Running);
                    host.supervisor.do_send(Up { path: host.slot.path.clone() });
                }
                Ok(Err(error)) => {
                    scope.ended.cancel();
                    host.down(Cause::NotStarted(error.to_string()), context);
                }
                Err(_) => {
                    scope.ended.cancel();
                    host.panicked(panics::take_last(), context);
                }
            });
        context.wait(boot);
    }

    fn panicked(&mut self, text: String, context: &mut Context<Host<A>>) {
        self.slot.stats.panicked(text.clone());
        self.down(Cause::Panicked(text), context);
    }

    fn down(&mut self, cause: Cause, context: &mut Context<Host<A>>) {
        self.drop_living();
        self.slot.stats.set_status(Status::Restarting);
        self.supervisor.do_send(Down { path: self.slot.path.clone(), cause });
        self.wait_for_go(context);
    }

    fn drop_living(&mut self) {
        if let Some((actor, scope)) = self.living.take() {
            scope.ended.cancel();
            // A destructor that unwinds must not take the host with it.
            if std::panic::catch_unwind(AssertUnwindSafe(|| drop(actor))).is_err() {
                self.slot.stats.panicked(panics::take_last());
            }
        }
    }

    fn wait_for_go(&mut self, context: &mut Context<Host<A>>) {
        let Some(mut go) = self.go.take() else { return };
        let word = async move {
            let word = go.recv().await;
            (word, go)
        };
        context.wait(word.into_actor(self).map(|(word, go), host, context| {
            host.go = Some(go);
            match word {
                Some(Go::Resume) if host.living.is_some() => host.slot.stats.set_status(Status::Running),
                Some(_) => host.boot(context),
                None => context.stop(),
            }
        }));
    }

    fn stop_in_order(&mut self, cause: Cause, done: Option<oneshot::Sender<()>>, context: &mut Context<Host<A>>) {
        let living = self.living.take();
        let ending = async move {
            if let Some((mut actor, scope)) = living {
                scope.ended.cancel();
                AssertUnwindSafe(actor.stopping()).catch_unwind().await.ok();
            }
        };
        context.wait(ending.into_actor(self).map(move |(), host, context| {
            host.slot.stats.set_status(Status::Stopped);
            if let Some(done) = done {
                done.send(()).ok();
            }
            if let Cause::Stopped = cause {
                host.supervisor.do_send(Down { path: host.slot.path.clone(), cause });
            }
            host.wait_for_go(context);
        }));
    }
}

impl<A: Actor> actix::Actor for Host<A> {
    type Context = Context<Host<A>>;

    fn started(&mut self, context: &mut Context<Host<A>>) {
        context.set_mailbox_capacity(self.slot.policy.mailbox.capacity.max(1));
        self.slot.address.store(Some(Arc::new(context.address())));
        self.boot(context);
    }

    fn stopped(&mut self, _: &mut Context<Host<A>>) {
        self.drop_living();
        self.guard.take();
    }
}

impl<A, M> Handler<Envelope<M>> for Host<A>
where
    A: Handle<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    type Result = AtomicResponse<Host<A>, Result<M::Result, SendError>>;

    fn handle(&mut self, Envelope(message): Envelope<M>, _: &mut Context<Host<A>>) -> Self::Result {
        self.slot.stats.message_taken();
        let living = self.living.take();
        let work = async move {
            let (mut actor, scope) = living?;
            let done = AssertUnwindSafe(actor.handle(message, &scope)).catch_unwind().await;
            Some((actor, scope, done))
        };
        AtomicResponse::new(Box::pin(work.into_actor(self).map(|worked, host, context| {
            host.slot.stats.message_done();
            let Some((actor, scope, done)) = worked else { return Err(SendError::Interrupted) };
            let stop_asked = scope.stop_asked.get();
            host.living = Some((actor, scope));
            match done {
                Ok(answer) => {
                    if stop_asked {
                        host.stop_in_order(Cause::Stopped, None, context);
                    }
                    Ok(answer)
                }
                Err(_) => {
                    host.panicked(panics::take_last(), context);
                    Err(SendError::Interrupted)
                }
            }
        })))
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
        let (actor, _) = self.living.as_ref()?;
        let state = std::panic::catch_unwind(AssertUnwindSafe(|| serde_json::to_value(actor.observe())));
        state.ok().and_then(Result::ok)
    }
}

impl<A: Actor> Handler<Control> for Host<A> {
    type Result = ();

    fn handle(&mut self, message: Control, context: &mut Context<Host<A>>) {
        match message {
            Control::Stop { done } => self.stop_in_order(Cause::Ordered, done, context),
            Control::Pause => {
                self.slot.stats.set_status(Status::Paused);
                self.wait_for_go(context);
            }
            Control::PanicInHandler => {
                let broken = std::panic::catch_unwind(|| panic!("a panic ordered in the handler"));
                if broken.is_err() {
                    self.panicked(panics::take_last(), context);
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
