//! The lower node's side of datasets: when what has come is kept.
//!
//! A first load is kept chunk by chunk, so that it can be taken up where it broke off. A later change is collected and kept
//! in one transaction, so that nobody sees half of it; if the line breaks meanwhile, what was collected is kept in memory,
//! and the next session goes on behind it. If it grows beyond [`COLLECTED_ROWS_MAX`] it goes on chunk by chunk: on a bad
//! line getting there comes before getting there at once.

use std::collections::{BTreeMap, VecDeque};

use super::Incident;
use super::pace::CHUNKS_IN_FLIGHT_MAX;
use crate::datasets::Change;
use crate::frame::DatasetChunk;

/// Rows of a change that is held in memory until it is whole, about 12 MiB of items.
pub const COLLECTED_ROWS_MAX: usize = 50_000;

#[derive(Clone, Debug, Default)]
pub struct Taking {
    peer: String,
    of: BTreeMap<&'static str, Progress>,
    /// In the order in which they came: the shell keeps them one after another.
    ready: VecDeque<Keep>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    kept: u64,
    received: u64,
    /// What the other side was told to be received.
    receipted: u64,
    /// Chunk by chunk, until a chunk says there is no more.
    by_chunk: bool,
    /// Rows above `collected_from` that wait for the rest of their change.
    collected: Vec<Change>,
    collected_from: u64,
}

/// What a session leaves to the next one.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// The database above from which it came: another one tells another story.
    from: u64,
    of: BTreeMap<&'static str, Progress>,
}

impl Left {
    fn of(&mut self, from: u64, dataset: &'static str, kept: u64) -> Progress {
        let fresh = |by_chunk| Progress {
            kept,
            received: kept,
            receipted: kept,
            by_chunk,
            collected: Vec::new(),
            collected_from: kept,
        };
        let Some(left) = self.of.remove(dataset) else { return fresh(kept == 0) };
        if self.from == from && left.collected_from == kept && !left.collected.is_empty() {
            return Progress { kept, receipted: left.received, ..left };
        }
        fresh(kept == 0 || left.by_chunk)
    }
}

/// Rows to be kept in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    pub dataset: &'static str,
    pub changes: Vec<Change>,
    pub upto: u64,
}

/// What to tell the other side about a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Have {
    pub dataset: &'static str,
    pub kept: u64,
    pub received: u64,
}

impl Taking {
    /// `versions` is what the database has, `left` what the session before it had collected, `from` the incarnation of the
    /// node above.
    pub fn new(
        peer: &str,
        from: u64,
        versions: impl IntoIterator<Item = (&'static str, u64)>,
        left: &mut Left,
    ) -> Taking {
        let of = versions.into_iter().map(|(dataset, kept)| (dataset, left.of(from, dataset, kept)));
        Taking { peer: peer.to_owned(), of: of.collect(), ready: VecDeque::new() }
    }

    /// What is on its way, for the next session.
    pub fn left(self, from: u64) -> Left {
        Left { from, of: self.of }
    }

    /// What to ask for of a dataset, at the beginning.
    pub fn wish(&self, dataset: &'static str) -> Option<Have> {
        let Progress { kept, received, .. } = *self.of.get(dataset)?;
        Some(Have { dataset, kept, received })
    }

    /// The version of a dataset that is committed, if nothing newer has come.
    pub fn level(&self, dataset: &str) -> Option<u64> {
        let progress = self.of.get(dataset)?;
        (progress.kept == progress.received).then_some(progress.kept)
    }

    /// The dataset of this name, if it was asked for.
    pub fn named(&self, name: &str) -> Option<&'static str> {
        self.of.keys().copied().find(|dataset| *dataset == name)
    }

    /// A chunk came. The receipt, if it goes at once: what is kept chunk by chunk is receipted when it is kept.
    pub fn chunk(&mut self, chunk: DatasetChunk) -> Result<Option<Have>, Incident> {
        let protocol = |what: String| Incident::Protocol { whose: self.peer.clone(), what };
        let Some(dataset) = self.named(&chunk.dataset) else {
            return Err(protocol(format!("it sends {}, which was not asked for", chunk.dataset)));
        };
        if self.ready.len() >= CHUNKS_IN_FLIGHT_MAX * self.of.len() {
            return Err(protocol(format!("it sends {dataset} faster than it is receipted")));
        }
        let progress = self.of.entry(dataset).or_default();
        let Progress { received, .. } = *progress;
        if chunk.after != received || chunk.upto <= chunk.after {
            let (after, upto) = (chunk.after, chunk.upto);
            return Err(protocol(format!("it sends {dataset} from {after} to {upto}, received was {received}")));
        }
        progress.received = chunk.upto;
        progress.collected.extend(chunk.rows);
        if progress.collected.len() > COLLECTED_ROWS_MAX {
            progress.by_chunk = true;
        }
        if progress.by_chunk || !chunk.more {
            let changes = std::mem::take(&mut progress.collected);
            progress.collected_from = chunk.upto;
            self.ready.push_back(Keep { dataset, changes, upto: chunk.upto });
            progress.by_chunk &= chunk.more;
            return Ok(None);
        }
        progress.receipted = progress.received;
        Ok(Some(Have { dataset, kept: progress.kept, received: progress.received }))
    }

    /// The next rows to keep; [`Taking::kept`] follows.
    pub fn next_keep(&mut self) -> Option<Keep> {
        self.ready.pop_front()
    }

    /// It is in the database: the receipt for it.
    pub fn kept(&mut self, dataset: &'static str, upto: u64) -> Have {
        let progress = self.of.entry(dataset).or_default();
        progress.kept = upto;
        progress.receipted = progress.receipted.max(upto);
        Have { dataset, kept: upto, received: progress.receipted }
    }

    pub fn versions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.of.iter().map(|(dataset, progress)| (*dataset, progress.kept))
    }
}
