//! Between a machine and its store: what it wrote becomes a block, a loaded book becomes the machine again.
//!
//! Pages of accounts go along with blocks, a few at a time and in turn, so that a start replays one round of them and no
//! more. A round takes as many postings as it takes to be cheap beside them.
//!
//! Must never: let an answer out before its block is durable; that is for whoever calls [`Writer::seal`].

use std::collections::BTreeSet;

use domain::ledger::Ledger;
use domain::ledger::{Posting, decode, encode};

use crate::machine::root::Root;
use crate::machine::subordinate::Subordinate;
use crate::machine::{Changes, NodeId, Now};
use crate::store::rounds::Rounds;
use crate::store::{Block, Head, Loading, Page, Row, SavedPage, StoreError};

/// Postings in which every page is saved once. A start replays two rounds at most: about two seconds.
const ROUND_POSTINGS: u64 = 1_000_000;
/// Pages that go with one block at most: 128 of about 4 KiB.
const PAGES_PER_BLOCK_MAX: u32 = 128;
/// A posting without lots, about.
const POSTING_BYTES_USUAL: usize = 192;
/// The writer's own row: where the last complete round of pages began.
const OWN: u16 = 0;

/// What the host needs of a machine.
pub trait Machine {
    fn ledger(&self) -> &Ledger;
    fn ledger_mut(&mut self) -> &mut Ledger;
    fn load_row(&mut self, row: &Row) -> Result<(), StoreError>;
    /// All is loaded.
    fn loaded(&mut self);
    fn take_changes(&mut self) -> Changes;
    /// Postings that wait for the next block.
    fn written(&self) -> usize;
    /// Nodes that have something to hear since the last commit.
    fn take_rings(&mut self) -> BTreeSet<NodeId> {
        BTreeSet::new()
    }
}

impl Machine for Root {
    fn ledger(&self) -> &Ledger {
        &self.book.ledger
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.book.ledger
    }

    fn load_row(&mut self, row: &Row) -> Result<(), StoreError> {
        Root::load_row(self, row)
    }

    fn loaded(&mut self) {
        Root::loaded(self);
    }

    fn take_changes(&mut self) -> Changes {
        Root::take_changes(self)
    }

    fn take_rings(&mut self) -> BTreeSet<NodeId> {
        Root::take_rings(self)
    }

    fn written(&self) -> usize {
        self.book.written()
    }
}

impl Machine for Subordinate {
    fn ledger(&self) -> &Ledger {
        &self.book.ledger
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.book.ledger
    }

    fn load_row(&mut self, row: &Row) -> Result<(), StoreError> {
        Subordinate::load_row(self, row)
    }

    fn loaded(&mut self) {}

    fn take_changes(&mut self) -> Changes {
        Subordinate::take_changes(self)
    }

    fn written(&self) -> usize {
        self.book.written()
    }
}

/// A block to be written.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub block: Block,
    pub pages: Vec<Page>,
    /// What the block says, for the index of transfers.
    pub postings: Vec<Posting>,
}

/// Makes blocks of what a machine wrote.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    head: Head,
    rounds: Rounds,
    /// Postings since the last page was saved, times pages.
    owed: u64,
    /// The node's elapsed time of the last block: a node goes on from there.
    elapsed_ms: u64,
}

impl Writer {
    pub fn head(&self) -> Head {
        self.head
    }

    pub fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms
    }

    /// The next block with all that the machine wrote; none: it wrote nothing. The block counts as written: if it cannot
    /// be, writer and machine are thrown away and loaded anew.
    pub fn seal<M: Machine>(&mut self, machine: &mut M, now: Now) -> Option<Sealed> {
        let Changes { postings, mut rows } = machine.take_changes();
        if postings.is_empty() && rows.is_empty() {
            return None;
        }
        let count = u32::try_from(postings.len()).expect("a batch is bounded by its mailbox");
        let pages = self.pages(machine, u64::from(count), &mut rows);
        let mut bytes = Vec::with_capacity(postings.len() * POSTING_BYTES_USUAL);
        for posting in &postings {
            encode(posting, &mut bytes);
        }
        let (elapsed_ms, day) = (now.moment.elapsed_ms, now.moment.day);
        let block = Block::seal(self.head, elapsed_ms, day, bytes, count, rows);
        self.head = block.head();
        self.elapsed_ms = elapsed_ms;
        Some(Sealed { block, pages, postings })
    }

    fn pages<M: Machine>(&mut self, machine: &M, postings: u64, rows: &mut Vec<Row>) -> Vec<Page> {
        let all = machine.ledger().pages();
        self.owed += postings * u64::from(all);
        let due = u32::try_from(self.owed / ROUND_POSTINGS).unwrap_or(u32::MAX).min(PAGES_PER_BLOCK_MAX).min(all);
        if due == 0 {
            return Vec::new();
        }
        self.owed -= u64::from(due) * ROUND_POSTINGS;
        let before = self.rounds.replay_from();
        let turn = self.rounds.turn(self.head.number + 1, all, due);
        if self.rounds.replay_from() != before {
            let value = self.rounds.to_bytes().to_vec();
            rows.push(Row { space: OWN, key: b"pages".to_vec(), value: Some(value) });
        }
        let page = |number| {
            let mut bytes = Vec::with_capacity(4096);
            machine.ledger().page(number, &mut bytes);
            Page { number, bytes }
        };
        turn.map(page).collect()
    }
}

/// Takes a book from a store and makes it the machine's.
pub struct Loader<'m, M> {
    machine: &'m mut M,
    writer: Writer,
    replayed: u64,
}

impl<'m, M: Machine> Loader<'m, M> {
    pub fn new(machine: &'m mut M) -> Loader<'m, M> {
        Loader { machine, writer: Writer::default(), replayed: 0 }
    }

    /// The writer that goes on after the last block.
    pub fn finish(mut self, head: Head) -> Writer {
        self.machine.loaded();
        self.writer.head = head;
        self.writer.rounds.restart(head.number);
        // What a life that ended early had to save is saved by the next one: else a machine that is switched off every
        // night would replay all its days.
        self.writer.owed = self.replayed * u64::from(self.machine.ledger().pages());
        self.writer
    }
}

impl<M: Machine + Send> Loading for Loader<'_, M> {
    fn page(&mut self, saved: SavedPage) -> Result<(), StoreError> {
        let loaded = self.machine.ledger_mut().load_page(saved.page.number, &saved.page.bytes, saved.as_of);
        loaded.map_err(|error| StoreError::damaged(format!("page {}: {error}", saved.page.number)))
    }

    fn row(&mut self, row: Row) -> Result<(), StoreError> {
        if row.space != OWN {
            return self.machine.load_row(&row);
        }
        let rounds = row.value.as_deref().and_then(Rounds::of_bytes);
        self.writer.rounds = rounds.ok_or_else(|| StoreError::damaged("the row of saved pages cannot be read"))?;
        Ok(())
    }

    fn replay_from(&mut self, _: Option<u64>) -> u64 {
        self.writer.rounds.replay_from()
    }

    fn block(&mut self, block: Block) -> Result<(), StoreError> {
        let mut rest = block.postings.as_slice();
        while !rest.is_empty() {
            let (posting, after) =
                decode(rest).map_err(|error| StoreError::damaged(format!("block {}: {error}", block.number)))?;
            self.machine.ledger_mut().replay(&posting, block.number, block.elapsed_ms);
            self.replayed += 1;
            rest = after;
        }
        self.writer.elapsed_ms = self.writer.elapsed_ms.max(block.elapsed_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::ledger::transfer::Moment;

    use super::*;
    use crate::machine::root::Policy;

    #[test]
    fn what_short_lives_did_not_save_is_saved_by_the_next_one() {
        let mut root = Root::new(Policy::default());
        root.set_budget(1, 1, Some(0));
        root.take_changes();
        let head = Head { number: 9, ..Head::default() };
        let mut writer = Loader { replayed: 2 * ROUND_POSTINGS, ..Loader::new(&mut root) }.finish(head);
        let now = Now { moment: Moment { elapsed_ms: 1, day: 20_000 }, wall_ms: 0 };
        for budget in 1..=2 {
            root.set_budget(1, 1, Some(budget));
            writer.seal(&mut root, now).expect("something was written");
        }
        assert_eq!(writer.rounds.replay_from(), head.number + 1);
    }
}
