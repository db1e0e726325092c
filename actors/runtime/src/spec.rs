//! What a supervisor must know about a child, and the limits that hold when nothing else is said.

use std::fmt;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;

/// When a child that ended is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After a failure, not after it stopped by itself.
    Transient,
    /// Never.
    Temporary,
}

/// Who else is restarted when a child fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    OneForOne,
    /// The failed child and those that were started after it.
    RestForOne,
    OneForAll,
}

/// How long to wait before the next try: `min` times `factor` for each failure in a row, up to `max`, give or take `jitter_percent`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    pub min: Duration,
    pub max: Duration,
    pub factor: u32,
    pub jitter_percent: u32,
}

impl Default for Backoff {
    fn default() -> Backoff {
        // A tenth of a second is not noticed at a till; half a minute lets a broken disk or port be looked at.
        Backoff { min: Duration::from_millis(100), max: Duration::from_secs(30), factor: 2, jitter_percent: 20 }
    }
}

impl Backoff {
    /// How long to wait after the first failure (`failures` = 0), the second, and so on.
    pub fn delay(self, failures: u32) -> Duration {
        // Sixteen doublings are beyond any sensible `max`.
        let grown = self.min.saturating_mul(self.factor.saturating_pow(failures.min(16)));
        let delay = grown.min(self.max);
        let jitter = self.jitter_percent.min(100);
        let percent = 100 - jitter + if jitter == 0 { 0 } else { rand::random_range(0..=2 * jitter) };
        delay.saturating_mul(percent) / 100
    }
}

/// More than `restarts_max` restarts `within` this time is a fault that restarting does not mend.
#[derive(Clone, Copy, Debug)]
pub struct Intensity {
    pub restarts_max: u32,
    pub within: Duration,
}

impl Default for Intensity {
    fn default() -> Intensity {
        Intensity { restarts_max: 5, within: Duration::from_secs(60) }
    }
}

/// What happens to a message that finds the mailbox full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The sender is told so, and the message is a dead letter.
    Refuse,
    /// It is dropped and counted; for news that the next one replaces.
    DropNewest,
}

#[derive(Clone, Copy, Debug)]
pub struct Mailbox {
    pub capacity: usize,
    pub overflow: Overflow,
}

impl Default for Mailbox {
    fn default() -> Mailbox {
        Mailbox { capacity: 256, overflow: Overflow::Refuse }
    }
}

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct StartError {
    sentence: String,
}

impl StartError {
    /// The error with its causes, as one sentence.
    pub fn new(error: impl fmt::Display) -> StartError {
        StartError { sentence: error.to_string() }
    }
}

pub(crate) type Factory<A> = Box<dyn Fn() -> LocalBoxFuture<'static, Result<A, StartError>>>;

/// A supervised child: how to build it, and what to do when it fails.
pub struct ChildSpec<A> {
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) factory: Factory<A>,
    pub(crate) policy: Policy,
}

#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub restart: Restart,
    pub backoff: Backoff,
    pub intensity: Intensity,
    pub mailbox: Mailbox,
    pub shutdown_timeout: Duration,
}

impl<A: 'static> ChildSpec<A> {
    /// A permanent child at `path` ("till/1/session") of `kind` ("till"). `factory` builds it anew from durable state.
    pub fn new<F, Built>(path: impl Into<String>, kind: &'static str, factory: F) -> ChildSpec<A>
    where
        F: Fn() -> Built + 'static,
        Built: Future<Output = Result<A, StartError>> + 'static,
    {
        ChildSpec {
            path: path.into(),
            kind,
            factory: Box::new(move || Box::pin(factory())),
            policy: Policy {
                restart: Restart::Permanent,
                backoff: Backoff::default(),
                intensity: Intensity::default(),
                mailbox: Mailbox::default(),
                shutdown_timeout: Duration::from_secs(5),
            },
        }
    }

    pub fn restart(mut self, restart: Restart) -> ChildSpec<A> {
        self.policy.restart = restart;
        self
    }

    pub fn backoff(mut self, backoff: Backoff) -> ChildSpec<A> {
        self.policy.backoff = backoff;
        self
    }

    pub fn intensity(mut self, restarts_max: u32, within: Duration) -> ChildSpec<A> {
        self.policy.intensity = Intensity { restarts_max, within };
        self
    }

    pub fn mailbox(mut self, capacity: usize, overflow: Overflow) -> ChildSpec<A> {
        self.policy.mailbox = Mailbox { capacity, overflow };
        self
    }

    pub fn shutdown_timeout(mut self, timeout: Duration) -> ChildSpec<A> {
        self.policy.shutdown_timeout = timeout;
        self
    }
}

impl<A> fmt::Debug for ChildSpec<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec").field("path", &self.path).field("policy", &self.policy).finish_non_exhaustive()
    }
}
