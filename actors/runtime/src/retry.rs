//! The one way to try again: a limit, a growing wait, and a counter that an operator can see.
//!
//! Waits run on the runtime's timers, so a test with a paused clock does not wait for them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::spec::Backoff;

/// How often and how patiently something is tried.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all, the first one included; at least one is made.
    pub attempts_max: u32,
    pub backoff: Backoff,
}

impl Retry {
    pub fn times(attempts_max: u32) -> Retry {
        Retry { attempts_max, backoff: Backoff::default() }
    }

    pub fn backoff(self, backoff: Backoff) -> Retry {
        Retry { backoff, ..self }
    }

    /// Call `attempt` until it succeeds, fails in a way that is not `worth_retrying`, or has been made as often as allowed;
    /// then its last answer. `retried` counts the tries after the first.
    pub async fn run<T, E, Attempt>(
        self,
        retried: &AtomicU64,
        worth_retrying: impl Fn(&E) -> bool,
        mut attempt: impl FnMut() -> Attempt,
    ) -> Result<T, E>
    where
        Attempt: Future<Output = Result<T, E>>,
    {
        let mut failures = 0;
        loop {
            match attempt().await {
                Err(error) if failures + 1 < self.attempts_max && worth_retrying(&error) => {
                    tokio::time::sleep(self.backoff.delay(failures)).await;
                    failures += 1;
                    retried.fetch_add(1, Ordering::AcqRel);
                }
                answer => return answer,
            }
        }
    }
}
