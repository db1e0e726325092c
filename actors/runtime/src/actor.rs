//! What a child must be: build it, start it, give it messages one at a time, look at it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::host::Control;
use crate::panics;
use crate::reference::ActorRef;
use crate::slot::Slot;
use crate::spec::StartError;

/// An actor that lives under a supervisor.
pub trait Actor: Sized + Unpin + 'static {
    /// What an operator and a test may see of it: small, and without secrets.
    type State: Serialize;

    /// Timers and tasks are started here, before the first message.
    fn started(&mut self, scope: &Scope<Self>) -> impl Future<Output = Result<(), StartError>> {
        let _ = scope;
        std::future::ready(Ok(()))
    }

    /// The last thing it does when it is stopped in order; not called after a failure.
    fn stopping(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    fn observe(&self) -> Self::State;
}

/// An actor that handles messages of the kind `M`, each to its end before the next is taken.
pub trait Handle<M: Message>: Actor {
    fn handle(&mut self, message: M, scope: &Scope<Self>) -> impl Future<Output = M::Result>;
}

/// The surroundings of one generation of an actor: its own address, its timers and its tasks, which end with it.
pub struct Scope<A: Actor> {
    pub(crate) slot: Arc<Slot<A>>,
    pub(crate) generation: u64,
    pub(crate) ended: CancellationToken,
    pub(crate) stop_asked: Rc<Cell<bool>>,
}

impl<A: Actor> Clone for Scope<A> {
    fn clone(&self) -> Scope<A> {
        Scope {
            slot: self.slot.clone(),
            generation: self.generation,
            ended: self.ended.clone(),
            stop_asked: self.stop_asked.clone(),
        }
    }
}

impl<A: Actor> Scope<A> {
    /// The reference by which this actor is reached, for giving to others or to its own tasks.
    pub fn me<M>(&self) -> ActorRef<M>
    where
        A: Handle<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        ActorRef::to(self.slot.clone())
    }

    pub fn path(&self) -> &str {
        &self.slot.path
    }

    /// Run `task` beside the actor until it ends or this generation does. If it panics the actor is restarted.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let (slot, generation, ended) = (self.slot.clone(), self.generation, self.ended.clone());
        tokio::task::spawn_local(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                done = panics::caught(task) => {
                    if let Err(text) = done {
                        slot.task_panicked(generation, text);
                    }
                }
            }
        });
    }

    /// Send `message()` to this actor every `period`. A tick waits until the one before it is handled, so a slow actor never
    /// fills its own mailbox; one that finds no room is left out.
    pub fn every<M>(&self, period: Duration, message: impl Fn() -> M + 'static)
    where
        A: Handle<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let slot = self.slot.clone();
        self.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                if let Ok(handled) = slot.put(message()) {
                    handled.await.ok();
                }
            }
        });
    }

    /// Send `message` to this actor after `delay`.
    pub fn after<M>(&self, delay: Duration, message: M)
    where
        A: Handle<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let me = self.me::<M>();
        self.spawn(async move {
            tokio::time::sleep(delay).await;
            me.nudge(message);
        });
    }

    /// End this actor in order after the message at hand. A transient or temporary one stays stopped.
    pub fn stop(&self) {
        self.stop_asked.set(true);
        self.slot.control(Control::Attend);
    }
}
