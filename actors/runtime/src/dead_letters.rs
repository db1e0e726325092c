//! Messages that could not be delivered: what, to whom, why. The newest are kept for the operator.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde::Serialize;

/// Enough to see a pattern on one page.
pub const DEAD_LETTERS_MAX: usize = 200;

#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    pub at_ms: i64,
    pub to: String,
    pub message: &'static str,
    pub reason: &'static str,
}

#[derive(Clone, Debug, Default)]
pub struct DeadLetters {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    total: u64,
    newest: VecDeque<DeadLetter>,
}

impl DeadLetters {
    pub(crate) fn put(&self, letter: DeadLetter) {
        tracing::warn!(to = %letter.to, message = letter.message, reason = letter.reason, "message not delivered");
        if let Ok(mut kept) = self.kept.lock() {
            kept.total += 1;
            if kept.newest.len() == DEAD_LETTERS_MAX {
                kept.newest.pop_front();
            }
            kept.newest.push_back(letter);
        }
    }

    /// How many there were since the node started.
    pub fn total(&self) -> u64 {
        self.kept.lock().map(|kept| kept.total).unwrap_or(0)
    }

    /// The newest, oldest first.
    pub fn newest(&self) -> Vec<DeadLetter> {
        self.kept.lock().map(|kept| kept.newest.iter().cloned().collect()).unwrap_or_default()
    }
}
