//! The place of a child in its node: what references point at, whether anything lives there at the moment or not.

use std::any::type_name;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::Message;
use actix::prelude::Addr;
use arc_swap::ArcSwapOption;
use chrono::Utc;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::actor::{Actor, Handle};
use crate::dead_letters::{DeadLetter, DeadLetters};
use crate::host::{Control, Envelope, Host, Mode, TaskPanicked, Wanted};
use crate::reference::{Route, SendError};
use crate::spec::{Overflow, Policy};
use crate::stats::{Stats, Status};

pub(crate) struct Slot<A: Actor> {
    pub(crate) path: String,
    pub(crate) policy: Policy,
    pub(crate) stats: Arc<Stats>,
    pub(crate) address: ArcSwapOption<Addr<Host<A>>>,
    pub(crate) wanted: watch::Sender<Wanted>,
    pub(crate) at_rest: watch::Sender<bool>,
    pub(crate) life: ArcSwapOption<Life>,
    dead_letters: DeadLetters,
}

/// One generation, for whoever must cut it off.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) generation: u64,
    pub(crate) ended: CancellationToken,
}

impl<A: Actor> Slot<A> {
    pub(crate) fn new(path: String, policy: Policy, dead_letters: DeadLetters) -> Slot<A> {
        let idle = Wanted { mode: Mode::Down(Status::Waiting), start: 0, drain: false };
        Slot {
            path,
            policy,
            stats: Arc::new(Stats::default()),
            address: ArcSwapOption::empty(),
            wanted: watch::Sender::new(idle),
            at_rest: watch::Sender::new(true),
            life: ArcSwapOption::empty(),
            dead_letters,
        }
    }

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
        self.stats.message_refused();
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
        if self.stats.status().keeps_messages() { SendError::Restarting } else { SendError::Stopped }
    }

    /// Put a message into the mailbox; the answer comes when it has been handled.
    pub(crate) fn put<M>(&self, message: M) -> Result<oneshot::Receiver<Result<M::Result, SendError>>, SendError>
    where
        A: Handle<M>,
        M: Message + Send + 'static,
        M::Result: Send,
    {
        let (answer, answered) = oneshot::channel();
        self.place()?.do_send(Envelope { message, answer: Some(answer) });
        Ok(answered)
    }

    /// The address of the mailbox, with a place in it taken.
    fn place(&self) -> Result<Arc<Addr<Host<A>>>, SendError> {
        let address = self.address.load_full().filter(|address| address.connected());
        match address {
            Some(address) if self.stats.status().keeps_messages() => {
                if self.stats.reserve(self.policy.mailbox.capacity) { Ok(address) } else { Err(SendError::Full) }
            }
            _ => Err(self.down_reason()),
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
        match self.place() {
            Ok(address) => {
                address.do_send(Envelope { message, answer: None });
                Ok(())
            }
            Err(error) if quiet || self.policy.mailbox.overflow == Overflow::DropNewest => {
                self.stats.message_refused();
                Err(error)
            }
            Err(error) => Err(self.bury(type_name::<M>(), error)),
        }
    }

    fn ask(&self, message: M) -> BoxFuture<'static, Result<M::Result, SendError>> {
        if !self.stats.status().takes_messages() {
            return std::future::ready(Err(self.down_reason())).boxed();
        }
        match self.put(message) {
            Ok(answered) => async move { answered.await.unwrap_or(Err(SendError::Interrupted)) }.boxed(),
            Err(error) => {
                let error = self.bury(type_name::<M>(), error);
                std::future::ready(Err(error)).boxed()
            }
        }
    }
}

impl<A: Actor> Slot<A> {
    pub(crate) fn want(&self, wanted: Wanted) {
        self.wanted.send_replace(wanted);
        self.control(Control::Attend);
    }

    /// End the given generation here and now, whatever it is doing.
    pub(crate) fn cut(&self, generation: u64) {
        if let Some(life) = self.life.load_full().filter(|life| life.generation == generation) {
            life.ended.cancel();
        }
    }

    /// A question about the state may be put: nobody else is waiting for one, and it would be answered soon.
    pub(crate) fn may_be_observed(&self) -> bool {
        self.stats.status() == Status::Running && !self.stats.being_observed.swap(true, Ordering::AcqRel)
    }
}
