//! What may be done with the money of a receipt: tenders, what terminals are asked for, what goes back.

use super::{
    AMOUNT_MAX, Asked, AskedFor, Event, Kind, Proof, Receipt, State, TENDERS_MAX, Tender, TenderKind, VatRounding, pricing,
};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::rounding::CashRounding;

impl Receipt {
    /// May a tender of `kind` and `amount` be taken? Answers what is due for it.
    fn may_tender(
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
        if matches!(kind, TenderKind::Gift | TenderKind::Points) {
            return Err(Refusal::TenderNotTaken(kind));
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
        Ok(due)
    }

    /// One tender, and the payment of the receipt when it covers what is due.
    pub(super) fn decide_tender(
        &self,
        tender: &Tender,
        rounding: Option<CashRounding>,
    ) -> Result<Vec<Event>, Refusal> {
        match &self.asked {
            None => {}
            Some(asked) if asked.kind == tender.kind && asked.amount == tender.amount && tender.proof.is_some() => {}
            Some(_) => return Err(Refusal::TerminalAsked),
        }
        let due = self.may_tender(tender.kind, tender.amount, rounding)?;
        let by = due - self.due();
        let mut events = Vec::new();
        let mut tender = tender.clone();
        if tender.amount >= due && !by.is_zero() {
            events.push(Event::Rounded { by, lines: pricing::round(&self.lines, by) });
            if self.opening.kind == Kind::Return {
                tender.amount = due;
            }
        }
        events.push(Event::Tendered(tender.clone()));
        if tender.amount >= due {
            let mut after = self.clone();
            events.iter().for_each(|event| after.apply(event));
            events.push(Event::Paid { change: tender.amount - due, vats: after.vats_when_paid() });
        }
        Ok(events)
    }

    fn vats_when_paid(&self) -> Option<Vec<Money>> {
        match self.opening.vat_rounding {
            VatRounding::Line => None,
            VatRounding::Group => Some(self.grouped_vats()),
        }
    }

    pub(super) fn decide_ask(&self, asked: &Asked) -> Result<Vec<Event>, Refusal> {
        match &asked.for_what {
            AskedFor::Payment | AskedFor::Refund { .. } => {
                self.may_tender(asked.kind, asked.amount, None)?;
            }
            AskedFor::Reversal { tender, .. } => {
                let there_is = self.tenders.get(*tender).filter(|tender| tender.proof.is_some());
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

    /// The tender by which the money of a line that is taken out goes back; none: in cash.
    pub fn gives_back(&self, line: u32) -> Result<Option<(usize, &Tender, Money)>, Refusal> {
        if !matches!(self.state, State::Paid | State::Fiscalising(_)) {
            return Err(self.wrong_state());
        }
        let amount = self.live_line(line)?.amount;
        if self.live_lines().count() == 1 {
            return Err(Refusal::LastLine);
        }
        let by = self.tenders.iter().enumerate().find(|(_, tender)| tender.proof.is_some() && tender.amount >= amount);
        Ok(by.map(|(index, tender)| (index, tender, amount)))
    }

    pub(super) fn decide_take_out(&self, line: u32, reversed: Option<&Proof>) -> Result<Vec<Event>, Refusal> {
        let by = self.gives_back(line)?;
        let amount = self.live_line(line)?.amount;
        let mut events = Vec::new();
        let change = match (by, reversed) {
            (Some((tender, _, amount)), Some(proof)) => {
                events.push(Event::TenderReversed { tender, amount, proof: proof.clone() });
                self.change
            }
            (Some(_), None) => return Err(Refusal::PaymentNotReversed),
            (None, _) => self.change + amount,
        };
        let cash: Money =
            self.tenders.iter().filter(|tender| tender.kind == TenderKind::Cash).map(|tender| tender.amount).sum();
        if change > cash {
            return Err(Refusal::PaymentNotReversed);
        }
        events.push(Event::LineVoided { line });
        let mark = self.live_line(line)?.traits.mark.as_ref();
        events.extend(mark.map(|mark| Event::Released {
            kind: crate::claims::ClaimKind::Mark,
            key: mark.identity.clone(),
        }));
        let mut after = self.clone();
        events.iter().for_each(|event| after.apply(event));
        events.push(Event::Paid { change, vats: after.vats_when_paid() });
        Ok(events)
    }
}
