//! Where an old transfer is: which block holds the posting of an id.
//!
//! The ledger keeps ids of late in memory. All of them are found here: those since the last run in a map, older ones in runs,
//! which are sorted, never changed, and kept beside the book. A run is asked only for ids between its first and its last,
//! and only when its filter says maybe. Ids grow with time, so a new id costs a comparison a run.
//!
//! Runs are derived from blocks: whatever is missing or wrong with them is made again.

use std::sync::Arc;

use domain::ledger::{Posting, TransferId, decode};
use rustc_hash::FxHashMap;

use super::run::{Built, Run, RunHead};
use super::{Block, Store, StoreError};

/// A run of so many ids is about 20 MB on disk and 1.3 MB in memory.
pub const RUN_IDS: usize = 1_000_000;
/// Blocks that are scanned at once.
const SCAN_BLOCKS: usize = 256;

#[derive(Debug)]
pub struct Index {
    runs: Vec<Run>,
    /// Ids that are being made into a run. They are answered from here until the run is there.
    sealing: Option<Arc<Tail>>,
    tail: Tail,
    run_ids: usize,
}

/// Ids of the blocks since the last run.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) first_block: u64,
    pub(super) last_block: u64,
    pub(super) ids: FxHashMap<TransferId, u64>,
}

impl Tail {
    fn after(block: u64) -> Tail {
        Tail { first_block: block + 1, last_block: block, ids: FxHashMap::default() }
    }
}

/// Ids that are to become a run, away from the node's thread.
#[derive(Debug)]
pub struct Sealing {
    number: u32,
    tail: Arc<Tail>,
}

impl Sealing {
    /// Sort. A tenth of a second of work: not for a thread that answers.
    pub fn build(self) -> Built {
        Built::of(self.number, &self.tail)
    }
}

/// Where an id may be. It holds nothing of the index, so it can be followed while the index goes on.
#[derive(Debug)]
pub struct Lookup {
    id: TransferId,
    block: Option<u64>,
    /// Run, page of it, and the run's first block.
    pages: Vec<(u32, u32, u64)>,
}

impl Lookup {
    /// The posting of the id, if the book has one.
    pub async fn follow(self, store: &dyn Store) -> Result<Option<Posting>, StoreError> {
        let mut block = self.block;
        for (run, page, first_block) in self.pages {
            if block.is_none() {
                let bytes = store.run_page(run, page).await?;
                let bytes = bytes.ok_or_else(|| StoreError::damaged(format!("page {page} of run {run} is missing")))?;
                block = super::run::find(run, page, &bytes, self.id)?.map(|offset| first_block + u64::from(offset));
            }
        }
        let Some(number) = block else { return Ok(None) };
        let blocks = store.blocks(number, 1).await?;
        let block = blocks.first().filter(|block| block.number == number);
        let block = block.ok_or_else(|| StoreError::damaged(format!("block {number} is missing")))?;
        let mut found = None;
        each_posting(block, |posting| {
            if posting.transfer.id == self.id {
                found = Some(posting);
            }
        })?;
        if found.is_none() {
            return Err(StoreError::damaged(format!("block {number} has not the transfer that the index says")));
        }
        Ok(found)
    }
}

impl Index {
    /// Load the runs, and scan the blocks after the last.
    pub async fn open(store: &dyn Store) -> Result<Index, StoreError> {
        Index::open_with(store, RUN_IDS).await
    }

    /// With runs of another size.
    pub async fn open_with(store: &dyn Store, run_ids: usize) -> Result<Index, StoreError> {
        let head = store.head().await?;
        let heads = store.runs().await?;
        let runs = match read_runs(&heads, head.number) {
            Some(runs) => runs,
            None => {
                tracing::warn!(
                    runs = heads.len(),
                    "the index of transfers does not fit the account book and is made again"
                );
                store.forget_runs().await?;
                Vec::new()
            }
        };
        let after = runs.last().map_or(0, |run| run.last_block);
        let mut index = Index { runs, sealing: None, tail: Tail::after(after), run_ids };
        loop {
            let blocks = store.blocks(index.tail.last_block + 1, SCAN_BLOCKS).await?;
            if blocks.is_empty() {
                return Ok(index);
            }
            for block in &blocks {
                index.add_block(block)?;
                if let Some(sealing) = index.seal() {
                    let run = sealing.build().write(store).await?;
                    index.sealed(run);
                }
            }
        }
    }

    /// Forget the runs and make them again.
    pub async fn rebuild(store: &dyn Store) -> Result<Index, StoreError> {
        store.forget_runs().await?;
        Index::open(store).await
    }

    /// The ids posted or refused in the next block.
    pub fn add(&mut self, block: u64, ids: impl IntoIterator<Item = TransferId>) {
        self.tail.last_block = block;
        self.tail.ids.extend(ids.into_iter().map(|id| (id, block)));
    }

    pub fn add_block(&mut self, block: &Block) -> Result<(), StoreError> {
        let mut ids = Vec::with_capacity(block.posting_count as usize);
        each_posting(block, |posting| ids.push(posting.transfer.id))?;
        self.add(block.number, ids);
        Ok(())
    }

    /// Ids that are enough for a run, or those whose run was not written. One at a time: then give back what was written.
    pub fn seal(&mut self) -> Option<Sealing> {
        if self.sealing.is_none() && self.tail.ids.len() >= self.run_ids {
            let next = Tail::after(self.tail.last_block);
            self.sealing = Some(Arc::new(std::mem::replace(&mut self.tail, next)));
        }
        let tail = self.sealing.clone()?;
        Some(Sealing { number: self.runs.len() as u32, tail })
    }

    /// The run is written.
    pub fn sealed(&mut self, run: Run) {
        debug_assert_eq!(run.number as usize, self.runs.len(), "runs are written one at a time");
        self.sealing = None;
        self.runs.push(run);
    }

    /// Is it worth to look on disk? "No" is certain.
    pub fn maybe(&self, id: TransferId) -> bool {
        self.in_memory(id).is_some() || self.runs.iter().any(|run| run.maybe(id))
    }

    pub fn look(&self, id: TransferId) -> Lookup {
        let block = self.in_memory(id);
        let pages = match block {
            Some(_) => Vec::new(),
            // An id is looked for in the newest run first.
            None => {
                self.runs.iter().rev().filter_map(|run| Some((run.number, run.page(id)?, run.first_block))).collect()
            }
        };
        Lookup { id, block, pages }
    }

    pub async fn find(&self, store: &dyn Store, id: TransferId) -> Result<Option<Posting>, StoreError> {
        self.look(id).follow(store).await
    }

    /// How many ids are in memory, and how many runs there are.
    pub fn size(&self) -> (usize, usize) {
        (self.tail.ids.len() + self.sealing.as_ref().map_or(0, |tail| tail.ids.len()), self.runs.len())
    }

    fn in_memory(&self, id: TransferId) -> Option<u64> {
        let of = |tail: &Tail| tail.ids.get(&id).copied();
        of(&self.tail).or_else(|| of(self.sealing.as_deref()?))
    }
}

/// None: they are damaged, have holes, or are of another book.
fn read_runs(heads: &[RunHead], last_block: u64) -> Option<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::with_capacity(heads.len());
    for head in heads {
        let run = Run::read(head)?;
        let after = runs.last().map_or(0, |run| run.last_block);
        if run.number as usize != runs.len() || run.first_block != after + 1 || run.last_block > last_block {
            return None;
        }
        runs.push(run);
    }
    Some(runs)
}

/// What a block posted and refused, in order.
pub fn each_posting(block: &Block, mut take: impl FnMut(Posting)) -> Result<(), StoreError> {
    let wrong = |what: String| StoreError::damaged(format!("the postings of block {}: {what}", block.number));
    let mut rest = &block.postings[..];
    let mut count = 0;
    while !rest.is_empty() {
        let (posting, after) = decode(rest).map_err(|error| wrong(error.to_string()))?;
        rest = after;
        count += 1;
        take(posting);
    }
    if count != block.posting_count {
        return Err(wrong(format!("{count} are there, {} should be", block.posting_count)));
    }
    Ok(())
}
