//! The account book as one append-only file: for simulations, for tests, and for a node that wants no database.
//!
//! A commit is one record and one sync. Rows and pages are kept in memory and are found again by reading the file. Nothing
//! here waits on another task, so it also runs on a paused clock; the plain functions need no runtime at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::block::{Block, Head, Page, Row};
use super::disk::Disk;
use super::record::{self, Found};
use super::run::{RunHead, RunPage};
use super::{Loading, READ_BYTES_MAX, SavedPage, Store, StoreError};

pub struct JournalStore {
    state: Mutex<State>,
}

struct State {
    disk: Box<dyn Disk>,
    length: u64,
    /// Where the record of each block begins.
    starts: Vec<u64>,
    head: Head,
    rows: BTreeMap<(u16, Vec<u8>), Vec<u8>>,
    pages: BTreeMap<u32, SavedPage>,
    /// Derived: made again after each start.
    runs: BTreeMap<u32, RunHead>,
    run_pages: BTreeMap<(u32, u32), Vec<u8>>,
    /// A write failed, and what the file holds is not known.
    broken: bool,
}

impl JournalStore {
    /// Read the file to its end. A write that was cut off is removed; anything else that is not right is refused.
    pub fn open(disk: impl Disk + 'static) -> Result<JournalStore, StoreError> {
        let mut disk: Box<dyn Disk> = Box::new(disk);
        let length = disk.length()?;
        let mut state = State {
            disk,
            length: 0,
            starts: Vec::new(),
            head: Head::default(),
            rows: BTreeMap::new(),
            pages: BTreeMap::new(),
            runs: BTreeMap::new(),
            run_pages: BTreeMap::new(),
            broken: false,
        };
        while let Found::Record(record, end) =
            record::read(state.disk.as_mut(), state.length, length, state.head.number)?
        {
            record.block.check_follows(state.head)?;
            state.take_in(&record.block, record.pages, end);
        }
        if state.length < length {
            tracing::info!(
                block = state.head.number,
                bytes = length - state.length,
                "a write that was cut off is removed"
            );
            state.disk.truncate(state.length)?;
        }
        Ok(JournalStore { state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the book")
    }

    /// [`Store::append`] without a runtime.
    pub fn write(&self, block: &Block, pages: Vec<Page>) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.broken {
            return Err(StoreError::Reopen);
        }
        if block.head() == state.head {
            return Ok(());
        }
        block.check_follows(state.head)?;
        let bytes = record::encode(block, &pages)?;
        if let Err(error) = state.disk.append(&bytes) {
            let length = state.length;
            // Part of it may stand in the file; without the cut the next record would follow that.
            state.broken = state.disk.truncate(length).is_err();
            return Err(if error.kind() == io::ErrorKind::StorageFull { StoreError::Full } else { error.into() });
        }
        if let Err(error) = state.disk.sync() {
            // After a failed sync the system may have dropped what was to be written: only reading shows what is there.
            state.broken = true;
            return Err(StoreError::Unsure { block: block.number, cause: error.to_string() });
        }
        let end = state.length + bytes.len() as u64;
        state.take_in(block, pages, end);
        Ok(())
    }

    /// [`Store::load`] without a runtime.
    pub fn play(&self, into: &mut dyn Loading) -> Result<Head, StoreError> {
        let mut state = self.state();
        for page in state.pages.values() {
            into.page(page.clone())?;
        }
        for ((space, key), value) in &state.rows {
            into.row(Row { space: *space, key: key.clone(), value: Some(value.clone()) })?;
        }
        let oldest = state.pages.values().map(|page| page.as_of).min();
        for number in into.replay_from(oldest).max(1)..=state.head.number {
            into.block(state.block(number)?)?;
        }
        Ok(state.head)
    }

    /// [`Store::blocks`] without a runtime.
    pub fn read(&self, from: u64, limit: usize) -> Result<Vec<Block>, StoreError> {
        let mut state = self.state();
        let mut blocks = Vec::new();
        let mut bytes = 0;
        for number in from.max(1)..=state.head.number {
            if blocks.len() >= limit || bytes >= READ_BYTES_MAX {
                break;
            }
            let block = state.block(number)?;
            bytes += block.size();
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// [`Store::rows`] without a runtime.
    pub fn read_rows(&self, space: u16, from: &[u8], to: &[u8], limit: usize) -> Vec<Row> {
        if from >= to {
            return Vec::new();
        }
        let range = (space, from.to_vec())..(space, to.to_vec());
        let row = |((space, key), value): (&(u16, Vec<u8>), &Vec<u8>)| Row {
            space: *space,
            key: key.clone(),
            value: Some(value.clone()),
        };
        self.state().rows.range(range).take(limit).map(row).collect()
    }

    /// The last block, without a runtime.
    pub fn last(&self) -> Head {
        self.state().head
    }

    /// Where the record of each block ends: an old copy of the file is the file up to one of them.
    pub fn record_ends(&self) -> Vec<u64> {
        let state = self.state();
        state.starts.iter().skip(1).copied().chain((!state.starts.is_empty()).then_some(state.length)).collect()
    }
}

impl State {
    fn take_in(&mut self, block: &Block, pages: Vec<Page>, end: u64) {
        self.starts.push(self.length);
        self.length = end;
        self.head = block.head();
        for row in &block.rows {
            let key = (row.space, row.key.clone());
            match &row.value {
                Some(value) => self.rows.insert(key, value.clone()),
                None => self.rows.remove(&key),
            };
        }
        for page in pages {
            self.pages.insert(page.number, SavedPage { page, as_of: block.number });
        }
    }

    fn block(&mut self, number: u64) -> Result<Block, StoreError> {
        let start = self.starts[(number - 1) as usize];
        match record::read(self.disk.as_mut(), start, self.length, number - 1)? {
            Found::Record(record, _) => Ok(record.block),
            Found::End => Err(StoreError::damaged(format!("block {number} is no longer in the file"))),
        }
    }
}

#[async_trait]
impl Store for JournalStore {
    async fn append(&self, block: Block, pages: Vec<Page>) -> Result<(), StoreError> {
        self.write(&block, pages)
    }

    async fn load(&self, into: &mut dyn Loading) -> Result<Head, StoreError> {
        self.play(into)
    }

    async fn rows(&self, space: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        Ok(self.read_rows(space, from, to, limit))
    }

    async fn spaces(&self) -> Result<Vec<u16>, StoreError> {
        let spaces: BTreeSet<u16> = self.state().rows.keys().map(|(space, _)| *space).collect();
        Ok(spaces.into_iter().collect())
    }

    async fn blocks(&self, from: u64, limit: usize) -> Result<Vec<Block>, StoreError> {
        self.read(from, limit)
    }

    async fn pages(&self, from: u32, limit: usize) -> Result<Vec<SavedPage>, StoreError> {
        Ok(self.state().pages.range(from..).take(limit).map(|(_, page)| page.clone()).collect())
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.last())
    }

    async fn save_run_pages(&self, pages: Vec<RunPage>) -> Result<(), StoreError> {
        let mut state = self.state();
        for page in pages {
            state.run_pages.insert((page.run, page.page), page.bytes);
        }
        Ok(())
    }

    async fn save_run(&self, run: RunHead) -> Result<(), StoreError> {
        self.state().runs.insert(run.number, run);
        Ok(())
    }

    async fn runs(&self) -> Result<Vec<RunHead>, StoreError> {
        Ok(self.state().runs.values().cloned().collect())
    }

    async fn run_page(&self, run: u32, page: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().run_pages.get(&(run, page)).cloned())
    }

    async fn forget_runs(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        state.runs.clear();
        state.run_pages.clear();
        Ok(())
    }
}
