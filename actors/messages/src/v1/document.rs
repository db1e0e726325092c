//! Documents: what happened at a till, numbered, applied once and in order by the store and the head office.

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::ids::{OperatorNumber, StoreId, TillId};
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

/// A document of a till with its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    ReceiptClosed(Box<Receipt>),
    ReceiptCancelled(ReceiptCancelled),
    ShiftOpened(ShiftOpened),
    ShiftClosed(Box<ShiftClosed>),
    CashMoved(CashMoved),
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
        }
    }

    pub fn to_body(&self) -> Vec<u8> {
        match self {
            Document::ReceiptClosed(body) => crate::codec::to_body(body),
            Document::ReceiptCancelled(body) => crate::codec::to_body(body),
            Document::ShiftOpened(body) => crate::codec::to_body(body),
            Document::ShiftClosed(body) => crate::codec::to_body(body),
            Document::CashMoved(body) => crate::codec::to_body(body),
        }
    }

    pub fn from_body(type_id: u32, body: &[u8]) -> Result<Document, DocumentError> {
        use crate::codec::from_body;
        match type_id {
            RECEIPT_CLOSED => Ok(Document::ReceiptClosed(Box::new(from_body(body)?))),
            RECEIPT_CANCELLED => Ok(Document::ReceiptCancelled(from_body(body)?)),
            SHIFT_OPENED => Ok(Document::ShiftOpened(from_body(body)?)),
            SHIFT_CLOSED => Ok(Document::ShiftClosed(Box::new(from_body(body)?))),
            CASH_MOVED => Ok(Document::CashMoved(from_body(body)?)),
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
