//! What may be done with a receipt. Looks and answers; changes nothing.

use chrono::{DateTime, FixedOffset};

use super::account::{AccountAsked, Burn, KnownCustomer, Movement};
use super::{
    AMOUNT_MAX, Approval, Asked, Baseline, DISCOUNTS_MAX, Discount, DiscountBy, Event, Kind, LINES_MAX, Line,
    LineSource, NewLine, Proof, QUANTITY_MAX, Receipt, Sign, State, Tender, pricing,
};
use crate::claims::{Claim, ClaimKind};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::rounding::{self, CashRounding};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Add(Vec<NewLine>),
    ChangeQuantity {
        line: u32,
        quantity: Quantity,
    },
    /// All of a line, or a part of it.
    Void {
        line: u32,
        quantity: Option<Quantity>,
    },
    Discount(Discount),
    ChangePrice {
        line: u32,
        price: Money,
        reason: String,
    },
    Customer {
        number: String,
    },
    /// The processing centre said who it is.
    Known(Box<KnownCustomer>),
    /// The processing centre is going to be asked.
    AskAccount(AccountAsked),
    /// It said no, or nothing.
    AccountRefused {
        operation: Uuid,
        code: String,
        may_hold: bool,
    },
    /// It said yes to points.
    Burn(Box<Burn>),
    /// What was taken from an account last goes back to it.
    GiveBack,
    /// What a return does to accounts.
    Settle(Vec<Movement>),
    /// The buyer is that old.
    ConfirmAge {
        years: u8,
    },
    /// A supervisor's word that was used for this receipt.
    Approve(Approval),
    /// A terminal is going to be asked.
    AskTerminal(Asked),
    /// It said no, or surely did nothing.
    TerminalRefused {
        reason: String,
    },
    /// It gave a tender, or a part of it, back.
    Reversed {
        proof: Proof,
    },
    /// One tender; cash may be rounded.
    Tender {
        tender: Tender,
        rounding: Option<CashRounding>,
    },
    /// Cash that leaves change, which stays here for what `line` sells.
    KeepChange {
        tender: Tender,
        rounding: Option<CashRounding>,
        line: Box<NewLine>,
    },
    /// A line of a receipt that is paid and surely has no document. Its money went back by the terminal, or goes back in cash.
    TakeOut {
        line: u32,
        reversed: Option<Proof>,
    },
    Fiscalise(Baseline),
    Fiscalised {
        sign: Option<Sign>,
    },
    Close {
        at: DateTime<FixedOffset>,
    },
    /// `at`, and only before the device was asked, or when it is known to have done nothing.
    Cancel {
        at: DateTime<FixedOffset>,
    },
    Park {
        at: DateTime<FixedOffset>,
        name: String,
    },
}

impl Receipt {
    pub fn decide(&self, input: &Input) -> Result<Vec<Event>, Refusal> {
        if matches!(self.state, State::Closed { .. } | State::Cancelled { .. } | State::Parked { .. }) {
            return Err(Refusal::NoReceipt);
        }
        match input {
            Input::TerminalRefused { .. } | Input::Reversed { .. } | Input::Tender { .. } | Input::TakeOut { .. } => {}
            // Nothing else happens while a terminal moves money.
            _ if self.asked.is_some() => return Err(Refusal::TerminalAsked),
            _ => {}
        }
        match input {
            Input::AccountRefused { .. } | Input::Burn(_) | Input::Tender { .. } | Input::Known(_) => {}
            // Nor while an account is asked.
            _ if self.account_asked.is_some() => return Err(Refusal::AccountAsked),
            _ => {}
        }
        match input {
            Input::Add(lines) => self.decide_add(lines),
            Input::ChangeQuantity { line, quantity } => self.decide_quantity(*line, *quantity),
            Input::Void { line, quantity } => self.decide_void(*line, *quantity),
            Input::Discount(discount) => self.decide_discount(discount),
            Input::ChangePrice { line, price, reason } => self.decide_price(*line, *price, reason),
            Input::Customer { .. } if self.burn.is_some() => Err(Refusal::PointsBurned),
            Input::Known(known) => match (&self.state, &self.customer) {
                (State::Open | State::Paying, Some(_)) => Ok(vec![Event::CustomerKnown(known.clone())]),
                _ => Err(self.wrong_state()),
            },
            Input::AskAccount(asked) => self.decide_account_ask(asked),
            Input::AccountRefused { operation, code, may_hold } => match &self.account_asked {
                Some(asked) if asked.operation == *operation => {
                    Ok(vec![Event::AccountRefused { operation: *operation, code: code.clone(), may_hold: *may_hold }])
                }
                _ => Err(Refusal::NothingWaits),
            },
            Input::Burn(burn) => self.decide_burn(burn),
            Input::GiveBack => self.decide_give_back(),
            Input::Settle(movements) => match (&self.state, self.opening.kind) {
                (State::Open | State::Paying, Kind::Return) => {
                    Ok(vec![Event::AccountsSettled { movements: movements.clone() }])
                }
                _ => Err(self.wrong_state()),
            },
            Input::Customer { number } => match self.state {
                State::Open | State::Paying => Ok(vec![Event::CustomerIdentified { number: number.clone() }]),
                _ => Err(self.wrong_state()),
            },
            Input::ConfirmAge { years } => Ok(vec![Event::AgeConfirmed { years: *years }]),
            Input::Approve(Approval { right, requester, approver, reason }) => Ok(vec![Event::Approved {
                right: *right,
                requester: requester.clone(),
                approver: approver.clone(),
                reason: reason.clone(),
            }]),
            Input::AskTerminal(asked) => self.decide_ask(asked),
            Input::TerminalRefused { reason } => match self.asked {
                Some(_) => Ok(vec![Event::TerminalRefused { reason: reason.clone() }]),
                None => Err(Refusal::NothingWaits),
            },
            Input::Reversed { proof } => self.decide_reversed(proof),
            Input::Tender { tender, rounding } => self.decide_tender(tender, *rounding),
            Input::KeepChange { tender, rounding, line } => self.decide_change_kept(tender, *rounding, line),
            Input::TakeOut { line, reversed } => self.decide_take_out(*line, reversed.as_ref()),
            Input::Fiscalise(baseline) => match self.state {
                State::Paid => Ok(vec![Event::Fiscalising(baseline.clone())]),
                _ => Err(self.wrong_state()),
            },
            Input::Fiscalised { sign } => match (&self.state, sign) {
                (State::Fiscalising(_), Some(_)) | (State::Paid, None) => {
                    Ok(vec![Event::Fiscalised { sign: sign.clone() }])
                }
                _ => Err(self.wrong_state()),
            },
            Input::Close { at } => match self.state {
                State::Fiscalised => Ok(vec![Event::Closed { at: *at }]),
                _ => Err(self.wrong_state()),
            },
            Input::Cancel { at } => match self.state {
                State::Open | State::Paying | State::Paid | State::Fiscalising(_) => match self.to_reverse() {
                    None => Ok(vec![Event::Cancelled { at: *at }]),
                    Some(_) => Err(Refusal::PaymentNotReversed),
                },
                _ => Err(self.wrong_state()),
            },
            Input::Park { at, name } => match self.state {
                State::Open if self.live_lines().next().is_none() => Err(Refusal::EmptyReceipt),
                State::Open if self.opening.kind == Kind::Return => Err(Refusal::ReturnNotParked),
                State::Open => {
                    let mut events = self.unburned().unwrap_or_default();
                    events.push(Event::Parked { at: *at, name: name.clone() });
                    Ok(events)
                }
                _ => Err(self.wrong_state()),
            },
        }
    }

    pub(super) fn wrong_state(&self) -> Refusal {
        match self.state {
            State::Open => Refusal::NotCovered { due: self.due() },
            State::Paying => Refusal::PaymentBegun,
            State::Paid | State::Fiscalising(_) | State::Fiscalised => Refusal::Paid,
            State::Closed { .. } | State::Cancelled { .. } | State::Parked { .. } => Refusal::NoReceipt,
        }
    }

    fn lines_may_change(&self) -> Result<(), Refusal> {
        match self.state {
            State::Open if self.taxed => Err(Refusal::PaymentBegun),
            State::Open if self.burn.is_some() => Err(Refusal::PointsBurned),
            State::Open => Ok(()),
            _ => Err(self.wrong_state()),
        }
    }

    fn decide_add(&self, new: &[NewLine]) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        if self.lines.len() + new.len() > LINES_MAX {
            return Err(Refusal::TooManyLines);
        }
        let mut total = self.total;
        let mut lines = Vec::with_capacity(new.len());
        for (number, line) in (self.next_line()..).zip(new) {
            let line = self.number(number, line)?;
            total += line.amount;
            lines.push(line);
        }
        if total > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        let mut events = Vec::with_capacity(1);
        for mark in lines.iter().filter_map(|line| line.traits.mark.as_ref()) {
            let twice = |event: &Event| matches!(event, Event::Claimed { claim } if claim.key == mark.identity);
            if self.claims.holds(ClaimKind::Mark, &mark.identity) || events.iter().any(twice) {
                return Err(Refusal::MarkTwice);
            }
            let claim = Claim { kind: ClaimKind::Mark, key: mark.identity.clone(), amount: None };
            events.push(Event::Claimed { claim });
        }
        events.push(Event::LinesAdded { lines });
        self.repriced(events)
    }

    /// `events`, and what discounts make of the lines after them.
    fn repriced(&self, mut events: Vec<Event>) -> Result<Vec<Event>, Refusal> {
        let discounted = |event: &Event| matches!(event, Event::Discounted(_));
        if self.discounts.is_empty() && !events.iter().any(discounted) {
            return Ok(events);
        }
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        let lines = pricing::reprice(&after.lines, &after.discounts);
        if !lines.is_empty() {
            let repriced = Event::Repriced { lines };
            after.apply(&repriced);
            events.push(repriced);
        }
        // A smaller discount in the place of a larger one makes a receipt dearer.
        if after.total > AMOUNT_MAX { Err(Refusal::AmountTooLarge) } else { Ok(events) }
    }

    pub(super) fn number(&self, number: u32, new: &NewLine) -> Result<Line, Refusal> {
        let (price, vat_rate) = match self.prices.get(&new.code) {
            Some(first) if new.source == LineSource::Catalogue => *first,
            _ => (new.price, new.vat_rate),
        };
        // A sale that was rounded up has lines with discounts below zero; they come back as they were.
        let is_surcharge = new.discount.is_negative() && new.source != LineSource::Returned;
        let sums = [Some(price), new.amount, new.vat];
        if is_surcharge || sums.iter().flatten().any(|sum| sum.is_negative()) {
            return Err(Refusal::AmountNegative);
        }
        let too_large = |sum: &Money| *sum > AMOUNT_MAX || *sum < -AMOUNT_MAX;
        if sums.iter().flatten().chain([&new.discount]).any(too_large) || new.quantity > QUANTITY_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        // A deposit follows its goods, so it comes after them.
        if let Some(goods) = new.traits.deposit_of.filter(|goods| *goods == 0 || *goods >= number) {
            return Err(Refusal::NoSuchLine(goods));
        }
        let amount = match new.amount {
            Some(fixed) => fixed,
            None => amount_of(price, new.quantity)?,
        };
        if !new.quantity.is_positive() {
            return Err(Refusal::QuantityNotPositive);
        }
        Ok(Line {
            number,
            code: new.code.clone(),
            name: new.name.clone(),
            quantity: new.quantity,
            price,
            discount: new.discount,
            amount,
            vat_rate,
            vat: new.vat.unwrap_or_else(|| vat_rate.contained_in(amount)),
            source: new.source,
            of_line: new.of_line,
            voided: false,
            traits: new.traits.clone(),
        })
    }

    pub(super) fn live_line(&self, number: u32) -> Result<&Line, Refusal> {
        let line = self.lines.iter().find(|line| line.number == number).ok_or(Refusal::NoSuchLine(number))?;
        if line.voided { Err(Refusal::LineVoided(number)) } else { Ok(line) }
    }

    fn decide_quantity(&self, number: u32, quantity: Quantity) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        let line = self.live_line(number)?;
        if line.source.has_fixed_sum() {
            return Err(Refusal::FixedSum(number));
        }
        if line.traits.mark.is_some() {
            return Err(Refusal::OneUnit(number));
        }
        let mut events = vec![changed(line, quantity)?];
        for deposit in self.deposits_of(number) {
            events.push(changed(deposit, quantity)?);
        }
        let mut after = self.total;
        for event in &events {
            if let Event::QuantityChanged { line, amount, .. } = event {
                let before = &self.lines[super::index(*line)];
                after = after - before.amount + *amount;
            }
        }
        if after > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        self.repriced(events)
    }

    pub(super) fn deposits_of(&self, number: u32) -> impl Iterator<Item = &Line> {
        self.live_lines().filter(move |line| line.traits.deposit_of == Some(number))
    }

    fn decide_discount(&self, discount: &Discount) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        let zero = match discount.by {
            DiscountBy::Percent { hundredths } if hundredths > 10_000 => return Err(Refusal::DiscountTooLarge),
            DiscountBy::Percent { hundredths } => hundredths == 0,
            DiscountBy::Amount(amount) => !amount.is_positive(),
        };
        if zero {
            return Err(Refusal::AmountNotPositive);
        }
        let stays = |before: &&Discount| before.line.is_none() || before.line != discount.line;
        if self.discounts.iter().filter(stays).count() >= DISCOUNTS_MAX {
            return Err(Refusal::TooManyDiscounts);
        }
        let touches = match discount.line {
            Some(number) => pricing::is_discountable(self.live_line(number)?),
            None => self.lines.iter().any(pricing::is_discountable),
        };
        if !touches {
            return Err(Refusal::NotDiscountable);
        }
        if let DiscountBy::Amount(amount) = discount.by
            && amount > self.discountable(discount.line)
        {
            return Err(Refusal::DiscountTooLarge);
        }
        self.repriced(vec![Event::Discounted(discount.clone())])
    }

    /// What a manual discount of `line`, or of all lines, may be taken from. A second discount of a line takes the place of
    /// the first, so that one is not taken off.
    pub fn discountable(&self, line: Option<u32>) -> Money {
        match line {
            Some(number) => pricing::left_of(number, &self.lines, &self.discounts),
            None => self.lines.iter().filter(|line| pricing::is_discountable(line)).map(|line| line.amount).sum(),
        }
    }

    fn decide_price(&self, number: u32, price: Money, reason: &str) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        let line = self.live_line(number)?;
        if line.source.has_fixed_sum() {
            return Err(Refusal::FixedSum(number));
        }
        if price.is_negative() {
            return Err(Refusal::AmountNegative);
        }
        let amount = amount_of(price, line.quantity)?;
        if self.total - line.amount + amount > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        let (vat, reason) = (line.vat_rate.contained_in(amount), reason.to_owned());
        self.repriced(vec![Event::PriceChanged { line: number, price, amount, vat, reason }])
    }

    fn decide_void(&self, number: u32, quantity: Option<Quantity>) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        let line = self.live_line(number)?;
        let voided = quantity.unwrap_or(line.quantity);
        if !voided.is_positive() {
            return Err(Refusal::QuantityNotPositive);
        }
        if voided > line.quantity {
            return Err(Refusal::VoidTooMuch { line: number, there_is: line.quantity });
        }
        if voided == line.quantity {
            let mut events = vec![Event::LineVoided { line: number }];
            events.extend(self.deposits_of(number).map(|deposit| Event::LineVoided { line: deposit.number }));
            events.extend(
                line.traits
                    .mark
                    .as_ref()
                    .map(|mark| Event::Released { kind: ClaimKind::Mark, key: mark.identity.clone() }),
            );
            return self.repriced(events);
        }
        if line.source.has_fixed_sum() {
            return Err(Refusal::FixedSum(number));
        }
        if line.traits.mark.is_some() {
            return Err(Refusal::OneUnit(number));
        }
        let quantity = line.quantity - voided;
        let mut events = vec![part_voided(line, quantity)?];
        for deposit in self.deposits_of(number).filter(|deposit| deposit.quantity > quantity) {
            events.push(part_voided(deposit, quantity)?);
        }
        self.repriced(events)
    }
}

fn changed(line: &Line, quantity: Quantity) -> Result<Event, Refusal> {
    let amount = amount_of(line.price, quantity)?;
    Ok(Event::QuantityChanged { line: line.number, quantity, amount, vat: line.vat_rate.contained_in(amount) })
}

/// All but `quantity` of `line` is voided.
fn part_voided(line: &Line, quantity: Quantity) -> Result<Event, Refusal> {
    let (voided, amount) = (line.quantity - quantity, amount_of(line.price, quantity)?);
    let vat = line.vat_rate.contained_in(amount);
    Ok(Event::LinePartVoided { line: line.number, voided, quantity, amount, vat })
}

fn amount_of(price: Money, quantity: Quantity) -> Result<Money, Refusal> {
    if !quantity.is_positive() {
        return Err(Refusal::QuantityNotPositive);
    }
    if price > AMOUNT_MAX || quantity > QUANTITY_MAX {
        return Err(Refusal::AmountTooLarge);
    }
    let amount = rounding::line_amount(price, quantity);
    if amount > AMOUNT_MAX { Err(Refusal::AmountTooLarge) } else { Ok(amount) }
}
