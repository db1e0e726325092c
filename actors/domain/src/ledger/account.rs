//! One account: four sums, a limit, and whether it may be used. 64 bytes: one line of a cache.
//!
//! Invariants: no sum is below zero; `debits_pending + debits_posted` and `credits_pending + credits_posted` each fit into
//! an `i64`, so that a capture can always be counted.

use super::id::AccountId;

/// No new debits nor credits; open holds still end.
pub const CLOSED: u16 = 1;
/// No new debits; captures of open holds and credits go.
pub const BLOCKED: u16 = 1 << 1;
/// Its limit was lowered below what it owes: until that is paid, I2 is not asked of it. Set by the ledger alone.
pub const OVER_LIMIT: u16 = 1 << 2;

const GUARDED: u8 = 1;
const WITH_LOTS: u8 = 1 << 1;

/// Not yet placed: the account is being opened.
const NO_SLOT: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Account {
    pub id: AccountId,
    pub debits_pending: i64,
    pub debits_posted: i64,
    pub credits_pending: i64,
    pub credits_posted: i64,
    /// How far below zero a guarded account without lots may go.
    pub limit: i64,
    pub flags: u16,
    /// What its number says, asked once.
    traits: u8,
    /// Where its lots are.
    pub(super) slot: u32,
}

impl Account {
    pub(super) fn new(id: AccountId, limit: i64) -> Account {
        let guarded = if id.kind().is_some_and(|kind| kind.is_guarded()) { GUARDED } else { 0 };
        let with_lots = if id.has_lots() { WITH_LOTS } else { 0 };
        Account {
            id,
            debits_pending: 0,
            debits_posted: 0,
            credits_pending: 0,
            credits_posted: 0,
            limit,
            flags: 0,
            traits: guarded | with_lots,
            slot: NO_SLOT,
        }
    }

    /// What was put in, less what was taken; what is held is still in it.
    pub fn balance(&self) -> i64 {
        self.credits_posted - self.debits_posted
    }

    pub fn is_guarded(&self) -> bool {
        self.traits & GUARDED != 0
    }

    pub fn has_lots(&self) -> bool {
        self.traits & WITH_LOTS != 0
    }

    /// What may still be taken from an account without lots.
    pub(super) fn free(&self) -> i128 {
        i128::from(self.limit) + i128::from(self.balance()) - i128::from(self.debits_pending)
    }

    pub(super) fn mark_over_limit(&mut self) {
        let over = self.is_guarded() && !self.has_lots() && self.free() < 0;
        self.flags = if over { self.flags | OVER_LIMIT } else { self.flags & !OVER_LIMIT };
    }
}
