//! What people see of the scales: one line a scale, kept fresh by its keeper.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

/// What a scale is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It was not heard since the start.
    #[default]
    Waiting,
    /// Nothing says what should lie on it.
    NoPlan,
    /// Nothing of what should lie on it can: it keeps what it has.
    Held,
    Writing,
    /// Everything is there; it is being read back.
    Checking,
    Equal,
    /// It was emptied on purpose.
    Paused,
    /// It does not do what it is asked; see the failure.
    Failing,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScaleView {
    pub department: String,
    /// Its protocol, for people.
    pub title: &'static str,
    pub address: String,
    pub model: String,
    pub phase: Phase,
    /// Articles that should lie on it.
    pub wanted: usize,
    /// Articles that wait to be written or taken off.
    pub waiting: usize,
    /// Articles that are still to be read back.
    pub reading: usize,
    /// Items of its department that cannot lie on it.
    pub left_out: usize,
    /// Articles that it refused.
    pub set_aside: usize,
    /// The version of the catalogue that it has whole; 0: none.
    pub version: u64,
    /// Something may lie on it, so it may sell.
    pub sells: bool,
    /// What it does not do now.
    pub failure: Option<String>,
    /// What it last did not do, and when.
    pub last_failure: Option<String>,
    pub failed_ms: Option<i64>,
    /// What differed when it was last gone through.
    pub differences: Vec<String>,
    pub heard_ms: Option<i64>,
    pub checked_ms: Option<i64>,
    /// Articles written since the start of its keeper.
    pub written: u64,
}

/// The views of all scales, by their names. Clones are the same board.
#[derive(Clone, Debug)]
pub struct Board {
    views: Arc<watch::Sender<Arc<BTreeMap<String, ScaleView>>>>,
}

impl Default for Board {
    fn default() -> Board {
        Board { views: Arc::new(watch::Sender::new(Arc::default())) }
    }
}

impl Board {
    pub fn watch(&self) -> watch::Receiver<Arc<BTreeMap<String, ScaleView>>> {
        self.views.subscribe()
    }

    pub fn now(&self) -> Arc<BTreeMap<String, ScaleView>> {
        self.views.borrow().clone()
    }

    pub fn put(&self, scale: &str, view: ScaleView) {
        self.views.send_if_modified(|views| {
            if views.get(scale) == Some(&view) {
                return false;
            }
            Arc::make_mut(views).insert(scale.to_owned(), view);
            true
        });
    }
}
