//! A shift of a till: totals that grow with each receipt, so that an X or Z report costs the same after ten or ten thousand.
//!
//! Invariants:
//! - SH-1 What the drawer must hold = float + cash in − cash out + cash sales − cash returns, change taken off.
//! - SH-2 Sums by tender and sums by rate each add up to the turnover.
//! - SH-3 A shift older than 24 hours only closes.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::ids::OperatorNumber;
use crate::money::Money;
use crate::receipt::{AMOUNT_MAX, Kind, Receipt, TenderKind};
use crate::refusal::Refusal;
use crate::vat::VatRate;

/// A fiscal shift may not be longer.
pub const SHIFT_MAX: TimeDelta = TimeDelta::hours(24);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BothWays {
    pub sales: Money,
    pub returns: Money,
}

impl BothWays {
    fn add(&mut self, kind: Kind, amount: Money) {
        match kind {
            Kind::Sale => self.sales += amount,
            Kind::Return => self.returns += amount,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxed {
    pub turnover: BothWays,
    pub vat: BothWays,
}

/// What a closed receipt adds to its shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub kind: Kind,
    pub total: Money,
    /// A return of goods whose sale is not known.
    pub without_receipt: bool,
    /// As given: `change` is still in them.
    pub tenders: Vec<(TenderKind, Money)>,
    pub change: Money,
    pub turnover: Vec<(VatRate, Money)>,
    pub vat: Vec<(VatRate, Money)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub number: u32,
    pub business_day: NaiveDate,
    pub opened_at: DateTime<FixedOffset>,
    pub operator: OperatorNumber,
    pub float: Money,
    pub cash_in: Money,
    pub cash_out: Money,
    pub sales_count: u64,
    pub returns_count: u64,
    pub turnover: BothWays,
    pub cancelled_count: u64,
    pub cancelled: Money,
    /// Of the returns, those without a receipt.
    #[serde(default)]
    pub returns_without_receipt: Money,
    /// Net of change.
    pub tenders: BTreeMap<TenderKind, BothWays>,
    pub rates: BTreeMap<VatRate, Taxed>,
}

impl Shift {
    pub fn open(
        number: u32,
        at: DateTime<FixedOffset>,
        business_day: NaiveDate,
        operator: OperatorNumber,
        float: Money,
    ) -> Result<Shift, Refusal> {
        if float.is_negative() {
            return Err(Refusal::AmountNegative);
        }
        if float > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        Ok(Shift {
            number,
            business_day,
            opened_at: at,
            operator,
            float,
            cash_in: Money::ZERO,
            cash_out: Money::ZERO,
            sales_count: 0,
            returns_count: 0,
            turnover: BothWays::default(),
            cancelled_count: 0,
            cancelled: Money::ZERO,
            returns_without_receipt: Money::ZERO,
            tenders: BTreeMap::new(),
            rates: BTreeMap::new(),
        })
    }

    pub fn is_expired(&self, now: DateTime<FixedOffset>) -> bool {
        now - self.opened_at > SHIFT_MAX
    }

    /// What the drawer must hold.
    pub fn cash_expected(&self) -> Money {
        let cash = self.tenders.get(&TenderKind::Cash).copied().unwrap_or_default();
        self.float + self.cash_in - self.cash_out + cash.sales - cash.returns
    }

    /// Counted less expected: below zero is short.
    pub fn over_short(&self, counted: Money) -> Money {
        counted - self.cash_expected()
    }

    /// May `amount` be put in (above zero) or taken out (below)?
    pub fn decide_cash(&self, amount: Money) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Err(Refusal::AmountNotPositive);
        }
        if amount.abs() > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        self.decide_drawer(if amount.is_negative() { -amount } else { Money::ZERO })
    }

    /// Does the drawer hold `amount`?
    pub fn decide_drawer(&self, amount: Money) -> Result<(), Refusal> {
        let drawer = self.cash_expected();
        if amount > drawer { Err(Refusal::NotEnoughCash { drawer }) } else { Ok(()) }
    }

    pub fn move_cash(&mut self, amount: Money) {
        if amount.is_negative() {
            self.cash_out -= amount;
        } else {
            self.cash_in += amount;
        }
    }

    pub fn count_receipt(&mut self, receipt: &Receipt) {
        let opening = receipt.opening();
        self.add(&Counted {
            kind: opening.kind,
            total: receipt.total(),
            without_receipt: opening.kind == Kind::Return && opening.of.is_none() && opening.of_fiscal.is_none(),
            tenders: receipt.paid(),
            change: Money::ZERO,
            turnover: receipt.turnover(),
            vat: receipt.vat(),
        });
        self.check();
    }

    /// Count a receipt that was closed before and is known by its document. One that does not add up is not counted.
    pub fn count(&mut self, receipt: &Counted) -> Result<(), Refusal> {
        let paid = receipt.tenders.iter().map(|(_, amount)| *amount).sum::<Money>() - receipt.change;
        let sold: Money = receipt.turnover.iter().map(|(_, amount)| *amount).sum();
        if paid != receipt.total || sold != receipt.total {
            return Err(Refusal::DoesNotAddUp);
        }
        self.add(receipt);
        self.check();
        Ok(())
    }

    fn add(&mut self, receipt: &Counted) {
        let kind = receipt.kind;
        match kind {
            Kind::Sale => self.sales_count += 1,
            Kind::Return => self.returns_count += 1,
        }
        self.turnover.add(kind, receipt.total);
        if receipt.without_receipt {
            self.returns_without_receipt += receipt.total;
        }
        for (tender, amount) in &receipt.tenders {
            self.tenders.entry(*tender).or_default().add(kind, *amount);
        }
        if !receipt.change.is_zero() {
            self.tenders.entry(TenderKind::Cash).or_default().add(kind, -receipt.change);
        }
        for (rate, amount) in &receipt.turnover {
            self.rates.entry(*rate).or_default().turnover.add(kind, *amount);
        }
        for (rate, vat) in &receipt.vat {
            self.rates.entry(*rate).or_default().vat.add(kind, *vat);
        }
    }

    pub fn count_cancelled(&mut self, total: Money) {
        self.cancelled_count += 1;
        self.cancelled += total;
    }

    fn check(&self) {
        let tenders = |way: fn(&BothWays) -> Money| self.tenders.values().map(way).sum::<Money>();
        let rates = |way: fn(&BothWays) -> Money| self.rates.values().map(|taxed| way(&taxed.turnover)).sum::<Money>();
        assert_eq!(tenders(|sums| sums.sales), self.turnover.sales, "SH-2: sales by tender are the turnover");
        assert_eq!(tenders(|sums| sums.returns), self.turnover.returns, "SH-2: returns by tender are the turnover");
        assert_eq!(rates(|sums| sums.sales), self.turnover.sales, "SH-2: sales by rate are the turnover");
        assert_eq!(rates(|sums| sums.returns), self.turnover.returns, "SH-2: returns by rate are the turnover");
    }
}
