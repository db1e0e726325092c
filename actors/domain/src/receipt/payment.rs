//! What may be done with the money of a receipt: tenders, what terminals are asked for, what goes back.

use super::account::{self, MovementKind};
use super::{
    AMOUNT_MAX, Asked, AskedFor, Event, Kind, LINES_MAX, Line, NewLine, Priced, Proof, Receipt, State, TENDERS_MAX,
    Tender, TenderKind, VatRounding, pricing,
};
use crate::claims::ClaimKind;
use crate::money::Money;
use crate::refusal::Refusal;
use crate::rounding::CashRounding;

impl Asked {
    /// Is `tender` what was asked for, with the terminal's word?
    fn answered_by(&self, tender: &Tender) -> bool {
        let moves_on = !matches!(self.for_what, AskedFor::Reversal { .. });
        moves_on && self.kind == tender.kind && self.amount == tender.amount && tender.proof.is_some()
    }

    /// Is it `amount` of this tender that was asked back?
    fn gives_back(&self, tender: usize, amount: Money) -> bool {
        matches!(self.for_what, AskedFor::Reversal { tender: of, .. } if of == tender) && self.amount == amount
    }
}

impl Receipt {
    /// May a tender of `kind` and `amount` be taken? Answers what is due for it.
    pub(super) fn may_tender(
        &self,
        kind: TenderKind,
        amount: Money,
        rounding: Option<CashRounding>,
    ) -> Result<Money, Refusal> {
        if !matches!(self.state, State::Open | State::Paying) {
            return Err(self.wrong_state());
        }
        if self.live_lines().next().is_none() {
            return Err(Refusal::EmptyReceipt);
        }
        if self.tenders.len() >= TENDERS_MAX {
            return Err(Refusal::TooManyTenders);
        }
        let due = if kind == TenderKind::Cash { self.due_in_cash(rounding) } else { self.due() };
        if amount.is_negative() || (amount.is_zero() && !due.is_zero()) {
            return Err(Refusal::AmountNotPositive);
        }
        if amount > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        let gives_change = kind == TenderKind::Cash && self.opening.kind == Kind::Sale;
        // Who owes 7.50 and pays 7.50 exactly is not stopped because 7.00 would do.
        let due_max = due.max(self.due());
        if amount > due_max && !gives_change {
            return Err(Refusal::OverDue { due: due_max });
        }
        // Rounded up, cash may not stop between the two: nothing would be due, and nothing paid.
        if amount < due && amount >= self.due() {
            return Err(Refusal::NotCovered { due });
        }
        Ok(due)
    }

    /// One tender, and the payment of the receipt when it covers what is due.
    pub(super) fn decide_tender(&self, tender: &Tender, rounding: Option<CashRounding>) -> Result<Vec<Event>, Refusal> {
        match &self.asked {
            None if tender.proof.is_some() => return Err(Refusal::NothingWaits),
            None => {}
            Some(asked) if asked.answered_by(tender) => {}
            Some(_) => return Err(Refusal::TerminalAsked),
        }
        let taken = tender.account.as_deref().filter(|movement| movement.kind == MovementKind::Spend);
        match taken {
            Some(taken) => self.answers_asked(taken)?,
            None if self.account_asked.is_some() => return Err(Refusal::AccountAsked),
            None => {}
        }
        let mut events = self.tax();
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        let due = after.may_tender(tender.kind, tender.amount, rounding)?;
        let by = due - after.due();
        let mut tender = tender.clone();
        let begun = events.len();
        if tender.amount >= due && !by.is_zero() {
            events.push(Event::Rounded { by, lines: pricing::round(&after.lines, by) });
            if self.opening.kind == Kind::Return {
                tender.amount = due;
            }
        }
        events.extend(taken.map(|taken| Event::Claimed { claim: account::claim(taken) }));
        events.push(Event::Tendered(tender.clone()));
        if tender.amount >= due {
            events[begun..].iter().for_each(|event| after.apply(event));
            // More than this tender, when of two that were more than the total one went back.
            let change = after.tendered - after.total;
            events.push(Event::Paid { change, vats: after.vats_when_paid() });
        }
        Ok(events)
    }

    /// Cash that closes the receipt and leaves change, all or a part of which stays here for what `line` sells.
    pub(super) fn decide_change_kept(
        &self,
        tender: &Tender,
        rounding: Option<CashRounding>,
        line: &NewLine,
    ) -> Result<Vec<Event>, Refusal> {
        let mut events = self.decide_tender(tender, rounding)?;
        let line = self.number(self.next_line(), line)?;
        let change = match events.pop() {
            Some(Event::Paid { change, .. }) if tender.kind == TenderKind::Cash => change,
            _ => Money::ZERO,
        };
        if !line.amount.is_positive() || line.amount > change {
            return Err(Refusal::NoChangeToKeep);
        }
        if self.lines.len() >= LINES_MAX {
            return Err(Refusal::TooManyLines);
        }
        let change = change - line.amount;
        events.push(Event::LinesAdded { lines: vec![line] });
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        if after.total > AMOUNT_MAX {
            return Err(Refusal::AmountTooLarge);
        }
        events.push(Event::Paid { change, vats: after.vats_when_paid() });
        Ok(events)
    }

    /// VAT goes on top of net lines when the first tender comes.
    fn tax(&self) -> Vec<Event> {
        let shares = self.tax_to_add();
        if shares.is_empty() {
            return Vec::new();
        }
        let taxed = |(index, vat): (usize, Money)| {
            let line = &self.lines[index];
            Priced { line: line.number, discount: line.discount, amount: line.amount + vat, vat }
        };
        vec![Event::Taxed { lines: shares.into_iter().map(taxed).collect() }]
    }

    fn vats_when_paid(&self) -> Option<Vec<Money>> {
        match self.opening.vat_rounding {
            // What went on top is known.
            _ if self.taxed => None,
            VatRounding::Line => None,
            VatRounding::Group => Some(self.grouped_vats()),
        }
    }

    pub(super) fn decide_ask(&self, asked: &Asked) -> Result<Vec<Event>, Refusal> {
        if !asked.kind.is_electronic() {
            return Err(Refusal::TenderNotTaken(asked.kind));
        }
        match &asked.for_what {
            AskedFor::Payment | AskedFor::Refund { .. } => {
                self.may_tender(asked.kind, asked.amount, None)?;
                if asked.amount.is_zero() {
                    return Err(Refusal::AmountNotPositive);
                }
            }
            AskedFor::Reversal { tender, .. } => {
                // A receipt that has its document is not undone.
                if self.state == State::Fiscalised {
                    return Err(self.wrong_state());
                }
                let there_is = self.tenders.get(*tender);
                let there_is = there_is.filter(|tender| tender.proof.is_some() && tender.kind == asked.kind);
                let there_is = there_is.map_or(Money::ZERO, |tender| tender.amount);
                if !asked.amount.is_positive() || asked.amount > there_is {
                    return Err(Refusal::OverDue { due: there_is });
                }
            }
        }
        Ok(vec![Event::TerminalAsked(asked.clone())])
    }

    pub(super) fn decide_reversed(&self, proof: &Proof) -> Result<Vec<Event>, Refusal> {
        let asked = self.asked.as_ref().ok_or(Refusal::NothingWaits)?;
        let AskedFor::Reversal { tender, .. } = asked.for_what else { return Err(Refusal::TerminalAsked) };
        Ok(vec![Event::TenderReversed { tender, amount: asked.amount, proof: proof.clone() }])
    }

    /// The tender by which the money of a line that is taken out, and of its deposits, goes back; none: in cash.
    pub fn gives_back(&self, line: u32) -> Result<Option<(usize, &Tender, Money)>, Refusal> {
        if !matches!(self.state, State::Paid | State::Fiscalising(_)) {
            return Err(self.wrong_state());
        }
        let amount: Money = self.taken_out(line)?.iter().map(|line| line.amount).sum();
        let gives = |tender: &Tender| tender.proof.is_some() && amount.is_positive() && tender.amount >= amount;
        let by = self.tenders.iter().enumerate().find(|(_, tender)| gives(tender));
        Ok(by.map(|(index, tender)| (index, tender, amount)))
    }

    /// What goes with a line that is taken out: itself and its deposits. Something must be left.
    fn taken_out(&self, line: u32) -> Result<Vec<&Line>, Refusal> {
        let out: Vec<&Line> = std::iter::once(self.live_line(line)?).chain(self.deposits_of(line)).collect();
        if out.len() == self.live_lines().count() { Err(Refusal::LastLine) } else { Ok(out) }
    }

    pub(super) fn decide_take_out(&self, line: u32, reversed: Option<&Proof>) -> Result<Vec<Event>, Refusal> {
        let by = self.gives_back(line)?;
        let out = self.taken_out(line)?;
        let mut events = Vec::new();
        let change = match (by, reversed, &self.asked) {
            (Some((tender, _, amount)), Some(proof), Some(asked)) if asked.gives_back(tender, amount) => {
                events.push(Event::TenderReversed { tender, amount, proof: proof.clone() });
                self.change
            }
            (_, _, Some(_)) => return Err(Refusal::TerminalAsked),
            (_, Some(_), None) => return Err(Refusal::NothingWaits),
            (Some(_), None, None) => return Err(Refusal::PaymentNotReversed),
            (None, None, None) => self.change + out.iter().map(|line| line.amount).sum(),
        };
        let cash: Money =
            self.tenders.iter().filter(|tender| tender.kind == TenderKind::Cash).map(|tender| tender.amount).sum();
        if change > cash {
            return Err(Refusal::PaymentNotReversed);
        }
        events.extend(out.iter().map(|line| Event::LineVoided { line: line.number }));
        events.extend(
            out.iter()
                .filter_map(|line| line.traits.mark.as_ref())
                .map(|mark| Event::Released { kind: ClaimKind::Mark, key: mark.identity.clone() }),
        );
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        events.push(Event::Paid { change, vats: after.vats_when_paid() });
        Ok(events)
    }
}
