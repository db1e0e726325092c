//! Why a rule says no: a stable code by which screens translate and scripts expect, and a sentence for the cashier.

use crate::hours::Hours;
use crate::ids::{ItemCode, OperatorNumber, ReceiptId, TillId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::receipt::{AMOUNT_MAX, DISCOUNTS_MAX, LINES_MAX, TENDERS_MAX, TenderKind};
use crate::rights::Right;

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
    #[error("too many wrong PINs: wait {seconds} seconds")]
    PinWait { seconds: i64 },
    #[error("too many wrong PINs: a supervisor must unlock this operator")]
    PinBlocked,
    #[error("{0} may not do this")]
    MissingRight(Right),
    #[error("the till is locked by {0}")]
    Locked(String),
    #[error("a supervisor is another person")]
    OwnApproval,
    #[error("nothing was asked")]
    NothingAsked,
    #[error("the clock of this till is set back to {now}, and the last entry is of {last}: set it right")]
    ClockSetBack { now: String, last: String },
    #[error("this till is new here, or its memory was put back: it sells when its store has told what it knows of it")]
    NotCompared,
    #[error("a receipt does not add up")]
    DoesNotAddUp,
    #[error("this till has release {till}, its store {store}: bring the store up to date first")]
    StoreIsOlder { till: String, store: String },
    #[error("the disk of this till is {percent} % full: no receipt is begun; call support to free space")]
    DiskFull { percent: u64 },
    #[error("finish training first")]
    Training,
    #[error("this till cannot train: it has no place for it")]
    NoTraining,
    #[error("there is no receipt to print")]
    NothingToPrint,
    #[error("the printer: {0}")]
    Printer(String),
    #[error("the shift is not counted: only one that is too old is closed so")]
    NotCounted,
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
    #[error("line {0} is one marked unit: scan each unit by itself")]
    OneUnit(u32),
    #[error("this unit is on the receipt already")]
    MarkTwice,
    #[error("this unit was sold already: take another one")]
    MarkSold,
    #[error("this is not the code of the unit: {0}")]
    NotTheMark(String),
    #[error("marked goods cannot be checked for {hours} hours: they are not sold until the store answers")]
    MarksUnchecked { hours: i64 },
    #[error("{name} is not sold from {hours}")]
    NoSaleNow { name: String, hours: Hours },
    #[error("{0} is not sold to a buyer of that age")]
    TooYoung(String),
    #[error("the price is not between {from} and {to}")]
    PriceOutOfRange { from: Money, to: Money },
    #[error("nothing was sold that could be repeated")]
    NothingToRepeat,
    #[error("the scale: {0}")]
    Scale(String),
    #[error("the weight is not stable: wait a moment and weigh again")]
    WeightUnstable,
    #[error("there is nothing on the scale")]
    NoWeight,
    #[error("the scale carries more than it can")]
    ScaleOverload,
    #[error("this is not sold by weight")]
    NotWeighed,

    // Discounts and customers.
    #[error("no discount may be taken from this")]
    NotDiscountable,
    #[error("the discount is more than there is to pay")]
    DiscountTooLarge,
    #[error("a receipt has at most {DISCOUNTS_MAX} discounts")]
    TooManyDiscounts,
    #[error("this is not the number of a card or a phone")]
    NotACustomer,
    #[error("whose points? Enter the number of the card or the phone first")]
    NoCustomer,
    #[error("points are taken off already: give them back before anything else is changed")]
    PointsBurned,
    #[error("there is nothing that points may be taken off")]
    NothingToBurn,
    #[error("at most {max} in points may be taken off this receipt")]
    BurnTooMuch { max: Money },
    #[error("this shop has no programme of points today")]
    NoProgramme,
    #[error("accounts pay for sales; what comes back goes back to them by the receipt")]
    NotOfAReturn,
    #[error("an account is asked and has not answered: wait for it")]
    AccountAsked,
    #[error("the store does not answer about accounts: take another payment")]
    AccountsUnreachable,
    #[error("nothing of this receipt was taken from an account")]
    NothingTaken,
    #[error("too much waits to be given back to accounts: no account is asked until the store answers")]
    TooManyReleases,
    #[error("enter or scan the number of the gift card")]
    NoGiftCard,
    #[error("this is not the number of a gift card")]
    NotAGiftCard,
    #[error("a gift card that was sold does not come back: the customer pays with it")]
    LoadNotReturned,
    #[error("only {left} of this sale was paid so and can go back so")]
    PutBackTooMuch { left: Money },

    // Parked receipts.
    #[error("a return is not put aside: finish or cancel it")]
    ReturnNotParked,
    #[error("nothing is put aside")]
    NothingParked,
    #[error("several receipts are put aside: choose one")]
    ChooseParked,
    #[error("that receipt was taken up at till {0}")]
    ParkedTaken(TillId),
    #[error("that receipt is not in this till, and the store cannot be reached")]
    ParkedUnreachable,

    // Money.
    #[error("the receipt has no lines to pay for")]
    EmptyReceipt,
    #[error("this till does not take {0}")]
    TenderNotTaken(TenderKind),
    #[error("only {due} is due, and only cash gives change")]
    OverDue { due: Money },
    #[error("the tenders do not cover the receipt: {due} is still due")]
    NotCovered { due: Money },
    #[error("this receipt leaves no change that may be taken in points")]
    NoChangeToKeep,
    #[error("the receipt is paid already")]
    Paid,
    #[error("a receipt has at most {TENDERS_MAX} payments")]
    TooManyTenders,
    #[error("the terminal is asked for money and has not answered: wait for it")]
    TerminalAsked,
    #[error("the payment terminal: {0}")]
    Terminal(String),
    #[error("there is no payment terminal at this till")]
    NoTerminal,
    #[error("a payment was taken by the terminal and not given back")]
    PaymentNotReversed,
    #[error("this is the last line: cancel the receipt instead")]
    LastLine,

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
    #[error("{0}")]
    NotFiscalCode(String),
    #[error("receipt {0} is not known")]
    SaleNotFound(String),
    #[error(
        "receipt {0} is not in this till, and the head office cannot be reached to look for it: use its fiscal code"
    )]
    SaleUnreachable(String),
    #[error("the sale was more than {days} days ago")]
    ReturnTooLate { days: u32 },
    #[error("only {left} of this sale can still come back")]
    ReturnOverSale { left: Money },

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
            Refusal::NoChangeToKeep => "no_change_to_keep",
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
            Refusal::OneUnit(_) => "one_unit",
            Refusal::MarkTwice => "mark_twice",
            Refusal::MarkSold => "mark_sold",
            Refusal::NotTheMark(_) => "not_the_mark",
            Refusal::MarksUnchecked { .. } => "marks_unchecked",
            Refusal::NoSaleNow { .. } => "no_sale_now",
            Refusal::TooYoung(_) => "too_young",
            Refusal::PriceOutOfRange { .. } => "price_out_of_range",
            Refusal::NothingToRepeat => "nothing_to_repeat",
            Refusal::Scale(_) => "scale",
            Refusal::WeightUnstable => "weight_unstable",
            Refusal::NoWeight => "no_weight",
            Refusal::ScaleOverload => "scale_overload",
            Refusal::NotWeighed => "not_weighed",
            Refusal::NotDiscountable => "not_discountable",
            Refusal::DiscountTooLarge => "discount_too_large",
            Refusal::TooManyDiscounts => "too_many_discounts",
            Refusal::NotACustomer => "not_a_customer",
            Refusal::NoCustomer => "no_customer",
            Refusal::PointsBurned => "points_burned",
            Refusal::NothingToBurn => "nothing_to_burn",
            Refusal::BurnTooMuch { .. } => "burn_too_much",
            Refusal::NoProgramme => "no_programme",
            Refusal::NotOfAReturn => "not_of_a_return",
            Refusal::AccountAsked => "account_asked",
            Refusal::AccountsUnreachable => "accounts_unreachable",
            Refusal::NothingTaken => "nothing_taken",
            Refusal::TooManyReleases => "too_many_releases",
            Refusal::NoGiftCard => "no_gift_card",
            Refusal::NotAGiftCard => "not_a_gift_card",
            Refusal::LoadNotReturned => "load_not_returned",
            Refusal::PutBackTooMuch { .. } => "put_back_too_much",
            Refusal::ReturnNotParked => "return_not_parked",
            Refusal::NothingParked => "nothing_parked",
            Refusal::ChooseParked => "choose_parked",
            Refusal::ParkedTaken(_) => "parked_taken",
            Refusal::ParkedUnreachable => "parked_unreachable",
            Refusal::TooManyTenders => "too_many_tenders",
            Refusal::TerminalAsked => "terminal_asked",
            Refusal::Terminal(_) => "terminal",
            Refusal::NoTerminal => "no_terminal",
            Refusal::PaymentNotReversed => "payment_not_reversed",
            Refusal::LastLine => "last_line",
            Refusal::NotFiscalCode(_) => "not_fiscal_code",
            Refusal::SaleNotFound(_) => "sale_not_found",
            Refusal::SaleUnreachable(_) => "sale_unreachable",
            Refusal::ReturnTooLate { .. } => "return_too_late",
            Refusal::ReturnOverSale { .. } => "return_over_sale",
            Refusal::PinWait { .. } => "pin_wait",
            Refusal::PinBlocked => "pin_blocked",
            Refusal::MissingRight(_) => "missing_right",
            Refusal::Locked(_) => "locked",
            Refusal::OwnApproval => "own_approval",
            Refusal::NothingAsked => "nothing_asked",
            Refusal::ClockSetBack { .. } => "clock_set_back",
            Refusal::NotCompared => "not_compared",
            Refusal::DoesNotAddUp => "does_not_add_up",
            Refusal::StoreIsOlder { .. } => "store_is_older",
            Refusal::DiskFull { .. } => "disk_full",
            Refusal::Training => "training",
            Refusal::NoTraining => "no_training",
            Refusal::NothingToPrint => "nothing_to_print",
            Refusal::Printer(_) => "printer",
            Refusal::NotCounted => "not_counted",
        }
    }
}
