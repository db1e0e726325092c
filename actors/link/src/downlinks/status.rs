//! What an operator and a test see of the nodes below.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::Sessions;
use crate::apply::{Peer, PeerRole};
use crate::frame::Hello;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DownlinksStatus {
    /// Every node that linked since the start of this actor, by name.
    pub peers: Vec<PeerStatus>,
    /// Connections that have not said who they are yet.
    pub strangers: usize,
    /// Connections that were refused.
    pub refused: u64,
    pub last_refusal: Option<String>,
    /// Lines cut on purpose.
    pub cut: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    pub name: String,
    pub role: PeerRole,
    pub software: String,
    /// Of its database: changes when that is made anew.
    pub incarnation: String,
    /// The address it came from.
    pub from: String,
    pub connected: bool,
    pub line_up: bool,
    /// Since when it has been so, connected or not.
    pub since_ms: i64,
    pub session: u64,
    /// Its last document that is committed here.
    pub applied: u64,
    /// Taken from the line and not committed yet.
    pub pending: u64,
    /// What it had more than is committed here when it linked, less what came since.
    pub lag: u64,
    pub window_documents: u32,
    pub window_bytes: u32,
    /// Since the start of this session.
    pub documents: u64,
    pub duplicates: u64,
    pub parked: u64,
    pub last_commit_ms: Option<i64>,
    pub round_trip_us: Option<u64>,
    /// By how much its clock is ahead of ours, or behind if negative, when one of the two is wrong.
    pub clock_ahead_ms: Option<i64>,
    /// What it has committed of each dataset.
    pub datasets: BTreeMap<Cow<'static, str>, u64>,
    /// When its rows were last compared with those here.
    pub compared_ms: Option<i64>,
    /// Rows of it that were not as here and have been mended, since the start of this node.
    pub mended: u64,
    pub last_error: Option<String>,
    /// The databases disagree: an operator must look.
    pub incident: Option<String>,
}

impl PeerStatus {
    pub(super) fn new(peer: &Peer, hello: &Hello, from: String, session: u64) -> PeerStatus {
        PeerStatus {
            name: peer.name.clone(),
            role: peer.role,
            software: hello.software.clone(),
            incarnation: format!("{:016x}", hello.incarnation),
            from,
            connected: true,
            line_up: true,
            since_ms: Utc::now().timestamp_millis(),
            session,
            applied: 0,
            pending: 0,
            lag: 0,
            window_documents: 0,
            window_bytes: 0,
            documents: 0,
            duplicates: 0,
            parked: 0,
            last_commit_ms: None,
            round_trip_us: None,
            clock_ahead_ms: None,
            datasets: BTreeMap::new(),
            compared_ms: None,
            mended: 0,
            last_error: None,
            incident: None,
        }
    }
}

impl Sessions {
    pub(super) fn status(&self) -> DownlinksStatus {
        let peers = self.seen.values().cloned().map(|mut peer| {
            peer.line_up = !self.cut.contains(&peer.name);
            peer
        });
        DownlinksStatus {
            peers: peers.collect(),
            strangers: self.strangers.count(),
            refused: self.refused,
            last_refusal: self.last_refusal.clone(),
            cut: self.cut.iter().cloned().collect(),
        }
    }
}
