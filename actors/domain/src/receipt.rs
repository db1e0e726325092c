//! One receipt, from its first line to its fiscal document, as a machine of events.
//!
//! `Open → Paying → Paid → Fiscalising → Fiscalised → Closed`, or `Cancelled`, or `Parked`. Scarce things (marked units) are
//! claimed with their lines, pinned when the device is asked, and confirmed when the receipt closes: see [`crate::claims`].
//! While a terminal is asked for money nothing else happens to the receipt.
//!
//! Invariants, kept on in every build:
//! - R-1 The total is the sum of the lines that are not voided.
//! - R-2 Tenders less change are the total when a receipt is paid; change is given from cash only.
//! - R-3 A line keeps its number, its price and its VAT rate whatever happens to the catalogue; an item that is entered
//!   again while the receipt is open has the price it had the first time.
//! - R-4 A voided line stays to be seen, counts for nothing and cannot be voided again.
//! - R-8 Where VAT goes on top of prices it does so once, before the first tender, and lines do not change after it.
//! - R-6 A line's regular price times its quantity, or its label, is what it costs plus its discount.
//! - R-7 No money is asked of a terminal, to come or to go, before where the terminal stood is in the history.
//! - R-9 No customer account is asked for anything before the number of the operation is in the history.
//! - R-10 What burned points take off is in the discounts of lines; lines do not change while it is there.
//! - R-12 Change that the customer takes in points is a line of its own, added with the payment that leaves the change.
//! - R-11 What an account gave is in the closed receipt, or is given back.
//! - R-5 The device's state before fiscalisation is part of the receipt's history before the device is asked for anything.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveTime};

use crate::allocation;
use crate::claims::Claims;
use crate::ids::{ItemCode, OperatorNumber};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rights::Right;
use crate::rounding::{self, CashRounding};
use crate::vat::VatRate;

pub mod account;
mod decide;
mod event;
mod payment;
mod pricing;

pub use decide::Input;
pub use event::{
    Asked, AskedFor, Baseline, Discount, DiscountBy, Event, Kind, Line, LineSource, LineTraits, Mark, NewLine, Opening,
    PriceVat, Priced, Proof, Sign, Tender, TenderKind, VatRounding,
};
pub use pricing::hundredths_of;

use account::{AccountAsked, Burn, KnownCustomer, Movement};

/// Most lines of one receipt: a wholesale customer's, and what a fiscal device prints in a minute.
pub const LINES_MAX: usize = 2_000;
/// Largest amount of a line, a tender or a receipt: what fits a fiscal device's five bytes.
pub const AMOUNT_MAX: Money = Money::from_minor(999_999_999_999);
/// Largest quantity of a line, in units: what fits a fiscal device.
pub const QUANTITY_MAX: Quantity = Quantity::from_thousandths(99_999_999);
/// Most manual discounts of one receipt: more is not selling.
pub const DISCOUNTS_MAX: usize = 100;
/// Most tenders of one receipt: what a fiscal receipt can list.
pub const TENDERS_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Paying,
    Paid,
    Fiscalising(Baseline),
    Fiscalised,
    Closed { at: DateTime<FixedOffset> },
    Cancelled { at: DateTime<FixedOffset> },
    Parked { at: DateTime<FixedOffset> },
}

/// What a supervisor allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub right: Right,
    pub requester: OperatorNumber,
    pub approver: OperatorNumber,
    pub reason: String,
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
    asked: Option<Asked>,
    discounts: Vec<Discount>,
    rounding: Money,
    customer: Option<String>,
    known: Option<Box<KnownCustomer>>,
    account_asked: Option<AccountAsked>,
    burn: Option<Box<Burn>>,
    /// What a return does to accounts.
    settles: Vec<Movement>,
    /// Years that the buyer surely has.
    age_confirmed: u8,
    approvals: Vec<Approval>,
    claims: Claims,
    voids: Money,
    /// VAT is on the lines, whose prices have none.
    taxed: bool,
    /// Places of tenders of which something went back.
    reversed: BTreeSet<usize>,
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
            asked: None,
            discounts: Vec::new(),
            rounding: Money::ZERO,
            customer: None,
            known: None,
            account_asked: None,
            burn: None,
            settles: Vec::new(),
            age_confirmed: 0,
            approvals: Vec::new(),
            claims: Claims::default(),
            voids: Money::ZERO,
            taxed: false,
            reversed: BTreeSet::new(),
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
        self.total + self.tax_to_add().iter().map(|(_, vat)| *vat).sum()
    }

    /// Each line's share of the VAT that will go on top of it, by the line's place. Empty if prices have theirs in them.
    fn tax_to_add(&self) -> Vec<(usize, Money)> {
        if self.opening.price_vat == PriceVat::Included || self.taxed {
            return Vec::new();
        }
        let live = |index: &usize| !self.lines[*index].voided;
        let all = (0..self.lines.len()).filter(live);
        if self.opening.vat_rounding == VatRounding::Line {
            return all.map(|index| (index, self.lines[index].vat_rate.added_to(self.lines[index].amount))).collect();
        }
        let mut shares = Vec::new();
        for (rate, net) in self.turnover() {
            let group: Vec<usize> = all.clone().filter(|index| self.lines[*index].vat_rate == rate).collect();
            let amounts: Vec<Money> = group.iter().map(|index| self.lines[*index].amount).collect();
            shares.extend(group.into_iter().zip(allocation::spread(rate.added_to(net), &amounts)));
        }
        shares
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

    /// What a terminal is asked for and has not answered.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    pub fn discounts(&self) -> &[Discount] {
        &self.discounts
    }

    /// What rounding to whole cash changed the total by.
    pub fn rounding(&self) -> Money {
        self.rounding
    }

    pub fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    pub fn age_confirmed(&self) -> u8 {
        self.age_confirmed
    }

    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Sum of what was voided.
    pub fn voids(&self) -> Money {
        self.voids
    }

    /// A line that may not be paid for at this time of day.
    pub fn forbidden_at(&self, time: NaiveTime) -> Option<&Line> {
        self.live_lines().find(|line| line.traits.no_sale.is_some_and(|hours| hours.contain(time)))
    }

    /// A tender that a bank must give back before the receipt can be given up, with its place.
    pub fn to_reverse(&self) -> Option<(usize, &Tender)> {
        self.tenders.iter().enumerate().rev().find(|(_, tender)| tender.proof.is_some() && tender.amount.is_positive())
    }

    /// Is `amount` all of a tender of which nothing went back before?
    pub fn is_whole(&self, place: usize, amount: Money) -> bool {
        !self.reversed.contains(&place) && self.tenders.get(place).is_some_and(|tender| tender.amount == amount)
    }

    /// What is due when the rest is paid in cash.
    pub fn due_in_cash(&self, rounding: Option<CashRounding>) -> Money {
        let due = self.due();
        // What was paid for a sale comes back as it was paid.
        let comes_back = |line: &Line| line.source == LineSource::Returned;
        let rounds = self.opening.of.is_none() && self.rounding.is_zero() && !self.live_lines().any(comes_back);
        rounding.filter(|_| rounds).map_or(due, |rounding| rounding.of(due))
    }

    /// What is still to pay.
    pub fn due(&self) -> Money {
        let total = self.total();
        if self.tendered < total { total - self.tendered } else { Money::ZERO }
    }

    /// Money was taken and no document closed it yet, or a terminal has not answered.
    pub fn is_unfinished(&self) -> bool {
        self.asked.is_some() || matches!(self.state, State::Paid | State::Fiscalising(_) | State::Fiscalised)
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
                // Less of a line is a void, by whatever name.
                self.voids += self.lines[index(*line)].less_by(*amount).max(Money::ZERO);
                self.lines[index(*line)].quantity = *quantity;
                self.put(&Priced { line: *line, discount: Money::ZERO, amount: *amount, vat: *vat });
            }
            Event::LineVoided { line } => {
                let line = self.line_mut(*line);
                line.voided = true;
                let amount = line.amount;
                self.total -= amount;
                self.voids += amount;
            }
            Event::Discounted(discount) => {
                self.discounts.retain(|before| before.line.is_none() || before.line != discount.line);
                self.discounts.push(discount.clone());
            }
            Event::Repriced { lines } => lines.iter().for_each(|priced| self.put(priced)),
            Event::PriceChanged { line, price, amount, vat, .. } => {
                let changed = self.line_mut(*line);
                (changed.price, changed.source) = (*price, LineSource::OpenPrice);
                self.put(&Priced { line: *line, discount: Money::ZERO, amount: *amount, vat: *vat });
            }
            Event::CustomerIdentified { number } => {
                self.customer = Some(number.clone());
                self.known = None;
            }
            Event::CustomerKnown(known) => self.known = Some(known.clone()),
            Event::AccountAsked(asked) => self.account_asked = Some(asked.clone()),
            Event::AccountRefused { .. } => self.account_asked = None,
            Event::AccountsSettled { movements } => self.settles.clone_from(movements),
            Event::PointsBurned { burn, lines } => {
                self.account_asked = None;
                lines.iter().for_each(|priced| self.put(priced));
                for part in &burn.parts {
                    self.line_mut(part.line).traits.points = part.amount;
                }
                self.burn = Some(burn.clone());
            }
            Event::BurnUndone { lines } => {
                lines.iter().for_each(|priced| self.put(priced));
                self.lines.iter_mut().for_each(|line| line.traits.points = Money::ZERO);
                self.burn = None;
            }
            Event::TenderUndone { tender } => {
                self.tendered -= self.tenders[*tender].amount;
                self.tenders[*tender].amount = Money::ZERO;
                self.state = if self.tendered.is_zero() { State::Open } else { State::Paying };
            }
            Event::AgeConfirmed { years } => self.age_confirmed = self.age_confirmed.max(*years),
            Event::Approved { right, requester, approver, reason } => self.approvals.push(Approval {
                right: *right,
                requester: requester.clone(),
                approver: approver.clone(),
                reason: reason.clone(),
            }),
            Event::Claimed { claim } => self.claims.claim(claim.clone()),
            Event::Released { kind, key } => self.claims.release(*kind, key),
            Event::Taxed { lines } => {
                lines.iter().for_each(|priced| self.put(priced));
                self.taxed = true;
            }
            Event::Rounded { by, lines } => {
                lines.iter().for_each(|priced| self.put(priced));
                self.rounding += *by;
            }
            Event::TerminalAsked(asked) => self.asked = Some(asked.clone()),
            Event::TerminalRefused { .. } => self.asked = None,
            Event::TenderReversed { tender, amount, .. } => {
                self.asked = None;
                self.tenders[*tender].amount -= *amount;
                self.tendered -= *amount;
                self.reversed.insert(*tender);
                // Less than the total is paid now, whatever stood before.
                self.change = Money::ZERO;
                self.state = if self.tendered.is_zero() { State::Open } else { State::Paying };
            }
            Event::Tendered(tender) => {
                (self.asked, self.account_asked) = (None, None);
                self.tendered += tender.amount;
                self.tenders.push(tender.clone());
                self.state = State::Paying;
            }
            Event::Paid { change, vats } => self.pay(*change, vats.as_deref()),
            Event::Fiscalising(baseline) => {
                self.claims.pin();
                self.state = State::Fiscalising(baseline.clone());
            }
            Event::Fiscalised { sign } => {
                self.sign.clone_from(sign);
                self.state = State::Fiscalised;
            }
            Event::Closed { at } => {
                self.claims.confirm();
                self.state = State::Closed { at: *at };
            }
            Event::Cancelled { at } => {
                self.claims.release_all();
                self.state = State::Cancelled { at: *at };
            }
            Event::Parked { at, .. } => {
                self.claims.release_all();
                self.state = State::Parked { at: *at };
            }
        }
    }

    fn put(&mut self, priced: &Priced) {
        let line = self.line_mut(priced.line);
        let before = line.amount;
        (line.discount, line.amount, line.vat) = (priced.discount, priced.amount, priced.vat);
        self.total = self.total - before + priced.amount;
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

    /// The number that the next line will have.
    pub fn next_line(&self) -> u32 {
        u32::try_from(self.lines.len() + 1).expect("lines are limited")
    }

    fn line_mut(&mut self, number: u32) -> &mut Line {
        self.lines.get_mut(index(number)).expect("an event names a line of its receipt")
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

impl Line {
    /// What a customer pays less when only `regular` is left of the line: the discount shrinks with it.
    fn less_by(&self, regular: Money) -> Money {
        let net = regular.to_decimal() * self.amount.to_decimal();
        let left = net.checked_div((self.amount + self.discount).to_decimal());
        self.amount - left.map_or(Money::ZERO, rounding::to_money)
    }
}

/// Where the line with this number is.
fn index(number: u32) -> usize {
    usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).expect("lines are numbered from 1")
}

fn by_rate(sums: impl Iterator<Item = (VatRate, Money)>) -> Vec<(VatRate, Money)> {
    let mut rates = std::collections::BTreeMap::new();
    for (rate, sum) in sums {
        *rates.entry(rate).or_insert(Money::ZERO) += sum;
    }
    rates.into_iter().collect()
}
