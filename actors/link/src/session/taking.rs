//! The lower node's side of datasets: when what has come is kept.
//!
//! A first load is kept chunk by chunk, so that it can be taken up where it broke off. A later change is collected and kept
//! in one transaction, so that nobody sees half of it. If it grows beyond [`COLLECTED_ROWS_MAX`], or breaks off on its way,
//! it goes on chunk by chunk: on a bad line getting there comes before getting there at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Incident;
use super::giving::CHUNKS_IN_FLIGHT_MAX;
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
    /// Chunk by chunk, until a chunk says there is no more.
    by_chunk: bool,
    collected: Vec<Change>,
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
    /// `versions` is what the database has, `unfinished` what the session before left so.
    pub fn new(
        peer: &str,
        versions: impl IntoIterator<Item = (&'static str, u64)>,
        unfinished: &BTreeSet<&'static str>,
    ) -> Taking {
        let of = versions.into_iter().map(|(dataset, kept)| {
            let by_chunk = kept == 0 || unfinished.contains(dataset);
            (dataset, Progress { kept, received: kept, by_chunk, collected: Vec::new() })
        });
        Taking { peer: peer.to_owned(), of: of.collect(), ready: VecDeque::new() }
    }

    /// The datasets that stopped between two chunks.
    pub fn unfinished(&self) -> BTreeSet<&'static str> {
        let open = self.of.iter().filter(|(_, progress)| progress.by_chunk || progress.received > progress.kept);
        open.map(|(dataset, _)| *dataset).collect()
    }

    /// A chunk came. The receipt, if it goes at once: what is kept chunk by chunk is receipted when it is kept.
    pub fn chunk(&mut self, chunk: DatasetChunk) -> Result<Option<Have>, Incident> {
        let protocol = |what: String| Incident::Protocol { whose: self.peer.clone(), what };
        let Some(dataset) = self.of.keys().copied().find(|dataset| *dataset == chunk.dataset) else {
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
        let have = Have { dataset, kept: progress.kept, received: progress.received };
        if progress.by_chunk || !chunk.more {
            let changes = std::mem::take(&mut progress.collected);
            self.ready.push_back(Keep { dataset, changes, upto: chunk.upto });
            progress.by_chunk &= chunk.more;
            return Ok(None);
        }
        Ok(Some(have))
    }

    /// The next rows to keep; [`Taking::kept`] follows.
    pub fn next_keep(&mut self) -> Option<Keep> {
        self.ready.pop_front()
    }

    /// It is in the database: the receipt for it.
    pub fn kept(&mut self, dataset: &'static str, upto: u64) -> Have {
        let progress = self.of.entry(dataset).or_default();
        progress.kept = upto;
        Have { dataset, kept: upto, received: upto }
    }

    pub fn versions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.of.iter().map(|(dataset, progress)| (*dataset, progress.kept))
    }
}
