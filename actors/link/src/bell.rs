//! A bell: rung after a commit, it wakes whoever has something to send. It carries nothing; what there is to do is read
//! from the database, so a ring that is missed costs a few seconds and never a document.
//!
//! Whoever listens is woken in the order in which listening began: a run on simulated time is the same twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// How often sessions look without a ring.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Cheap to clone, good on every thread.
#[derive(Clone, Debug, Default)]
pub struct Bell {
    inside: Arc<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    rings: AtomicU64,
    listeners: Notify,
}

impl Bell {
    pub fn new() -> Bell {
        Bell::default()
    }

    pub fn ring(&self) {
        self.inside.rings.fetch_add(1, Ordering::AcqRel);
        self.inside.listeners.notify_waiters();
    }

    pub fn ear(&self) -> Ear {
        Ear { heard: self.inside.rings.load(Ordering::Acquire), bell: self.clone() }
    }
}

/// Hears every ring since it last heard one; several at once count as one.
#[derive(Debug)]
pub struct Ear {
    heard: u64,
    bell: Bell,
}

impl Ear {
    pub async fn heard(&mut self) {
        loop {
            // Listens from here on: a ring after the look is not missed.
            let rung = self.bell.inside.listeners.notified();
            let rings = self.bell.inside.rings.load(Ordering::Acquire);
            if rings != self.heard {
                self.heard = rings;
                return;
            }
            rung.await;
        }
    }
}
