//! Customers' accounts of the node above, as a till may see them: held, released, and settled by the documents of receipts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::money::Money;
use messages::v1::accounts::{
    AccountOperation, Approval, Authorisation, Authorise, Customer, DeclineCode, Declined, Identified, LotPart,
    OperationKind, OperationsTaken, TillOperations, Wallet, WalletState,
};
use messages::v1::document::Document;
use uuid::Uuid;

use super::money;

/// The points of the tests' programme.
pub(crate) const POINTS: u32 = 1;
pub(crate) const ROUBLES: u32 = 643;

#[derive(Default)]
pub(crate) struct Accounts {
    pub(crate) cards: BTreeMap<String, Card>,
    pub(crate) holds: BTreeMap<Uuid, Hold>,
    /// Released before or after they were held: never held again.
    pub(crate) ended: BTreeSet<Uuid>,
    settled: BTreeSet<Uuid>,
    /// What the till said that it remembers.
    pub(crate) told: Vec<TillOperations>,
    pub(crate) answer: OperationsTaken,
    /// The next authorisation is done, and its answer lost.
    pub(crate) loses_answer: bool,
    /// Who asked, in order.
    pub(crate) asked: Vec<Authorise>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) tier: String,
    pub(crate) blocked: bool,
    pub(crate) balances: BTreeMap<(Wallet, u32), Money>,
    /// Who brought the customer.
    pub(crate) referred_by: Option<u64>,
    pub(crate) first_purchase: bool,
    /// What was given lately, of every programme.
    pub(crate) earned: Option<(NaiveDate, Money)>,
    pub(crate) given: Vec<(u32, NaiveDate)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Hold {
    number: String,
    wallet: (Wallet, u32),
    amount: Money,
}

impl Accounts {
    pub(crate) fn open(&mut self, number: &str, name: &str, wallet: Wallet, asset: u32, balance: &str) {
        let card = self.cards.entry(number.to_owned()).or_default();
        card.name = name.to_owned();
        card.balances.insert((wallet, asset), money(balance));
    }

    pub(crate) fn balance(&self, number: &str, wallet: Wallet, asset: u32) -> Money {
        self.cards.get(number).and_then(|card| card.balances.get(&(wallet, asset))).copied().unwrap_or_default()
    }

    fn held(&self, number: &str, wallet: (Wallet, u32)) -> Money {
        let holds = self.holds.values().filter(|hold| hold.number == number && hold.wallet == wallet);
        holds.map(|hold| hold.amount).sum()
    }

    pub(super) fn identify(&self, number: &str) -> Identified {
        let Some(card) = self.cards.get(number) else {
            return Identified::Declined(no(DeclineCode::UnknownCard, None));
        };
        if card.blocked {
            return Identified::Declined(no(DeclineCode::CardBlocked, None));
        }
        let wallets = card.balances.iter().map(|((wallet, asset), balance)| WalletState {
            wallet: *wallet,
            asset: *asset,
            balance: *balance,
            pending: Money::ZERO,
            here: *balance,
            expiring: None,
            earned: card.earned,
            given: card.given.clone(),
        });
        Identified::Customer(Box::new(Customer {
            owner: 5,
            number: number.to_owned(),
            name: card.name.clone(),
            tier: card.tier.clone(),
            birthday: None,
            first_purchase: card.first_purchase,
            referred_by: card.referred_by,
            provisional: false,
            wallets: wallets.collect(),
            online: true,
        }))
    }

    pub(super) fn authorise(&mut self, asked: Authorise) -> Authorisation {
        self.asked.push(asked.clone());
        if self.ended.contains(&asked.operation) {
            return Authorisation::Declined(no(DeclineCode::OperationEnded, None));
        }
        let wallet = (asked.wallet, asked.asset);
        let Some(card) = self.cards.get(&asked.number) else {
            return Authorisation::Declined(no(DeclineCode::UnknownCard, None));
        };
        let Some(balance) = card.balances.get(&wallet) else {
            return Authorisation::Declined(no(DeclineCode::NoSuchWallet, None));
        };
        let available = *balance - self.held(&asked.number, wallet);
        let amount = if asked.up_to { asked.amount.min(available) } else { asked.amount };
        if amount > available || !amount.is_positive() {
            return Authorisation::Declined(no(DeclineCode::NotEnough, Some(available)));
        }
        self.holds.insert(asked.operation, Hold { number: asked.number, wallet, amount });
        let lot = |origin, amount| LotPart {
            origin: Uuid::from_u128(origin),
            amount,
            activates_on: None,
            expires_on: None,
            campaign: 1,
        };
        let first = amount.min(money("200.00"));
        let lots = [lot(1, first), lot(2, amount - first)].into_iter().filter(|lot| lot.amount.is_positive());
        Authorisation::Approved(Approval {
            operation: asked.operation,
            owner: 5,
            amount,
            lots: lots.collect(),
            online: true,
            here: available - amount,
            mark: 0,
        })
    }

    pub(super) fn release(&mut self, operation: Uuid) -> Authorisation {
        assert!(!self.settled.contains(&operation), "what a closed receipt took is not given back");
        self.holds.remove(&operation);
        self.ended.insert(operation);
        Authorisation::Declined(no(DeclineCode::OperationEnded, None))
    }

    pub(super) fn tell(&mut self, operations: TillOperations) -> OperationsTaken {
        self.told.push(operations);
        self.answer.clone()
    }

    /// Documents arrive, each as often as it likes.
    pub(crate) fn settle(&mut self, documents: &[Document]) {
        for document in documents {
            if let Document::ReceiptClosed(receipt) = document {
                receipt.accounts.iter().for_each(|operation| self.settle_one(operation));
            }
        }
    }

    fn settle_one(&mut self, operation: &AccountOperation) {
        if !self.settled.insert(operation.operation) {
            return;
        }
        assert_eq!(operation.operation.as_u128() & 0xf, 0, "the last four bits are for the lines of an operation");
        let wallet = (operation.wallet, operation.asset);
        let card = self.cards.entry(operation.number.clone()).or_default();
        let balance = card.balances.entry(wallet).or_default();
        match operation.kind {
            OperationKind::Spend => {
                let hold = self.holds.remove(&operation.operation).expect("a spend was held");
                assert!(operation.amount <= hold.amount && hold.number == operation.number && hold.wallet == wallet);
                *balance -= operation.amount;
            }
            OperationKind::TakeBack => *balance -= operation.amount,
            OperationKind::Earn | OperationKind::PutBack | OperationKind::Load => *balance += operation.amount,
        }
    }
}

fn no(code: DeclineCode, available: Option<Money>) -> Declined {
    Declined { code, available, online: true }
}
