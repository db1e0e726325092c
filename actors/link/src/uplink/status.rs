//! What an operator and a test see of the way up.

use std::collections::BTreeMap;

use chrono::Utc;
use serde::Serialize;

use crate::outbox::{Heads, Unsent};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UplinkStatus {
    pub connected: bool,
    /// False while the line is cut on purpose.
    pub line_up: bool,
    pub to: String,
    /// Who answers there, once it has.
    pub peer: Option<String>,
    /// Since when it has been so, connected or not.
    pub since_ms: Option<i64>,
    /// Sessions since the start of this actor.
    pub sessions: u64,
    /// Why there is no line, or was none the last time.
    pub last_error: Option<String>,
    /// The wait before it was dialled again the last time.
    pub waits_ms: Option<u64>,
    pub sent: u64,
    pub acked: u64,
    /// The number the next document gets.
    pub next: u64,
    /// Made here and not committed above.
    pub lag: u64,
    pub oldest_unsent_ms: Option<i64>,
    pub oldest_unsent_age_ms: Option<i64>,
    pub in_flight: usize,
    pub window_documents: u32,
    pub window_bytes: u32,
    pub round_trip_us: Option<u64>,
    /// Documents from below that wait in this database for an operator.
    pub parked: u64,
    /// Versions in this database.
    pub datasets: BTreeMap<&'static str, u64>,
    /// When rows of a dataset were last kept.
    pub dataset_kept_ms: Option<i64>,
    /// Rows that were not as above and have been mended, since the start of this actor.
    pub mended: u64,
}

impl UplinkStatus {
    pub(super) fn connected(&mut self, peer: &str) {
        self.connected = true;
        self.peer = Some(peer.to_owned());
        self.sessions += 1;
        self.since_ms = Some(Utc::now().timestamp_millis());
    }

    pub(super) fn disconnected(&mut self, sentence: String) {
        if self.connected || self.since_ms.is_none() {
            self.since_ms = Some(Utc::now().timestamp_millis());
        }
        self.connected = false;
        self.in_flight = 0;
        self.last_error = Some(sentence);
    }

    pub(super) fn looked(&mut self, heads: Heads, unsent: Unsent, parked: u64) {
        self.next = heads.last.sequence + 1;
        self.acked = self.acked.max(heads.acked.sequence);
        self.lag = heads.last.sequence.saturating_sub(self.acked);
        self.oldest_unsent_ms = unsent.oldest_created_ms.filter(|_| self.lag > 0);
        self.oldest_unsent_age_ms = self.oldest_unsent_ms.map(|ms| (Utc::now().timestamp_millis() - ms).max(0));
        self.parked = parked;
    }
}
