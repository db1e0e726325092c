//! Fiscal registrars: what a till asks of one, and the list of the protocols that are spoken.
//!
//! Invariants: [`FiscalDevice::register`] makes at most one fiscal document. When its outcome is not known it answers
//! [`FiscalError::NoAnswer`] and the caller looks with [`FiscalDevice::state`] and [`FiscalDevice::find_document`]
//! before it registers anything again. Any other error means that no document was made.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::port::Connector;
use crate::sim::atol::AtolHandle;
use crate::sim::shtrih::{EmulatorHandle, EmulatorSettings};

pub mod atol;
mod details;
mod marks;
pub mod shtrih;

pub use details::FiscalDetails;
pub use marks::{LineMark, MarkCheck, SalePermission};

/// One line of a fiscal receipt. The amount is the truth: after discounts it may differ from price x quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalLine {
    pub name: String,
    pub quantity: Quantity,
    pub price: Money,
    pub amount: Money,
    pub vat: VatRate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FiscalKind {
    Sale,
    Return,
}

/// What was paid, by kind. Cash is what the customer gave, so it may be more than is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalPayments {
    pub cash: Money,
    pub electronic: Money,
    pub prepaid: Money,
    pub credit: Money,
}

impl FiscalPayments {
    pub fn total(&self) -> Money {
        self.cash + self.electronic + self.prepaid + self.credit
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalReceipt {
    pub kind: FiscalKind,
    /// The cashier as printed on the receipt; empty means that the device's own setting is used.
    pub operator: String,
    pub lines: Vec<FiscalLine>,
    pub payments: FiscalPayments,
}

impl FiscalReceipt {
    pub fn total(&self) -> Money {
        self.lines.iter().map(|line| line.amount).sum()
    }
}

/// Proof that a document is in the fiscal storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalSign {
    /// Number of the fiscal storage.
    pub device: String,
    /// Number of the document in it.
    pub number: u32,
    /// The fiscal sign, in decimal.
    pub sign: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalState {
    /// Number of the fiscal storage.
    pub device: String,
    pub last_document: u32,
    pub shift_open: bool,
    /// The shift is older than 24 hours: only closing it is possible.
    pub shift_expired: bool,
    pub shift: u16,
    /// A document was begun and neither closed nor cancelled.
    pub document_open: bool,
    pub paper: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FiscalDocumentKind {
    Sale,
    Return,
    OpenShift,
    CloseShift,
    Other,
}

/// A document as the fiscal storage remembers it. A document without money has a total of zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalDocument {
    pub number: u32,
    pub kind: FiscalDocumentKind,
    pub total: Money,
    pub sign: String,
}

/// Registers of the shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalTotals {
    /// By payment kind; cash is net of change.
    pub sales: FiscalPayments,
    pub returns: FiscalPayments,
    pub sales_count: u32,
    pub returns_count: u32,
    pub cash_in_drawer: Money,
    pub cash_in: Money,
    pub cash_out: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FiscalError {
    /// The command was sent and its outcome is not known: look before registering again.
    #[error("the fiscal device did not answer to \"{command}\": check its last document before trying again")]
    NoAnswer { command: &'static str },
    /// The device could not be reached; nothing that changes it was sent.
    #[error("the fiscal device is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    /// The device said no; no document was made. The text names the code as the makers of the device write it.
    #[error("the fiscal device refuses: {text}")]
    Refused { code: u16, text: String },
    /// The device or the request does not keep the protocol; no document was made.
    #[error("the fiscal device cannot do this: {what}")]
    Protocol { what: String },
}

/// A fiscal registrar. One call at a time; a call may reopen a lost port by itself.
pub trait FiscalDevice: Send {
    fn state(&mut self) -> BoxFuture<'_, Result<FiscalState, FiscalError>>;

    fn open_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>>;

    /// Make one whole fiscal document. Refused half-way, the begun document is cancelled before the answer.
    fn register<'a>(&'a mut self, receipt: &'a FiscalReceipt) -> BoxFuture<'a, Result<FiscalSign, FiscalError>>;

    /// The document with this number, if the storage has it.
    fn find_document(&mut self, number: u32) -> BoxFuture<'_, Result<Option<FiscalDocument>, FiscalError>>;

    /// Cancel the begun document; fine when there is none.
    fn cancel_document(&mut self) -> BoxFuture<'_, Result<(), FiscalError>>;

    fn close_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>>;

    fn report_x(&mut self) -> BoxFuture<'_, Result<(), FiscalError>>;

    fn cash_in(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>>;

    fn cash_out(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>>;

    fn totals(&mut self) -> BoxFuture<'_, Result<FiscalTotals, FiscalError>>;

    fn open_drawer(&mut self) -> BoxFuture<'_, Result<(), FiscalError>>;

    /// Print plain text that is not part of a fiscal document.
    fn print_text<'a>(&'a mut self, lines: &'a [String]) -> BoxFuture<'a, Result<(), FiscalError>>;

    fn details(&mut self) -> BoxFuture<'_, Result<FiscalDetails, FiscalError>> {
        cannot("tell who the device is")
    }

    /// Set the device's clock. It may refuse while a shift is open, and a time before its last document.
    fn set_clock(&mut self, _now: NaiveDateTime) -> BoxFuture<'_, Result<(), FiscalError>> {
        cannot("set the clock")
    }

    /// The lines above every receipt, as many as there is room for.
    fn header(&mut self) -> BoxFuture<'_, Result<Vec<String>, FiscalError>> {
        cannot("read the lines above a receipt")
    }

    /// Write them, from the first; those that are not given become empty.
    fn set_header<'a>(&'a mut self, _lines: &'a [String]) -> BoxFuture<'a, Result<(), FiscalError>> {
        cannot("set the lines above a receipt")
    }

    /// Print the rest of what was being printed when the paper ran out; fine when there is none.
    fn continue_printing(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        cannot("continue printing")
    }

    /// Print the last document once more.
    fn print_copy(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        cannot("print a document once more")
    }

    /// Check the code of a unit that is to be sold or to come back. One that is refused is not kept for the receipt.
    fn check_mark<'a>(
        &'a mut self,
        _kind: FiscalKind,
        _code: &'a str,
    ) -> BoxFuture<'a, Result<MarkCheck, FiscalError>> {
        cannot("check the codes of marked goods")
    }

    /// [`FiscalDevice::register`] with the codes of marked units, which were checked before.
    fn register_marked<'a>(
        &'a mut self,
        receipt: &'a FiscalReceipt,
        marks: &'a [LineMark],
    ) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        if marks.is_empty() { self.register(receipt) } else { cannot("register the codes of marked goods") }
    }
}

/// The answer of a driver that lacks something.
fn cannot<'a, T: Send + 'a>(what: &'static str) -> BoxFuture<'a, Result<T, FiscalError>> {
    Box::pin(async move { Err(FiscalError::Protocol { what: format!("its driver does not {what}") }) })
}

/// A protocol that the till can be set to.
pub struct FiscalProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(Connector) -> Box<dyn FiscalDevice>,
    /// An emulated device in this process, with what it remembers in a file. The file is the same for every protocol.
    pub emulator: fn(EmulatorSettings, &Path) -> io::Result<Connector>,
}

/// Every fiscal protocol that is spoken.
pub fn all() -> &'static [FiscalProtocol] {
    &[
        FiscalProtocol {
            name: "shtrih",
            title: "Shtrih-M, protocol 2.0 with a fiscal storage",
            driver: |connector| Box::new(shtrih::Shtrih::new(connector)),
            emulator: |settings, memory| Ok(EmulatorHandle::with_memory(settings, memory)?.connector()),
        },
        FiscalProtocol {
            name: "atol",
            title: "ATOL, the web server of driver 10",
            driver: |connector| Box::new(atol::Atol::new(connector)),
            emulator: |settings, memory| Ok(AtolHandle::with_memory(settings, memory)?.connector()),
        },
    ]
}

/// A protocol as it is chosen in settings, by its name.
#[derive(Clone, Copy)]
pub struct FiscalChoice(pub &'static FiscalProtocol);

impl Default for FiscalChoice {
    fn default() -> FiscalChoice {
        FiscalChoice(&all()[0])
    }
}

impl fmt::Debug for FiscalChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a fiscal device's protocol: {} is expected", names())]
pub struct NotFiscalProtocol {
    text: String,
}

fn names() -> String {
    all().iter().map(|protocol| protocol.name).collect::<Vec<_>>().join(", ")
}

impl FromStr for FiscalChoice {
    type Err = NotFiscalProtocol;
    fn from_str(text: &str) -> Result<FiscalChoice, NotFiscalProtocol> {
        find(text).map(FiscalChoice).ok_or_else(|| NotFiscalProtocol { text: text.to_owned() })
    }
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static FiscalProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
