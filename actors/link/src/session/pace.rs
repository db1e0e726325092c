//! How much of a catalogue, or of a backlog of documents, may be on the way: as much as the line carries without keeping
//! others waiting.
//!
//! An answer that is put on a line waits for what is on it already. So the window begins small, doubles while receipts come
//! back quickly, is halved when they come much later than on an empty line, and grows slowly from then on. On a bad line an
//! answer waits about a second behind the rest, on a good one the window is as wide as memory allows.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The window at first, and the narrowest: a second of a line of 20 kbit/s, with what compression gains.
pub const WINDOW_BYTES_MIN: usize = 4 * 1024;
/// The widest window, in bytes: more only fills memory.
pub const WINDOW_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Chunks on the way, whatever their size.
pub const CHUNKS_IN_FLIGHT_MAX: usize = 8;
/// Receipts for rows that come so much later than the quickest show a line, or a disk, that has enough to do.
pub const ROWS_WAIT_MAX: Duration = Duration::from_millis(300);
/// The same of documents, which are receipted when they are committed.
pub const DOCUMENTS_WAIT_MAX: Duration = Duration::from_secs(1);
/// The quickest receipt is forgotten by a part of this at each later one: lines change.
const FORGET: u32 = 256;
/// A window that was too wide once grows by this part of itself in a round trip.
const GROW: usize = 8;

#[derive(Clone, Debug)]
pub struct Pace {
    window: usize,
    /// When each chunk on the way was sent, and what it took before compression.
    sent: VecDeque<(Instant, usize)>,
    quickest: Option<Duration>,
    /// The window was halved then: what was sent before tells nothing about it.
    halved: Option<Instant>,
    wait_max: Duration,
}

impl Pace {
    /// Receipts that come `wait_max` later than the quickest come too late.
    pub fn new(wait_max: Duration) -> Pace {
        Pace { window: WINDOW_BYTES_MIN, sent: VecDeque::new(), quickest: None, halved: None, wait_max }
    }

    /// Bytes of the next chunk before compression; nothing while enough is on the way.
    pub fn room(&self) -> Option<usize> {
        let on_the_way: usize = self.sent.iter().map(|(_, bytes)| bytes).sum();
        let chunk = self.window / CHUNKS_IN_FLIGHT_MAX;
        let free = self.sent.len() < CHUNKS_IN_FLIGHT_MAX && on_the_way + chunk <= self.window;
        (free || self.sent.is_empty()).then_some(chunk)
    }

    /// What one frame may take that nobody receipts.
    pub fn chunk_bytes(&self) -> usize {
        self.window / CHUNKS_IN_FLIGHT_MAX
    }

    pub fn sent(&mut self, bytes: usize, now: Instant) {
        self.sent.push_back((now, bytes));
    }

    /// The last chunk is sent again: nobody receipts it.
    pub fn lost(&mut self) {
        self.sent.pop_back();
    }

    /// The receipt for the oldest chunk came.
    pub fn receipted(&mut self, now: Instant) {
        let Some((sent, bytes)) = self.sent.pop_front() else { return };
        let took = now.saturating_duration_since(sent);
        let quickest = self.quickest.map_or(took, |quickest| {
            let creeping = quickest + took.saturating_sub(quickest) / FORGET;
            creeping.min(took)
        });
        self.quickest = Some(quickest);
        if took <= quickest + self.wait_max {
            let more = if self.halved.is_none() { bytes } else { bytes / GROW };
            self.window = (self.window + more.max(1)).min(WINDOW_BYTES_MAX);
        } else if self.halved.is_none_or(|halved| sent >= halved) {
            self.window = (self.window / 2).max(WINDOW_BYTES_MIN);
            self.halved = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that carries `rate` bytes a second and has a round trip of `trip`: how long what is put on it waits when it has
    /// settled, and the share of the line that rows get.
    fn settled(rate: u64, trip: Duration) -> (Duration, f64) {
        let (mut pace, begun) = (Pace::new(ROWS_WAIT_MAX), Instant::now());
        let (mut now, mut free) = (begun, begun);
        let mut on_the_way: VecDeque<(Instant, usize)> = VecDeque::new();
        let settled = begun + Duration::from_secs(300);
        let (mut longest, mut carried) = (Duration::ZERO, 0);
        while now < begun + Duration::from_secs(600) {
            while let Some(bytes) = pace.room() {
                pace.sent(bytes, now);
                free = free.max(now) + Duration::from_secs_f64(bytes as f64 / rate as f64);
                on_the_way.push_back((free + trip, bytes));
                if now > settled {
                    longest = longest.max(free - now);
                }
            }
            let (receipt, bytes) = on_the_way.pop_front().unwrap();
            now = receipt;
            pace.receipted(now);
            if now > settled {
                carried += bytes;
            }
        }
        (longest, carried as f64 / 300.0 / rate as f64)
    }

    #[test]
    fn what_is_on_the_way_fits_the_line() {
        for (what, rate, trip_ms) in [
            ("20 kbit/s, two seconds", 2_500, 2_000),
            ("256 kbit/s over a satellite", 32_000, 600),
            ("1 Mbit/s", 125_000, 80),
            ("a fibre", 12_500_000, 10),
        ] {
            let (wait, share) = settled(rate, Duration::from_millis(trip_ms));
            assert!(wait < Duration::from_secs(1), "{what}: an answer waits {wait:?} behind rows");
            assert!(share > 0.75, "{what}: rows get {share} of the line");
        }
    }

    #[test]
    fn a_window_never_closes() {
        let (mut pace, mut now) = (Pace::new(ROWS_WAIT_MAX), Instant::now());
        for _ in 0..100 {
            let bytes = pace.room().unwrap();
            assert!(bytes >= WINDOW_BYTES_MIN / CHUNKS_IN_FLIGHT_MAX);
            pace.sent(bytes, now);
            now += Duration::from_secs(40);
            pace.receipted(now);
            pace.sent(bytes, now);
            now += Duration::from_millis(1);
            pace.receipted(now);
        }
        assert_eq!(Pace::new(ROWS_WAIT_MAX).room(), Some(WINDOW_BYTES_MIN / CHUNKS_IN_FLIGHT_MAX));
    }
}
