//! Slows down who guesses passwords: after a few wrong ones each next try must wait twice as long.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong tries that cost nothing: people mistype.
const FREE_TRIES: u32 = 3;
/// Longest wait: a person who comes back after a coffee can sign in.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// After this without a try all is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(900);
/// Keys remembered, so that guessing with random names fills no memory; the oldest go first.
const KEYS_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<String, Tries>>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    fn wait(self) -> Duration {
        match self.wrong.checked_sub(FREE_TRIES) {
            None => Duration::ZERO,
            Some(over) => Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(over.min(10))).min(WAIT_MAX),
        }
    }
}

impl Throttle {
    /// How long `key` must still wait before a try is looked at.
    pub(crate) fn wait(&self, key: &str) -> Duration {
        let Ok(tries) = self.tries.lock() else { return WAIT_MAX };
        tries.get(key).map_or(Duration::ZERO, |tries| tries.wait().saturating_sub(tries.last.elapsed()))
    }

    pub(crate) fn wrong(&self, key: &str) {
        let Ok(mut tries) = self.tries.lock() else { return };
        let now = Instant::now();
        if tries.len() >= KEYS_MAX {
            tries.retain(|_, tries| now.duration_since(tries.last) < FORGET_AFTER);
        }
        if tries.len() >= KEYS_MAX
            && let Some(oldest) = tries.iter().min_by_key(|(_, tries)| tries.last).map(|(key, _)| key.clone())
        {
            tries.remove(&oldest);
        }
        let entry = tries.entry(key.to_owned()).or_insert(Tries { wrong: 0, last: now });
        if now.duration_since(entry.last) > FORGET_AFTER {
            entry.wrong = 0;
        }
        entry.wrong = entry.wrong.saturating_add(1);
        entry.last = now;
    }

    pub(crate) fn right(&self, key: &str) {
        if let Ok(mut tries) = self.tries.lock() {
            tries.remove(key);
        }
    }
}
