//! What every simulated fiscal registrar does, whatever it speaks: shifts, receipts, cash in and out, the printed roll.
//!
//! Pure, except that it owns its memory. A protocol reads its own commands, calls one method here, and turns [`Denied`] into
//! its own error number.

use std::collections::VecDeque;

use chrono::{NaiveDateTime, TimeDelta};
use domain::money::Money;
use domain::vat::VatRate;

use super::fault::Fault;
use memory::{DOCUMENTS_MAX, Event, Memory, Operation, PAYMENT_TYPES, StoredDocument, StoredKind, StoredLine};

pub(super) mod memory;

/// Printed lines that are kept to be looked at: a few long receipts.
const PRINTED_LINES_MAX: usize = 10_000;
/// A shift may not be longer.
const SHIFT_MAX: TimeDelta = TimeDelta::hours(24);

/// Who the simulated device is.
#[derive(Clone, Debug)]
pub struct EmulatorSettings {
    /// Number of the fiscal storage, 16 digits.
    pub storage: String,
    pub serial: u32,
    pub taxpayer: u64,
    /// Drivers choose the width of a line by a part of this name.
    pub name: String,
    /// The rate of tax group 1, used when a command gives no tax.
    pub base_rate: VatRate,
}

impl Default for EmulatorSettings {
    fn default() -> EmulatorSettings {
        EmulatorSettings {
            storage: "9999078900001234".into(),
            serial: 12_345,
            taxpayer: 7_701_234_567,
            name: "ШТРИХ-М-01Ф".into(),
            base_rate: VatRate::percent(22),
        }
    }
}

/// Why a registrar does not do what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// A shift is opened that is open, or closed that is closed.
    WrongShiftState,
    ShiftClosed,
    ShiftExpired,
    StorageFull,
    NothingSold,
    PaidTooLittle,
    NonCashTooMuch,
    NotEnoughCash,
}

/// A receipt that waits for its last check. Payments are by type, cash as the customer gave it.
#[derive(Debug)]
pub(super) struct NewReceipt {
    pub(super) operation: Operation,
    pub(super) lines: Vec<StoredLine>,
    pub(super) payments: [Money; PAYMENT_TYPES],
    pub(super) total: Money,
}

/// What was made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) number: u32,
    pub(super) sign: u32,
    pub(super) change: Money,
}

#[derive(Debug)]
pub(super) struct CashRegister {
    pub(super) settings: EmulatorSettings,
    pub(super) memory: Memory,
    /// Events that the shell has not yet written down; nothing is kept for a device without a file.
    pub(super) unsaved: Option<Vec<Event>>,
    /// Name of the cashier for the next document.
    pub(super) cashier: String,
    pub(super) printed: VecDeque<String>,
    pub(super) drawer_openings: u32,
    pub(super) fault: Fault,
    /// How far the device's clock is from the real one.
    pub(super) clock_offset: TimeDelta,
    /// The last command stored a document.
    pub(super) stored: bool,
}

impl CashRegister {
    pub(super) fn new(settings: EmulatorSettings, memory: Memory, is_saved: bool) -> CashRegister {
        CashRegister {
            settings,
            memory,
            unsaved: is_saved.then(Vec::new),
            cashier: String::new(),
            printed: VecDeque::new(),
            drawer_openings: 0,
            fault: Fault::None,
            clock_offset: TimeDelta::zero(),
            stored: false,
        }
    }

    pub(super) fn open_shift(&mut self, now: NaiveDateTime) -> Result<Made, Denied> {
        if self.memory.is_shift_open() {
            return Err(Denied::WrongShiftState);
        }
        let shift = self.memory.shift.wrapping_add(1);
        let made = self.store(now, shift, |document| document.kind = StoredKind::OpenShift)?;
        self.print(format!("ОТКРЫТИЕ СМЕНЫ {shift}"));
        Ok(made)
    }

    pub(super) fn close_shift(&mut self, now: NaiveDateTime) -> Result<Made, Denied> {
        if !self.memory.is_shift_open() {
            return Err(Denied::WrongShiftState);
        }
        let report = self.report_lines();
        let made = self.store(now, self.memory.shift, |document| document.kind = StoredKind::CloseShift)?;
        self.print(format!("ЗАКРЫТИЕ СМЕНЫ {}", self.memory.shift));
        report.into_iter().for_each(|line| self.print(line));
        Ok(made)
    }

    /// Whether [`CashRegister::register`] would make a document: its change.
    pub(super) fn check(&self, receipt: &NewReceipt, now: NaiveDateTime) -> Result<Money, Denied> {
        self.working_shift(now)?;
        let NewReceipt { operation, lines, payments, total } = receipt;
        if lines.is_empty() || total.is_zero() {
            return Err(Denied::NothingSold);
        }
        let paid: Money = payments.iter().copied().sum();
        if paid < *total {
            return Err(Denied::PaidTooLittle);
        }
        if paid - payments[0] > *total {
            return Err(Denied::NonCashTooMuch);
        }
        let change = paid - *total;
        if !operation.brings_cash() && payments[0] - change > self.memory.cash {
            return Err(Denied::NotEnoughCash);
        }
        self.storage_has_room()?;
        Ok(change)
    }

    /// Check the payments, store the document, print it.
    pub(super) fn register(&mut self, receipt: NewReceipt, now: NaiveDateTime) -> Result<Made, Denied> {
        let change = self.check(&receipt, now)?;
        let NewReceipt { operation, lines, mut payments, total } = receipt;
        payments[0] -= change;
        self.print_receipt(operation, &lines, total, change);
        let made = self.store(now, self.memory.shift, |document| {
            document.kind = StoredKind::Receipt(operation);
            document.lines = lines;
            document.payments = payments;
            document.change = change;
            document.total = total;
        })?;
        self.print(format!("ФД {} ФП {}", made.number, made.sign));
        Ok(made)
    }

    pub(super) fn move_cash(&mut self, into: bool, amount: Money, now: NaiveDateTime) -> Result<(), Denied> {
        if self.is_shift_expired(now) {
            return Err(Denied::ShiftExpired);
        }
        if !into && amount > self.memory.cash {
            return Err(Denied::NotEnoughCash);
        }
        self.record(if into { Event::CashIn(amount) } else { Event::CashOut(amount) });
        self.print(format!("{} {amount}", if into { "ВНЕСЕНИЕ" } else { "ВЫПЛАТА" }));
        Ok(())
    }

    pub(super) fn report_x(&mut self) {
        self.print("ОТЧЕТ БЕЗ ГАШЕНИЯ".into());
        self.report_lines().into_iter().for_each(|line| self.print(line));
    }

    pub(super) fn print(&mut self, line: String) {
        if self.printed.len() == PRINTED_LINES_MAX {
            self.printed.pop_front();
        }
        self.printed.push_back(line);
    }

    /// A document may be made in the shift.
    pub(super) fn working_shift(&self, now: NaiveDateTime) -> Result<(), Denied> {
        if !self.memory.is_shift_open() {
            return Err(Denied::ShiftClosed);
        }
        if self.is_shift_expired(now) { Err(Denied::ShiftExpired) } else { Ok(()) }
    }

    pub(super) fn is_shift_expired(&self, now: NaiveDateTime) -> bool {
        self.memory.totals.opened_at.is_some_and(|opened| now - opened >= SHIFT_MAX)
    }

    /// The tax inside an amount, as the device computes it when none is given.
    pub(super) fn tax(&self, group: u8, amount: Money) -> Money {
        match group {
            0 | 4 => self.settings.base_rate.contained_in(amount),
            1 | 5 => VatRate::percent(10).contained_in(amount),
            _ => Money::ZERO,
        }
    }

    pub(super) fn record(&mut self, event: Event) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.push(event.clone());
        }
        self.memory.apply(event);
    }

    /// Store a document under the next number.
    fn store(
        &mut self,
        now: NaiveDateTime,
        shift: u16,
        fill: impl FnOnce(&mut StoredDocument),
    ) -> Result<Made, Denied> {
        self.storage_has_room()?;
        let mut document = StoredDocument {
            number: self.memory.last_number() + 1,
            kind: StoredKind::OpenShift,
            at: now,
            shift,
            operator: std::mem::take(&mut self.cashier),
            lines: Vec::new(),
            payments: Default::default(),
            change: Money::ZERO,
            total: Money::ZERO,
            sign: 0,
        };
        fill(&mut document);
        document.sign = self.sign(&document);
        let made = Made { number: document.number, sign: document.sign, change: document.change };
        self.record(Event::Stored(Box::new(document)));
        self.stored = true;
        Ok(made)
    }

    /// A sign that depends on the storage, the document and the sign before it: FNV-1a over them.
    fn sign(&self, document: &StoredDocument) -> u32 {
        let before = self.memory.documents.last().map_or(0, |last| last.sign);
        let total = document.total.minor().to_le_bytes();
        let minutes = document.at.and_utc().timestamp().div_euclid(60).to_le_bytes();
        self.settings
            .storage
            .bytes()
            .chain(document.number.to_le_bytes())
            .chain(before.to_le_bytes())
            .chain(total)
            .chain(minutes)
            .fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }

    fn storage_has_room(&self) -> Result<(), Denied> {
        if self.memory.documents.len() < DOCUMENTS_MAX { Ok(()) } else { Err(Denied::StorageFull) }
    }

    fn print_receipt(&mut self, operation: Operation, lines: &[StoredLine], total: Money, change: Money) {
        let title = match operation {
            Operation::Sale => "ПРИХОД",
            Operation::Buy => "РАСХОД",
            Operation::SaleReturn => "ВОЗВРАТ ПРИХОДА",
            Operation::BuyReturn => "ВОЗВРАТ РАСХОДА",
        };
        self.print(title.into());
        for line in lines {
            self.print(format!("{} {} x {} = {}", line.name, line.quantity, line.price, line.amount));
        }
        self.print(format!("ИТОГ {total}"));
        if change.is_positive() {
            self.print(format!("СДАЧА {change}"));
        }
    }

    /// The lines of an X or Z report.
    fn report_lines(&self) -> Vec<String> {
        let totals = &self.memory.totals;
        let line = |title: &str, operation: Operation| {
            let paid: Money = totals.payments.iter().map(|sums| sums[operation as usize]).sum();
            format!("{title} {} НА {paid}", totals.receipts[operation as usize])
        };
        vec![
            line("ПРИХОД", Operation::Sale),
            line("ВОЗВРАТ ПРИХОДА", Operation::SaleReturn),
            format!("НАЛИЧНЫХ В КАССЕ {}", self.memory.cash),
        ]
    }
}
