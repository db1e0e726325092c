//! The ledger of customer accounts: double entry, integers, never below zero.
//!
//! A transfer moves an amount from one account to another at once, or holds it and captures or voids it later. It is known
//! by its id for ever: the same id again is answered and not posted, and a refused id stays refused. What was posted or
//! refused is a [`Posting`]; the state is the sum of postings, so replay and restoration are [`Ledger::apply`].
//!
//! Invariants:
//! - I1 Per asset, debits equal credits, posted and pending alike.
//! - I2 A guarded account: `debits_pending + debits_posted <= credits_posted + limit`.
//! - I9 Of an account with lots: the lots' sum is its balance, none below zero, the one that expires first is used first.
//! - I10 A hold ends once: captured (at most what was held), voided or timed out. An account's pending debits are its holds.
//!
//! Must never: read a clock. Hold time is an interval of the node that owns the hold; expiry is by the business day it is given.

mod account;
mod ahead;
mod check;
mod decide;
pub mod encode;
mod hold;
pub mod id;
mod known;
mod lots;
pub mod page;
mod post;
pub mod transfer;
mod undo;

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

pub use account::{Account, BLOCKED, CLOSED, OVER_LIMIT};
pub use encode::{EncodeError, decode, encode};
pub use hold::{Hold, NO_TIMEOUT};
pub use id::{AccountId, AccountKind, OperationId, TransferId};
pub use known::{End, Known};
pub use lots::{Lot, SLICES_MAX};
pub use page::{ACCOUNTS_A_PAGE, PageError};
pub use transfer::{Code, Day, LotTerms, Moment, NEVER, Posting, Slice, Transfer, TransferCode};

use hold::Holds;
use known::KnownIds;
use lots::Lots;
use undo::Before;

/// Hash maps are asked by key only: no order depends on them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    accounts: Vec<Account>,
    index: FxHashMap<AccountId, u32>,
    lots: Vec<Lots>,
    holds: Holds,
    known: KnownIds,
    /// While pages are loaded: places that a page before them left free.
    vacant: BTreeSet<u32>,
    /// The block of the page that an account came from; accounts that are not in it came from none.
    as_of: Vec<u64>,
    /// While a chain is posted.
    before: Option<Vec<Before>>,
}

impl Ledger {
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Once more only changes the limit.
    pub fn open(&mut self, id: AccountId, limit: i64) {
        let index = match self.index.get(&id) {
            Some(index) => *index,
            None => self.add_account(id, limit),
        };
        let account = &mut self.accounts[index as usize];
        account.limit = limit;
        account.mark_over_limit();
    }

    /// [`CLOSED`], [`BLOCKED`]; an account that is not open has none.
    pub fn set_flags(&mut self, id: AccountId, flags: u16) {
        if let Some(index) = self.index.get(&id) {
            let account = &mut self.accounts[*index as usize];
            account.flags = (account.flags & OVER_LIMIT) | (flags & (CLOSED | BLOCKED));
        }
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        Some(&self.accounts[*self.index.get(&id)? as usize])
    }

    /// With a stable number each, in the order of opening.
    pub fn accounts(&self) -> impl Iterator<Item = (u32, &Account)> {
        (0..).zip(&self.accounts).filter(|(index, _)| !self.vacant.contains(index))
    }

    /// The account of this number; none: there are no further ones. A place that is free for now is skipped by its next.
    pub fn at(&self, index: u32) -> Option<&Account> {
        self.accounts.get(index as usize)
    }

    /// In the order of use.
    pub fn lots(&self, id: AccountId) -> impl Iterator<Item = Lot> {
        self.lots_of(id).into_iter().flat_map(|lots| lots.iter().copied())
    }

    pub fn hold(&self, id: TransferId) -> Option<&Hold> {
        self.holds.get(id)
    }

    /// The open holds that will be paid from this account.
    pub fn holds(&self, debit: AccountId) -> impl Iterator<Item = (TransferId, &Hold)> {
        self.holds.of(debit)
    }

    pub fn known(&self, id: TransferId) -> Option<&Known> {
        self.known.get(id)
    }

    /// What one transfer may take on this day: active, not expired, not held; with the limit, where there are no lots.
    pub fn available(&self, id: AccountId, day: Day) -> i64 {
        let Some(account) = self.account(id) else { return 0 };
        match self.lots.get(account.slot as usize) {
            Some(lots) => lots.available(day),
            None => account.free().clamp(i64::MIN.into(), i64::MAX.into()) as i64,
        }
    }

    /// The holds whose interval has passed, the first to pass first.
    pub fn due(&self, now: Moment, max: usize) -> Vec<TransferId> {
        self.holds.due(now.elapsed_ms).take(max).collect()
    }

    /// What is not held of lots whose day has passed.
    pub fn expired_lots(&self, id: AccountId, today: Day) -> Vec<Slice> {
        let expired = self.lots(id).take_while(|lot| lot.slice.expires_on < today);
        let free = expired.filter(|lot| lot.free() > 0).map(|lot| Slice { amount: lot.free(), ..lot.slice });
        free.take(SLICES_MAX).collect()
    }

    fn lots_of(&self, id: AccountId) -> Option<&Lots> {
        self.lots.get(self.account(id)?.slot as usize)
    }

    fn add_account(&mut self, id: AccountId, limit: i64) -> u32 {
        let mut account = Account::new(id, limit);
        if account.has_lots() {
            account.slot = u32::try_from(self.lots.len()).expect("a ledger has fewer accounts than a u32 counts");
            self.lots.push(Lots::default());
        }
        let index = match self.vacant.pop_first() {
            Some(index) => {
                self.accounts[index as usize] = account;
                index
            }
            None => {
                self.accounts.push(account);
                u32::try_from(self.accounts.len() - 1).expect("a ledger has fewer accounts than a u32 counts")
            }
        };
        self.index.insert(id, index);
        self.keep(|| Before::Opened(index));
        index
    }

    /// Of the account that was opened last.
    fn take_back_account(&mut self, index: u32) {
        let account = self.accounts[index as usize];
        self.index.remove(&account.id);
        if account.has_lots() {
            self.lots.pop();
        }
        if index as usize + 1 == self.accounts.len() {
            self.accounts.pop();
        } else {
            self.vacant.insert(index);
        }
    }

    fn as_of(&self, index: u32) -> u64 {
        self.as_of.get(index as usize).copied().unwrap_or(0)
    }
}
