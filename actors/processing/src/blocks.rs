//! The number of the last block of a book, and a bell that rings when it grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use link::bell::{Bell, Ear};

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    last: Arc<AtomicU64>,
    bell: Bell,
}

impl Blocks {
    pub fn from(last: u64) -> Blocks {
        Blocks { last: Arc::new(AtomicU64::new(last)), bell: Bell::new() }
    }

    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Acquire)
    }

    /// It is durable.
    pub(crate) fn written(&self, number: u64) {
        self.last.store(number, Ordering::Release);
        self.bell.ring();
    }

    /// Hears of every later block. What is there already is no news.
    pub fn ear(&self) -> Ear {
        self.bell.ear()
    }
}
