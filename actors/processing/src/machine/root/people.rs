//! Customers at the root, the only writer of who they are: cards, blocks, merges. Stores are told.

use domain::ledger::transfer::{Day, Slice, TransferCode};
use domain::ledger::{AccountId, AccountKind};
use serde::{Deserialize, Serialize};

use super::{Peer, Root};
use crate::machine::book::space;
use crate::machine::customer::{CARDS_MAX, Card, CardState, Customer, Held, pending_of, wallet_of};
use crate::machine::log::Told;
use crate::machine::subordinate::movement;
use crate::machine::subordinate::till::PROVISIONAL;
use crate::machine::wire::NUMBER_BYTES_MAX;
use crate::machine::{NodeId, Now, derived};

/// Days in which a merge can be undone.
pub const UNMERGE_DAYS: Day = 30;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    #[error("customer {0} is not known")]
    Unknown(u64),
    #[error("the card or phone {0} is not known")]
    UnknownNumber(String),
    #[error("the number {0} is in use by customer {1}")]
    NumberTaken(String, u64),
    #[error("a number has 1 to {NUMBER_BYTES_MAX} letters, digits or signs")]
    BadNumber,
    #[error("a customer has at most {CARDS_MAX} cards and phones")]
    TooManyCards,
    #[error("customer {0} was merged into another: work with that one")]
    Merged(u64),
    #[error("customer {0} is blocked: unblock it first")]
    Blocked(u64),
    #[error("a customer is merged with another one")]
    WithItself,
    #[error("there is no such merge, or it was undone")]
    NoMerge,
    #[error("a merge can be undone for {UNMERGE_DAYS} days")]
    TooLate,
    #[error("the root was restored and waits for stores to report: try again later")]
    Recovering,
}

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

impl Root {
    pub fn customer(&self, owner: u64) -> Option<&Customer> {
        self.people.get(owner)
    }

    pub fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.people.by_owner.values()
    }

    pub fn whose(&self, number: &str) -> Option<&Customer> {
        self.people.whose(number)
    }

    pub fn merges(&self) -> impl Iterator<Item = &Merge> {
        self.merges.values()
    }

    /// Follows merges.
    pub fn resolve(&self, owner: u64) -> u64 {
        self.people.resolve(owner)
    }

    /// A new customer; its owner number is given here.
    pub fn open_customer(&mut self, mut customer: Customer) -> Result<u64, PeopleError> {
        // Stores may know customers whose numbers the root has forgotten: they are not given again.
        if self.meta.recovering {
            return Err(PeopleError::Recovering);
        }
        self.check_cards(&customer)?;
        if customer.owner == 0 {
            customer.owner = self.meta.next_owner;
            self.meta.next_owner += 1;
            self.put_meta();
        }
        let owner = customer.owner;
        self.change(customer);
        Ok(owner)
    }

    /// Change what a customer is. The version is counted here.
    pub fn update_customer(&mut self, owner: u64, change: impl FnOnce(&mut Customer)) -> Result<(), PeopleError> {
        let mut customer = self.people.get(owner).ok_or(PeopleError::Unknown(owner))?.clone();
        if customer.forward.is_some() {
            return Err(PeopleError::Merged(owner));
        }
        change(&mut customer);
        customer.owner = owner;
        self.check_cards(&customer)?;
        self.change(customer);
        Ok(())
    }

    pub fn set_card(&mut self, number: &str, state: CardState) -> Result<(), PeopleError> {
        let owner = self.whose(number).ok_or_else(|| PeopleError::UnknownNumber(number.to_owned()))?.owner;
        self.update_customer(owner, |customer| {
            for card in customer.cards.iter_mut().filter(|card| card.number == number) {
                card.state = state;
            }
        })
    }

    /// A tier that follows from what the customer bought. False: it is the same, or nobody is there to have it.
    pub fn set_tier(&mut self, owner: u64, tier: &str, day: Day) -> bool {
        let changes = self.people.get(owner).is_some_and(|customer| customer.tier != tier);
        changes
            && self
                .update_customer(owner, |customer| {
                    tier.clone_into(&mut customer.tier);
                    customer.tier_since = day;
                })
                .is_ok()
    }

    /// What a block cannot stop: rights at stores, with what each store may still spend until it hears of it.
    pub fn exposure(&self, owner: u64) -> Vec<(NodeId, AccountId, i64)> {
        let Some(customer) = self.people.get(owner) else { return Vec::new() };
        let accounts = customer.wallets.iter().map(|held| customer.account(held.wallet, held.asset));
        accounts.flat_map(|account| self.holders(account).map(move |(store, right)| (store, account, right))).collect()
    }

    fn check_cards(&self, customer: &Customer) -> Result<(), PeopleError> {
        if customer.cards.len() > CARDS_MAX {
            return Err(PeopleError::TooManyCards);
        }
        for card in &customer.cards {
            let number = &card.number;
            if number.is_empty() || number.len() > NUMBER_BYTES_MAX || number.chars().any(char::is_control) {
                return Err(PeopleError::BadNumber);
            }
            if let Some(other) = self.people.by_number.get(number).filter(|other| **other != customer.owner) {
                return Err(PeopleError::NumberTaken(number.clone(), *other));
            }
        }
        Ok(())
    }

    /// Keep it, and tell the stores that know the customer.
    fn change(&mut self, mut customer: Customer) {
        customer.version += 1;
        self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), &customer);
        for held in &customer.wallets {
            self.book.open(customer.account(held.wallet, held.asset), held.limit);
        }
        self.people.know(customer.clone());
        let stores = self.knows.get(&customer.owner).cloned().unwrap_or_default();
        for store in stores {
            self.tell(store, &Told::Customer(Box::new(customer.clone())));
        }
    }

    /// After the book is loaded: accounts have the limits that customers have.
    pub fn loaded(&mut self) {
        let wallets: Vec<_> = self
            .people
            .by_owner
            .values()
            .flat_map(|customer| {
                customer.wallets.iter().map(|held| (customer.account(held.wallet, held.asset), held.limit))
            })
            .collect();
        for (account, limit) in wallets {
            self.book.open(account, limit);
        }
        self.open_campaigns();
    }

    /// A store hears of a customer for the first time.
    pub(super) fn introduce(&mut self, store: NodeId, customer: &Customer) {
        if self.knows.get(&customer.owner).is_some_and(|stores| stores.contains(&store)) {
            return;
        }
        if self.tell(store, &Told::Customer(Box::new(customer.clone()))) {
            self.keep_known(customer.owner, store);
            if customer.home == 0 {
                let mut customer = customer.clone();
                customer.home = store;
                self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), &customer);
                self.people.know(customer);
            }
        }
    }

    fn keep_known(&mut self, owner: u64, store: NodeId) {
        let key = [&owner.to_be_bytes()[..], &store.to_be_bytes()].concat();
        self.book.put(space::KNOWS, &key, &());
        self.knows.entry(owner).or_default().insert(store);
    }

    /// A store that was out of touch while the root was restored hears of all its customers again.
    pub(super) fn retell(&mut self, store: NodeId) {
        let known = self.knows.iter().filter(|(_, stores)| stores.contains(&store)).map(|(owner, _)| *owner);
        for owner in known.collect::<Vec<_>>() {
            if let Some(customer) = self.people.get(owner).cloned() {
                self.tell(store, &Told::Customer(Box::new(customer)));
            }
        }
    }

    /// What the root had told before it was restored.
    pub(super) fn relearn_customer(&mut self, customer: Customer, store: NodeId) {
        let newer = self.people.get(customer.owner).is_none_or(|known| known.version < customer.version);
        if newer {
            // Those that stores number have numbers of their own.
            if customer.owner & PROVISIONAL == 0 {
                self.meta.next_owner = self.meta.next_owner.max(customer.owner + 1);
                self.put_meta();
            }
            self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), &customer);
            for held in &customer.wallets {
                self.book.open(customer.account(held.wallet, held.asset), held.limit);
            }
            self.people.know(customer.clone());
        }
        self.keep_known(customer.owner, store);
    }

    /// A store that was alone met somebody. Others may have met the same one before it.
    pub(super) fn opened_by_store(&mut self, store: NodeId, mut customer: Customer) {
        let owner = customer.owner;
        match self.people.get(owner).cloned() {
            Some(known) => self.introduce(store, &known),
            None => {
                let real = customer.cards.iter().find_map(|card| self.people.by_number.get(&card.number).copied());
                customer.provisional = false;
                if let Some(real) = real {
                    customer.cards.clear();
                    customer.forward = Some(self.resolve(real));
                    customer.closed = true;
                }
                customer.cards.truncate(CARDS_MAX);
                self.keep_known(owner, store);
                self.change(customer);
            }
        }
        let real = self.resolve(owner);
        if real != owner
            && let Some(real) = self.people.get(real).cloned()
        {
            self.introduce(store, &real);
        }
    }

    pub(super) fn bought(&mut self, owner: u64, transfer: &domain::ledger::transfer::Transfer) {
        let buys = matches!(transfer.code, TransferCode::Purchase | TransferCode::Accrue | TransferCode::AccruePending);
        if let Some(customer) = self.people.get(owner)
            && buys
            && !customer.bought
        {
            let mut customer = customer.clone();
            customer.bought = true;
            self.change(customer);
        }
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
        let mut source = self.people.by_owner[&from].clone();
        let mut target = self.people.by_owner[&into].clone();
        if source.cards.len() + target.cards.len() > CARDS_MAX {
            return Err(PeopleError::TooManyCards);
        }
        let cards = std::mem::take(&mut source.cards);
        source.forward = Some(into);
        source.closed = true;
        target.cards.extend(cards.iter().cloned());
        for held in &source.wallets {
            if !target.has(held.wallet, held.asset) {
                target.wallets.push(Held { limit: 0, ..*held });
            }
        }
        self.change(source);
        self.change(target);
        let number = self.merges.len() as u64 + 1;
        let merge = Merge { from, into, day: now.moment.day, cards, moved: Vec::new(), undone: false };
        self.put_merge(number, merge);
        let accounts = self.wallets_of(from);
        for account in accounts {
            self.forward(account, now);
        }
        Ok(number)
    }

    fn wallets_of(&self, owner: u64) -> Vec<AccountId> {
        let Some(customer) = self.people.get(owner) else { return Vec::new() };
        let own: Vec<AccountId> =
            customer.wallets.iter().map(|held| customer.account(held.wallet, held.asset)).collect();
        let pending = own.iter().filter_map(|account| pending_of(*account));
        let pending: Vec<AccountId> = pending.filter(|id| self.book.ledger.account(*id).is_some()).collect();
        [own, pending].concat()
    }

    fn put_merge(&mut self, number: u64, merge: Merge) {
        self.book.put(space::MERGE, &number.to_be_bytes(), &merge);
        self.merges.insert(number, merge);
    }

    /// What is on a merged customer's wallet goes to the other.
    pub(super) fn forward(&mut self, wallet: AccountId, now: Now) {
        let owner = wallet.owner();
        let into = self.resolve(owner);
        if into == owner {
            return;
        }
        let Some(kind) = wallet.kind() else { return };
        let to = AccountId::wallet(kind, wallet.asset(), into);
        if let Some(moved) = self.move_wallet(wallet, to, TransferCode::MergeMove, None, now) {
            let merge = self.merges.iter().rev().find(|(_, merge)| merge.from == owner && !merge.undone);
            if let Some((number, merge)) = merge.map(|(number, merge)| (*number, merge.clone())) {
                let mut merge = merge;
                merge.moved.push(moved);
                self.put_merge(number, merge);
            }
            self.settle_shortfall(to, now);
            self.serve_wants(to, now);
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
        self.post(transfer, now).is_posted().then_some(Moved { from, to, amount, lots })
    }

    /// Two customers again: cards and what is left of the moved lots go back.
    pub fn unmerge(&mut self, number: u64, now: Now) -> Result<(), PeopleError> {
        let mut merge = self.merges.get(&number).filter(|merge| !merge.undone).cloned().ok_or(PeopleError::NoMerge)?;
        if now.moment.day > merge.day + UNMERGE_DAYS {
            return Err(PeopleError::TooLate);
        }
        let mut source = self.people.get(merge.from).cloned().ok_or(PeopleError::Unknown(merge.from))?;
        let into = self.resolve(merge.into);
        let mut target = self.people.get(into).cloned().ok_or(PeopleError::Unknown(into))?;
        let back = |card: &Card| merge.cards.iter().any(|moved| moved.number == card.number);
        let (cards, rest): (Vec<Card>, Vec<Card>) = target.cards.into_iter().partition(back);
        target.cards = rest;
        source.cards = cards;
        source.forward = None;
        source.closed = false;
        merge.undone = true;
        let moved = std::mem::take(&mut merge.moved);
        self.change(target);
        self.change(source);
        self.put_merge(number, Merge { moved: moved.clone(), ..merge });
        for moved in &moved {
            let to = AccountId::wallet(moved.to.kind().unwrap_or(AccountKind::Prepaid), moved.to.asset(), into);
            self.move_wallet(to, moved.from, TransferCode::UnmergeMove, Some(moved), now);
        }
        Ok(())
    }

    pub(super) fn wallets_kind(&self, account: AccountId) -> Option<messages::v1::accounts::Wallet> {
        wallet_of(account.kind()?)
    }

    /// The number of a store; a new name gets the next.
    pub fn number_of(&mut self, name: &str) -> NodeId {
        if let Some(store) = self.stores.get(name) {
            return *store;
        }
        let taken = self.stores.values().chain(self.peers.keys()).max();
        let store = taken.map_or(1, |last| last + 1);
        self.stores.insert(name.to_owned(), store);
        self.book.put(space::STORE, name.as_bytes(), &(name, store));
        self.add_store(store);
        store
    }

    /// Names of stores by number.
    pub fn stores(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.stores.iter().map(|(name, store)| (name.as_str(), *store))
    }

    /// Stores, made known before they first speak.
    pub fn add_store(&mut self, store: NodeId) {
        let row = super::PeerRow { synced: self.meta.epoch, ..super::PeerRow::default() };
        self.peers.entry(store).or_insert(Peer { row, ..Peer::default() });
        self.put_peer(store);
    }

    pub fn replace_card(&mut self, old: &str, new: &str) -> Result<(), PeopleError> {
        let owner = self.whose(old).ok_or_else(|| PeopleError::UnknownNumber(old.to_owned()))?.owner;
        self.update_customer(owner, |customer| {
            let limits = customer.card(old).cloned();
            for card in customer.cards.iter_mut().filter(|card| card.number == old) {
                card.state = CardState::Replaced;
            }
            let (day_max, pin) = limits.map_or((None, None), |card| (card.day_max, card.pin));
            customer.cards.push(Card { number: new.to_owned(), state: CardState::Active, day_max, pin });
        })
    }
}
