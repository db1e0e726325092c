//! The upper node's side of datasets: which dataset to read next for this peer, and from where.

use std::collections::BTreeMap;

use super::Incident;

/// Chunks of one dataset on the way and not yet received by the peer: hides the round trip, costs 2 MiB a session.
pub const CHUNKS_IN_FLIGHT_MAX: usize = 4;
/// Rows of a chunk.
pub const CHUNK_ROWS_MAX: usize = 2_000;
/// Bytes of a chunk before compression.
pub const CHUNK_BYTES_MAX: usize = 512 * 1024;

/// The datasets a peer asked for, in the order in which it asked.
#[derive(Clone, Debug, Default)]
pub struct Giving {
    peer: String,
    asked: Vec<&'static str>,
    of: BTreeMap<&'static str, Progress>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    kept: u64,
    received: u64,
    sent: u64,
    in_flight: usize,
    /// There may be rows above `sent`.
    stale: bool,
}

impl Giving {
    pub fn new(peer: &str) -> Giving {
        Giving { peer: peer.to_owned(), ..Giving::default() }
    }

    /// The peer says what it has: the first time a wish, then the receipt for a chunk.
    pub fn have(&mut self, dataset: &'static str, kept: u64, received: u64) -> Result<(), Incident> {
        match self.of.get_mut(dataset) {
            None => {
                self.asked.push(dataset);
                let progress = Progress { kept, received, sent: received, in_flight: 0, stale: true };
                self.of.insert(dataset, progress);
                Ok(())
            }
            Some(progress) if received > progress.sent || received < progress.received => {
                let what = format!("it claims version {received} of {dataset}, {} was sent", progress.sent);
                Err(Incident::Protocol { whose: self.peer.clone(), what })
            }
            Some(progress) => {
                progress.kept = kept;
                if received > progress.received {
                    progress.received = received;
                    progress.in_flight = progress.in_flight.saturating_sub(1);
                }
                Ok(())
            }
        }
    }

    /// Any of them may have changed.
    pub fn changed(&mut self) {
        for progress in self.of.values_mut() {
            progress.stale = true;
        }
    }

    /// The dataset to read next and the version above which to read. Read and sent are one step: call [`Giving::gave`].
    pub fn next(&self) -> Option<(&'static str, u64)> {
        self.asked.iter().find_map(|dataset| {
            let progress = self.of.get(dataset)?;
            (progress.stale && progress.in_flight < CHUNKS_IN_FLIGHT_MAX).then_some((*dataset, progress.sent))
        })
    }

    /// A reading that was begun before a change must not hide the change: note it before reading.
    pub fn reading(&mut self, dataset: &'static str) {
        if let Some(progress) = self.of.get_mut(dataset) {
            progress.stale = false;
        }
    }

    /// A chunk up to `upto` was sent; `more` rows follow.
    pub fn gave(&mut self, dataset: &'static str, upto: u64, more: bool) {
        if let Some(progress) = self.of.get_mut(dataset) {
            progress.sent = upto;
            progress.in_flight += 1;
            progress.stale |= more;
        }
    }

    /// What the peer has committed, by dataset.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.of.iter().map(|(dataset, progress)| (*dataset, progress.kept))
    }
}
