//! Who a customer is: cards and phones, wallets with their limits, what is blocked, and where a merged one went.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::transfer::Day;
use domain::ledger::{AccountId, AccountKind};
use messages::v1::accounts::Wallet;
use serde::{Deserialize, Serialize};

use super::NodeId;
use super::subordinate::till::PROVISIONAL;

/// Most cards and phones of one customer.
pub const CARDS_MAX: usize = 32;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    pub owner: u64,
    /// Grows with every change at the root.
    pub version: u64,
    pub name: String,
    #[serde(default)]
    pub cards: Vec<Card>,
    #[serde(default)]
    pub wallets: Vec<Held>,
    #[serde(default)]
    pub blocked: bool,
    #[serde(default)]
    pub closed: bool,
    /// Merged into this one.
    #[serde(default)]
    pub forward: Option<u64>,
    /// Opened by a store that was alone; the root has not seen it yet.
    #[serde(default)]
    pub provisional: bool,
    /// The store that keeps second copies of what the root does.
    #[serde(default)]
    pub home: NodeId,
    #[serde(default)]
    pub tier: String,
    #[serde(default)]
    pub tier_since: Day,
    #[serde(default)]
    pub birthday: Option<(u32, u32)>,
    #[serde(default)]
    pub bought: bool,
    /// Who brought this customer.
    #[serde(default)]
    pub referred_by: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub number: String,
    #[serde(default)]
    pub state: CardState,
    /// Most that this card spends a day, in minor units.
    #[serde(default)]
    pub day_max: Option<i64>,
    /// Its PIN, as `subordinate::limits::pin_of` keeps it.
    #[serde(default)]
    pub pin: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    #[default]
    Active,
    Blocked,
    /// Another card took its place.
    Replaced,
}

/// A wallet that the customer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub wallet: Wallet,
    pub asset: u32,
    /// How far it may go below zero.
    #[serde(default)]
    pub limit: i64,
}

impl Customer {
    pub fn card(&self, number: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.number == number)
    }

    pub fn account(&self, wallet: Wallet, asset: u32) -> AccountId {
        AccountId::wallet(kind_of(wallet), asset, self.owner)
    }

    /// Nobody who is known: a card that was sold.
    pub fn is_gift_card(&self) -> bool {
        !self.wallets.is_empty() && self.wallets.iter().all(|held| held.wallet == Wallet::Gift)
    }

    pub fn has(&self, wallet: Wallet, asset: u32) -> bool {
        self.wallets.iter().any(|held| held.wallet == wallet && held.asset == asset)
    }
}

/// All customers, and whose a number is.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) by_owner: BTreeMap<u64, Customer>,
    pub(crate) by_number: BTreeMap<String, u64>,
    /// Who was merged into whom, by the latter.
    pub(crate) merged: BTreeMap<u64, BTreeSet<u64>>,
}

/// A merged customer may have been merged again; a ring is not followed.
const MERGES_FOLLOWED_MAX: usize = 8;

impl People {
    pub(crate) fn get(&self, owner: u64) -> Option<&Customer> {
        self.by_owner.get(&owner)
    }

    /// A number is rather of a customer that the root numbered than of one that a store did, in whatever order they come.
    pub(crate) fn know(&mut self, customer: Customer) {
        if let Some(before) = self.by_owner.get(&customer.owner) {
            if let Some(merged) = before.forward.and_then(|into| self.merged.get_mut(&into)) {
                merged.remove(&customer.owner);
            }
            for card in &before.cards {
                // Another customer may have the card by now.
                if self.by_number.get(&card.number) == Some(&customer.owner) {
                    self.by_number.remove(&card.number);
                }
            }
        }
        let by_store = customer.owner & PROVISIONAL != 0;
        for card in &customer.cards {
            let taken = self.by_number.get(&card.number).is_some_and(|owner| owner & PROVISIONAL == 0);
            if !(by_store && taken) {
                self.by_number.insert(card.number.clone(), customer.owner);
            }
        }
        if let Some(into) = customer.forward {
            self.merged.entry(into).or_default().insert(customer.owner);
        }
        self.by_owner.insert(customer.owner, customer);
    }

    /// Whom a customer was merged into, or the customer.
    pub(crate) fn resolve(&self, owner: u64) -> u64 {
        let mut owner = owner;
        for _ in 0..MERGES_FOLLOWED_MAX {
            match self.get(owner).and_then(|customer| customer.forward) {
                Some(further) if self.by_owner.contains_key(&further) => owner = further,
                _ => break,
            }
        }
        owner
    }

    /// Whose number it is, merged ones followed.
    pub(crate) fn whose(&self, number: &str) -> Option<&Customer> {
        self.get(self.resolve(*self.by_number.get(number)?))
    }
}

/// The account of a wallet.
pub fn kind_of(wallet: Wallet) -> AccountKind {
    match wallet {
        Wallet::Points => AccountKind::Bonus,
        Wallet::Gift => AccountKind::Gift,
        Wallet::Prepaid => AccountKind::Prepaid,
        Wallet::Credit => AccountKind::Credit,
        Wallet::Stamps => AccountKind::Stamps,
    }
}

/// Where points wait until they are active.
pub(crate) fn pending_of(wallet: AccountId) -> Option<AccountId> {
    (wallet.kind() == Some(AccountKind::Bonus))
        .then(|| AccountId::wallet(AccountKind::BonusPending, wallet.asset(), wallet.owner()))
}

pub fn wallet_of(kind: AccountKind) -> Option<Wallet> {
    match kind {
        AccountKind::Bonus | AccountKind::BonusPending => Some(Wallet::Points),
        AccountKind::Gift => Some(Wallet::Gift),
        AccountKind::Prepaid => Some(Wallet::Prepaid),
        AccountKind::Credit => Some(Wallet::Credit),
        AccountKind::Stamps => Some(Wallet::Stamps),
        _ => None,
    }
}
