//! A look at the messages of one actor while they are handled: what came, how long it took, what came of it.
//!
//! It never holds the actor up: so many a second are shown, the others are counted, and a looker who does not read is left
//! alone. What is in a message is not shown.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::Clock;

/// Messages a second, when the looker says nothing else, and at most.
pub const RATE: u32 = 200;
pub const RATE_MAX: u32 = 1_000;
const SECOND_MS: u64 = 1_000;

/// One message.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub at_ms: i64,
    pub message: &'static str,
    pub took_us: u64,
    /// Messages that waited behind it.
    pub waiting: usize,
    pub outcome: Outcome,
    /// Messages since the one shown before that were not shown.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Panicked,
    CutOff,
}

/// The actor's end. One message at a time is seen, so that nothing here needs a lock.
#[derive(Debug)]
pub(crate) struct Tap {
    lines: mpsc::Sender<Seen>,
    rate: u32,
    made: Instant,
    /// Since `made`: when the second began in which so many were `shown`.
    window_ms: AtomicU64,
    shown: AtomicU32,
    left_out: AtomicU64,
}

impl Tap {
    /// `rate` is held to [`RATE_MAX`].
    pub(crate) fn new(rate: u32) -> (Tap, mpsc::Receiver<Seen>) {
        let rate = rate.clamp(1, RATE_MAX);
        let (lines, seen) = mpsc::channel(rate as usize);
        let (window_ms, shown, left_out) = Default::default();
        (Tap { lines, rate, made: Instant::now(), window_ms, shown, left_out }, seen)
    }

    /// False when nobody looks any more.
    pub(crate) fn see(
        &self,
        message: &'static str,
        begun: Option<Instant>,
        waiting: impl FnOnce() -> usize,
        outcome: Outcome,
    ) -> bool {
        // The clock was read when the message began: reading it again would be most of what a look costs.
        let at = begun.unwrap_or_else(Instant::now).saturating_duration_since(self.made);
        let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        if at_ms >= self.window_ms.load(Relaxed) + SECOND_MS {
            self.window_ms.store(at_ms, Relaxed);
            self.shown.store(0, Relaxed);
        }
        let (shown, left_out) = (self.shown.load(Relaxed), self.left_out.load(Relaxed));
        if shown >= self.rate {
            self.left_out.store(left_out + 1, Relaxed);
            return !self.lines.is_closed();
        }
        let took = begun.map(|at| at.elapsed()).unwrap_or_default();
        let seen = Seen {
            at_ms: Clock::system().now_ms(),
            message,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            waiting: waiting(),
            outcome,
            left_out,
        };
        match self.lines.try_send(seen) {
            Ok(()) => {
                self.shown.store(shown + 1, Relaxed);
                self.left_out.store(0, Relaxed);
            }
            Err(mpsc::error::TrySendError::Full(_)) => self.left_out.store(left_out + 1, Relaxed),
            Err(mpsc::error::TrySendError::Closed(_)) => return false,
        }
        true
    }
}
