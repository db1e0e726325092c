//! What a receipt is made of, and the events of its life. The journal keeps the events: fields are only added, with defaults.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::ids::{ItemCode, OperatorNumber, ReceiptId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::vat::VatRate;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Sale,
    Return,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    Cash,
    Card,
    Gift,
    Credit,
    Points,
}

impl fmt::Display for TenderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TenderKind::Cash => "cash",
            TenderKind::Card => "cards",
            TenderKind::Gift => "gift cards",
            TenderKind::Credit => "credit",
            TenderKind::Points => "points",
        })
    }
}

/// Where VAT is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VatRounding {
    /// A line at a time; the receipt's VAT is their sum.
    #[default]
    Line,
    /// Once for all lines of a rate; the lines share it.
    Group,
}

/// What made a line's price and sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineSource {
    Catalogue,
    /// The price was entered.
    OpenPrice,
    /// A label with a sum: the sum stands.
    Label,
    /// A sold line comes back: its part of the sale stands.
    Returned,
}

impl LineSource {
    /// The sum does not follow from price and quantity.
    pub fn has_fixed_sum(self) -> bool {
        matches!(self, LineSource::Label | LineSource::Returned)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// From 1.
    pub number: u32,
    pub code: ItemCode,
    pub name: String,
    pub quantity: Quantity,
    pub price: Money,
    pub discount: Money,
    /// What the customer pays for it, or gets for it.
    pub amount: Money,
    pub vat_rate: VatRate,
    pub vat: Money,
    pub source: LineSource,
    pub of_line: Option<u32>,
    pub voided: bool,
}

/// A line before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub code: ItemCode,
    pub name: String,
    pub price: Money,
    pub quantity: Quantity,
    pub discount: Money,
    /// A sum that stands, for the sources that have one.
    pub amount: Option<Money>,
    pub vat_rate: VatRate,
    pub vat: Option<Money>,
    pub source: LineSource,
    pub of_line: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    pub amount: Money,
    pub number: Option<String>,
}

/// What is known of a receipt when it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub uid: ReceiptId,
    pub sequence: u64,
    pub shift: u32,
    pub kind: Kind,
    pub operator: OperatorNumber,
    pub at: DateTime<FixedOffset>,
    pub vat_rounding: VatRounding,
    /// The sale whose goods come back.
    pub of: Option<ReceiptId>,
}

/// Proof of the fiscal device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    pub device: String,
    pub number: u32,
    pub sign: String,
}

/// The device as it was before it was asked for a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    pub device: String,
    pub last_document: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Opened(Opening),
    LinesAdded {
        lines: Vec<Line>,
    },
    QuantityChanged {
        line: u32,
        quantity: Quantity,
        amount: Money,
        vat: Money,
    },
    LineVoided {
        line: u32,
    },
    /// A part was voided; what is left of the line follows.
    LinePartVoided {
        line: u32,
        voided: Quantity,
        quantity: Quantity,
        amount: Money,
        vat: Money,
    },
    Tendered(Tender),
    /// `vats` are the lines' shares when VAT is rounded a group at a time.
    Paid {
        change: Money,
        vats: Option<Vec<Money>>,
    },
    Fiscalising(Baseline),
    /// None: nothing of the receipt had to go to the device.
    Fiscalised {
        sign: Option<Sign>,
    },
    Closed {
        at: DateTime<FixedOffset>,
    },
    Cancelled {
        at: DateTime<FixedOffset>,
    },
}

impl Event {
    /// The word by which the journal lists it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Opened(_) => "receipt_opened",
            Event::LinesAdded { .. } => "lines_added",
            Event::QuantityChanged { .. } => "quantity_changed",
            Event::LineVoided { .. } => "line_voided",
            Event::LinePartVoided { .. } => "line_part_voided",
            Event::Tendered(_) => "tendered",
            Event::Paid { .. } => "paid",
            Event::Fiscalising(_) => "fiscalising",
            Event::Fiscalised { .. } => "fiscalised",
            Event::Closed { .. } => "receipt_closed",
            Event::Cancelled { .. } => "receipt_cancelled",
        }
    }
}
