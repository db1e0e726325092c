//! What may be done with a receipt. Looks and answers; changes nothing.

use chrono::{DateTime, FixedOffset};

use super::{
    AMOUNT_MAX, Baseline, Event, Kind, LINES_MAX, Line, LineSource, NewLine, QUANTITY_MAX, Receipt, Sign, State,
    Tender, TenderKind, VatRounding,
};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::rounding;

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
    Tender(Tender),
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
}

impl Receipt {
    pub fn decide(&self, input: &Input) -> Result<Vec<Event>, Refusal> {
        match input {
            Input::Add(lines) => self.decide_add(lines),
            Input::ChangeQuantity { line, quantity } => self.decide_quantity(*line, *quantity),
            Input::Void { line, quantity } => self.decide_void(*line, *quantity),
            Input::Tender(tender) => self.decide_tender(tender),
            Input::Fiscalise(baseline) => match self.state {
                State::Paid => Ok(vec![Event::Fiscalising(baseline.clone())]),
                _ => Err(self.wrong_state()),
            },
            Input::Fiscalised { sign } => match (&self.state, sign) {
                (State::Fiscalising(_), Some(_)) => Ok(vec![Event::Fiscalised { sign: sign.clone() }]),
                (State::Paid, None) => Ok(vec![Event::Fiscalised { sign: None }]),
                _ => Err(self.wrong_state()),
            },
            Input::Close { at } => match self.state {
                State::Fiscalised => Ok(vec![Event::Closed { at: *at }]),
                _ => Err(self.wrong_state()),
            },
            Input::Cancel { at } => match self.state {
                State::Open | State::Paying | State::Paid | State::Fiscalising(_) => {
                    Ok(vec![Event::Cancelled { at: *at }])
                }
                _ => Err(self.wrong_state()),
            },
        }
    }

    fn wrong_state(&self) -> Refusal {
        match self.state {
            State::Open => Refusal::NotCovered { due: self.due() },
            State::Paying => Refusal::PaymentBegun,
            State::Paid | State::Fiscalising(_) | State::Fiscalised => Refusal::Paid,
            State::Closed { .. } | State::Cancelled { .. } => Refusal::NoReceipt,
        }
    }

    fn lines_may_change(&self) -> Result<(), Refusal> {
        if self.state == State::Open { Ok(()) } else { Err(self.wrong_state()) }
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
        Ok(vec![Event::LinesAdded { lines }])
    }

    fn number(&self, number: u32, new: &NewLine) -> Result<Line, Refusal> {
        let (price, vat_rate) = match self.prices.get(&new.code) {
            Some(first) if new.source == LineSource::Catalogue => *first,
            _ => (new.price, new.vat_rate),
        };
        if price.is_negative() || new.discount.is_negative() || new.amount.is_some_and(Money::is_negative) {
            return Err(Refusal::AmountNegative);
        }
        let amount = match new.amount {
            Some(fixed) if fixed <= AMOUNT_MAX => fixed,
            Some(_) => return Err(Refusal::AmountTooLarge),
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
        })
    }

    fn live_line(&self, number: u32) -> Result<&Line, Refusal> {
        let line = self.lines.iter().find(|line| line.number == number).ok_or(Refusal::NoSuchLine(number))?;
        if line.voided { Err(Refusal::LineVoided(number)) } else { Ok(line) }
    }

    fn decide_quantity(&self, number: u32, quantity: Quantity) -> Result<Vec<Event>, Refusal> {
        self.lines_may_change()?;
        let line = self.live_line(number)?;
        if line.source.has_fixed_sum() {
            return Err(Refusal::FixedSum(number));
        }
        let amount = amount_of(line.price, quantity)?;
        if self.total - line.amount + amount > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        Ok(vec![Event::QuantityChanged { line: number, quantity, amount, vat: line.vat_rate.contained_in(amount) }])
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
            return Ok(vec![Event::LineVoided { line: number }]);
        }
        if line.source.has_fixed_sum() {
            return Err(Refusal::FixedSum(number));
        }
        let quantity = line.quantity - voided;
        let amount = amount_of(line.price, quantity)?;
        let vat = line.vat_rate.contained_in(amount);
        Ok(vec![Event::LinePartVoided { line: number, voided, quantity, amount, vat }])
    }

    /// One tender, and the payment of the receipt when it covers what is due.
    fn decide_tender(&self, tender: &Tender) -> Result<Vec<Event>, Refusal> {
        if !matches!(self.state, State::Open | State::Paying) {
            return Err(self.wrong_state());
        }
        if self.live_lines().next().is_none() {
            return Err(Refusal::EmptyReceipt);
        }
        if !matches!(tender.kind, TenderKind::Cash | TenderKind::Card) {
            return Err(Refusal::TenderNotTaken(tender.kind));
        }
        let due = self.due();
        if tender.amount.is_negative() || (tender.amount.is_zero() && !due.is_zero()) {
            return Err(Refusal::AmountNotPositive);
        }
        if tender.amount > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        let gives_change = tender.kind == TenderKind::Cash && self.opening.kind == Kind::Sale;
        if tender.amount > due && !gives_change {
            return Err(Refusal::OverDue { due });
        }
        let mut events = vec![Event::Tendered(tender.clone())];
        if tender.amount >= due {
            let vats = match self.opening.vat_rounding {
                VatRounding::Line => None,
                VatRounding::Group => Some(self.grouped_vats()),
            };
            events.push(Event::Paid { change: tender.amount - due, vats });
        }
        Ok(events)
    }
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
