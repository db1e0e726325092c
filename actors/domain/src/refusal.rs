//! Why a rule says no: a stable code by which screens translate and scripts expect, and a sentence for the cashier.

use crate::ids::{ItemCode, OperatorNumber, ReceiptId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::receipt::{AMOUNT_MAX, LINES_MAX, TenderKind};

/// A refusal changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    // People and shifts.
    #[error("nobody is signed on: sign on first")]
    NotSignedOn,
    #[error("operator {0} is not in the staff list")]
    UnknownOperator(OperatorNumber),
    #[error("the PIN is wrong")]
    WrongPin,
    #[error("the shift is closed: open it first")]
    ShiftClosed,
    #[error("the shift is open already")]
    ShiftOpen,
    #[error("the shift is older than 24 hours: close it and open a new one")]
    ShiftExpired,
    #[error("an amount above zero is needed")]
    AmountNotPositive,
    #[error("an amount of zero or more is needed")]
    AmountNegative,
    #[error("the amount is more than {AMOUNT_MAX}, the most that a till takes")]
    AmountTooLarge,
    #[error("the drawer holds only {drawer}")]
    NotEnoughCash { drawer: Money },

    // Lines.
    #[error("there is no open receipt")]
    NoReceipt,
    #[error("a receipt is open: finish or cancel it first")]
    ReceiptOpen,
    #[error("a payment was taken: lines can no longer be changed")]
    PaymentBegun,
    #[error("a receipt has at most {LINES_MAX} lines: finish this one")]
    TooManyLines,
    #[error("a quantity above zero is needed")]
    QuantityNotPositive,
    #[error("the receipt has no line {0}")]
    NoSuchLine(u32),
    #[error("line {0} is voided already")]
    LineVoided(u32),
    #[error("line {line} has only {there_is} to void")]
    VoidTooMuch { line: u32, there_is: Quantity },
    #[error("the sum of line {0} is fixed by its label or its sale: void the whole line and enter it again")]
    FixedSum(u32),
    #[error("the code is not known: {0}")]
    UnknownCode(String),
    #[error("misread code: its last digit should be {expected}")]
    BadCheckDigit { expected: char },
    #[error("this code is not for sale: {0}")]
    NotForSale(String),
    #[error("a label carries its own quantity: scan each label once")]
    LabelQuantity,
    #[error("this is sold by weight: weigh it or enter its quantity")]
    WeightNeeded,
    #[error("several items have the name {0}: choose by code")]
    AmbiguousName(String),

    // Money.
    #[error("the receipt has no lines to pay for")]
    EmptyReceipt,
    #[error("this till does not take {0}")]
    TenderNotTaken(TenderKind),
    #[error("only {due} is due, and only cash gives change")]
    OverDue { due: Money },
    #[error("the tenders do not cover the receipt: {due} is still due")]
    NotCovered { due: Money },
    #[error("the receipt is paid already")]
    Paid,

    // Returns.
    #[error("receipt {0} is not known")]
    UnknownReceipt(ReceiptId),
    #[error("receipt {0} is not in this till, and the store cannot be reached to look for it")]
    StoreUnreachable(ReceiptId),
    #[error("only a sale can be returned")]
    NotASale,
    #[error("the receipt has no item {0} left to return")]
    NotOnReceipt(ItemCode),
    #[error("of line {line} only {left} can still be returned")]
    ReturnTooMuch { line: u32, left: Quantity },
    #[error("everything of this receipt came back already")]
    NothingLeft,

    // The fiscal device.
    #[error("the last receipt waits for the fiscal device: put the device right and go on")]
    WaitingForFiscal,
    #[error("nothing waits to be finished")]
    NothingWaits,
    #[error("{0}: call a supervisor")]
    FiscalConflict(String),
    #[error("{0}")]
    Fiscal(String),
}

impl Refusal {
    /// The name of the rule: never changes, whatever the sentence says.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NotSignedOn => "not_signed_on",
            Refusal::UnknownOperator(_) => "unknown_operator",
            Refusal::WrongPin => "wrong_pin",
            Refusal::ShiftClosed => "shift_closed",
            Refusal::ShiftOpen => "shift_open",
            Refusal::ShiftExpired => "shift_expired",
            Refusal::AmountNotPositive => "amount_not_positive",
            Refusal::AmountNegative => "amount_negative",
            Refusal::AmountTooLarge => "amount_too_large",
            Refusal::NotEnoughCash { .. } => "not_enough_cash",
            Refusal::NoReceipt => "no_receipt",
            Refusal::ReceiptOpen => "receipt_open",
            Refusal::PaymentBegun => "payment_begun",
            Refusal::TooManyLines => "too_many_lines",
            Refusal::QuantityNotPositive => "quantity_not_positive",
            Refusal::NoSuchLine(_) => "no_such_line",
            Refusal::LineVoided(_) => "line_voided",
            Refusal::VoidTooMuch { .. } => "void_too_much",
            Refusal::FixedSum(_) => "fixed_sum",
            Refusal::UnknownCode(_) => "unknown_code",
            Refusal::BadCheckDigit { .. } => "bad_check_digit",
            Refusal::NotForSale(_) => "not_for_sale",
            Refusal::LabelQuantity => "label_quantity",
            Refusal::WeightNeeded => "weight_needed",
            Refusal::AmbiguousName(_) => "ambiguous_name",
            Refusal::EmptyReceipt => "empty_receipt",
            Refusal::TenderNotTaken(_) => "tender_not_taken",
            Refusal::OverDue { .. } => "over_due",
            Refusal::NotCovered { .. } => "not_covered",
            Refusal::Paid => "already_paid",
            Refusal::UnknownReceipt(_) => "unknown_receipt",
            Refusal::StoreUnreachable(_) => "store_unreachable",
            Refusal::NotASale => "not_a_sale",
            Refusal::NotOnReceipt(_) => "not_on_receipt",
            Refusal::ReturnTooMuch { .. } => "return_too_much",
            Refusal::NothingLeft => "nothing_left",
            Refusal::WaitingForFiscal => "waiting_for_fiscal",
            Refusal::NothingWaits => "nothing_waits",
            Refusal::FiscalConflict(_) => "fiscal_conflict",
            Refusal::Fiscal(_) => "fiscal_device",
        }
    }
}
