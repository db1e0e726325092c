//! The fiscal storage of the simulated registrar: shifts, search, exchange status, tags (FFxxh, and 41h and E0h).

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::{Begun, Input, Refusal, Registrar, code, put_money};
use crate::sim::register::Made;
use crate::sim::register::memory::{Operation, StoredDocument, StoredKind};
use crate::text;

/// Phase "fiscal mode": configured and opened.
const PHASE_FISCAL: u8 = 3;
/// The storage never nears its end: it expires this many years from now.
const YEARS_LEFT: u8 = 3;
const TAG_CASHIER: u16 = 1021;
/// The longest group of tags that one command carries.
const TAGS_BYTES_MAX: usize = 250;

impl Registrar {
    pub(super) fn answer_storage(
        &mut self,
        command: u16,
        mut input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        if command == 0xE0 {
            let operator = self.operator(&mut input)?;
            input.end()?;
            self.open_shift(now)?;
            out.push(operator);
            return Ok(());
        }
        let operator = self.administrator(&mut input)?;
        match command {
            0xFF0A => {
                let document = self.register.memory.find(input.long()?).ok_or(code::NO_DATA)?;
                put_document(document, out);
            }
            0xFF0C => self.take_tags(input.remainder())?,
            _ => {
                input.end()?;
                self.answer_bare(command, operator, now, out)?;
            }
        }
        input.end()
    }

    /// Commands without parameters.
    fn answer_bare(
        &mut self,
        command: u16,
        operator: u8,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match command {
            0x41 => {
                self.close_shift(now)?;
                out.push(operator);
            }
            0xFF01 => self.put_storage_status(now, out),
            0xFF02 => self.put_number(out),
            // Expiry date, registrations left and made.
            0xFF03 => out.extend([year(now).saturating_add(YEARS_LEFT), month(now), 1, 15, 1]),
            0xFF04 => out.extend_from_slice(b"fn_sim v1.0     \0"),
            0xFF08 => {
                self.begun = None;
                self.open = None;
                self.marks.cancel();
                self.register.cashier.clear();
            }
            0xFF0B => {
                let made = self.open_shift(now)?;
                self.put_shift_document(made, out);
            }
            // Connected, and nothing waits: the tax operator confirms each document at once.
            0xFF39 => {
                out.extend([1, 0, 0, 0, 0, 0, 0, 0]);
                put_time(now, out);
            }
            0xFF3F => out.extend([0, 0]),
            0xFF40 => {
                out.push(u8::from(self.register.memory.is_shift_open()));
                out.extend_from_slice(&self.register.memory.shift.to_le_bytes());
                let receipts =
                    self.register.memory.totals.receipts.iter().fold(0_u16, |sum, count| sum.wrapping_add(*count));
                out.extend_from_slice(&receipts.to_le_bytes());
            }
            0xFF41 => self.begin(Begun::OpenShift)?,
            0xFF42 => self.begin(Begun::CloseShift)?,
            0xFF43 => {
                let made = self.close_shift(now)?;
                self.put_shift_document(made, out);
            }
            _ => return Err(code::UNKNOWN_COMMAND),
        }
        Ok(())
    }

    fn begin(&mut self, what: Begun) -> Result<(), Refusal> {
        self.no_receipt()?;
        if (what == Begun::CloseShift) != self.register.memory.is_shift_open() {
            return Err(code::STORAGE_STATE);
        }
        self.begun = Some(what);
        self.register.cashier.clear();
        Ok(())
    }

    fn open_shift(&mut self, now: NaiveDateTime) -> Result<Made, Refusal> {
        let made = self.register.open_shift(now)?;
        self.begun = None;
        Ok(made)
    }

    fn close_shift(&mut self, now: NaiveDateTime) -> Result<Made, Refusal> {
        self.no_receipt()?;
        let made = self.register.close_shift(now)?;
        self.begun = None;
        Ok(made)
    }

    fn put_shift_document(&self, made: Made, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.register.memory.shift.to_le_bytes());
        out.extend_from_slice(&made.number.to_le_bytes());
        out.extend_from_slice(&made.sign.to_le_bytes());
    }

    fn put_storage_status(&self, now: NaiveDateTime, out: &mut Vec<u8>) {
        let document = match (&self.open, self.begun) {
            (Some(_), _) => 4,
            (None, Some(Begun::OpenShift)) => 2,
            (None, Some(Begun::CloseShift)) => 8,
            (None, None) => 0,
        };
        out.extend([
            PHASE_FISCAL,
            document,
            u8::from(document != 0),
            u8::from(self.register.memory.is_shift_open()),
            0,
        ]);
        put_time(now, out);
        self.put_number(out);
        out.extend_from_slice(&self.register.memory.last_number().to_le_bytes());
    }

    fn put_number(&self, out: &mut Vec<u8>) {
        let end = out.len() + 16;
        out.extend(self.register.settings.storage.bytes().take(16));
        out.resize(end, b' ');
    }

    /// A tag is two bytes of number, two of length, a value. The cashier's name is kept, others are only walked over.
    fn take_tags(&mut self, tags: &[u8]) -> Result<(), Refusal> {
        if self.open.is_none() && self.begun.is_none() {
            return Err(code::STORAGE_STATE);
        }
        if tags.len() > TAGS_BYTES_MAX {
            return Err(code::BAD_LENGTH);
        }
        let mut input = Input { rest: tags };
        while !input.rest.is_empty() {
            let (tag, length) = (input.short()?, input.short()?);
            let value = input.bytes(usize::from(length))?;
            if tag == TAG_CASHIER {
                self.register.cashier = text::stored(value);
            }
        }
        Ok(())
    }
}

/// Type, confirmed by the tax operator, time, number, sign; then operation and sum, or the number of the shift.
fn put_document(document: &StoredDocument, out: &mut Vec<u8>) {
    let kind = match document.kind {
        StoredKind::OpenShift => 2,
        StoredKind::Receipt(_) => 3,
        StoredKind::CloseShift => 5,
    };
    out.extend([kind, 1]);
    put_time(document.at, out);
    out.extend_from_slice(&document.number.to_le_bytes());
    out.extend_from_slice(&document.sign.to_le_bytes());
    match document.kind {
        StoredKind::Receipt(operation) => {
            out.push(match operation {
                Operation::Sale => 1,
                Operation::SaleReturn => 2,
                Operation::Buy => 3,
                Operation::BuyReturn => 4,
            });
            put_money(document.total, 5, out);
        }
        StoredKind::OpenShift | StoredKind::CloseShift => out.extend_from_slice(&document.shift.to_le_bytes()),
    }
}

/// The storage writes the year first.
fn put_time(at: NaiveDateTime, out: &mut Vec<u8>) {
    out.extend([year(at), month(at), small(at.day()), small(at.hour()), small(at.minute())]);
}

pub(super) fn year(at: NaiveDateTime) -> u8 {
    u8::try_from(at.year().rem_euclid(100)).expect("below 100")
}

pub(super) fn month(at: NaiveDateTime) -> u8 {
    small(at.month())
}

pub(super) fn small(part: u32) -> u8 {
    u8::try_from(part).expect("a part of a date or time is at most 60")
}
