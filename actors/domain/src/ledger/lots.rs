//! The lots of one account: in the order in which they are used, the one that expires first before the others.
//!
//! Invariants: sorted by expiry, origin, activation and campaign, no two the same; every amount is above zero and at least
//! what is held of it. Above [`LOTS_MERGED_ABOVE`] lots, what is free of lots that differ by origin only is one lot.

use std::collections::BTreeMap;

use super::id::TransferId;
use super::transfer::{Day, Slice};

/// Lots that one transfer may move: three years of a lot a day, in 37 kB. What is in later lots takes another transfer.
pub const SLICES_MAX: usize = 1024;

/// Below so many lots each keeps the accrual that made it; above, a purchase a day for years would make every payment slow.
const LOTS_MERGED_ABOVE: usize = 256;

/// A lot, and what is held of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    pub slice: Slice,
    pub held: i64,
}

impl Lot {
    pub fn free(&self) -> i64 {
        self.slice.amount - self.held
    }

    /// Active and not expired.
    pub fn is_usable(&self, day: Day) -> bool {
        self.slice.activates_on <= day && day <= self.slice.expires_on
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Lots(Vec<Lot>);

/// Of an account that is being opened.
pub(super) static NO_LOTS: Lots = Lots(Vec::new());

type Key = (Day, TransferId, Day, u32);

fn key(slice: &Slice) -> Key {
    (slice.expires_on, slice.origin, slice.activates_on, slice.campaign)
}

/// Each lot once, in the order of use.
pub(super) fn in_order(slices: &[Slice]) -> Vec<Slice> {
    let mut sorted = slices.to_vec();
    sorted.sort_unstable();
    sorted.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            kept.amount += later.amount;
        }
        same
    });
    sorted
}

/// The first `amount` of these.
pub(super) fn first_of(slices: &[Slice], mut amount: i64) -> Vec<Slice> {
    let mut first = Vec::new();
    for slice in slices {
        if amount == 0 {
            break;
        }
        let part = slice.amount.min(amount);
        first.push(Slice { amount: part, ..*slice });
        amount -= part;
    }
    first
}

impl Lots {
    /// From a page: in order, together the balance, and with what the holds pin; else none.
    pub(super) fn restored<'a>(
        slices: Vec<Slice>,
        balance: i64,
        pinned: impl Iterator<Item = &'a [Slice]>,
    ) -> Option<Lots> {
        let sum = slices.iter().map(|slice| i128::from(slice.amount)).sum::<i128>();
        let sound = sum == i128::from(balance)
            && slices.iter().all(|slice| slice.amount > 0)
            && slices.is_sorted_by(|a, b| key(a) < key(b));
        let mut lots = Lots(slices.into_iter().map(|slice| Lot { slice, held: 0 }).collect());
        for slice in pinned.flatten() {
            let at = lots.find(slice)?;
            let lot = &mut lots.0[at];
            if slice.amount <= 0 || slice.amount > lot.free() {
                return None;
            }
            lot.held += slice.amount;
        }
        sound.then_some(lots)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn usable(&self, day: Day) -> impl Iterator<Item = &Lot> {
        let expired = self.0.partition_point(|lot| lot.slice.expires_on < day);
        self.0[expired..].iter().filter(move |lot| lot.is_usable(day) && lot.free() > 0).take(SLICES_MAX)
    }

    /// What one transfer can take on this day.
    pub(super) fn available(&self, day: Day) -> i64 {
        self.usable(day).map(Lot::free).sum()
    }

    /// The parts that a debit takes, the first to expire first.
    pub(super) fn choose(&self, mut amount: i64, day: Day) -> Option<Vec<Slice>> {
        let mut chosen = Vec::new();
        for lot in self.usable(day) {
            let part = lot.free().min(amount);
            chosen.push(Slice { amount: part, ..lot.slice });
            amount -= part;
            if amount == 0 {
                return Some(chosen);
            }
        }
        None
    }

    /// The lots that these slices name. Where one was merged (here or at the node that names it), lots that differ by
    /// origin only stand in for it. Without a day, days are not asked.
    pub(super) fn named(&self, slices: &[Slice], day: Option<Day>) -> Option<Vec<Slice>> {
        let mut taken: BTreeMap<usize, i64> = BTreeMap::new();
        let mut missing = Vec::new();
        for slice in in_order(slices) {
            let part = self.find(&slice).map_or(0, |at| {
                let part = self.0[at].free().min(slice.amount);
                taken.insert(at, part);
                part
            });
            if part < slice.amount {
                missing.push(Slice { amount: slice.amount - part, ..slice });
            }
        }
        for mut slice in missing {
            let start = self.0.partition_point(|lot| lot.slice.expires_on < slice.expires_on);
            for (at, lot) in self.0.iter().enumerate().skip(start) {
                if lot.slice.expires_on != slice.expires_on || slice.amount == 0 {
                    break;
                }
                if lot.slice.activates_on == slice.activates_on && lot.slice.campaign == slice.campaign {
                    let so_far = taken.entry(at).or_insert(0);
                    let part = (lot.free() - *so_far).min(slice.amount);
                    *so_far += part;
                    slice.amount -= part;
                }
            }
            if slice.amount > 0 {
                return None;
            }
        }
        taken.retain(|_, part| *part > 0);
        let usable = taken.keys().all(|at| day.is_none_or(|day| self.0[*at].is_usable(day)));
        let named = taken.into_iter().map(|(at, part)| Slice { amount: part, ..self.0[at].slice }).collect::<Vec<_>>();
        (usable && named.len() <= SLICES_MAX).then_some(named)
    }

    fn find(&self, slice: &Slice) -> Option<usize> {
        self.0.binary_search_by_key(&key(slice), |lot| key(&lot.slice)).ok()
    }

    /// Unposted books only: a slice whose lot is not there changes nothing, and `check` says it.
    fn each(&mut self, slices: &[Slice], change: impl Fn(&mut Lot, i64)) {
        for slice in slices {
            if let Some(at) = self.find(slice) {
                change(&mut self.0[at], slice.amount);
                if self.0[at].slice.amount == 0 {
                    self.0.remove(at);
                }
            }
        }
    }

    pub(super) fn take(&mut self, slices: &[Slice]) {
        self.each(slices, |lot, amount| lot.slice.amount -= amount);
    }

    pub(super) fn pin(&mut self, slices: &[Slice]) {
        self.each(slices, |lot, amount| lot.held += amount);
    }

    pub(super) fn unpin(&mut self, slices: &[Slice]) {
        self.each(slices, |lot, amount| lot.held -= amount);
    }

    pub(super) fn add(&mut self, slices: &[Slice]) {
        for slice in slices {
            match self.0.binary_search_by_key(&key(slice), |lot| key(&lot.slice)) {
                Ok(at) => self.0[at].slice.amount += slice.amount,
                Err(at) => self.0.insert(at, Lot { slice: *slice, held: 0 }),
            }
        }
        if self.0.len() > LOTS_MERGED_ABOVE {
            self.merge();
        }
    }

    /// What is held stays where its hold will look for it.
    fn merge(&mut self) {
        let mut first: BTreeMap<(Day, Day, u32), usize> = BTreeMap::new();
        for at in 0..self.0.len() {
            let Lot { slice, .. } = self.0[at];
            let into = *first.entry((slice.expires_on, slice.activates_on, slice.campaign)).or_insert(at);
            if into != at {
                let free = self.0[at].free();
                self.0[at].slice.amount -= free;
                self.0[into].slice.amount += free;
            }
        }
        self.0.retain(|lot| lot.slice.amount > 0);
    }
}
