//! The simulated registrar: a command body and the time in, an answer body out. Pure, except that it owns its memory.
//!
//! Numbers of commands, error codes and layouts are those of the vendor's protocol. Answers begin with the command and
//! an error code; what follows is written by the file of the command's family.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use domain::money::Money;

use crate::sim::fault::Fault;
use crate::sim::register::memory::Memory;
use crate::sim::register::{CashRegister, Denied, EmulatorSettings};
use marks::Marks;
use receipts::OpenReceipt;

mod controls;
mod marks;
mod receipts;
mod status;
mod storage;

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
    pub(super) const WAITS_TO_CONTINUE: u8 = 0x58;
    pub(super) const DATE_UNCONFIRMED: u8 = 0xC0;
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

/// What is being made in the fiscal storage by its two-step commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    OpenShift,
    CloseShift,
}

/// The roll of paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Roll {
    #[default]
    Fine,
    /// It will run out while the next document is printed.
    Ends,
    /// It has run out; the rest of the document is still to be printed.
    Stopped,
    /// Another one was put in since.
    Loaded,
}

#[derive(Debug)]
pub(super) struct Registrar {
    pub(super) register: CashRegister,
    open: Option<OpenReceipt>,
    begun: Option<Begun>,
    marks: Marks,
    pub(super) roll: Roll,
    tables: BTreeMap<(u8, u16, u8), Vec<u8>>,
    unconfirmed_date: Option<chrono::NaiveDate>,
}

/// Reads a command from its front.
struct Input<'a> {
    rest: &'a [u8],
}

/// An error code instead of an answer.
type Refusal = u8;

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Refusal {
        match denied {
            Denied::WrongShiftState => code::WRONG_MODE,
            Denied::ShiftClosed => code::SHIFT_CLOSED,
            Denied::ShiftExpired => code::SHIFT_EXPIRED,
            Denied::StorageFull => code::STORAGE_FULL,
            Denied::NothingSold => code::ZERO_TOTAL,
            Denied::PaidTooLittle => code::PAID_TOO_LITTLE,
            Denied::NonCashTooMuch => code::NON_CASH_TOO_MUCH,
            Denied::NotEnoughCash => code::NOT_ENOUGH_CASH,
        }
    }
}

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
            register: CashRegister::new(settings, memory, is_saved),
            open: None,
            begun: None,
            marks: Marks::default(),
            roll: Roll::Fine,
            tables: BTreeMap::new(),
            unconfirmed_date: None,
        }
    }

    /// Run one command and append its answer.
    pub(super) fn execute(&mut self, body: &[u8], real_time: NaiveDateTime, out: &mut Vec<u8>) {
        self.register.stored = false;
        let now = real_time + self.register.clock_offset;
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
        if self.register.stored && self.roll == Roll::Ends {
            self.roll = Roll::Stopped;
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
            0xFF4D | 0xFF61 | 0xFF67 | 0xFF69 => self.answer_mark(command, input, out),
            0x41 | 0xE0 | 0xFF01..=0xFF43 => self.answer_storage(command, input, now, out),
            _ => self.answer_service(command, input, now, out),
        }
    }

    /// The faults that show themselves as a refusal.
    fn suffer(&self, command: u16) -> Result<(), Refusal> {
        match self.roll {
            Roll::Stopped if is_printing(command) => return Err(code::NO_PAPER),
            Roll::Loaded if is_printing(command) && command != 0xB0 => return Err(code::WAITS_TO_CONTINUE),
            _ if self.unconfirmed_date.is_some() && makes_documents(command) => return Err(code::DATE_UNCONFIRMED),
            _ => {}
        }
        match self.register.fault {
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

    fn no_receipt(&self) -> Result<(), Refusal> {
        if self.open.is_some() { Err(code::RECEIPT_OPEN) } else { Ok(()) }
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
