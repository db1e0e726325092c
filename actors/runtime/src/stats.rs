//! What is counted about a child, readable from any thread while the child is busy, stuck or gone.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

/// A handler that runs longer than this is shown as busy, then as stuck.
pub const BUSY_AFTER: Duration = Duration::from_secs(5);
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Status {
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
        const ALL: [Status; 8] = [
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

    /// True if a message sent now is going to be handled without a restart in between.
    pub fn takes_messages(self) -> bool {
        matches!(self, Status::Starting | Status::Running | Status::Busy | Status::Stuck | Status::Paused)
    }
}

/// Counters of one child over all its generations.
#[derive(Debug, Default)]
pub struct Stats {
    status: AtomicU8,
    pub(crate) generation: AtomicU64,
    pub(crate) restarts: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) handled: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) panics: AtomicU64,
    waiting: Mutex<VecDeque<Instant>>,
    busy_since: Mutex<Option<Instant>>,
    last_panic: Mutex<Option<String>>,
}

impl Stats {
    pub fn status(&self) -> Status {
        let status = Status::from_code(self.status.load(Ordering::Acquire));
        let busy = self.busy_since.lock().ok().and_then(|since| since.map(|at| at.elapsed()));
        match (status, busy) {
            (Status::Running, Some(busy)) if busy > STUCK_AFTER => Status::Stuck,
            (Status::Running, Some(busy)) if busy > BUSY_AFTER => Status::Busy,
            _ => status,
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(status as u8, Ordering::Release);
    }

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

    pub(crate) fn message_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::AcqRel);
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.push_back(Instant::now());
        }
    }

    /// A message that was counted in and then did not reach the mailbox.
    pub(crate) fn message_withdrawn(&self) {
        self.accepted.fetch_sub(1, Ordering::AcqRel);
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.pop_back();
        }
    }

    pub(crate) fn message_taken(&self) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.pop_front();
        }
        if let Ok(mut since) = self.busy_since.lock() {
            *since = Some(Instant::now());
        }
    }

    pub(crate) fn message_done(&self) {
        self.handled.fetch_add(1, Ordering::AcqRel);
        if let Ok(mut since) = self.busy_since.lock() {
            *since = None;
        }
    }

    pub(crate) fn panicked(&self, text: String) {
        self.panics.fetch_add(1, Ordering::AcqRel);
        if let Ok(mut last) = self.last_panic.lock() {
            *last = Some(text);
        }
    }

    /// The mailbox was lost with its host.
    pub(crate) fn mailbox_lost(&self) -> usize {
        self.waiting.lock().map(|mut waiting| std::mem::take(&mut *waiting).len()).unwrap_or(0)
    }
}
