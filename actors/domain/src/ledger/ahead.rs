//! Looks at the next transfers before they are posted.
//!
//! What is asked of memory for one transfer does not wait for what is asked for another, so that many accounts and ids
//! arrive together; posting alone would wait for each. Nothing is decided here, and posting is the same without it.

use std::hint::black_box;

use super::Ledger;
use super::id::AccountId;
use super::transfer::Transfer;

/// Their accounts and ids fill a part of the nearest caches only.
pub(super) const LOOK_AHEAD: usize = 64;

/// Not open, or not looked for.
const NOWHERE: u32 = u32::MAX;

/// Where the accounts of a transfer are.
#[derive(Clone, Copy)]
pub(super) struct Places {
    debit: u32,
    credit: u32,
}

impl Places {
    pub(super) const UNKNOWN: Places = Places { debit: NOWHERE, credit: NOWHERE };

    pub(super) fn debit(self) -> Option<u32> {
        (self.debit != NOWHERE).then_some(self.debit)
    }

    pub(super) fn credit(self) -> Option<u32> {
        (self.credit != NOWHERE).then_some(self.credit)
    }
}

impl Ledger {
    /// Never in the middle of a chain: its accounts may be taken back.
    pub(super) fn look_ahead(&self, next: &[Transfer], places: &mut Vec<Places>) {
        let place = |id: AccountId| self.index.get(&id).copied().unwrap_or(NOWHERE);
        let start = places.len();
        places.extend(next.iter().map(|asked| Places { debit: place(asked.debit), credit: place(asked.credit) }));
        let limit = |index: u32| self.accounts.get(index as usize).map_or(0, |account| account.limit);
        let touched = places[start..].iter().fold(0, |seen, places| seen | limit(places.debit) | limit(places.credit));
        let known = next.iter().filter(|asked| self.known.contains(asked.id)).count();
        black_box((touched, known));
    }
}
