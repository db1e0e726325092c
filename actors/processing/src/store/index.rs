//! Where an old transfer is: which block holds the posting of an id.
//!
//! The ledger keeps ids of late in memory. All of them are found here: those since the last run in a map, older ones in runs,
//! which are sorted, never changed, and kept beside the book. A run is asked only for ids between its first and its last,
//! and only when its filter says maybe. Ids grow with time, so a new id costs a comparison a run.
//!
//! Runs are derived from blocks: whatever is missing or wrong with them is made again.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ledger::transfer::{POST_PENDING, VOID_PENDING};
use domain::ledger::{Code, Posting, TransferId, decode};
use rustc_hash::FxHashMap;

use super::run::{self, Built, Run, RunHead};
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
    pub(super) ids: FxHashMap<TransferId, Places>,
}

/// In which blocks, counted from the tail's first, a transfer was posted, and a hold ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    posted: u32,
    ended: u32,
}

const NOWHERE: u32 = u32::MAX;

impl Places {
    pub(super) fn offsets(self) -> impl Iterator<Item = u32> {
        [self.posted, self.ended].into_iter().filter(|offset| *offset != NOWHERE)
    }
}

impl Tail {
    fn after(block: u64) -> Tail {
        Tail { first_block: block + 1, last_block: block, ids: FxHashMap::default() }
    }

    fn add(&mut self, block: u64, posting: &Posting) {
        let offset = u32::try_from(block - self.first_block).expect("a run has fewer blocks than a u32 counts");
        let nowhere = Places { posted: NOWHERE, ended: NOWHERE };
        self.ids.entry(posting.transfer.id).or_insert(nowhere).posted = offset;
        if let Some(hold) = ended_hold(posting) {
            self.ids.entry(hold).or_insert(nowhere).ended = offset;
        }
    }

    fn blocks(&self, id: TransferId) -> impl Iterator<Item = u64> {
        self.ids
            .get(&id)
            .into_iter()
            .flat_map(|places| places.offsets())
            .map(|offset| self.first_block + u64::from(offset))
    }
}

/// The hold that a capture or a void ended.
fn ended_hold(posting: &Posting) -> Option<TransferId> {
    let ended = posting.code == Code::Created && posting.transfer.flags & (POST_PENDING | VOID_PENDING) != 0;
    ended.then_some(posting.transfer.pending)
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
    blocks: BTreeSet<u64>,
    /// Run, page of it, and the run's first block.
    pages: Vec<(u32, u32, u64)>,
}

/// What the book has of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub posting: Posting,
    /// The block that has it.
    pub block: u64,
    /// Of a hold: the capture or the void that ended it.
    pub end: Option<Posting>,
}

impl Lookup {
    /// Read what the book has of the id.
    pub async fn follow(mut self, store: &dyn Store) -> Result<Option<Found>, StoreError> {
        for (run, page, first_block) in self.pages {
            let bytes = store.run_page(run, page).await?;
            let bytes = bytes
                .ok_or_else(|| StoreError::damaged(format!("page {page} of run {run} of the index is missing")))?;
            self.blocks.extend(run::find(run, page, &bytes, self.id)?.map(|offset| first_block + u64::from(offset)));
        }
        let (mut found, mut end) = (None, None);
        for number in &self.blocks {
            let blocks = store.blocks(*number, 1).await?;
            let block = blocks.first().filter(|block| block.number == *number);
            let block = block.ok_or_else(|| StoreError::damaged(format!("block {number} is missing")))?;
            each_posting(block, |posting| {
                if ended_hold(&posting) == Some(self.id) {
                    end = Some(posting);
                } else if posting.transfer.id == self.id {
                    found = Some((posting, *number));
                }
            })?;
        }
        match found {
            Some((posting, block)) => Ok(Some(Found { posting, block, end })),
            None if self.blocks.is_empty() => Ok(None),
            None => Err(StoreError::damaged("the index of transfers names a block that has not the transfer")),
        }
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

    /// What was posted and refused in a block. Every block is added, in order.
    pub fn add<'a>(&mut self, block: u64, postings: impl IntoIterator<Item = &'a Posting>) {
        self.tail.last_block = block;
        for posting in postings {
            self.tail.add(block, posting);
        }
    }

    pub fn add_block(&mut self, block: &Block) -> Result<(), StoreError> {
        self.tail.last_block = block.number;
        each_posting(block, |posting| self.tail.add(block.number, &posting))
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
        self.tails().any(|tail| tail.ids.contains_key(&id)) || self.runs.iter().any(|run| run.maybe(id))
    }

    pub fn look(&self, id: TransferId) -> Lookup {
        Lookup {
            id,
            blocks: self.tails().flat_map(|tail| tail.blocks(id)).collect(),
            pages: self.runs.iter().filter_map(|run| Some((run.number, run.page(id)?, run.first_block))).collect(),
        }
    }

    pub async fn find(&self, store: &dyn Store, id: TransferId) -> Result<Option<Found>, StoreError> {
        self.look(id).follow(store).await
    }

    /// How many ids are in memory, and how many runs there are.
    pub fn size(&self) -> (usize, usize) {
        (self.tails().map(|tail| tail.ids.len()).sum(), self.runs.len())
    }

    fn tails(&self) -> impl Iterator<Item = &Tail> {
        self.sealing.as_deref().into_iter().chain([&self.tail])
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
