//! What the bank keeps of the simulated terminal: approved operations and the open day.
//!
//! Every change is an [`Event`]; the ledger is the sum of its events, so a file of events restores it exactly. Pure.

use chrono::NaiveDateTime;
use domain::money::Money;
use serde::{Deserialize, Serialize};

use crate::terminal::zvt::{errors, report};
use crate::terminal::{TerminalOperation, TerminalTotals};

/// Approved operations that fit: years of trade on one terminal.
const CHARGES_MAX: usize = 250_000;
/// Receipt and trace numbers begin again at 1 after these.
const RECEIPT_MAX: u16 = 9_999;
const TRACE_MAX: u32 = 999_999;

/// One approved operation, as the bank has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub operation: TerminalOperation,
    pub amount: Money,
    /// The same text that the driver gives as the reference of its approval.
    pub reference: String,
    /// Refund and reverse: the reference of the payment that was given back.
    pub of: Option<String>,
    pub reversed: bool,
}

/// The last operation, approved or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) operation: TerminalOperation,
    pub(super) amount: Money,
    pub(super) receipt: u16,
    pub(super) trace: u32,
    /// Receipt and trace number of the payment that was given back.
    pub(super) of: Option<(u16, u32)>,
    /// 0 is yes.
    pub(super) result: u8,
    pub(super) authorisation: String,
    pub(super) at: NaiveDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Done(Operation),
    DayClosed,
}

/// What the till asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) operation: TerminalOperation,
    /// Nothing for a reversal: its payment has it.
    pub(super) amount: Option<Money>,
    pub(super) receipt: Option<u16>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    operations: Vec<Operation>,
    charges: Vec<Charge>,
    /// Charges before this belong to closed days.
    day: usize,
    last: Option<Operation>,
}

impl Ledger {
    pub(super) fn charges(&self) -> &[Charge] {
        &self.charges
    }

    pub(super) fn last(&self) -> Option<&Operation> {
        self.last.as_ref()
    }

    /// The operation that the order makes, numbered; its result tells whether the bank allows it.
    pub(super) fn prepare(&self, order: Order, declined: Option<u8>, at: NaiveDateTime) -> Operation {
        let (receipt, trace) = match &self.last {
            Some(last) => (last.receipt % RECEIPT_MAX + 1, last.trace % TRACE_MAX + 1),
            None => (1, 1),
        };
        let place = order.receipt.and_then(|receipt| self.payment(receipt));
        let of = place.map(|place| (self.operations[place].receipt, self.operations[place].trace));
        let amount = order.amount.or(place.map(|place| self.charges[place].amount)).unwrap_or_default();
        let result = match (declined, self.allow(order, place, amount)) {
            (Some(code), _) | (None, Err(code)) => code,
            (None, Ok(())) => 0,
        };
        // Any six digits do; these differ from the trace number, so that nobody mixes them up.
        let authorisation = format!("{:06}", (trace.wrapping_mul(7_919) + 104_729) % 1_000_000);
        Operation { operation: order.operation, amount, receipt, trace, of, result, authorisation, at }
    }

    fn allow(&self, order: Order, payment: Option<usize>, amount: Money) -> Result<(), u8> {
        if self.charges.len() >= CHARGES_MAX {
            return Err(errors::TURNOVER_FULL);
        }
        match (order.operation, payment) {
            (TerminalOperation::Sale, _) => Ok(()),
            // Goods came back and the payment is not named: the customer's card is enough.
            (TerminalOperation::Refund, None) if order.receipt.is_none() => Ok(()),
            (_, None) => Err(errors::REVERSAL_NOT_POSSIBLE),
            (_, Some(place)) if self.charges[place].reversed => Err(errors::ALREADY_REVERSED),
            (TerminalOperation::Refund, Some(place)) if amount > self.left_of(place) => Err(errors::AMOUNT_TOO_LARGE),
            (TerminalOperation::Refund, Some(_)) => Ok(()),
            // A payment of a closed day, or one that is given back in part, is not undone as a whole.
            (TerminalOperation::Reverse, Some(place))
                if place < self.day || self.left_of(place) != self.charges[place].amount =>
            {
                Err(errors::REVERSAL_NOT_POSSIBLE)
            }
            (TerminalOperation::Reverse, Some(_)) => Ok(()),
        }
    }

    /// Receipt numbers come again; the last one counts.
    fn payment(&self, receipt: u16) -> Option<usize> {
        self.operations
            .iter()
            .rposition(|operation| operation.operation == TerminalOperation::Sale && operation.receipt == receipt)
    }

    /// What is left of a payment after its refunds.
    fn left_of(&self, place: usize) -> Money {
        let payment = &self.charges[place];
        let refunds = self.charges[place..].iter().filter(|charge| {
            charge.operation == TerminalOperation::Refund && charge.of.as_ref() == Some(&payment.reference)
        });
        refunds.fold(payment.amount, |left, refund| left - refund.amount)
    }

    /// Sums of the open day. A reversed payment and its reversal are out of them.
    pub(super) fn totals(&self) -> TerminalTotals {
        let mut totals = TerminalTotals::default();
        for charge in self.charges[self.day..].iter().filter(|charge| !charge.reversed) {
            match charge.operation {
                TerminalOperation::Sale => totals.sales += charge.amount,
                TerminalOperation::Refund => totals.refunds += charge.amount,
                TerminalOperation::Reverse => continue,
            }
            totals.count += 1;
        }
        totals
    }

    /// First and last receipt number of the open day.
    pub(super) fn receipts(&self) -> (u16, u16) {
        let of_day = &self.operations[self.day..];
        (of_day.first().map_or(0, |first| first.receipt), of_day.last().map_or(0, |last| last.receipt))
    }

    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::DayClosed => self.day = self.charges.len(),
            Event::Done(operation) => {
                self.last = Some(operation.clone());
                if operation.result == 0 {
                    self.book(operation);
                }
            }
        }
    }

    fn book(&mut self, operation: Operation) {
        if operation.operation == TerminalOperation::Reverse
            && let Some(place) = operation.of.and_then(|(receipt, _)| self.payment(receipt))
        {
            self.charges[place].reversed = true;
        }
        self.charges.push(Charge {
            operation: operation.operation,
            amount: operation.amount,
            reference: report::reference(operation.receipt, Some(operation.trace)),
            of: operation.of.map(|(receipt, trace)| report::reference(receipt, Some(trace))),
            reversed: false,
        });
        self.operations.push(operation);
    }
}
