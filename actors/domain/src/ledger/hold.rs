//! The open holds: by id, by the account that pays, and by when they time out.
//!
//! Invariant: the three name the same holds.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::id::{AccountId, TransferId};
use super::transfer::Slice;

/// A hold that does not time out.
pub const NO_TIMEOUT: u64 = u64::MAX;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub debit: AccountId,
    pub credit: AccountId,
    pub amount: i64,
    /// Elapsed milliseconds of the node that owns the hold; [`NO_TIMEOUT`].
    pub due_ms: u64,
    pub reference: u128,
    /// What is pinned of the debit account's lots, or what the credit account will get.
    pub slices: Vec<Slice>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Holds {
    by_id: FxHashMap<TransferId, Hold>,
    by_debit: BTreeSet<(AccountId, TransferId)>,
    by_due: BTreeSet<(u64, TransferId)>,
}

impl Holds {
    pub(super) fn get(&self, id: TransferId) -> Option<&Hold> {
        self.by_id.get(&id)
    }

    pub(super) fn insert(&mut self, id: TransferId, hold: Hold) {
        self.by_debit.insert((hold.debit, id));
        if hold.due_ms != NO_TIMEOUT {
            self.by_due.insert((hold.due_ms, id));
        }
        self.by_id.insert(id, hold);
    }

    pub(super) fn remove(&mut self, id: TransferId) -> Option<Hold> {
        let hold = self.by_id.remove(&id)?;
        self.by_debit.remove(&(hold.debit, id));
        self.by_due.remove(&(hold.due_ms, id));
        Some(hold)
    }

    pub(super) fn of(&self, debit: AccountId) -> impl Iterator<Item = (TransferId, &Hold)> {
        let all = (debit, TransferId(0))..=(debit, TransferId(u128::MAX));
        self.by_debit.range(all).filter_map(|(_, id)| Some((*id, self.by_id.get(id)?)))
    }

    pub(super) fn due(&self, elapsed_ms: u64) -> impl Iterator<Item = TransferId> {
        self.by_due.range(..=(elapsed_ms, TransferId(u128::MAX))).map(|(_, id)| *id)
    }

    /// By the account that pays, then by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TransferId, &Hold)> {
        self.by_debit.iter().filter_map(|(_, id)| Some((*id, self.by_id.get(id)?)))
    }
}
