//! References to actors: good through restarts, bounded, counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use futures_util::future::BoxFuture;

use crate::actor::Handle;
use crate::slot::Slot;

/// How long an ask waits when the caller says nothing else.
pub const ASK_DEADLINE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("it is being restarted: ask again in a moment")]
    Restarting,
    #[error("it is stopped")]
    Stopped,
    #[error("it has too much to do: its mailbox is full")]
    Full,
    #[error("it did not answer in time: look before asking again")]
    Deadline,
    #[error("it failed while working: look before asking again")]
    Interrupted,
}

/// A reference to an actor that handles `M`, whoever it is.
pub struct ActorRef<M: Message>
where
    M::Result: Send,
{
    route: Arc<dyn Route<M>>,
}

pub(crate) trait Route<M: Message>: Send + Sync {
    fn path(&self) -> &str;
    fn tell(&self, message: M, quiet: bool) -> Result<(), SendError>;
    fn ask(&self, message: M) -> BoxFuture<'static, Result<M::Result, SendError>>;
}

impl<M> ActorRef<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    pub(crate) fn to<A: Handle<M>>(slot: Arc<Slot<A>>) -> ActorRef<M> {
        ActorRef { route: slot }
    }

    pub fn path(&self) -> &str {
        self.route.path()
    }

    /// Send and do not wait. While the child restarts the message waits in its mailbox; one that cannot is a dead letter.
    pub fn tell(&self, message: M) -> Result<(), SendError> {
        self.route.tell(message, false)
    }

    /// Send something that the next of its kind replaces; if there is no room it is left out.
    pub fn nudge(&self, message: M) {
        self.route.tell(message, true).ok();
    }

    /// Send and wait for the answer, [`ASK_DEADLINE`] at most.
    pub async fn ask(&self, message: M) -> Result<M::Result, SendError> {
        self.ask_within(ASK_DEADLINE, message).await
    }

    /// Send and wait for the answer. After [`SendError::Deadline`] and [`SendError::Interrupted`] the work may have been done.
    pub async fn ask_within(&self, deadline: Duration, message: M) -> Result<M::Result, SendError> {
        match tokio::time::timeout(deadline, self.route.ask(message)).await {
            Ok(answer) => answer,
            Err(_) => Err(SendError::Deadline),
        }
    }
}

impl<M: Message> Clone for ActorRef<M>
where
    M::Result: Send,
{
    fn clone(&self) -> ActorRef<M> {
        ActorRef { route: self.route.clone() }
    }
}

impl<M: Message> fmt::Debug for ActorRef<M>
where
    M::Result: Send,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.route.path())
    }
}
