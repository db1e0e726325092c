//! Does the clock of the peer agree with ours? Its documents say when they were made, and some of them are made while we listen.
//!
//! Nothing else depends on it: every time-out counts on a machine's own timer, and the business day is told by the store.

/// Clocks that are set by hand differ by so much.
const AGREE_WITHIN_MS: i64 = 2 * 60 * 1000;

#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    begun_ms: i64,
    last_before: u64,
    is_origin: bool,
}

impl Clocks {
    /// `begun_ms` is the time here when the session begins, `last_before` the peer's last document then. Documents that it
    /// only passes on (`is_origin` is false) may be of any age.
    pub fn new(begun_ms: i64, last_before: u64, is_origin: bool) -> Clocks {
        Clocks { begun_ms, last_before, is_origin }
    }

    /// By how much the peer's clock is ahead, negative if behind, 0 if they agree. `None` if this document cannot tell.
    pub fn ahead_ms(&self, sequence: u64, created_ms: i64, now_ms: i64) -> Option<i64> {
        if created_ms > now_ms + AGREE_WITHIN_MS {
            return Some(created_ms - now_ms);
        }
        if !self.is_origin || sequence <= self.last_before {
            return None;
        }
        // It was made after the session began.
        Some(if created_ms < self.begun_ms - AGREE_WITHIN_MS { created_ms - self.begun_ms } else { 0 })
    }
}
