//! A closed receipt as it travels from the till to the head office, and as results and exports show it.

use chrono::{DateTime, FixedOffset, NaiveDate};
pub use domain::fiscal_code::FiscalCode;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::AccountOperation;

/// Most lines of one receipt.
pub const RECEIPT_LINES_MAX: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    Sale,
    Return,
}

/// Kinds of tender. Names are those of the till script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenderType {
    Cash,
    Card,
    Gift,
    Credit,
    Points,
    /// A QR code of a fast payment system.
    Qr,
    /// Money that the customer paid in before.
    Prepaid,
}

/// Amounts of a return are positive too: `kind` says which way they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub uid: ReceiptId,
    pub store: StoreId,
    pub till: TillId,
    /// Per till, from 1, without gaps, for life. Cancelled receipts take a number too.
    pub sequence: u64,
    pub shift: u32,
    pub business_day: NaiveDate,
    pub kind: ReceiptKind,
    /// Local time of closing, with its offset.
    pub at: DateTime<FixedOffset>,
    pub operator: OperatorNumber,
    pub lines: Vec<ReceiptLine>,
    /// Of all lines, what was rounded off included.
    pub discount: Money,
    /// What rounding to whole cash changed the total by; below zero in the customer's favour.
    pub rounding: Money,
    pub total: Money,
    /// By rate, ascending.
    pub vat: Vec<VatSum>,
    /// As given: cash is what the customer handed over, `change` what went back.
    pub tenders: Vec<Tender>,
    pub change: Money,
    pub fiscal: Option<Fiscal>,
    /// The receipt whose goods came back, if the customer had it.
    #[serde(default)]
    pub of: Option<ReceiptId>,
    /// A sale that could not be found, by its fiscal code, whose goods came back.
    #[serde(default)]
    pub of_fiscal: Option<FiscalCode>,
    /// The card or the phone by which the customer is known.
    #[serde(default)]
    pub customer: Option<String>,
    /// Manual discounts, in the order in which they were given. Their sums are in the lines.
    #[serde(default)]
    pub discounts: Vec<ManualDiscount>,
    /// What a supervisor allowed on this receipt.
    #[serde(default)]
    pub approvals: Vec<Approved>,
    /// The parked receipt from which this one was taken.
    #[serde(default)]
    pub recalled: Option<ReceiptId>,
    /// What it did to customers' accounts.
    #[serde(default)]
    pub accounts: Vec<AccountOperation>,
    /// What it did to the customer's points.
    #[serde(default)]
    pub points: Option<Box<ReceiptPoints>>,
}

/// Points of a receipt. Of a return: `earned` is what was taken back, `burned` what went back to the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPoints {
    pub earned: Money,
    pub burned: Money,
    /// Money of a return that was not paid back: it stands for points to take back which the customer has spent.
    #[serde(default)]
    pub kept: Money,
    /// After this receipt, as far as the till knows.
    #[serde(default)]
    pub balance: Option<Money>,
    /// By what the sale earned: its returns need the same.
    #[serde(default)]
    pub tier: String,
    #[serde(default)]
    pub birthday: Option<(u32, u32)>,
    #[serde(default)]
    pub first_purchase: bool,
    #[serde(default)]
    pub referred_by: Option<u64>,
    #[serde(default)]
    pub awards: Vec<AwardedPoints>,
}

/// By which rule of which programme an operation of the receipt earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardedPoints {
    pub operation: Uuid,
    pub asset: u32,
    pub campaign: u32,
    pub rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualDiscount {
    /// None: from the whole receipt.
    pub line: Option<u32>,
    /// In per cent ("10"), if it was given so.
    #[serde(default)]
    pub percent: Option<String>,
    #[serde(default)]
    pub amount: Option<Money>,
    pub reason: String,
}

/// One act that a supervisor allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    /// The name of the right.
    pub right: String,
    pub requester: OperatorNumber,
    pub approver: OperatorNumber,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// From 1; a voided line keeps its number.
    pub line: u32,
    pub code: ItemCode,
    pub name: String,
    pub quantity: Quantity,
    pub unit_price: Money,
    pub discount: Money,
    /// What the customer pays for the line.
    pub amount: Money,
    pub vat_rate: VatRate,
    pub vat: Money,
    pub voided: bool,
    /// On a return with its receipt: the line that comes back.
    #[serde(default)]
    pub of_line: Option<u32>,
    /// The marked unit: its number and serial, without the signature.
    #[serde(default)]
    pub mark: Option<String>,
    /// The line whose deposit this is.
    #[serde(default)]
    pub deposit_of: Option<u32>,
    /// The group of the goods, for rules of programmes.
    #[serde(default)]
    pub group: Option<String>,
    /// What burned points took off it, in money: a part of `discount`.
    #[serde(default)]
    pub points: Money,
    /// It loads a gift card or a prepaid account: such a line does not come back.
    #[serde(default)]
    pub load: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatSum {
    pub rate: VatRate,
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub tender: TenderType,
    pub amount: Money,
    /// What the terminal said: by it the payment is given back.
    #[serde(default)]
    pub proof: Option<TenderProof>,
}

impl Tender {
    pub fn new(tender: TenderType, amount: Money) -> Tender {
        Tender { tender, amount, proof: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderProof {
    pub reference: String,
    #[serde(default)]
    pub authorisation: String,
    /// With all but its last digits hidden.
    #[serde(default)]
    pub card: String,
}

/// What the fiscal device said of the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fiscal {
    pub device: String,
    pub number: u32,
    pub sign: String,
}

/// A receipt with what came back of it so far: the answer of the node above to a till that takes goods back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundReceipt {
    pub receipt: Receipt,
    #[serde(default)]
    pub returned: Vec<ReturnedLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    /// The line of the sale.
    pub line: u32,
    pub quantity: Quantity,
    /// The receipt by which it came back: a till that has it too counts it once.
    pub by: ReceiptId,
}
