//! Customers at the root, the only writer of who they are: cards, blocks, tiers. Stores are told.

use domain::ledger::transfer::{Day, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind};

use super::merges::UNMERGE_DAYS;
use super::{Peer, Root};
use crate::machine::NodeId;
use crate::machine::book::space;
use crate::machine::customer::{CARDS_MAX, Card, CardState, Customer, wallet_of};
use crate::machine::given::{self, Given, Limited, points_of};
use crate::machine::log::Told;
use crate::machine::wire::NUMBER_BYTES_MAX;

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
    #[error("the number {0} is there twice")]
    NumberTwice(String),
    #[error("a customer is not brought by himself")]
    BroughtBySelf,
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

    pub fn owner_of(&self, number: &str) -> Result<u64, PeopleError> {
        let known = self.whose(number).ok_or_else(|| PeopleError::UnknownNumber(number.to_owned()))?;
        Ok(known.owner)
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
        let owner = self.owner_of(number)?;
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
        if customer.referred_by.is_some_and(|by| self.resolve(by) == customer.owner) {
            return Err(PeopleError::BroughtBySelf);
        }
        if customer.cards.len() > CARDS_MAX {
            return Err(PeopleError::TooManyCards);
        }
        for (at, card) in customer.cards.iter().enumerate() {
            let number = &card.number;
            if customer.cards[..at].iter().any(|before| before.number == *number) {
                return Err(PeopleError::NumberTwice(number.clone()));
            }
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
    pub(super) fn change(&mut self, mut customer: Customer) {
        customer.version += 1;
        self.keep(&customer);
        let stores = self.knows.get(&customer.owner).cloned().unwrap_or_default();
        for store in stores {
            self.tell(store, &Told::Customer(Box::new(customer.clone())));
        }
    }

    pub(super) fn keep(&mut self, customer: &Customer) {
        self.book.put(space::CUSTOMER, &customer.owner.to_be_bytes(), customer);
        for held in &customer.wallets {
            self.book.open(customer.account(held.wallet, held.asset), held.limit);
        }
        self.people.know(customer.clone());
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
                self.keep(&customer);
            }
        }
    }

    pub(super) fn keep_known(&mut self, owner: u64, store: NodeId) {
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

    pub(super) fn bought(&mut self, owner: u64, transfer: &Transfer) {
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

    /// Of what the programme says that it gives only so much.
    pub(super) fn note_given(&mut self, transfer: &Transfer, day: Day) {
        let limited = points_of(transfer).and_then(|points| self.limited.get(&points.asset()));
        let posted = || self.book.ledger.known(transfer.id).is_some_and(|known| known.is_posted());
        if limited.is_some() && posted() {
            given::note(&mut self.given, &mut self.book, transfer, day, limited);
        }
    }

    /// Lately, to a customer and to all who were merged into this one.
    pub(super) fn given_to(&self, points: AccountId) -> Given {
        let mut all = Given::default();
        if points.kind() == Some(AccountKind::Bonus) && !self.given.is_empty() {
            let owners = self.one_person(points.owner()).into_iter();
            let wallets = owners.map(|owner| AccountId::wallet(AccountKind::Bonus, points.asset(), owner));
            wallets.filter_map(|wallet| self.given.get(&wallet)).for_each(|given| all.add(given));
        }
        all
    }

    pub fn limited_by(&self, asset: u32) -> Option<&Limited> {
        self.limited.get(&asset)
    }

    /// Which rules of a programme give only so much, as it is published now.
    pub fn set_limited(&mut self, asset: u32, limited: Limited) {
        if self.limited.get(&asset) != Some(&limited) {
            self.book.put(space::LIMITED, &asset.to_be_bytes(), &(asset, &limited));
            self.limited.insert(asset, limited);
        }
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
        let owner = self.owner_of(old)?;
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
