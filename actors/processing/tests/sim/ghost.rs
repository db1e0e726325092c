//! The truth outside of all books: what was really paid in, given, handed over and taken back, a card and asset.

use std::collections::BTreeMap;

use messages::v1::accounts::OperationKind;

/// Prepaid money.
pub(crate) const MONEY: u32 = 643;
/// Points.
pub(crate) const POINTS: u32 = 1001;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) received: i64,
    pub(crate) handed_over: i64,
    pub(crate) taken_back: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Ghost {
    truths: BTreeMap<(usize, u32), Truth>,
    /// Cards of one customer, of those that were merged: the first stands for all.
    together: BTreeMap<usize, usize>,
    owners: BTreeMap<usize, u64>,
}

impl Ghost {
    pub(crate) fn owns(&mut self, card: usize, owner: u64) {
        self.owners.insert(card, owner);
    }

    /// As tills know it; zero: only by its number.
    pub(crate) fn owner_at_till(&self, card: usize) -> u64 {
        self.owners.get(&card).copied().unwrap_or(0)
    }

    pub(crate) fn leader(&self, card: usize) -> usize {
        self.together.get(&card).copied().unwrap_or(card)
    }

    /// Who was merged shares for good, for a later separation moves only what is left.
    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.leader(one), self.leader(other));
        if one == other {
            return;
        }
        for leader in self.together.values_mut().filter(|leader| **leader == other) {
            *leader = one;
        }
        self.together.insert(other, one);
        for asset in [MONEY, POINTS] {
            if let Some(truth) = self.truths.remove(&(other, asset)) {
                let into = self.truths.entry((one, asset)).or_default();
                into.received += truth.received;
                into.handed_over += truth.handed_over;
                into.taken_back += truth.taken_back;
            }
        }
    }

    fn truth_mut(&mut self, card: usize, asset: u32) -> &mut Truth {
        let leader = self.leader(card);
        self.truths.entry((leader, asset)).or_default()
    }

    pub(crate) fn truths(&self) -> impl Iterator<Item = (usize, u32, Truth)> {
        self.truths.iter().map(|((card, asset), truth)| (*card, *asset, *truth))
    }

    pub(crate) fn received(&mut self, card: usize, asset: u32, amount: i64) {
        self.truth_mut(card, asset).received += amount;
    }

    /// I5: never more is handed over than was received.
    pub(crate) fn settled(&mut self, card: usize, asset: u32, kind: OperationKind, amount: i64) -> Result<(), String> {
        let truth = self.truth_mut(card, asset);
        match kind {
            OperationKind::Spend => truth.handed_over += amount,
            OperationKind::Load | OperationKind::Earn | OperationKind::PutBack => truth.received += amount,
            OperationKind::TakeBack => truth.taken_back += amount,
        }
        let Truth { received, handed_over, .. } = *truth;
        match handed_over <= received {
            true => Ok(()),
            false => Err(format!(
                "I5: goods for {handed_over} were handed over on card {card} of asset {asset}, which had only {received}"
            )),
        }
    }

    pub(crate) fn took_back(&mut self, card: usize, asset: u32, amount: i64) {
        self.truth_mut(card, asset).taken_back += amount;
    }

    pub(crate) fn gave(&mut self, card: usize, asset: u32, amount: i64) -> Result<(), String> {
        self.settled(card, asset, OperationKind::Spend, amount)
    }
}
