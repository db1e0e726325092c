//! A look at the messages of one actor while they are handled: what came, how long it took, what came of it.
//!
//! It never holds the actor up: so many a second are shown, the others are counted, and a looker who does not read is left
//! alone. What is in a message is not shown.

use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::Clock;

/// Messages a second, when the looker says nothing else, and at most.
pub const RATE: u32 = 200;
pub const RATE_MAX: u32 = 1_000;
const SECOND: Duration = Duration::from_secs(1);

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

/// The actor's end.
#[derive(Debug)]
pub(crate) struct Tap {
    lines: mpsc::Sender<Seen>,
    rate: u32,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    shown: u32,
    left_out: u64,
}

impl Tap {
    /// `rate` is held to [`RATE_MAX`].
    pub(crate) fn new(rate: u32) -> (Tap, mpsc::Receiver<Seen>) {
        let rate = rate.clamp(1, RATE_MAX);
        let (lines, seen) = mpsc::channel(rate as usize);
        (Tap { lines, rate, window: Mutex::new(Window { begun: Instant::now(), shown: 0, left_out: 0 }) }, seen)
    }

    /// False when nobody looks any more.
    pub(crate) fn see(&self, message: &'static str, begun: Option<Instant>, waiting: usize, outcome: Outcome) -> bool {
        let Ok(mut window) = self.window.lock() else { return false };
        // The clock was read when the message began: reading it again would be most of what a look costs.
        let at = begun.unwrap_or_else(Instant::now);
        if at.saturating_duration_since(window.begun) >= SECOND {
            (window.begun, window.shown) = (at, 0);
        }
        if window.shown >= self.rate {
            window.left_out += 1;
            return !self.lines.is_closed();
        }
        let took = begun.map(|at| at.elapsed()).unwrap_or_default();
        let seen = Seen {
            at_ms: Clock::system().now_ms(),
            message,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            waiting,
            outcome,
            left_out: window.left_out,
        };
        match self.lines.try_send(seen) {
            Ok(()) => (window.shown, window.left_out) = (window.shown + 1, 0),
            Err(mpsc::error::TrySendError::Full(_)) => window.left_out += 1,
            Err(mpsc::error::TrySendError::Closed(_)) => return false,
        }
        true
    }
}
