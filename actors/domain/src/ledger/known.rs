//! What is remembered of a transfer, so that the same id is answered and never posted twice.
//!
//! 48 bytes: amounts as they are, the rest as fingerprints. A fingerprint tells a repetition from a mistake of the asker;
//! nothing is posted because of it.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::id::TransferId;
use super::transfer::{
    Code, IMPORTED, LINKED, PENDING, POST_PENDING, Posting, Slice, Transfer, TransferCode, VOID_PENDING,
};

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum End {
    NoHold,
    Open,
    Captured,
    Voided,
    TimedOut,
    /// It ended, and what ended it was not brought back.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub asked: i64,
    /// What was settled on.
    pub amount: i64,
    terms: u64,
    lots: u64,
    debit: u32,
    credit: u32,
    /// `Created`, or why it was refused.
    pub code: Code,
    pub end: End,
}

impl Known {
    pub(super) fn of(posting: &Posting, end: End) -> Known {
        let transfer = &posting.transfer;
        Known {
            asked: posting.asked,
            amount: transfer.amount,
            terms: terms(transfer),
            lots: lots(&transfer.slices),
            debit: short(transfer.debit.0),
            credit: short(transfer.credit.0),
            code: posting.code,
            end,
        }
    }

    pub fn is_posted(&self) -> bool {
        self.code == Code::Created
    }

    /// The answer to the same id again.
    pub(super) fn answer(&self, again: &Transfer) -> Code {
        if !self.is_posted() {
            return Code::AlreadyFailed;
        }
        let settled_elsewhere = again.flags & IMPORTED != 0 && again.amount == self.amount;
        if again.amount != self.asked && !settled_elsewhere {
            return Code::ExistsWithDifferentAmount;
        }
        let may_be_left_out = again.flags & (POST_PENDING | VOID_PENDING) != 0;
        let same = |account: u128, known: u32| (may_be_left_out && account == 0) || short(account) == known;
        if !same(again.debit.0, self.debit) || !same(again.credit.0, self.credit) {
            return Code::ExistsWithDifferentAccounts;
        }
        let other_lots = !again.slices.is_empty() && lots(&again.slices) != self.lots;
        if terms(again) != self.terms || other_lots {
            return Code::ExistsWithDifferentTerms;
        }
        Code::Exists
    }
}

/// A map that grows moves all that is in it: in so many parts, each is moved within a millisecond, at millions of ids.
const PARTS: usize = 256;

/// The maps are small, for a new id falls anywhere into them; what is known of it is written behind the one before.
#[derive(Clone, Debug)]
pub(super) struct KnownIds {
    places: Vec<FxHashMap<Key, u32>>,
    known: Vec<Known>,
    /// Places of forgotten ids.
    free: Vec<u32>,
}

/// A number in two halves takes 8 bytes less in a map.
type Key = (u64, u64);

impl Default for KnownIds {
    fn default() -> KnownIds {
        KnownIds { places: vec![FxHashMap::default(); PARTS], known: Vec::new(), free: Vec::new() }
    }
}

impl KnownIds {
    fn key(id: TransferId) -> Key {
        (id.0 as u64, (id.0 >> 64) as u64)
    }

    /// The bits of a UUIDv7 that are random; in ids that are counted they differ as well.
    fn part(id: TransferId) -> usize {
        ((id.0 >> 4) ^ (id.0 >> 24)) as usize % PARTS
    }

    fn place(&self, id: TransferId) -> Option<usize> {
        self.places[KnownIds::part(id)].get(&KnownIds::key(id)).map(|place| *place as usize)
    }

    pub(super) fn contains(&self, id: TransferId) -> bool {
        self.place(id).is_some()
    }

    pub(super) fn get(&self, id: TransferId) -> Option<&Known> {
        self.known.get(self.place(id)?)
    }

    pub(super) fn get_mut(&mut self, id: TransferId) -> Option<&mut Known> {
        let place = self.place(id)?;
        self.known.get_mut(place)
    }

    /// The first that is said of an id stays.
    pub(super) fn insert(&mut self, id: TransferId, known: Known) {
        let Entry::Vacant(new) = self.places[KnownIds::part(id)].entry(KnownIds::key(id)) else { return };
        match self.free.pop() {
            Some(place) => {
                self.known[place as usize] = known;
                new.insert(place);
            }
            None => {
                new.insert(u32::try_from(self.known.len()).expect("fewer ids are known at once than a u32 counts"));
                self.known.push(known);
            }
        }
    }

    pub(super) fn remove(&mut self, id: TransferId) {
        self.free.extend(self.places[KnownIds::part(id)].remove(&KnownIds::key(id)));
    }
}

/// How what is written down leaves a hold that is `open` or is not.
pub(super) fn end_of(posting: &Posting, open: bool) -> End {
    match (posting.code == Code::Created && posting.transfer.flags & PENDING != 0, open) {
        (false, _) => End::NoHold,
        (true, true) => End::Open,
        (true, false) => End::Ended,
    }
}

/// How this capture or void ends its hold.
pub(super) fn ends(transfer: &Transfer) -> Option<(TransferId, End)> {
    let end = match transfer.flags & (POST_PENDING | VOID_PENDING) {
        0 => return None,
        POST_PENDING => End::Captured,
        _ if transfer.code == TransferCode::HoldExpired => End::TimedOut,
        _ => End::Voided,
    };
    Some((transfer.pending, end))
}

fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word ^ 0xF39C_C060_5CED_C835) * 0x9E37_79B9_7F4A_7C15;
    product as u64 ^ (product >> 64) as u64
}

fn mix_wide(state: u64, word: u128) -> u64 {
    mix(mix(state, word as u64), (word >> 64) as u64)
}

fn short(account: u128) -> u32 {
    (mix_wide(0x5D5B_CE4A_9E0D_3A11, account) >> 32) as u32
}

/// All but amount, accounts and slices. How it came (in a chain, from another node) is not what it is.
fn terms(transfer: &Transfer) -> u64 {
    let flags = transfer.flags & !(LINKED | IMPORTED);
    let what = (transfer.code as u64) << 48 | u64::from(flags) << 32 | u64::from(transfer.timeout_s);
    let days = (transfer.lot.activates_on as u32 as u64) << 32 | u64::from(transfer.lot.expires_on as u32);
    let state = mix(mix(what, days), u64::from(transfer.lot.campaign));
    mix_wide(mix_wide(state, transfer.pending.0), transfer.reference)
}

/// The same for the same amounts of the same terms, in whatever order and of whatever origin: lots may have been merged.
fn lots(slices: &[Slice]) -> u64 {
    slices.iter().fold(0, |sum, slice| {
        let days = (slice.activates_on as u32 as u64) << 32 | u64::from(slice.expires_on as u32);
        let lot = mix(mix(0x2545_F491_4F6C_DD1D, days), u64::from(slice.campaign)) | 1;
        sum.wrapping_add(lot.wrapping_mul(slice.amount as u64))
    })
}
