//! A bell: rung after a commit, it wakes whoever has something to send. It carries nothing; what there is to do is read
//! from the database, so a ring that is missed costs a few seconds and never a document.

use std::time::Duration;

use tokio::sync::watch;

/// How often sessions look without a ring.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Cheap to clone, good on every thread.
#[derive(Clone, Debug)]
pub struct Bell {
    rings: watch::Sender<u64>,
}

impl Default for Bell {
    fn default() -> Bell {
        Bell { rings: watch::Sender::new(0) }
    }
}

impl Bell {
    pub fn new() -> Bell {
        Bell::default()
    }

    pub fn ring(&self) {
        self.rings.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    pub fn ear(&self) -> Ear {
        Ear { rings: self.rings.subscribe(), _bell: self.clone() }
    }
}

/// Hears every ring since it last heard one; several at once count as one.
#[derive(Debug)]
pub struct Ear {
    rings: watch::Receiver<u64>,
    /// The bell lives as long as somebody listens.
    _bell: Bell,
}

impl Ear {
    pub async fn heard(&mut self) {
        // Cannot fail: this ear keeps its bell.
        self.rings.changed().await.ok();
    }
}
