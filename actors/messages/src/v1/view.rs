//! What a till shows: plain data from which every screen of it is drawn.

use chrono::{DateTime, FixedOffset};
use domain::ids::{StoreId, TillId};
use domain::money::Money;
use serde::{Deserialize, Serialize};

use super::accounts::Identified;
use super::receipt::{ManualDiscount, ReceiptKind, ReceiptLine, Tender, TenderType};
use super::till::Ask;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillView {
    /// Grows with every change.
    pub version: u64,
    pub store: StoreId,
    pub till: TillId,
    /// Name of the operator who is signed on.
    pub operator: Option<String>,
    pub shift: Option<u32>,
    /// Over 24 hours: only closing is allowed.
    pub shift_expired: bool,
    /// The number of the open receipt, or of the next one.
    pub sequence: u64,
    pub mode: TillMode,
    pub kind: ReceiptKind,
    pub lines: Vec<ReceiptLine>,
    pub last_line: Option<u32>,
    pub total: Money,
    pub discount: Money,
    pub tenders: Vec<Tender>,
    pub due: Money,
    /// Of the receipt that was closed last.
    pub change: Option<Money>,
    pub fiscal: Light,
    pub server: Light,
    pub unsent: u64,
    pub oldest_unsent: Option<DateTime<FixedOffset>>,
    /// What a restart found and did, in one sentence code ("restored_open_receipt").
    pub restored: Option<String>,
    pub catalogue_version: u64,
    /// What the till must be told before it does what was asked.
    #[serde(default)]
    pub asks: Option<Ask>,
    /// Nothing of this is real.
    #[serde(default)]
    pub training: bool,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub discounts: Vec<ManualDiscount>,
    /// What cash rounding would make of what is due; the same as `due` if nothing.
    #[serde(default)]
    pub due_in_cash: Money,
    /// Who locked the till, if it is locked.
    #[serde(default)]
    pub locked: Option<Locked>,
    /// A terminal is at work.
    #[serde(default)]
    pub terminal: Option<TerminalWork>,
    /// Receipts that were parked at this till and not taken again, as far as it knows.
    #[serde(default)]
    pub parked: u32,
    /// The customer of the open receipt and what may be done with the account.
    #[serde(default)]
    pub account: Option<Box<CustomerAccount>>,
    /// How full the disk is, in percent, once somebody should do something about it.
    #[serde(default)]
    pub disk_percent: Option<u64>,
}

/// A customer at the till.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAccount {
    /// None: the store was not heard yet, or cannot be asked; the receipt goes on by the number alone.
    pub known: Option<Identified>,
    /// The store is being asked.
    #[serde(default)]
    pub asking: bool,
    /// Points that may be taken off this receipt, as far as the till knows.
    pub points_max: Money,
    /// Points that were taken off.
    pub burned: Money,
    /// What the receipt earns as it stands.
    pub earns: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    pub operator: String,
    pub since: DateTime<FixedOffset>,
    /// A pause that the operator announced, and not only a till left for a moment.
    pub break_: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalWork {
    pub tender: TenderType,
    pub amount: Money,
    pub since: DateTime<FixedOffset>,
    /// Money goes back.
    pub gives_back: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TillMode {
    /// Nobody is signed on.
    SignedOff,
    /// The operator has left for a while; the receipt stays.
    Locked,
    ShiftClosed,
    /// Lines may be added.
    Selling,
    /// A tender was taken; the rest is due.
    Paying,
    /// The terminal is at work, or its answer was lost.
    WaitingForTerminal,
    /// Paid, and the fiscal device has not answered yet.
    WaitingForFiscal,
}

/// Works, does not, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Light {
    pub works: bool,
    pub since: Option<DateTime<FixedOffset>>,
    /// Why not, for the cashier.
    pub reason: Option<String>,
}
