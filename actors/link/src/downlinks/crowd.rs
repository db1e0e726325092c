//! What many nodes below at once are asked to do, so that all of them are served: come back one after another, and have
//! less on the way each.

use std::time::Duration;

use rand::RngExt;

use crate::session::Window;

/// So many nodes come back in a second after this one was started again: a third of a processor.
const COME_BACK_PER_SECOND: u64 = 500;
/// Nobody is asked to stay away for longer.
const COME_BACK_WITHIN: Duration = Duration::from_secs(60);
/// Documents that are on the way and not committed, of all nodes below together, in bytes.
const WINDOWS_BYTES_MAX: usize = 512 * 1024 * 1024;
/// The least that is granted to a node: a few receipts.
const WINDOW_BYTES_MIN: u32 = 64 * 1024;
const WINDOW_DOCUMENTS_MIN: u32 = 32;

/// The wait of one of `linked` nodes before it comes back: each its own moment, all of them within a minute.
pub(super) fn slot(linked: usize) -> Duration {
    let all = Duration::from_millis(linked as u64 * 1_000 / COME_BACK_PER_SECOND).min(COME_BACK_WITHIN);
    rand::rng().random_range(Duration::ZERO..=all)
}

/// The window of one more node when `linked` are linked.
pub(super) fn window(full: Window, linked: usize) -> Window {
    let share = u32::try_from(WINDOWS_BYTES_MAX / linked.max(1)).unwrap_or(u32::MAX);
    if share >= full.bytes {
        return full;
    }
    let bytes = share.max(WINDOW_BYTES_MIN.min(full.bytes));
    // Documents shrink as bytes do.
    let documents = u64::from(full.documents) * u64::from(bytes) / u64::from(full.bytes);
    let documents = u32::try_from(documents).unwrap_or(u32::MAX).max(WINDOW_DOCUMENTS_MIN.min(full.documents));
    Window { documents, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_comes_back_within_a_minute_and_few_at_once() {
        assert!(slot(2) <= Duration::from_millis(4));
        let slots: Vec<Duration> = (0..5_000).map(|_| slot(5_000)).collect();
        let in_second = |second: u64| slots.iter().filter(|slot| slot.as_secs() == second).count();
        assert!((0..10).all(|second| (300..700).contains(&in_second(second))), "500 in each of ten seconds");
        assert!((0..100).all(|_| slot(1_000_000) <= COME_BACK_WITHIN));
    }

    #[test]
    fn windows_share_the_memory() {
        let full = Window::default();
        assert_eq!(window(full, 0), full);
        assert_eq!(window(full, 256), full);
        assert_eq!(window(full, 5_000), Window { documents: 51, bytes: 107_374 });
        assert_eq!(window(full, 1_000_000), Window { documents: 32, bytes: 65_536 });
        let small = Window { documents: 3, bytes: 500 };
        assert_eq!(window(small, 5_000), small);
    }
}
