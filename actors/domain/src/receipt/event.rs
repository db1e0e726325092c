//! What a receipt is made of, and the events of its life. The journal keeps the events: fields are only added, with defaults.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::account::{AccountAsked, Burn, KnownCustomer, Load, Movement, Wallet};
use crate::claims::{Claim, ClaimKind};
use crate::fiscal_code::FiscalCode;
use crate::hours::Hours;
use crate::ids::{ItemCode, OperatorNumber, ReceiptId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rights::Right;
use crate::vat::VatRate;
use uuid::Uuid;

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
    /// A QR code of a fast payment system.
    Qr,
    /// Money that the customer paid in before.
    Prepaid,
}

impl TenderKind {
    /// A bank decides about it, by its terminal.
    pub fn is_electronic(self) -> bool {
        matches!(self, TenderKind::Card | TenderKind::Qr)
    }

    /// The kind of customer account that it takes from.
    pub fn wallet(self) -> Option<Wallet> {
        match self {
            TenderKind::Gift => Some(Wallet::Gift),
            TenderKind::Prepaid => Some(Wallet::Prepaid),
            TenderKind::Credit => Some(Wallet::Credit),
            TenderKind::Points => Some(Wallet::Points),
            TenderKind::Cash | TenderKind::Card | TenderKind::Qr => None,
        }
    }
}

impl Wallet {
    pub fn tender(self) -> TenderKind {
        match self {
            Wallet::Points => TenderKind::Points,
            Wallet::Gift => TenderKind::Gift,
            Wallet::Prepaid => TenderKind::Prepaid,
            Wallet::Credit => TenderKind::Credit,
        }
    }
}

impl fmt::Display for TenderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TenderKind::Cash => "cash",
            TenderKind::Card => "cards",
            TenderKind::Gift => "gift cards",
            TenderKind::Credit => "credit",
            TenderKind::Points => "points",
            TenderKind::Qr => "QR payments",
            TenderKind::Prepaid => "prepaid money",
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

/// Whether prices have their VAT in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceVat {
    #[default]
    Included,
    /// VAT goes on top when the receipt is paid; lines are net until then.
    Added,
}

impl PriceVat {
    fn is_included(&self) -> bool {
        *self == PriceVat::Included
    }
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
    #[serde(default, skip_serializing_if = "LineTraits::are_plain")]
    pub traits: LineTraits,
}

/// What makes a line particular; most lines have none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineTraits {
    /// No manual discount may touch it.
    pub no_discount: bool,
    /// Hours in which it may not be paid for.
    pub no_sale: Option<Hours>,
    /// The marked unit that it is.
    pub mark: Option<Mark>,
    /// The line whose deposit this is.
    pub deposit_of: Option<u32>,
    /// The group of the goods, for rules of programmes.
    pub group: Option<String>,
    /// What burned points took off it, in money: a part of its discount.
    pub points: Money,
    /// What it sells is a load of this gift card or account.
    pub load: Option<Load>,
}

impl LineTraits {
    fn are_plain(&self) -> bool {
        *self == LineTraits::default()
    }
}

/// The code of one marked unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Number and serial, without the signature: by this it is known.
    pub identity: String,
    /// All of the code, as the fiscal device wants it.
    pub code: String,
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
    pub traits: LineTraits,
}

/// A manual discount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// None: from the whole receipt.
    pub line: Option<u32>,
    pub by: DiscountBy,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountBy {
    /// In hundredths of a per cent.
    Percent {
        hundredths: u32,
    },
    Amount(Money),
}

/// What a line costs after everything that touches its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priced {
    pub line: u32,
    pub discount: Money,
    pub amount: Money,
    pub vat: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub kind: TenderKind,
    pub amount: Money,
    pub number: Option<String>,
    /// What the terminal said. None: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The customer account that it was taken from, or goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<Movement>>,
}

impl Tender {
    pub fn new(kind: TenderKind, amount: Money) -> Tender {
        Tender { kind, amount, number: None, proof: None, account: None }
    }
}

/// A terminal's yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// By which the payment is given back.
    pub reference: String,
    pub authorisation: String,
    pub card: String,
}

/// What a terminal is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub kind: TenderKind,
    pub amount: Money,
    pub for_what: AskedFor,
    /// Where the terminal stood before.
    pub mark: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedFor {
    Payment,
    /// Goods came back; `of` is the reference of their payment.
    Refund {
        of: Option<String>,
    },
    /// All or a part of a tender of this receipt, by its place.
    Reversal {
        tender: usize,
        of: String,
        /// All that was paid, and nothing of it went back before.
        #[serde(default)]
        whole: bool,
        /// The line that leaves the paid receipt with it; none: the payment is undone.
        #[serde(default)]
        line: Option<u32>,
    },
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
    #[serde(default, skip_serializing_if = "PriceVat::is_included")]
    pub price_vat: PriceVat,
    /// The sale whose goods come back.
    pub of: Option<ReceiptId>,
    /// A sale that could not be found, whose goods come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_fiscal: Option<FiscalCode>,
    /// The parked receipt that goes on in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled: Option<ReceiptId>,
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
    Discounted(Discount),
    /// Discounts made these lines cost something else.
    Repriced {
        lines: Vec<Priced>,
    },
    PriceChanged {
        line: u32,
        price: Money,
        amount: Money,
        vat: Money,
        reason: String,
    },
    CustomerIdentified {
        number: String,
    },
    AgeConfirmed {
        years: u8,
    },
    Approved {
        right: Right,
        requester: OperatorNumber,
        approver: OperatorNumber,
        reason: String,
    },
    Claimed {
        claim: Claim,
    },
    Released {
        kind: ClaimKind,
        key: String,
    },
    /// VAT went on top of net lines; from here on they are what the customer pays.
    Taxed {
        lines: Vec<Priced>,
    },
    /// What is paid in cash was rounded; the lines share it.
    Rounded {
        by: Money,
        lines: Vec<Priced>,
    },
    TerminalAsked(Asked),
    /// No money moved.
    TerminalRefused {
        reason: String,
    },
    /// All or a part of a tender went back.
    TenderReversed {
        tender: usize,
        amount: Money,
        proof: Proof,
    },
    Tendered(Tender),
    /// The processing centre of customer accounts is going to be asked.
    AccountAsked(AccountAsked),
    /// It said no, or nothing: then it may hold what it was asked for.
    AccountRefused {
        operation: Uuid,
        code: String,
        may_hold: bool,
    },
    /// Points were taken off lines.
    PointsBurned {
        burn: Box<Burn>,
        lines: Vec<Priced>,
    },
    /// They go back.
    BurnUndone {
        lines: Vec<Priced>,
    },
    /// A tender from an account goes back.
    TenderUndone {
        tender: usize,
    },
    /// Who the customer is, as the processing centre says.
    CustomerKnown(Box<KnownCustomer>),
    /// What the return gives back to accounts and takes back; in the place of what was decided before.
    AccountsSettled {
        movements: Vec<Movement>,
    },
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
    Parked {
        at: DateTime<FixedOffset>,
        name: String,
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
            Event::Discounted(_) => "discounted",
            Event::Repriced { .. } => "repriced",
            Event::PriceChanged { .. } => "price_changed",
            Event::CustomerIdentified { .. } => "customer_identified",
            Event::AgeConfirmed { .. } => "age_confirmed",
            Event::Approved { .. } => "approved",
            Event::Claimed { .. } => "claimed",
            Event::Released { .. } => "released",
            Event::Taxed { .. } => "taxed",
            Event::Rounded { .. } => "rounded",
            Event::TerminalAsked(_) => "terminal_asked",
            Event::TerminalRefused { .. } => "terminal_refused",
            Event::TenderReversed { .. } => "tender_reversed",
            Event::Tendered(_) => "tendered",
            Event::AccountAsked(_) => "account_asked",
            Event::AccountRefused { .. } => "account_refused",
            Event::PointsBurned { .. } => "points_burned",
            Event::BurnUndone { .. } => "burn_undone",
            Event::TenderUndone { .. } => "tender_undone",
            Event::CustomerKnown(_) => "customer_known",
            Event::AccountsSettled { .. } => "accounts_settled",
            Event::Paid { .. } => "paid",
            Event::Fiscalising(_) => "fiscalising",
            Event::Fiscalised { .. } => "fiscalised",
            Event::Closed { .. } => "receipt_closed",
            Event::Cancelled { .. } => "receipt_cancelled",
            Event::Parked { .. } => "receipt_parked",
        }
    }
}
