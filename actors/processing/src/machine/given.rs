//! What a programme gave to a customer lately, for rules that give only so much: points of a day, a birthday once a year.
//!
//! The root notes it from documents where the published programme has such a rule, and tells it with the balance. A store
//! notes what it wrote itself, too, and goes by both. So a day's limit holds over all shops that have a line; two shops
//! without one may both celebrate the same birthday.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::transfer::{Day, Transfer, TransferCode};
use domain::ledger::{AccountId, AccountKind};
use serde::{Deserialize, Serialize};

use super::book::{Book, space};

/// Most campaigns of a customer that are kept in mind; the one that gave longest ago is forgotten.
pub const CAMPAIGNS_MAX: usize = 32;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The business day of which `earned` is.
    pub day: Day,
    /// Points of that day less those taken back on it, in minor units.
    pub earned: i64,
    /// The last day on which each campaign gave.
    pub campaigns: BTreeMap<u32, Day>,
}

/// Which rules of a published programme give only so much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limited {
    pub day: bool,
    pub campaigns: BTreeSet<u32>,
}

impl Limited {
    fn has(&self, transfer: &Transfer) -> bool {
        self.day || self.campaigns.contains(&transfer.lot.campaign)
    }
}

impl Given {
    pub fn is_empty(&self) -> bool {
        *self == Given::default()
    }

    /// Count a movement of points. `limited`: what is to be kept in mind; none: everything. False: it is none of that.
    fn note(&mut self, transfer: &Transfer, day: Day, limited: Option<&Limited>) -> bool {
        let (points, gives) = match transfer.code {
            TransferCode::Accrue | TransferCode::AccruePending => (transfer.amount, true),
            TransferCode::Clawback => (-transfer.amount, false),
            _ => return false,
        };
        if limited.is_some_and(|limited| if gives { !limited.has(transfer) } else { !limited.day }) {
            return false;
        }
        if day > self.day || self.is_empty() {
            (self.day, self.earned) = (day, 0);
        }
        if day == self.day {
            self.earned = self.earned.saturating_add(points).max(0);
        }
        if gives {
            self.gave(transfer.lot.campaign, day);
        }
        true
    }

    /// What somebody else knows of the same customer, and may have counted in part.
    pub(crate) fn hear(&mut self, other: &Given) {
        if other.day > self.day || self.is_empty() {
            (self.day, self.earned) = (other.day, other.earned);
        } else if other.day == self.day {
            self.earned = self.earned.max(other.earned);
        }
        other.campaigns.iter().for_each(|(campaign, day)| self.gave(*campaign, *day));
    }

    /// What was given to somebody who is the same customer now.
    pub(crate) fn add(&mut self, other: &Given) {
        let both = if other.day == self.day { self.earned.saturating_add(other.earned) } else { 0 };
        self.hear(other);
        self.earned = self.earned.max(both);
    }

    fn gave(&mut self, campaign: u32, day: Day) {
        let last = self.campaigns.entry(campaign).or_insert(day);
        *last = (*last).max(day);
        if self.campaigns.len() > CAMPAIGNS_MAX {
            let oldest = self.campaigns.iter().min_by_key(|(_, day)| **day).map(|(campaign, _)| *campaign);
            self.campaigns.remove(&oldest.expect("there are some"));
        }
    }
}

/// What was given lately, by account of points.
pub(crate) type AllGiven = BTreeMap<AccountId, Given>;

/// Count a movement of points, and write it down if it was one to keep in mind.
pub(crate) fn note(all: &mut AllGiven, book: &mut Book, transfer: &Transfer, day: Day, limited: Option<&Limited>) {
    let Some(points) = points_of(transfer) else { return };
    let mut given = all.get(&points).cloned().unwrap_or_default();
    if given.note(transfer, day, limited) {
        book.put(space::GIVEN, &points.0.to_be_bytes(), &given);
        all.insert(points, given);
    }
}

/// The wallet to which points came or from which they were taken back, pending or not.
pub(crate) fn points_of(transfer: &Transfer) -> Option<AccountId> {
    let side = if transfer.code == TransferCode::Clawback { transfer.debit } else { transfer.credit };
    matches!(side.kind(), Some(AccountKind::Bonus | AccountKind::BonusPending))
        .then(|| AccountId::wallet(AccountKind::Bonus, side.asset(), side.owner()))
}
