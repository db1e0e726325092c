//! How long to wait before dialling again: decorrelated jitter, so that thousands of nodes which lost the same server do
//! not come back in step.

use std::time::Duration;

use rand::{Rng, RngExt};

/// A shorter session proves nothing: the other side may fail whenever it is asked for something.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    previous: Duration,
}

impl Backoff {
    pub fn new(min: Duration, max: Duration) -> Backoff {
        Backoff { min, max: max.max(min), previous: min }
    }

    /// Between `min` and three times the wait before, at most `max`.
    pub fn next(&mut self, random: &mut impl Rng) -> Duration {
        let upper = (self.previous * 3).min(self.max).max(self.min);
        self.previous = random.random_range(self.min..=upper);
        self.previous
    }

    /// A session that lived longer than the wait before it ended by accident, not because something is wrong: so waits
    /// become no longer than what they separate.
    pub fn lived(&mut self, lived: Duration) {
        if lived >= self.previous.max(SETTLED_AFTER) {
            self.reset();
        }
    }

    pub fn reset(&mut self) {
        self.previous = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_spread_and_stay_within_their_limits() {
        let (min, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let mut backoff = Backoff::new(min, max);
        let waits: Vec<Duration> = (0..200).map(|_| backoff.next(&mut rand::rng())).collect();
        assert!(waits[0] <= min * 3);
        assert!(waits.iter().all(|wait| (min..=max).contains(wait)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_secs(10)));
        backoff.reset();
        assert!(backoff.next(&mut rand::rng()) <= min * 3);
    }

    #[test]
    fn a_session_longer_than_the_wait_before_it_begins_them_anew() {
        let (min, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let mut backoff = Backoff { min, max, previous: Duration::from_secs(30) };
        backoff.lived(Duration::from_secs(29));
        assert_eq!(backoff.previous, Duration::from_secs(30));
        backoff.lived(Duration::from_secs(30));
        assert_eq!(backoff.previous, min);
        backoff.previous = Duration::from_secs(1);
        backoff.lived(Duration::from_secs(9));
        assert_eq!(backoff.previous, Duration::from_secs(1));
    }
}
