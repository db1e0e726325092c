//! Two customers that are one: merged by people, opened by a store that could not ask, or found so after a restoration.
//!
//! Cards go from one to the other, and what is free of the wallets at once; what stores hold follows when it comes back.
//! A root that was restored must not give money twice, to who had it and to who got it. So what is moved between customers
//! is told to every store before it gets a right that the move may have paid for: whoever gives back the right gives back
//! the move.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::transfer::{Day, Slice, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind};
use serde::{Deserialize, Serialize};

use super::Root;
use super::people::PeopleError;
use crate::machine::book::space;
use crate::machine::customer::{CARDS_MAX, Card, Customer, Held, pending_of};
use crate::machine::log::Told;
use crate::machine::subordinate::movement;
use crate::machine::subordinate::till::{PROVISIONAL, provisional};
use crate::machine::{NodeId, Now, derived};

/// Days in which a merge can be undone.
pub const UNMERGE_DAYS: Day = 30;
/// What came onto one wallet from other customers while no store confirmed that it has a copy.
const ARRIVALS_MAX: usize = 1_000;
/// Merged customers that are looked at with the one that they are now.
const MERGED_MAX: usize = 64;

/// What a merge did, so that it can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    pub from: u64,
    pub into: u64,
    pub day: Day,
    pub cards: Vec<Card>,
    pub moved: Vec<Moved>,
    pub undone: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub from: AccountId,
    pub to: AccountId,
    pub amount: i64,
    pub lots: Vec<Slice>,
}

/// What came from another customer, and to which stores it was told as their second copy, at which place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrival {
    transfer: Transfer,
    told: BTreeMap<NodeId, u64>,
}

impl Root {
    pub fn merges(&self) -> impl Iterator<Item = &Merge> {
        self.merges.values()
    }

    /// One customer instead of two: what is free moves now, what stores hold moves when it comes back.
    pub fn merge_customers(&mut self, from: u64, into: u64, now: Now) -> Result<u64, PeopleError> {
        if self.meta.recovering {
            return Err(PeopleError::Recovering);
        }
        if from == into {
            return Err(PeopleError::WithItself);
        }
        for owner in [from, into] {
            let customer = self.people.get(owner).ok_or(PeopleError::Unknown(owner))?;
            if customer.forward.is_some() {
                return Err(PeopleError::Merged(owner));
            }
            if customer.blocked {
                return Err(PeopleError::Blocked(owner));
            }
        }
        if self.people.by_owner[&from].cards.len() + self.people.by_owner[&into].cards.len() > CARDS_MAX {
            return Err(PeopleError::TooManyCards);
        }
        Ok(self.absorb(from, into, now))
    }

    /// Two customers again: cards and what is left of the moved lots go back.
    pub fn unmerge(&mut self, number: u64, now: Now) -> Result<(), PeopleError> {
        if self.meta.recovering {
            return Err(PeopleError::Recovering);
        }
        let mut merge = self.merges.get(&number).filter(|merge| !merge.undone).cloned().ok_or(PeopleError::NoMerge)?;
        if now.moment.day > merge.day + UNMERGE_DAYS {
            return Err(PeopleError::TooLate);
        }
        let mut source = self.people.get(merge.from).cloned().ok_or(PeopleError::Unknown(merge.from))?;
        let into = self.resolve(merge.into);
        let mut target = self.people.get(into).cloned().ok_or(PeopleError::Unknown(into))?;
        let back = |card: &Card| merge.cards.iter().any(|moved| moved.number == card.number);
        (source.cards, target.cards) = target.cards.into_iter().partition(back);
        source.forward = None;
        source.closed = false;
        merge.undone = true;
        let moved = std::mem::take(&mut merge.moved);
        self.hand_over(target, source);
        self.put_merge(number, Merge { moved: moved.clone(), ..merge });
        for moved in &moved {
            let to = AccountId::wallet(moved.to.kind().unwrap_or(AccountKind::Prepaid), moved.to.asset(), into);
            self.move_wallet(to, moved.from, TransferCode::UnmergeMove, Some(moved), now);
        }
        Ok(())
    }

    /// All that is of one customer is of another. The number of the merge.
    fn absorb(&mut self, from: u64, into: u64, now: Now) -> u64 {
        let mut source = self.people.by_owner[&from].clone();
        let mut target = self.people.by_owner[&into].clone();
        let cards = std::mem::take(&mut source.cards);
        source.forward = Some(into);
        source.closed = true;
        let news = cards.iter().filter(|card| target.card(&card.number).is_none()).cloned().collect::<Vec<_>>();
        target.cards.extend(news);
        target.cards.truncate(CARDS_MAX);
        for held in &source.wallets {
            if !target.has(held.wallet, held.asset) {
                target.wallets.push(Held { limit: 0, ..*held });
            }
        }
        self.hand_over(source, target);
        let number = self.number_merge(from, into, cards, now.moment.day);
        for account in self.wallets_of(from) {
            self.forward(account, now);
        }
        number
    }

    /// Every store that knows who loses cards hears first who has them now: no store gives back the one without the other.
    fn hand_over(&mut self, loser: Customer, mut taker: Customer) {
        for store in self.knows.get(&loser.owner).cloned().unwrap_or_default() {
            self.keep_known(taker.owner, store);
        }
        if taker.home == 0 {
            taker.home = loser.home;
        }
        self.change(taker);
        self.change(loser);
    }

    fn wallets_of(&self, owner: u64) -> Vec<AccountId> {
        let Some(customer) = self.people.get(owner) else { return Vec::new() };
        let own: Vec<AccountId> =
            customer.wallets.iter().map(|held| customer.account(held.wallet, held.asset)).collect();
        let pending = own.iter().filter_map(|account| pending_of(*account));
        let pending: Vec<AccountId> = pending.filter(|id| self.book.ledger.account(*id).is_some()).collect();
        [own, pending].concat()
    }

    fn number_merge(&mut self, from: u64, into: u64, cards: Vec<Card>, day: Day) -> u64 {
        let number = self.merges.len() as u64 + 1;
        self.put_merge(number, Merge { from, into, day, cards, moved: Vec::new(), undone: false });
        number
    }

    fn put_merge(&mut self, number: u64, merge: Merge) {
        self.book.put(space::MERGE, &number.to_be_bytes(), &merge);
        self.merges.insert(number, merge);
    }

    /// By which the customer is another's now.
    fn merge_of(&self, owner: u64) -> Option<(u64, Merge)> {
        let of_owner = self.merges.iter().rev().find(|(_, merge)| merge.from == owner && !merge.undone);
        of_owner.map(|(number, merge)| (*number, merge.clone()))
    }

    /// What is on a merged customer's wallet goes to the other. Not while stores report: what was moved before comes back,
    /// and must find there what it moved.
    pub(super) fn forward(&mut self, wallet: AccountId, now: Now) {
        let owner = wallet.owner();
        let into = self.resolve(owner);
        if into == owner || self.meta.recovering {
            return;
        }
        let Some(kind) = wallet.kind() else { return };
        let to = AccountId::wallet(kind, wallet.asset(), into);
        if let Some(moved) = self.move_wallet(wallet, to, TransferCode::MergeMove, None, now) {
            if let Some((number, mut merge)) = self.merge_of(owner) {
                merge.moved.push(moved);
                self.put_merge(number, merge);
            }
            self.settle_shortfall(to, now);
            self.serve_wants(to, now);
        }
    }

    /// All stores have reported, and it is known who is one: what stayed with merged customers goes on, and their debts are
    /// paid.
    pub(super) fn unite(&mut self, now: Now) {
        let merged: Vec<u64> = self.people.merged.values().flatten().copied().collect();
        for wallet in merged.into_iter().flat_map(|owner| self.wallets_of(owner)).collect::<Vec<_>>() {
            self.forward(wallet, now);
        }
        let owes = |account: &domain::ledger::Account| {
            matches!(account.id.kind(), Some(AccountKind::Suspense | AccountKind::Debt)) && account.balance() < 0
        };
        let accounts = self.book.ledger.accounts().map(|(_, account)| account);
        let debtors: BTreeSet<u64> =
            accounts.filter(|account| owes(account)).map(|account| account.id.owner()).collect();
        let payers: BTreeSet<u64> = debtors.into_iter().map(|debtor| self.resolve(debtor)).collect();
        for wallet in payers.into_iter().flat_map(|owner| self.wallets_of(owner)).collect::<Vec<_>>() {
            self.settle_shortfall(wallet, now);
        }
    }

    /// Move what is free: all of it, or of the lots that are named (or the amount) what is still there.
    fn move_wallet(
        &mut self,
        from: AccountId,
        to: AccountId,
        code: TransferCode,
        only: Option<&Moved>,
        now: Now,
    ) -> Option<Moved> {
        let account = self.book.ledger.account(from)?;
        let free = account.credits_posted - account.debits_posted - account.debits_pending;
        let moved = account.debits_posted.to_le_bytes();
        let lots: Vec<Slice> = self
            .book
            .ledger
            .lots(from)
            .filter_map(|lot| {
                let wanted = match only {
                    None => lot.free(),
                    Some(only) => {
                        let same = |s: &&Slice| s.origin == lot.slice.origin && s.expires_on == lot.slice.expires_on;
                        only.lots.iter().find(same).map_or(0, |slice| slice.amount)
                    }
                };
                let amount = lot.free().min(wanted);
                (amount > 0).then_some(Slice { amount, ..lot.slice })
            })
            .collect();
        let amount = match (from.has_lots(), only) {
            (true, _) => lots.iter().map(|slice| slice.amount).sum(),
            (false, Some(only)) => free.min(only.amount),
            (false, None) => free,
        };
        if amount <= 0 || !self.open_wallet(to) {
            return None;
        }
        let about: [&[u8]; 4] = [b"merge", &from.0.to_le_bytes(), &to.0.to_le_bytes(), &moved];
        let mut transfer = movement(derived(now, &about).line(1), code, from, to, amount, 0);
        transfer.slices = lots.clone();
        if !self.post(transfer, now).is_posted() {
            return None;
        }
        let posted = self.book.last_posting().expect("it was just posted").transfer.clone();
        self.keep_copy(&posted);
        Some(Moved { from, to, amount, lots })
    }

    // What was moved between customers, and who has a copy of it.

    /// It came from another customer: no store gets a right of the wallet before it has a copy of this, until one has
    /// confirmed its copy. That one is heard before a restored root gives any right.
    pub(super) fn arrived(&mut self, copy: Transfer, told: Option<(NodeId, u64)>) {
        let wallet = copy.credit;
        let mut arrivals = self.unconfirmed(wallet);
        arrivals.push(Arrival { transfer: copy, told: told.into_iter().collect() });
        let spare = arrivals.len().saturating_sub(ARRIVALS_MAX);
        arrivals.drain(..spare);
        self.put_arrivals(wallet, arrivals);
    }

    /// Called before a store gets a right of the wallet.
    pub(super) fn tell_arrivals(&mut self, store: NodeId, wallet: AccountId) {
        if !self.arrivals.contains_key(&wallet) {
            return;
        }
        let mut arrivals = self.unconfirmed(wallet);
        let news = arrivals.iter_mut().filter(|arrival| !arrival.told.contains_key(&store)).collect::<Vec<_>>();
        let transfers = news.iter().map(|arrival| arrival.transfer.clone()).collect::<Vec<_>>();
        if !transfers.is_empty()
            && let Some(place) = self.tell_at(store, &Told::Copy { transfers })
        {
            for arrival in news {
                arrival.told.insert(store, place);
            }
        }
        self.put_arrivals(wallet, arrivals);
    }

    fn unconfirmed(&mut self, wallet: AccountId) -> Vec<Arrival> {
        let has = |(store, place): (&NodeId, &u64)| {
            self.peers.get(store).is_some_and(|peer| peer.applied > *place && !peer.row.retired)
        };
        let mut arrivals = self.arrivals.remove(&wallet).unwrap_or_default();
        arrivals.retain(|arrival| !arrival.told.iter().any(has));
        arrivals
    }

    fn put_arrivals(&mut self, wallet: AccountId, arrivals: Vec<Arrival>) {
        let key = wallet.0.to_be_bytes();
        if arrivals.is_empty() {
            self.book.remove(space::ARRIVAL, &key);
        } else {
            self.book.put(space::ARRIVAL, &key, &arrivals);
            self.arrivals.insert(wallet, arrivals);
        }
    }

    // What stores know of it: newcomers, and what a restored root has lost.

    /// A store that was alone met somebody. Others may have met the same one before it.
    pub(super) fn opened_by_store(&mut self, store: NodeId, mut customer: Customer, now: Now) {
        let owner = customer.owner;
        if self.people.get(owner).is_none() {
            customer.provisional = false;
            customer.cards.truncate(CARDS_MAX);
            self.keep_known(owner, store);
            self.change(customer.clone());
            self.one_of_a_number(&customer, now);
        } else if let Some(known) = self.people.get(owner).cloned() {
            self.introduce(store, &known);
        }
        let real = self.resolve(owner);
        if real != owner
            && let Some(real) = self.people.get(real).cloned()
        {
            self.introduce(store, &real);
        }
    }

    /// A number that a store knew nothing of and gave an owner to, and a customer of the root: one and the same.
    fn one_of_a_number(&mut self, customer: &Customer, now: Now) {
        for card in &customer.cards {
            let by_store = provisional(&card.number);
            let Some(real) = self.people.by_number.get(&card.number).copied().filter(|real| *real != by_store) else {
                continue;
            };
            let apart = self.people.get(by_store).is_some_and(|customer| customer.forward.is_none());
            if apart && self.resolve(real) != by_store {
                self.absorb(by_store, self.resolve(real), now);
            }
        }
    }

    /// What the root had told before it was restored.
    pub(super) fn relearn_customer(&mut self, customer: Customer, store: NodeId, now: Now) {
        let before = self.people.get(customer.owner).cloned();
        if before.as_ref().is_none_or(|known| known.version < customer.version) {
            // Those that stores number have numbers of their own.
            if customer.owner & PROVISIONAL == 0 {
                self.meta.next_owner = self.meta.next_owner.max(customer.owner + 1);
                self.put_meta();
            }
            let numbers = customer.cards.iter().filter_map(|card| self.people.by_number.get(&card.number));
            let others: BTreeSet<u64> = numbers.copied().filter(|owner| *owner != customer.owner).collect();
            self.keep(&customer);
            self.relearn_merge(before.as_ref(), &customer, now);
            self.one_of_a_number(&customer, now);
            for other in others.into_iter().filter(|other| other & PROVISIONAL == 0) {
                self.relearn_cards(other, before.as_ref(), &customer, now);
            }
        }
        self.keep_known(customer.owner, store);
    }

    /// Whether the customer is another's now, or its own again.
    fn relearn_merge(&mut self, before: Option<&Customer>, customer: &Customer, now: Now) {
        match (self.merge_of(customer.owner), customer.forward) {
            (Some((number, merge)), None) => self.put_merge(number, Merge { undone: true, ..merge }),
            (None, Some(into)) => {
                let cards = before.map(|before| before.cards.clone()).unwrap_or_default();
                self.number_merge(customer.owner, into, cards, now.moment.day);
            }
            _ => {}
        }
    }

    /// Cards go from one customer to another only when two are merged, or parted again.
    fn relearn_cards(&mut self, other: u64, before: Option<&Customer>, customer: &Customer, now: Now) {
        let Some(mut had) = self.people.get(other).cloned() else { return };
        if before.is_some_and(|before| before.forward == Some(other)) {
            had.cards.retain(|card| customer.card(&card.number).is_none());
            self.change(had);
        } else if had.forward.is_none() && self.resolve(customer.owner) != other {
            self.absorb(other, self.resolve(customer.owner), now);
            let operation = derived(now, &[b"merged", &other.to_le_bytes(), &customer.owner.to_le_bytes()]);
            let sentence = format!(
                "the root was restored and has lost who merged customer {other} into {}: they are one now, look whether they should be",
                customer.owner
            );
            self.alert(0, operation, sentence, now);
        }
    }

    /// A customer and all who were merged into it: one pays for the others, and what stores hold of them is its own.
    pub(super) fn one_person(&self, owner: u64) -> Vec<u64> {
        let mut owners = vec![owner];
        let mut at = 0;
        while let Some(owner) = owners.get(at) {
            let merged = self.people.merged.get(owner).into_iter().flatten().copied();
            let more: Vec<u64> = merged.filter(|merged| !owners.contains(merged)).collect();
            let space = MERGED_MAX.saturating_sub(owners.len());
            owners.extend(more.into_iter().take(space));
            at += 1;
        }
        owners
    }
}
