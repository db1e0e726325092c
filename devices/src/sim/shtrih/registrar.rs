//! The simulated registrar: a command body and the time in, an answer body out. Pure, except that it owns its memory.
//!
//! Numbers of commands, error codes and layouts are those of the vendor's protocol. Answers begin with the command and
//! an error code; what follows is written by the file of the command's family.

use std::collections::{BTreeMap, VecDeque};

use chrono::{NaiveDateTime, TimeDelta};
use domain::money::Money;
use domain::vat::VatRate;

use super::memory::{DOCUMENTS_MAX, Event, Memory, StoredDocument, StoredKind};
use crate::sim::fault::Fault;
use receipts::OpenReceipt;

mod controls;
mod receipts;
mod status;
mod storage;

/// Printed lines that are kept to be looked at: a few long receipts.
const PRINTED_LINES_MAX: usize = 10_000;
/// A shift may not be longer.
const SHIFT_MAX: TimeDelta = TimeDelta::hours(24);

/// Operators 1 to 30; 29 and 30 are administrators.
const ADMINISTRATOR: u32 = 29;
const SYSTEM_ADMINISTRATOR: u32 = 30;

/// Error codes that are answered.
mod code {
    pub(super) const STORAGE_STATE: u8 = 0x02;
    pub(super) const STORAGE_FULL: u8 = 0x06;
    pub(super) const NO_DATA: u8 = 0x08;
    pub(super) const NOT_ENOUGH_CASH: u8 = 0x46;
    pub(super) const BAD_VALUE: u8 = 0x33;
    pub(super) const UNKNOWN_COMMAND: u8 = 0x37;
    pub(super) const SHIFT_CLOSED: u8 = 0x3D;
    pub(super) const PAID_TOO_LITTLE: u8 = 0x45;
    pub(super) const WRONG_KIND: u8 = 0x49;
    pub(super) const RECEIPT_OPEN: u8 = 0x4A;
    pub(super) const NON_CASH_TOO_MUCH: u8 = 0x4D;
    pub(super) const BUFFER_FULL: u8 = 0x4B;
    pub(super) const SHIFT_EXPIRED: u8 = 0x4E;
    pub(super) const WRONG_PASSWORD: u8 = 0x4F;
    pub(super) const RECEIPT_CLOSED: u8 = 0x55;
    pub(super) const NOTHING_TO_REPEAT: u8 = 0x56;
    pub(super) const NO_TABLE: u8 = 0x5D;
    pub(super) const NO_PAPER: u8 = 0x6B;
    pub(super) const WRONG_MODE: u8 = 0x73;
    pub(super) const DATE_DIFFERS: u8 = 0x7C;
    pub(super) const BAD_DATE: u8 = 0x7D;
    pub(super) const BAD_LENGTH: u8 = 0x7E;
    pub(super) const TOTAL_TOO_LARGE: u8 = 0x48;
    pub(super) const NEGATIVE_TOTAL: u8 = 0x5F;
    pub(super) const ZERO_TOTAL: u8 = 0x8E;
}

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

/// What is being made in the fiscal storage by its two-step commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    OpenShift,
    CloseShift,
}

#[derive(Debug)]
pub(super) struct Registrar {
    settings: EmulatorSettings,
    pub(super) memory: Memory,
    /// Events that the shell has not yet written down; nothing is kept for a device without a file.
    pub(super) unsaved: Option<Vec<Event>>,
    open: Option<OpenReceipt>,
    begun: Option<Begun>,
    /// Name of the cashier for the next document of a shift.
    cashier: String,
    tables: BTreeMap<(u8, u16, u8), Vec<u8>>,
    pub(super) printed: VecDeque<String>,
    pub(super) drawer_openings: u32,
    pub(super) fault: Fault,
    /// How far the device's clock is from the real one.
    pub(super) clock_offset: TimeDelta,
    unconfirmed_date: Option<chrono::NaiveDate>,
    /// The last command stored a document.
    pub(super) stored: bool,
}

/// Reads a command from its front.
struct Input<'a> {
    rest: &'a [u8],
}

/// An error code instead of an answer.
type Refusal = u8;

impl<'a> Input<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(code::BAD_LENGTH)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, Refusal> {
        Ok(self.bytes(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn byte(&mut self) -> Result<u8, Refusal> {
        Ok(self.bytes(1)?[0])
    }

    fn short(&mut self) -> Result<u16, Refusal> {
        Ok(u16::try_from(self.number(2)?).expect("two bytes"))
    }

    fn long(&mut self) -> Result<u32, Refusal> {
        Ok(u32::try_from(self.number(4)?).expect("four bytes"))
    }

    fn money(&mut self) -> Result<Money, Refusal> {
        Ok(Money::from_minor(i64::try_from(self.number(5)?).expect("five bytes")))
    }

    /// Money, or nothing when all five bytes are FF.
    fn given_money(&mut self) -> Result<Option<Money>, Refusal> {
        let amount = self.number(5)?;
        Ok((amount != 0xFF_FFFF_FFFF).then(|| Money::from_minor(i64::try_from(amount).expect("five bytes"))))
    }

    fn signed_short(&mut self) -> Result<i16, Refusal> {
        Ok(i16::from_le_bytes(self.short()?.to_le_bytes()))
    }

    /// Everything that is left.
    fn remainder(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    fn end(&self) -> Result<(), Refusal> {
        if self.rest.is_empty() { Ok(()) } else { Err(code::BAD_LENGTH) }
    }
}

fn put_money(amount: Money, bytes: usize, out: &mut Vec<u8>) {
    // A register of a device is unsigned.
    out.extend_from_slice(&amount.minor().max(0).to_le_bytes()[..bytes]);
}

impl Registrar {
    pub(super) fn new(settings: EmulatorSettings, memory: Memory, is_saved: bool) -> Registrar {
        Registrar {
            settings,
            memory,
            unsaved: is_saved.then(Vec::new),
            open: None,
            begun: None,
            cashier: String::new(),
            tables: BTreeMap::new(),
            printed: VecDeque::new(),
            drawer_openings: 0,
            fault: Fault::None,
            clock_offset: TimeDelta::zero(),
            unconfirmed_date: None,
            stored: false,
        }
    }

    /// Run one command and append its answer.
    pub(super) fn execute(&mut self, body: &[u8], real_time: NaiveDateTime, out: &mut Vec<u8>) {
        self.stored = false;
        let now = real_time + self.clock_offset;
        let (command, rest, code_length) = match body {
            [0xFF, low, rest @ ..] => (u16::from_be_bytes([0xFF, *low]), rest, 2),
            [low, rest @ ..] => (u16::from(*low), rest, 1),
            [] => return,
        };
        out.extend_from_slice(&body[..code_length]);
        let error_at = out.len();
        out.push(0);
        if let Err(error) = self.dispatch(command, Input { rest }, now, out) {
            out.truncate(error_at);
            out.push(error);
        }
    }

    fn dispatch(
        &mut self,
        command: u16,
        input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        self.suffer(command)?;
        match command {
            0x10 | 0x11 | 0x15 | 0x1A | 0x1B | 0xF7 | 0xFC => self.answer_status(command, input, now, out),
            0x80..=0x89 | 0x8C | 0x8D | 0x50 | 0x51 | 0xFF45 | 0xFF46 => self.answer_receipt(command, input, now, out),
            0x41 | 0xE0 | 0xFF01..=0xFF43 => self.answer_storage(command, input, now, out),
            _ => self.answer_service(command, input, now, out),
        }
    }

    /// The faults that show themselves as a refusal.
    fn suffer(&self, command: u16) -> Result<(), Refusal> {
        match self.fault {
            Fault::PaperOut if is_printing(command) => Err(code::NO_PAPER),
            Fault::Refuse(error) if makes_documents(command) => Err(error),
            _ => Ok(()),
        }
    }

    /// The operator's number, if the password is one of the thirty.
    fn operator(&self, input: &mut Input<'_>) -> Result<u8, Refusal> {
        match input.long()? {
            password @ 1..=SYSTEM_ADMINISTRATOR => Ok(u8::try_from(password).expect("at most 30")),
            _ => Err(code::WRONG_PASSWORD),
        }
    }

    fn administrator(&self, input: &mut Input<'_>) -> Result<u8, Refusal> {
        let operator = self.operator(input)?;
        if u32::from(operator) >= ADMINISTRATOR { Ok(operator) } else { Err(code::WRONG_PASSWORD) }
    }

    fn record(&mut self, event: Event) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.push(event.clone());
        }
        self.memory.apply(event);
    }

    /// Store a document under the next number and return its number and sign.
    fn store(
        &mut self,
        now: NaiveDateTime,
        shift: u16,
        fill: impl FnOnce(&mut StoredDocument),
    ) -> Result<(u32, u32), Refusal> {
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
        let made = (document.number, document.sign);
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

    fn is_shift_expired(&self, now: NaiveDateTime) -> bool {
        self.memory.totals.opened_at.is_some_and(|opened| now - opened >= SHIFT_MAX)
    }

    /// A document may be made in the shift.
    fn working_shift(&self, now: NaiveDateTime) -> Result<(), Refusal> {
        if !self.memory.is_shift_open() {
            return Err(code::SHIFT_CLOSED);
        }
        if self.is_shift_expired(now) { Err(code::SHIFT_EXPIRED) } else { Ok(()) }
    }

    fn storage_has_room(&self) -> Result<(), Refusal> {
        if self.memory.documents.len() < DOCUMENTS_MAX { Ok(()) } else { Err(code::STORAGE_FULL) }
    }

    fn no_receipt(&self) -> Result<(), Refusal> {
        if self.open.is_some() { Err(code::RECEIPT_OPEN) } else { Ok(()) }
    }

    fn print(&mut self, line: String) {
        if self.printed.len() == PRINTED_LINES_MAX {
            self.printed.pop_front();
        }
        self.printed.push_back(line);
    }
}

/// Commands that need paper.
fn is_printing(command: u16) -> bool {
    matches!(
        command,
        0x17..=0x19
            | 0x29
            | 0x2C
            | 0x2F
            | 0x40..=0x45
            | 0x50..=0x54
            | 0x80..=0x87
            | 0x8A..=0x8D
            | 0xB0
            | 0xC1
            | 0xC2
            | 0xDE
            | 0xE0
            | 0xE2
            | 0xFF0B
            | 0xFF43
            | 0xFF45
            | 0xFF46
    )
}

/// Commands that begin, fill or make a fiscal document.
fn makes_documents(command: u16) -> bool {
    matches!(command, 0x41 | 0x80..=0x85 | 0x8D | 0xE0 | 0xFF0B | 0xFF43 | 0xFF45 | 0xFF46)
}
