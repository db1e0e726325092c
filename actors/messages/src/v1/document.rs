//! Documents: what happened at a till, numbered, applied once and in order by the store and the head office.

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::ids::{OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};

use super::receipt::{Receipt, TenderType};

/// Type ids on the wire. Never reused.
pub const RECEIPT_CLOSED: u32 = 1;
pub const RECEIPT_CANCELLED: u32 = 2;
pub const SHIFT_OPENED: u32 = 3;
pub const SHIFT_CLOSED: u32 = 4;
pub const CASH_MOVED: u32 = 5;
pub const RECEIPT_PARKED: u32 = 6;
pub const PARKED_RECALLED: u32 = 7;
pub const AUDIT_NOTED: u32 = 8;

/// A document of a till with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    ReceiptClosed(Box<Receipt>),
    ReceiptCancelled(Box<ReceiptCancelled>),
    ShiftOpened(ShiftOpened),
    ShiftClosed(Box<ShiftClosed>),
    CashMoved(CashMoved),
    ReceiptParked(Box<ReceiptParked>),
    ParkedRecalled(ParkedRecalled),
    AuditNoted(Box<AuditNoted>),
}

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("document type {0} is not known to this version")]
    UnknownType(u32),
    #[error(transparent)]
    Body(#[from] crate::codec::BodyError),
}

impl Document {
    pub fn type_id(&self) -> u32 {
        match self {
            Document::ReceiptClosed(_) => RECEIPT_CLOSED,
            Document::ReceiptCancelled(_) => RECEIPT_CANCELLED,
            Document::ShiftOpened(_) => SHIFT_OPENED,
            Document::ShiftClosed(_) => SHIFT_CLOSED,
            Document::CashMoved(_) => CASH_MOVED,
            Document::ReceiptParked(_) => RECEIPT_PARKED,
            Document::ParkedRecalled(_) => PARKED_RECALLED,
            Document::AuditNoted(_) => AUDIT_NOTED,
        }
    }

    pub fn to_body(&self) -> Vec<u8> {
        match self {
            Document::ReceiptClosed(body) => crate::codec::to_body(body),
            Document::ReceiptCancelled(body) => crate::codec::to_body(body),
            Document::ShiftOpened(body) => crate::codec::to_body(body),
            Document::ShiftClosed(body) => crate::codec::to_body(body),
            Document::CashMoved(body) => crate::codec::to_body(body),
            Document::ReceiptParked(body) => crate::codec::to_body(body),
            Document::ParkedRecalled(body) => crate::codec::to_body(body),
            Document::AuditNoted(body) => crate::codec::to_body(body),
        }
    }

    pub fn from_body(type_id: u32, body: &[u8]) -> Result<Document, DocumentError> {
        use crate::codec::from_body;
        match type_id {
            RECEIPT_CLOSED => Ok(Document::ReceiptClosed(Box::new(from_body(body)?))),
            RECEIPT_CANCELLED => Ok(Document::ReceiptCancelled(Box::new(from_body(body)?))),
            SHIFT_OPENED => Ok(Document::ShiftOpened(from_body(body)?)),
            SHIFT_CLOSED => Ok(Document::ShiftClosed(Box::new(from_body(body)?))),
            CASH_MOVED => Ok(Document::CashMoved(from_body(body)?)),
            RECEIPT_PARKED => Ok(Document::ReceiptParked(Box::new(from_body(body)?))),
            PARKED_RECALLED => Ok(Document::ParkedRecalled(from_body(body)?)),
            AUDIT_NOTED => Ok(Document::AuditNoted(Box::new(from_body(body)?))),
            other => Err(DocumentError::UnknownType(other)),
        }
    }
}

/// An open receipt was given up. Nothing fiscal, no money; its number is spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCancelled {
    /// The receipt as it stood; `fiscal` is none.
    pub receipt: Receipt,
}

/// An open receipt was put aside. Nothing fiscal, no money; its number is spent, and its goods go on in another receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptParked {
    pub receipt: Receipt,
    /// By which people find it again; may be empty.
    pub name: String,
}

/// A parked receipt was taken up by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRecalled {
    pub store: StoreId,
    pub till: TillId,
    pub at: DateTime<FixedOffset>,
    pub parked: ReceiptId,
    /// The receipt in which its goods are now.
    pub by: ReceiptId,
    pub by_sequence: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// A supervisor allowed what the cashier may not.
    Approved,
    /// The drawer was opened without a sale.
    DrawerOpened,
    Reprinted,
    /// A buyer was too young, or a question was not answered.
    Declined,
    Locked,
    Unlocked,
    /// Too many wrong PINs.
    PinBlocked,
    TrainingBegan,
    TrainingEnded,
    /// A supervisor said what the fiscal device had done.
    ConflictSettled,
    /// A label was sold that was printed at an earlier price.
    OldLabel,
    /// A receipt that only the fiscal registrar remembers: the till lost its memory before it was sent.
    ReceiptMissing,
}

/// Something that a loss-prevention report lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditNoted {
    pub store: StoreId,
    pub till: TillId,
    pub shift: u32,
    pub at: DateTime<FixedOffset>,
    pub kind: AuditKind,
    pub operator: OperatorNumber,
    /// The right, the code or the document that it was about.
    pub subject: String,
    pub reason: String,
    #[serde(default)]
    pub approver: Option<OperatorNumber>,
    #[serde(default)]
    pub amount: Option<Money>,
    /// The receipt that was open.
    #[serde(default)]
    pub receipt: Option<ReceiptId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftOpened {
    pub store: StoreId,
    pub till: TillId,
    pub shift: u32,
    pub business_day: NaiveDate,
    pub at: DateTime<FixedOffset>,
    pub operator: OperatorNumber,
    pub float: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashMoved {
    pub store: StoreId,
    pub till: TillId,
    pub shift: u32,
    pub at: DateTime<FixedOffset>,
    pub operator: OperatorNumber,
    /// Above zero into the drawer, below zero out of it.
    pub amount: Money,
    pub reason: String,
    #[serde(default)]
    pub kind: CashKind,
}

/// Why money goes into a drawer or out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashKind {
    /// From the safe into the drawer.
    #[default]
    Loan,
    /// From the drawer into the safe.
    Pickup,
    PaidIn,
    PaidOut,
}

impl CashKind {
    pub fn goes_out(self) -> bool {
        matches!(self, CashKind::Pickup | CashKind::PaidOut)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftClosed {
    pub store: StoreId,
    pub till: TillId,
    pub at: DateTime<FixedOffset>,
    pub operator: OperatorNumber,
    pub counted: Money,
    /// Counted less expected: below zero is short.
    pub over_short: Money,
    pub totals: ShiftTotals,
    /// Banknotes and coins, if they were counted one by one.
    #[serde(default)]
    pub pieces: Vec<Pieces>,
    /// Nobody counted: the shift was closed because it was too old.
    #[serde(default)]
    pub not_counted: bool,
    /// Who allowed a difference above the limit.
    #[serde(default)]
    pub approver: Option<OperatorNumber>,
}

/// Banknotes or coins of one worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    pub worth: Money,
    pub count: u32,
}

/// Totals of a shift so far (X) or at its end (Z).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftTotals {
    pub shift: u32,
    pub business_day: NaiveDate,
    pub opened_at: DateTime<FixedOffset>,
    pub float: Money,
    pub cash_in: Money,
    pub cash_out: Money,
    /// What the drawer must hold.
    pub cash_expected: Money,
    pub sales_count: u64,
    pub sales: Money,
    pub returns_count: u64,
    pub returns: Money,
    pub cancelled_count: u64,
    pub cancelled: Money,
    /// Of the returns, those without a receipt.
    #[serde(default)]
    pub returns_without_receipt: Money,
    /// The journal at the end of the shift: its last entry and the hash of it.
    #[serde(default)]
    pub journal: u64,
    #[serde(default)]
    pub journal_hash: String,
    pub tenders: Vec<TenderTotal>,
    pub vat: Vec<VatTotal>,
}

/// Net of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderTotal {
    pub tender: TenderType,
    pub sales: Money,
    pub returns: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatTotal {
    pub rate: VatRate,
    /// Turnover at the rate.
    pub sales: Money,
    pub returns: Money,
    pub sales_vat: Money,
    pub returns_vat: Money,
}
