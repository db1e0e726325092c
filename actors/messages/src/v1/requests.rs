//! Questions of a till to the nodes above: bodies of the link's requests, and their answers.

use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::ids::{ReceiptId, TillId};
use domain::money::Money;
use serde::{Deserialize, Serialize};

use super::receipt::{FiscalCode, Receipt};

/// By what people find a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleBy {
    Uid(ReceiptId),
    /// A store's code, a till and a number; no store: the asking one.
    Number {
        store: Option<String>,
        till: TillId,
        sequence: u64,
    },
    Fiscal(FiscalCode),
}

/// A receipt that was put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedReceipt {
    pub uid: ReceiptId,
    pub till: TillId,
    pub sequence: u64,
    pub name: String,
    pub at: DateTime<FixedOffset>,
    pub total: Money,
    pub lines: u32,
}

/// What is parked in the store, and which of the asker's own are not free any more? Repeat: yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParked {
    /// Parked at the asking till, as far as it knows.
    pub own: Vec<ReceiptId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedList {
    pub parked: Vec<ParkedReceipt>,
    /// Of the asker's own, those that another receipt took up.
    pub gone: Vec<ReceiptId>,
}

/// Give me this parked receipt: it is nobody else's from now on, until it is taken up or the taker gives it back.
/// Repeat by the same till: yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeParked {
    pub uid: ReceiptId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    Yes(Box<Receipt>),
    /// Another till has it, or had it.
    Gone {
        till: TillId,
    },
    Unknown,
}

/// May this marked unit be sold (or come back) on this receipt? A yes reserves it for the receipt. Repeat: yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMark {
    pub identity: String,
    pub receipt: ReceiptId,
    /// It comes back.
    pub returns: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkClaimed {
    Yes,
    /// Sold by, or reserved for, this receipt.
    Taken {
        receipt: ReceiptId,
    },
}

/// Which business day is it in the store for a shift that opens now?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskBusinessDay {
    pub at: DateTime<FixedOffset>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessDay {
    pub day: NaiveDate,
}
