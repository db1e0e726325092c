//! One receipt, from its first line to its fiscal document, as a machine of events.
//!
//! `Open → Paying → Paid → Fiscalising → Fiscalised → Closed`, or `Cancelled`. Claims of scarce things (bonus points,
//! marked goods) will stand between Open and Paying, their confirmation between Fiscalised and Closed.
//!
//! Invariants, kept on in every build:
//! - R-1 The total is the sum of the lines that are not voided.
//! - R-2 Tenders less change are the total when a receipt is paid; change is given from cash only.
//! - R-3 A line keeps its number, its price and its VAT rate whatever happens to the catalogue; an item that is entered
//!   again while the receipt is open has the price it had the first time.
//! - R-4 A voided line stays to be seen, counts for nothing and cannot be voided again.
//! - R-5 The device's state before fiscalisation is part of the receipt's history before the device is asked for anything.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::allocation;
use crate::ids::{ItemCode, OperatorNumber, ReceiptId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::vat::VatRate;

mod decide;

pub use decide::Input;

/// Most lines of one receipt: a wholesale customer's, and what a fiscal device prints in a minute.
pub const LINES_MAX: usize = 2_000;
/// Largest amount of a line, a tender or a receipt: what fits a fiscal device's five bytes.
pub const AMOUNT_MAX: Money = Money::from_minor(999_999_999_999);
/// Largest quantity of a line, in units: what fits a fiscal device.
pub const QUANTITY_MAX: Quantity = Quantity::from_thousandths(99_999_999);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Sale,
    Return,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    Cash,
    Card,
    Gift,
    Credit,
    Points,
}

impl fmt::Display for TenderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TenderKind::Cash => "cash",
            TenderKind::Card => "cards",
            TenderKind::Gift => "gift cards",
            TenderKind::Credit => "credit",
            TenderKind::Points => "points",
        })
    }
}

/// Where VAT is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VatRounding {
    /// A line at a time; the receipt's VAT is their sum.
    #[default]
    Line,
    /// Once for all lines of a rate; the lines share it.
    Group,
}

/// What made a line's price and sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineSource {
    Catalogue,
    /// The price was entered.
    OpenPrice,
    /// A label with a sum: the sum stands.
    Label,
    /// A sold line comes back: its part of the sale stands.
    Returned,
}

impl LineSource {
    /// The sum does not follow from price and quantity.
    pub fn has_fixed_sum(self) -> bool {
        matches!(self, LineSource::Label | LineSource::Returned)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// From 1.
    pub number: u32,
    pub code: ItemCode,
    pub name: String,
    pub quantity: Quantity,
    pub price: Money,
    pub discount: Money,
    /// What the customer pays for it, or gets for it.
    pub amount: Money,
    pub vat_rate: VatRate,
    pub vat: Money,
    pub source: LineSource,
    pub of_line: Option<u32>,
    pub voided: bool,
}

/// A line before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub code: ItemCode,
    pub name: String,
    pub price: Money,
    pub quantity: Quantity,
    pub discount: Money,
    /// A sum that stands, for the sources that have one.
    pub amount: Option<Money>,
    pub vat_rate: VatRate,
    pub vat: Option<Money>,
    pub source: LineSource,
    pub of_line: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    pub amount: Money,
    pub number: Option<String>,
}

/// What is known of a receipt when it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub uid: ReceiptId,
    pub sequence: u64,
    pub shift: u32,
    pub kind: Kind,
    pub operator: OperatorNumber,
    pub at: DateTime<FixedOffset>,
    pub vat_rounding: VatRounding,
    /// The sale whose goods come back.
    pub of: Option<ReceiptId>,
}

/// Proof of the fiscal device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    pub device: String,
    pub number: u32,
    pub sign: String,
}

/// The device as it was before it was asked for a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    pub device: String,
    pub last_document: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Opened(Opening),
    LinesAdded {
        lines: Vec<Line>,
    },
    QuantityChanged {
        line: u32,
        quantity: Quantity,
        amount: Money,
        vat: Money,
    },
    LineVoided {
        line: u32,
    },
    /// A part was voided; what is left of the line follows.
    LinePartVoided {
        line: u32,
        voided: Quantity,
        quantity: Quantity,
        amount: Money,
        vat: Money,
    },
    Tendered(Tender),
    /// `vats` are the lines' shares when VAT is rounded a group at a time.
    Paid {
        change: Money,
        vats: Option<Vec<Money>>,
    },
    Fiscalising(Baseline),
    /// None: nothing of the receipt had to go to the device.
    Fiscalised {
        sign: Option<Sign>,
    },
    Closed {
        at: DateTime<FixedOffset>,
    },
    Cancelled {
        at: DateTime<FixedOffset>,
    },
}

impl Event {
    /// The word by which the journal lists it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Opened(_) => "receipt_opened",
            Event::LinesAdded { .. } => "lines_added",
            Event::QuantityChanged { .. } => "quantity_changed",
            Event::LineVoided { .. } => "line_voided",
            Event::LinePartVoided { .. } => "line_part_voided",
            Event::Tendered(_) => "tendered",
            Event::Paid { .. } => "paid",
            Event::Fiscalising(_) => "fiscalising",
            Event::Fiscalised { .. } => "fiscalised",
            Event::Closed { .. } => "receipt_closed",
            Event::Cancelled { .. } => "receipt_cancelled",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Paying,
    Paid,
    Fiscalising(Baseline),
    Fiscalised,
    Closed { at: DateTime<FixedOffset> },
    Cancelled { at: DateTime<FixedOffset> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    opening: Opening,
    state: State,
    lines: Vec<Line>,
    tenders: Vec<Tender>,
    total: Money,
    tendered: Money,
    change: Money,
    sign: Option<Sign>,
    /// First price of each item of the catalogue on this receipt.
    prices: HashMap<ItemCode, (Money, VatRate)>,
}

impl Receipt {
    pub fn new(opening: Opening) -> Receipt {
        Receipt {
            opening,
            state: State::Open,
            lines: Vec::new(),
            tenders: Vec::new(),
            total: Money::ZERO,
            tendered: Money::ZERO,
            change: Money::ZERO,
            sign: None,
            prices: HashMap::new(),
        }
    }

    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn live_lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.voided)
    }

    pub fn tenders(&self) -> &[Tender] {
        &self.tenders
    }

    pub fn total(&self) -> Money {
        self.total
    }

    pub fn discount(&self) -> Money {
        self.live_lines().map(|line| line.discount).sum()
    }

    pub fn change(&self) -> Money {
        self.change
    }

    pub fn sign(&self) -> Option<&Sign> {
        self.sign.as_ref()
    }

    /// What is still to pay.
    pub fn due(&self) -> Money {
        if self.tendered < self.total { self.total - self.tendered } else { Money::ZERO }
    }

    /// Money was taken and no document closed it yet.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.state, State::Paid | State::Fiscalising(_) | State::Fiscalised)
    }

    /// VAT by rate, ascending.
    pub fn vat(&self) -> Vec<(VatRate, Money)> {
        by_rate(self.live_lines().map(|line| (line.vat_rate, line.vat)))
    }

    /// Turnover by rate, ascending.
    pub fn turnover(&self) -> Vec<(VatRate, Money)> {
        by_rate(self.live_lines().map(|line| (line.vat_rate, line.amount)))
    }

    /// What was paid by kind, net of change.
    pub fn paid(&self) -> Vec<(TenderKind, Money)> {
        let mut paid: Vec<(TenderKind, Money)> = Vec::new();
        for tender in &self.tenders {
            match paid.iter_mut().find(|(kind, _)| *kind == tender.kind) {
                Some((_, sum)) => *sum += tender.amount,
                None => paid.push((tender.kind, tender.amount)),
            }
        }
        if let Some((_, cash)) = paid.iter_mut().find(|(kind, _)| *kind == TenderKind::Cash) {
            *cash -= self.change;
        }
        paid.retain(|(_, sum)| !sum.is_zero());
        paid
    }

    /// Take in what was decided and stored. Events of another history are a defect.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Opened(opening) => *self = Receipt::new(opening.clone()),
            Event::LinesAdded { lines } => self.add(lines),
            Event::QuantityChanged { line, quantity, amount, vat }
            | Event::LinePartVoided { line, quantity, amount, vat, .. } => {
                let line = self.line_mut(*line);
                let before = line.amount;
                (line.quantity, line.amount, line.vat) = (*quantity, *amount, *vat);
                self.total = self.total - before + *amount;
            }
            Event::LineVoided { line } => {
                let line = self.line_mut(*line);
                line.voided = true;
                let amount = line.amount;
                self.total -= amount;
            }
            Event::Tendered(tender) => {
                self.tendered += tender.amount;
                self.tenders.push(tender.clone());
                self.state = State::Paying;
            }
            Event::Paid { change, vats } => self.pay(*change, vats.as_deref()),
            Event::Fiscalising(baseline) => self.state = State::Fiscalising(baseline.clone()),
            Event::Fiscalised { sign } => {
                self.sign.clone_from(sign);
                self.state = State::Fiscalised;
            }
            Event::Closed { at } => self.state = State::Closed { at: *at },
            Event::Cancelled { at } => self.state = State::Cancelled { at: *at },
        }
    }

    fn add(&mut self, lines: &[Line]) {
        for line in lines {
            assert_eq!(line.number, self.next_line(), "R-3: lines are numbered without a gap");
            if line.source == LineSource::Catalogue {
                self.prices.entry(line.code.clone()).or_insert((line.price, line.vat_rate));
            }
            self.total += line.amount;
            self.lines.push(line.clone());
        }
    }

    fn pay(&mut self, change: Money, vats: Option<&[Money]>) {
        if let Some(vats) = vats {
            for (line, vat) in self.lines.iter_mut().zip(vats) {
                line.vat = *vat;
            }
        }
        self.change = change;
        let sum: Money = self.live_lines().map(|line| line.amount).sum();
        assert_eq!(sum, self.total, "R-1: the total is the sum of the lines");
        assert_eq!(self.tendered - change, self.total, "R-2: tenders less change are the total");
        self.state = State::Paid;
    }

    fn next_line(&self) -> u32 {
        u32::try_from(self.lines.len() + 1).expect("lines are limited")
    }

    fn line_mut(&mut self, number: u32) -> &mut Line {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| self.lines.get_mut(index)).expect("an event names a line of its receipt")
    }

    /// Each line's share of the VAT that was rounded once a rate; a voided or returned line keeps its own.
    fn grouped_vats(&self) -> Vec<Money> {
        let mut vats: Vec<Money> = self.lines.iter().map(|line| line.vat).collect();
        let shares = |line: &Line| !line.voided && line.source != LineSource::Returned;
        for (rate, _) in self.turnover() {
            let group: Vec<usize> = (0..self.lines.len())
                .filter(|&index| shares(&self.lines[index]) && self.lines[index].vat_rate == rate)
                .collect();
            let amounts: Vec<Money> = group.iter().map(|&index| self.lines[index].amount).collect();
            let vat = rate.contained_in(amounts.iter().copied().sum());
            for (&index, share) in group.iter().zip(allocation::spread(vat, &amounts)) {
                vats[index] = share;
            }
        }
        vats
    }
}

fn by_rate(sums: impl Iterator<Item = (VatRate, Money)>) -> Vec<(VatRate, Money)> {
    let mut rates = std::collections::BTreeMap::new();
    for (rate, sum) in sums {
        *rates.entry(rate).or_insert(Money::ZERO) += sum;
    }
    rates.into_iter().collect()
}
