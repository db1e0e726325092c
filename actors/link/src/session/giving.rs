//! The upper node's side of datasets: which dataset to read next for this peer, from where, and how much of it.

use std::collections::{BTreeMap, VecDeque};

use tokio::time::Instant;

use super::Incident;
use super::pace::{Pace, ROWS_WAIT_MAX};

/// Rows of a chunk.
pub const CHUNK_ROWS_MAX: usize = 2_000;
/// Bytes of a chunk before compression.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;
/// A peer is never so much ahead of a database that was set back.
const AHEAD_MAX: u64 = 1 << 40;

/// The datasets a peer asked for, in the order in which it asked.
#[derive(Clone, Debug)]
pub struct Giving {
    peer: String,
    asked: Vec<&'static str>,
    of: BTreeMap<&'static str, Progress>,
    pace: Pace,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    kept: u64,
    received: u64,
    sent: u64,
    /// The versions up to which chunks on the way go.
    on_the_way: VecDeque<u64>,
    /// As it was last told here.
    head: u64,
    /// There may be rows above `sent`.
    stale: bool,
}

/// What to read next, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub dataset: &'static str,
    /// Rows above this version.
    pub after: u64,
    /// Before compression.
    pub bytes: usize,
    /// The version of the dataset before the reading.
    pub head: u64,
}

impl Giving {
    pub fn new(peer: &str) -> Giving {
        let pace = Pace::new(ROWS_WAIT_MAX);
        Giving { peer: peer.to_owned(), asked: Vec::new(), of: BTreeMap::new(), pace }
    }

    /// The peer says what it has: the first time a wish, then the receipt for a chunk.
    pub fn have(&mut self, dataset: &'static str, kept: u64, received: u64, now: Instant) -> Result<(), Incident> {
        match self.of.get_mut(dataset) {
            None => {
                self.asked.push(dataset);
                let progress = Progress { kept, received, sent: received, stale: true, ..Progress::default() };
                self.of.insert(dataset, progress);
                Ok(())
            }
            Some(progress) if received > progress.sent || received < progress.received => {
                let what = format!("it claims version {received} of {dataset}, {} was sent", progress.sent);
                Err(Incident::Protocol { whose: self.peer.clone(), what })
            }
            Some(progress) => {
                progress.kept = kept;
                progress.received = received;
                while progress.on_the_way.front().is_some_and(|upto| *upto <= received) {
                    progress.on_the_way.pop_front();
                    self.pace.receipted(now);
                }
                Ok(())
            }
        }
    }

    /// Where the datasets are here; any of them may have changed. A dataset of which the peer has more than this database
    /// ever gave, as far as it remembers: the database was set back.
    pub fn heads(&mut self, heads: &BTreeMap<&'static str, u64>) -> Result<Option<(&'static str, u64)>, Incident> {
        let mut ahead = None;
        for (dataset, progress) in &mut self.of {
            progress.head = heads.get(dataset).copied().unwrap_or(0);
            progress.stale |= progress.head > progress.sent;
            if progress.sent > progress.head.saturating_add(AHEAD_MAX) {
                let what = format!("it claims version {} of {dataset}, {} is here", progress.sent, progress.head);
                return Err(Incident::Protocol { whose: self.peer.clone(), what });
            }
            if progress.sent > progress.head && progress.on_the_way.is_empty() {
                ahead = Some((*dataset, progress.sent));
            }
        }
        Ok(ahead)
    }

    /// The dataset to read next and the version above which to read. Read and sent are one step: call [`Giving::gave`].
    pub fn next(&self) -> Option<Wanted> {
        let bytes = self.pace.room()?.min(CHUNK_BYTES_MAX);
        self.asked.iter().find_map(|dataset| {
            let progress = self.of.get(dataset)?;
            progress.stale.then_some(Wanted { dataset, after: progress.sent, bytes, head: progress.head })
        })
    }

    /// A reading that was begun before a change must not hide the change: note it before reading.
    pub fn reading(&mut self, dataset: &'static str) {
        if let Some(progress) = self.of.get_mut(dataset) {
            progress.stale = false;
        }
    }

    /// A chunk up to `upto` was sent; `more` rows follow.
    pub fn gave(&mut self, dataset: &'static str, upto: u64, more: bool, bytes: usize, now: Instant) {
        if let Some(progress) = self.of.get_mut(dataset) {
            progress.sent = upto;
            progress.on_the_way.push_back(upto);
            progress.stale |= more || progress.head > upto;
            self.pace.sent(bytes, now);
        }
    }

    /// What the peer has committed, by dataset.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.of.iter().map(|(dataset, progress)| (*dataset, progress.kept))
    }

    /// The version of a dataset at which the peer and this node both are, with nothing on the way.
    pub fn level(&self, dataset: &str) -> Option<u64> {
        let Progress { kept, sent, head, .. } = *self.of.get(dataset)?;
        (kept == sent && kept == head).then_some(head)
    }

    /// The peer keeps any dataset.
    pub fn asks(&self) -> bool {
        !self.asked.is_empty()
    }

    pub fn asked(&self) -> impl Iterator<Item = &'static str> {
        self.asked.iter().copied()
    }

    /// What may go at once without a receipt.
    pub fn bulk_bytes(&self) -> usize {
        self.pace.chunk_bytes().min(CHUNK_BYTES_MAX)
    }
}
