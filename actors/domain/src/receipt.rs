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

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};

use crate::allocation;
use crate::ids::ItemCode;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::vat::VatRate;

mod decide;
mod event;

pub use decide::Input;
pub use event::{Baseline, Event, Kind, Line, LineSource, NewLine, Opening, Sign, Tender, TenderKind, VatRounding};

/// Most lines of one receipt: a wholesale customer's, and what a fiscal device prints in a minute.
pub const LINES_MAX: usize = 2_000;
/// Largest amount of a line, a tender or a receipt: what fits a fiscal device's five bytes.
pub const AMOUNT_MAX: Money = Money::from_minor(999_999_999_999);
/// Largest quantity of a line, in units: what fits a fiscal device.
pub const QUANTITY_MAX: Quantity = Quantity::from_thousandths(99_999_999);

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
    prices: BTreeMap<ItemCode, (Money, VatRate)>,
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
            prices: BTreeMap::new(),
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
