//! What a simulated registrar remembers over a restart: documents, registers and the cash drawer.
//!
//! Every change is an [`Event`]; the memory is the sum of its events, so a file of events restores it exactly.

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use serde::{Deserialize, Serialize};

/// A storage of 36 months holds about this many documents.
pub(in crate::sim) const DOCUMENTS_MAX: usize = 250_000;
/// Lines are kept for the last documents only: the storage itself keeps none that the device can show.
const DETAILED_DOCUMENTS_MAX: usize = 10_000;
pub(in crate::sim) const PAYMENT_TYPES: usize = 16;
pub(in crate::sim) const TAX_GROUPS: usize = 6;
const DEPARTMENTS: usize = 16;

/// The four operations, in the order of the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    Sale,
    Buy,
    SaleReturn,
    BuyReturn,
}

impl Operation {
    pub(in crate::sim) const ALL: [Operation; 4] =
        [Operation::Sale, Operation::Buy, Operation::SaleReturn, Operation::BuyReturn];

    /// Which way cash goes.
    pub(in crate::sim) fn brings_cash(self) -> bool {
        matches!(self, Operation::Sale | Operation::BuyReturn)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredKind {
    OpenShift,
    Receipt(Operation),
    CloseShift,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLine {
    pub name: String,
    pub quantity: Quantity,
    pub price: Money,
    pub amount: Money,
    /// From 0: base rate, 10 %, 0 %, none, and the two computed rates.
    pub tax_group: u8,
    pub tax: Money,
    pub department: u8,
}

/// One document of the fiscal storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDocument {
    pub number: u32,
    pub kind: StoredKind,
    pub at: NaiveDateTime,
    pub shift: u16,
    pub operator: String,
    /// Gone from all but the last ten thousand documents.
    pub lines: Vec<StoredLine>,
    /// By payment type, cash net of change.
    pub payments: [Money; PAYMENT_TYPES],
    pub change: Money,
    pub total: Money,
    pub sign: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::sim) enum Event {
    Stored(Box<StoredDocument>),
    CashIn(Money),
    CashOut(Money),
    Cancelled { operation: Operation, total: Money },
}

/// Totals that a closed shift clears.
#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct ShiftTotals {
    pub(in crate::sim) opened_at: Option<NaiveDateTime>,
    pub(in crate::sim) payments: [[Money; 4]; PAYMENT_TYPES],
    pub(in crate::sim) turnover: [[Money; 4]; TAX_GROUPS],
    pub(in crate::sim) taxes: [[Money; 4]; TAX_GROUPS],
    pub(in crate::sim) departments: [[Money; 4]; DEPARTMENTS],
    pub(in crate::sim) receipts: [u16; 4],
    pub(in crate::sim) cash_in: Money,
    pub(in crate::sim) cash_out: Money,
    pub(in crate::sim) cancelled: [Money; 4],
}

#[derive(Clone, Debug, Default)]
pub(in crate::sim) struct Memory {
    pub(in crate::sim) documents: Vec<StoredDocument>,
    pub(in crate::sim) shift: u16,
    pub(in crate::sim) totals: ShiftTotals,
    pub(in crate::sim) cash: Money,
    pub(in crate::sim) sold_ever: Money,
    /// Running numbers, never cleared: receipts by operation, and all documents that a roll shows.
    pub(in crate::sim) receipts: [u16; 4],
    pub(in crate::sim) running: u16,
}

impl Memory {
    pub(in crate::sim) fn is_shift_open(&self) -> bool {
        self.totals.opened_at.is_some()
    }

    pub(in crate::sim) fn last_number(&self) -> u32 {
        self.documents.last().map_or(0, |document| document.number)
    }

    pub(in crate::sim) fn find(&self, number: u32) -> Option<&StoredDocument> {
        self.documents.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    pub(in crate::sim) fn apply(&mut self, event: Event) {
        match event {
            Event::Stored(document) => self.store(*document),
            Event::CashIn(amount) => {
                self.cash += amount;
                self.totals.cash_in += amount;
                self.running = self.running.wrapping_add(1);
            }
            Event::CashOut(amount) => {
                self.cash -= amount;
                self.totals.cash_out += amount;
                self.running = self.running.wrapping_add(1);
            }
            Event::Cancelled { operation, total } => {
                self.totals.cancelled[operation as usize] += total;
                self.running = self.running.wrapping_add(1);
            }
        }
    }

    fn store(&mut self, document: StoredDocument) {
        match document.kind {
            StoredKind::OpenShift => {
                self.shift = document.shift;
                self.totals = ShiftTotals { opened_at: Some(document.at), ..ShiftTotals::default() };
            }
            StoredKind::CloseShift => self.totals = ShiftTotals::default(),
            StoredKind::Receipt(operation) => self.count(operation, &document),
        }
        self.documents.push(document);
        if let Some(old) = self.documents.len().checked_sub(DETAILED_DOCUMENTS_MAX + 1) {
            self.documents[old].lines = Vec::new();
        }
    }

    fn count(&mut self, operation: Operation, document: &StoredDocument) {
        let place = operation as usize;
        for (sums, paid) in self.totals.payments.iter_mut().zip(document.payments) {
            sums[place] += paid;
        }
        for line in &document.lines {
            let group = usize::from(line.tax_group).min(TAX_GROUPS - 1);
            self.totals.turnover[group][place] += line.amount;
            self.totals.taxes[group][place] += line.tax;
            let department = usize::from(line.department.saturating_sub(1)).min(DEPARTMENTS - 1);
            self.totals.departments[department][place] += line.amount;
        }
        self.totals.receipts[place] = self.totals.receipts[place].wrapping_add(1);
        self.receipts[place] = self.receipts[place].wrapping_add(1);
        self.running = self.running.wrapping_add(1);
        let cash = document.payments[0];
        if operation.brings_cash() {
            self.cash += cash;
        } else {
            self.cash -= cash;
        }
        if operation == Operation::Sale {
            self.sold_ever += document.total;
        }
    }
}
