//! The one retry: its limit, its waits, its counter.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use runtime::retry::Retry;
use runtime::spec::Backoff;
use tokio::time::Instant;

const STEADY: Backoff =
    Backoff { min: Duration::from_secs(1), max: Duration::from_secs(3), factor: 2, jitter_percent: 0 };

#[tokio::test(start_paused = true)]
async fn tries_as_often_as_allowed_and_waits_longer_each_time() {
    let (retried, tries, began) = (AtomicU64::new(0), Cell::new(0), Instant::now());
    let answer: Result<(), u32> = Retry::times(4)
        .backoff(STEADY)
        .run(
            &retried,
            |_| true,
            || {
                tries.set(tries.get() + 1);
                std::future::ready(Err(tries.get()))
            },
        )
        .await;
    assert_eq!((answer, retried.load(Ordering::Acquire)), (Err(4), 3));
    assert_eq!(began.elapsed(), Duration::from_secs(1 + 2 + 3));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_get_better_is_not_tried_again() {
    let retried = AtomicU64::new(0);
    let answer: Result<(), &str> = Retry::times(9)
        .run(&retried, |error| *error != "no such table", || std::future::ready(Err("no such table")))
        .await;
    assert_eq!((answer, retried.load(Ordering::Acquire)), (Err("no such table"), 0));
    let answer: Result<u8, ()> = Retry::times(0).run(&retried, |()| true, || std::future::ready(Ok(7))).await;
    assert_eq!(answer, Ok(7), "one try is always made");
}

#[test]
fn jitter_stays_in_its_bounds() {
    let backoff = Backoff { jitter_percent: 20, ..STEADY };
    for failures in 0..40 {
        let delay = backoff.delay(failures);
        assert!(delay >= Duration::from_millis(800) && delay <= Duration::from_millis(3_600), "{delay:?}");
    }
}
