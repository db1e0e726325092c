//! One run of the index: ids in order, in pages that are read one by one; its head, which stays in memory, says which.

use domain::ledger::TransferId;

use super::filter::Filter;
use super::index::Tail;
use super::{Store, StoreError};

/// Ids on a page: one read of 10 KB finds an id.
const PAGE_IDS: usize = 512;
/// Id and how many blocks after the run's first.
const ENTRY_BYTES: usize = 16 + 4;
/// Pages written in one transaction: blocks of payments wait for no more than that.
const PAGES_AT_ONCE: usize = 64;

/// A page of a run as it is kept: entries, then a checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPage {
    pub run: u32,
    pub page: u32,
    pub bytes: Vec<u8>,
}

/// The head of a run as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHead {
    pub number: u32,
    pub first_block: u64,
    pub last_block: u64,
    /// Last id, count of pages, first id of each, words of the filter, checksum of all.
    pub bytes: Vec<u8>,
}

/// A run that can be asked.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) number: u32,
    pub(super) first_block: u64,
    pub(super) last_block: u64,
    last: TransferId,
    /// The first id of each page.
    firsts: Vec<TransferId>,
    filter: Filter,
}

/// A run that is not written yet.
#[derive(Debug)]
pub struct Built {
    run: Run,
    pages: Vec<RunPage>,
}

impl Built {
    pub(super) fn of(number: u32, tail: &Tail) -> Built {
        let mut ids: Vec<(TransferId, u32)> = Vec::with_capacity(tail.ids.len());
        for (id, places) in &tail.ids {
            ids.extend(places.offsets().map(|offset| (*id, offset)));
        }
        ids.sort_unstable();
        let mut filter = Filter::for_ids(ids.len());
        for (id, _) in &ids {
            filter.add(id.0);
        }
        let page = |(page, ids): (u32, &[(TransferId, u32)])| {
            let mut bytes = Vec::with_capacity(ids.len() * ENTRY_BYTES + 4);
            for (id, offset) in ids {
                bytes.extend_from_slice(&id.0.to_le_bytes());
                bytes.extend_from_slice(&offset.to_le_bytes());
            }
            let checksum = page_checksum(number, page, &bytes);
            bytes.extend_from_slice(&checksum.to_le_bytes());
            RunPage { run: number, page, bytes }
        };
        let pages = (0..).zip(chunks(&ids)).map(page).collect();
        let run = Run {
            number,
            first_block: tail.first_block,
            last_block: tail.last_block,
            last: ids.last().map_or(TransferId::NONE, |(id, _)| *id),
            firsts: chunks(&ids).map(|ids| ids[0].0).collect(),
            filter,
        };
        Built { run, pages }
    }

    /// Pages first, the head last: a run without a head is none.
    pub async fn write(mut self, store: &dyn Store) -> Result<Run, StoreError> {
        while !self.pages.is_empty() {
            let rest = self.pages.split_off(self.pages.len().min(PAGES_AT_ONCE));
            store.save_run_pages(std::mem::replace(&mut self.pages, rest)).await?;
        }
        store.save_run(self.run.head()).await?;
        Ok(self.run)
    }
}

impl Run {
    pub(super) fn maybe(&self, id: TransferId) -> bool {
        id <= self.last && self.firsts.first().is_some_and(|first| *first <= id) && self.filter.maybe(id.0)
    }

    /// The page that the id would be on.
    pub(super) fn page(&self, id: TransferId) -> Option<u32> {
        let maybe = self.maybe(id);
        maybe.then(|| self.firsts.partition_point(|first| *first <= id) as u32 - 1)
    }

    fn head(&self) -> RunHead {
        let mut bytes = Vec::with_capacity(24 + self.firsts.len() * 16 + self.filter.words().len() * 8);
        bytes.extend_from_slice(&self.last.0.to_le_bytes());
        bytes.extend_from_slice(&(self.firsts.len() as u32).to_le_bytes());
        for first in &self.firsts {
            bytes.extend_from_slice(&first.0.to_le_bytes());
        }
        for word in self.filter.words() {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        let checksum = head_checksum(self.number, self.first_block, self.last_block, &bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        RunHead { number: self.number, first_block: self.first_block, last_block: self.last_block, bytes }
    }

    /// None: damaged.
    pub(super) fn read(head: &RunHead) -> Option<Run> {
        let (bytes, checksum) = head.bytes.split_last_chunk::<4>()?;
        let RunHead { number, first_block, last_block, .. } = *head;
        if head_checksum(number, first_block, last_block, bytes) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (last, bytes) = bytes.split_first_chunk::<16>()?;
        let (count, bytes) = bytes.split_first_chunk::<4>()?;
        let (firsts, words) = bytes.split_at_checked(u32::from_le_bytes(*count) as usize * 16)?;
        let words = words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        Some(Run {
            number,
            first_block,
            last_block,
            last: TransferId(u128::from_le_bytes(*last)),
            firsts: firsts.as_chunks::<16>().0.iter().map(|id| TransferId(u128::from_le_bytes(*id))).collect(),
            filter: Filter::of_words(words)?,
        })
    }
}

/// By pages. Both entries of a hold are on one: a page begins with an id that is not on the page before.
fn chunks(ids: &[(TransferId, u32)]) -> impl Iterator<Item = &[(TransferId, u32)]> {
    let mut rest = ids;
    std::iter::from_fn(move || {
        let mut end = rest.len().min(PAGE_IDS);
        while end > 0 && end < rest.len() && rest[end].0 == rest[end - 1].0 {
            end += 1;
        }
        let (page, after) = rest.split_at(end);
        rest = after;
        (!page.is_empty()).then_some(page)
    })
}

/// How many blocks after the run's first the id was posted, and the hold ended.
pub(super) fn find(run: u32, page: u32, bytes: &[u8], id: TransferId) -> Result<impl Iterator<Item = u32>, StoreError> {
    let sound = bytes.split_last_chunk::<4>().filter(|(entries, checksum)| {
        entries.len().is_multiple_of(ENTRY_BYTES) && page_checksum(run, page, entries) == u32::from_le_bytes(**checksum)
    });
    let (entries, _) = sound.ok_or_else(|| StoreError::damaged(format!("page {page} of run {run} of the index")))?;
    let entries = entries.as_chunks::<ENTRY_BYTES>().0;
    let of = |entry: &[u8; ENTRY_BYTES]| u128::from_le_bytes(*entry.first_chunk().expect("an entry begins with an id"));
    let first = entries.partition_point(|entry| of(entry) < id.0);
    let same = entries[first..].iter().take_while(move |entry| of(entry) == id.0);
    Ok(same.map(|entry| u32::from_le_bytes(*entry.last_chunk().expect("an entry ends with a block"))))
}

fn page_checksum(run: u32, page: u32, entries: &[u8]) -> u32 {
    let of_place = crc32c::crc32c(&(u64::from(run) << 32 | u64::from(page)).to_le_bytes());
    crc32c::crc32c_append(of_place, entries)
}

fn head_checksum(number: u32, first_block: u64, last_block: u64, bytes: &[u8]) -> u32 {
    let place = [u64::from(number), first_block, last_block].map(u64::to_le_bytes).concat();
    crc32c::crc32c_append(crc32c::crc32c(&place), bytes)
}
