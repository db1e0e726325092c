//! Seeds on as many cores as there are.

use std::sync::atomic::{AtomicUsize, Ordering};

/// `run` once for each of `seeds`, in their order, several at once.
pub(crate) fn on_all_cores(seeds: &[u64], run: impl Fn(u64) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(*seed);
                }
            });
        }
    });
}
