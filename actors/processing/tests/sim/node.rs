//! A node: a machine, the writer of its blocks and a journal on a disk that fails.

use domain::ledger::decode;
use domain::ledger::transfer::{Day, Moment, Posting};
use processing::host::{Loader, Machine, Writer};
use processing::machine::Now;
use processing::machine::book::log_key;
use processing::machine::log::{Entry, Range};
use processing::pipe;
use processing::store::memory::MemoryDisk;
use processing::store::{Block, JournalStore};

pub(crate) const DAY_MS: u64 = 24 * 3600 * 1000;
/// The runs begin at noon of this day, so that a day of them has a midnight.
pub(crate) const FIRST_DAY: Day = 20_000;
pub(crate) const NOON_MS: u64 = DAY_MS / 2;

pub(crate) struct Life<M> {
    pub(crate) machine: M,
    pub(crate) store: JournalStore,
    writer: Writer,
    /// Of the simulation, when this life began, and of the node, then.
    began_ms: u64,
    elapsed_before_ms: u64,
}

pub(crate) struct Node<M> {
    pub(crate) disk: MemoryDisk,
    pub(crate) life: Option<Life<M>>,
    /// Counts lives: what was planned for an earlier one is void.
    pub(crate) boots: u64,
    /// How wrong its clock is.
    pub(crate) skew_ms: i64,
    /// How much later its business day begins.
    pub(crate) day_after_ms: u64,
    pub(crate) commit_planned: bool,
    /// The next commit is cut off by a power failure.
    pub(crate) fails_next: bool,
    pub(crate) blocks: u64,
    /// No backup has fewer records.
    records_min: usize,
}

/// How a commit ended.
pub(crate) enum Commit {
    Nothing,
    Durable([u8; 8]),
    PowerFailed,
}

impl<M: Machine + Send> Node<M> {
    pub(crate) fn new(day_after_ms: u64) -> Node<M> {
        Node {
            disk: MemoryDisk::new(),
            life: None,
            boots: 0,
            skew_ms: 0,
            day_after_ms,
            commit_planned: false,
            fails_next: false,
            blocks: 0,
            records_min: 1,
        }
    }

    pub(crate) fn boot(&mut self, mut machine: M, at_ms: u64) -> Result<(), String> {
        let store = JournalStore::open(self.disk.clone()).map_err(|error| error.to_string())?;
        let mut loader = Loader::new(&mut machine);
        let head = store.play(&mut loader).map_err(|error| error.to_string())?;
        let writer = loader.finish(head);
        let elapsed_before_ms = writer.elapsed_ms();
        self.life = Some(Life { machine, store, writer, began_ms: at_ms, elapsed_before_ms });
        self.boots += 1;
        self.commit_planned = false;
        self.fails_next = false;
        Ok(())
    }

    /// It lived elsewhere on this disk, and is looked at here.
    pub(crate) fn lived(&mut self, machine: M) -> Result<(), String> {
        let store = JournalStore::open(self.disk.clone()).map_err(|error| error.to_string())?;
        self.life = Some(Life { machine, store, writer: Writer::default(), began_ms: 0, elapsed_before_ms: 0 });
        Ok(())
    }

    pub(crate) fn is_up(&self) -> bool {
        self.life.is_some()
    }

    pub(crate) fn day(&self, at_ms: u64) -> Day {
        FIRST_DAY + ((at_ms + NOON_MS).saturating_sub(self.day_after_ms) / DAY_MS) as Day
    }

    pub(crate) fn now(&self, at_ms: u64) -> Now {
        let life = self.life.as_ref().expect("only a node that lives looks at its clock");
        let elapsed_ms = life.elapsed_before_ms + (at_ms - life.began_ms);
        let wall_ms = FIRST_DAY as i64 * DAY_MS as i64 + NOON_MS as i64 + at_ms as i64 + self.skew_ms;
        Now { moment: Moment { elapsed_ms, day: self.day(at_ms) }, wall_ms }
    }

    /// Write what the machine wrote, durably.
    pub(crate) fn commit(&mut self, at_ms: u64, torn: u64) -> Commit {
        self.commit_planned = false;
        if self.life.is_none() {
            return Commit::Nothing;
        }
        let now = self.now(at_ms);
        let life = self.life.as_mut().expect("it was looked at");
        let Some(sealed) = life.writer.seal(&mut life.machine, now) else { return Commit::Nothing };
        if self.fails_next {
            self.disk.fail_syncs(1);
        }
        let mark = sealed.block.hash[..8].try_into().expect("a hash has 32 bytes");
        match life.store.write(&sealed.block, sealed.pages) {
            Ok(()) => {
                self.blocks += 1;
                Commit::Durable(mark)
            }
            Err(_) => {
                self.disk.crash(torn);
                self.life = None;
                Commit::PowerFailed
            }
        }
    }

    /// The power fails between two commits: what was not written is gone.
    pub(crate) fn cut(&mut self, torn: u64) {
        self.disk.crash(torn);
        self.life = None;
    }

    /// All backups are of later.
    pub(crate) fn is_never_older(&mut self) {
        self.records_min = self.life.as_ref().map_or(1, |life| life.store.record_ends().len());
    }

    /// Keep so many thousandths of the journal, as a backup of then would.
    pub(crate) fn restore(&mut self, keep_per_mille: u64) {
        let store = JournalStore::open(self.disk.clone()).expect("a journal that was synced can be read");
        let ends = store.record_ends();
        if ends.is_empty() {
            return;
        }
        let keep =
            (ends.len() as u64 * keep_per_mille / 1000).clamp(self.records_min as u64, ends.len() as u64) as usize;
        drop(store);
        let mut bytes = self.disk.copy();
        bytes.truncate(ends[keep - 1] as usize);
        self.disk.put_back(bytes);
    }

    /// The entries that an answer names, as the shell reads them after the commit.
    pub(crate) fn entries(&self, space: u16, range: Range) -> Vec<Entry> {
        let Some(life) = self.life.as_ref().filter(|_| !range.is_empty()) else { return Vec::new() };
        let (from, to) = (log_key(range.peer, range.from), log_key(range.peer, range.to));
        let rows = life.store.read_rows(space, &from, &to, (range.to - range.from) as usize);
        pipe::read(rows).expect("entries that were written can be read")
    }

    pub(crate) fn all_blocks(&self) -> Vec<Block> {
        let Some(life) = &self.life else { return Vec::new() };
        let mut blocks: Vec<Block> = Vec::new();
        loop {
            let from = blocks.last().map_or(1, |block| block.number + 1);
            let more = life.store.read(from, 10_000).expect("a journal that was synced can be read");
            if more.is_empty() {
                return blocks;
            }
            blocks.extend(more);
        }
    }
}

impl<M: Machine + Send> Node<M> {
    /// All that was ever posted or refused here.
    pub(crate) fn postings(&self) -> Vec<Posting> {
        let mut postings = Vec::new();
        for block in self.all_blocks() {
            let mut rest = block.postings.as_slice();
            while !rest.is_empty() {
                let (posting, after) = decode(rest).expect("postings that were written can be read");
                postings.push(posting);
                rest = after;
            }
        }
        postings
    }
}
