//! What is counted about a child, readable from any thread while the child is busy, stuck or gone.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde::Serialize;
use tokio::time::Instant;

use crate::tap::Tap;

/// A handler that runs longer than this is shown as busy, then as stuck.
pub const BUSY_AFTER: Duration = Duration::from_secs(5);
pub const STUCK_AFTER: Duration = Duration::from_secs(30);
/// Rates are over the last minute, sampled this often.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(5);
const SAMPLES_MAX: usize = 13;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Status {
    /// Its turn to start has not come.
    Waiting,
    Starting,
    Running,
    Busy,
    Stuck,
    Paused,
    Restarting,
    Stopped,
    Failed,
}

impl Status {
    fn from_code(code: u8) -> Status {
        const ALL: [Status; 9] = [
            Status::Waiting,
            Status::Starting,
            Status::Running,
            Status::Busy,
            Status::Stuck,
            Status::Paused,
            Status::Restarting,
            Status::Stopped,
            Status::Failed,
        ];
        ALL.get(usize::from(code)).copied().unwrap_or(Status::Failed)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Starting => "starting",
            Status::Running => "running",
            Status::Busy => "busy",
            Status::Stuck => "stuck",
            Status::Paused => "paused",
            Status::Restarting => "restarting",
            Status::Stopped => "stopped",
            Status::Failed => "failed",
        }
    }

    /// True if a message sent now is going to be handled without a restart in between.
    pub fn takes_messages(self) -> bool {
        matches!(self, Status::Starting | Status::Running | Status::Busy | Status::Stuck | Status::Paused)
    }

    /// True if a message sent now waits in the mailbox, however long it takes.
    pub(crate) fn keeps_messages(self) -> bool {
        !matches!(self, Status::Stopped | Status::Failed)
    }
}

/// Messages per second over the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    pub accepted_per_s: f64,
    pub handled_per_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    accepted: u64,
    handled: u64,
}

/// Counters of one child over all its generations.
#[derive(Debug, Default)]
pub struct Stats {
    status: AtomicU8,
    pub(crate) generation: AtomicU64,
    pub(crate) restarts: AtomicU64,
    accepted: AtomicU64,
    handled: AtomicU64,
    refused: AtomicU64,
    panics: AtomicU64,
    /// One question about the state is under way: a child that does not answer is not asked again.
    pub(crate) being_observed: AtomicBool,
    waiting: Mutex<VecDeque<Instant>>,
    busy_since: Mutex<Option<Instant>>,
    last_panic: Mutex<Option<String>>,
    last_failure: Mutex<Option<String>>,
    last_state: Mutex<Option<serde_json::Value>>,
    samples: Mutex<VecDeque<Sample>>,
    /// Whoever looks at its messages.
    pub(crate) tap: ArcSwapOption<Tap>,
}

impl Stats {
    pub fn status(&self) -> Status {
        let status = Status::from_code(self.status.load(Ordering::Acquire));
        match (status, self.busy_for()) {
            (Status::Running, busy) if busy > STUCK_AFTER => Status::Stuck,
            (Status::Running, busy) if busy > BUSY_AFTER => Status::Busy,
            _ => status,
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(status as u8, Ordering::Release);
    }

    /// How long the message at hand has been worked on.
    pub fn busy_for(&self) -> Duration {
        self.busy_since.lock().ok().and_then(|since| since.map(|at| at.elapsed())).unwrap_or_default()
    }

    /// Messages that wait, the one at hand not counted.
    pub fn depth(&self) -> usize {
        self.waiting.lock().map(|waiting| waiting.len()).unwrap_or(0)
    }

    /// How long the oldest message has waited.
    pub fn oldest_age(&self) -> Duration {
        self.waiting.lock().ok().and_then(|waiting| waiting.front().map(Instant::elapsed)).unwrap_or_default()
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Acquire)
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    pub fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }

    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Acquire)
    }

    pub fn last_panic(&self) -> Option<String> {
        self.last_panic.lock().ok().and_then(|text| text.clone())
    }

    /// Why it went down the last time: a panic, or what kept it from starting.
    pub fn last_failure(&self) -> Option<String> {
        self.last_failure.lock().ok().and_then(|text| text.clone())
    }

    pub fn rates(&self) -> Rates {
        let Ok(samples) = self.samples.lock() else { return Rates::default() };
        let Some(oldest) = samples.front() else { return Rates::default() };
        let seconds = oldest.at.elapsed().as_secs_f64();
        let per_second =
            |now: u64, then: u64| if seconds > 0.0 { now.saturating_sub(then) as f64 / seconds } else { 0.0 };
        Rates {
            accepted_per_s: per_second(self.accepted(), oldest.accepted),
            handled_per_s: per_second(self.handled(), oldest.handled),
        }
    }

    pub(crate) fn sample(&self) {
        if let Ok(mut samples) = self.samples.lock() {
            if samples.len() == SAMPLES_MAX {
                samples.pop_front();
            }
            samples.push_back(Sample { at: Instant::now(), accepted: self.accepted(), handled: self.handled() });
        }
    }

    /// Count one more message in, if there is room.
    pub(crate) fn reserve(&self, capacity: usize) -> bool {
        let Ok(mut waiting) = self.waiting.lock() else { return false };
        if waiting.len() >= capacity {
            return false;
        }
        waiting.push_back(Instant::now());
        self.accepted.fetch_add(1, Ordering::AcqRel);
        true
    }

    pub(crate) fn message_refused(&self) {
        self.refused.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn message_taken(&self) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.pop_front();
        }
        if let Ok(mut since) = self.busy_since.lock() {
            *since = Some(Instant::now());
        }
    }

    /// When it was begun.
    pub(crate) fn message_done(&self) -> Option<Instant> {
        self.handled.fetch_add(1, Ordering::AcqRel);
        self.busy_since.lock().ok().and_then(|mut since| since.take())
    }

    pub(crate) fn panicked(&self, text: String) {
        self.panics.fetch_add(1, Ordering::AcqRel);
        self.failed(text.clone());
        if let Ok(mut last) = self.last_panic.lock() {
            *last = Some(text);
        }
    }

    pub(crate) fn failed(&self, text: String) {
        if let Ok(mut last) = self.last_failure.lock() {
            *last = Some(text);
        }
    }

    pub(crate) fn remember_state(&self, state: Option<serde_json::Value>) {
        if let Ok(mut last) = self.last_state.lock() {
            *last = state;
        }
    }

    pub(crate) fn last_state(&self) -> Option<serde_json::Value> {
        self.last_state.lock().ok().and_then(|state| state.clone())
    }

    /// The mailbox was lost with its host: what waited in it is counted as refused.
    pub(crate) fn mailbox_lost(&self) -> usize {
        let lost = self.waiting.lock().map(|mut waiting| std::mem::take(&mut *waiting).len()).unwrap_or(0);
        self.refused.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::AcqRel);
        if let Ok(mut since) = self.busy_since.lock() {
            *since = None;
        }
        self.being_observed.store(false, Ordering::Release);
        lost
    }
}
