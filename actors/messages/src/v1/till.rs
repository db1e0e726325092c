//! What may be asked of a till, by a screen, a script or a test alike.

use actix::Message;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
pub use domain::receipt::DiscountBy;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};

use super::catalogue::Unit;
use super::document::{CashKind, Pieces, ShiftTotals};
use super::receipt::{FoundReceipt, Receipt, ReceiptKind, Tender, TenderType};
use super::requests::ParkedReceipt;

/// One thing a cashier does.
///
/// Sender: the cashier's screen, the replay of a script. Answer: what came of it, committed.
/// Repeat: no; after a lost answer look at the till's view before asking again.
#[derive(Clone, Debug, PartialEq, Eq, Message, Serialize, Deserialize)]
#[rtype(result = "Result<TillReply, TillError>")]
pub enum TillCommand {
    SignOn {
        operator: OperatorNumber,
        pin: String,
    },
    SignOff,
    /// Leave the till with its receipt as it is; the same operator, or whoever may approve, comes back with `SignOn`.
    Lock {
        break_: bool,
    },
    OpenShift {
        operator: OperatorNumber,
        pin: String,
        float: Money,
    },
    /// What the scanner read, or a code that was keyed: barcode, in-store barcode, item code or PLU.
    Scan {
        data: String,
        quantity: Option<Quantity>,
    },
    /// Sell what lies on the scale; `tare` in kilograms is taken off beside the item's own.
    Weigh {
        data: String,
        tare: Option<Quantity>,
    },
    /// The last item once more.
    RepeatLast,
    /// What a code is and costs; nothing is sold.
    CheckPrice {
        data: String,
    },
    /// What the till asked for, for the command that waits for it.
    Answer(Answer),
    /// A supervisor's word for the command that waits for it.
    Approve {
        operator: OperatorNumber,
        pin: String,
        reason: String,
    },
    /// Nothing is answered: the command that waited is dropped.
    Decline,
    /// A line by item code or exact name; with `price` an open-price line that need not be in the catalogue.
    Sell {
        item: ItemChoice,
        quantity: Quantity,
        price: Option<Money>,
        vat: Option<VatRate>,
    },
    ChangeQuantity {
        line: u32,
        quantity: Quantity,
    },
    /// Void a line, or `quantity` of it.
    VoidLine {
        line: u32,
        quantity: Option<Quantity>,
    },
    /// A discount from a line, or from the whole receipt; a second one of the same line takes the place of the first.
    Discount {
        line: Option<u32>,
        by: DiscountBy,
        reason: String,
    },
    ChangePrice {
        line: u32,
        price: Money,
        reason: String,
    },
    /// Whose receipt it is: the number of a card, or a phone.
    Customer {
        number: String,
    },
    /// Take points of the customer off the lines; none: as many as there are and may be. Lines do not change after it.
    Burn {
        points: Option<Money>,
    },
    /// Take so much cash, and give the change in points, as far as the programme lets; the rest goes back in money.
    ChangeToPoints {
        cash: Money,
    },
    /// What was taken from an account last goes back to it: a payment, or points.
    GiveBack,
    /// Put the open receipt aside.
    Park {
        name: String,
    },
    /// What is put aside in the store.
    ListParked,
    /// Take up a receipt that was put aside; none: the only one there is.
    Recall {
        parked: Option<ReceiptId>,
    },
    /// One tender. The receipt closes when it is covered. `number` is the gift card or the account that pays.
    Pay {
        tender: TenderType,
        amount: Money,
        number: Option<String>,
    },
    /// A whole receipt at once.
    Whole(WholeReceipt),
    /// The sale by its number ("S1/2-117" or "117"), its uid or the QR code of its fiscal document.
    FindSale {
        text: String,
    },
    /// Goods come back: all of a receipt, some of its lines, or (with `of` none) open-price lines without a receipt.
    Return {
        of: Option<ReceiptId>,
        lines: Vec<ReturnLine>,
        tender: TenderType,
    },
    /// From here on lines of the open, still empty receipt come back without a receipt; again: sale.
    ToggleReturn,
    /// The next receipt takes back goods of a sale that cannot be found now, by what its QR code says.
    ReturnByFiscalCode {
        code: String,
    },
    /// Give the open receipt up. Its number is spent.
    Cancel,
    MoveCash {
        kind: CashKind,
        amount: Money,
        reason: String,
    },
    ReportX,
    /// Count the drawer without closing.
    Count {
        counted: Counted,
    },
    /// None: not counted, which only a shift that is too old may be.
    CloseShift {
        counted: Option<Counted>,
    },
    OpenDrawer {
        reason: String,
    },
    /// Finish what was begun when the device or the terminal works again.
    Resume,
    /// Take a line out of a receipt that is paid and refused by the fiscal device; its money goes back as it came.
    TakeOut {
        line: u32,
    },
    /// A supervisor has looked at the fiscal device's paper: the document is there, or it is not.
    SettleConflict {
        made: bool,
        reason: String,
    },
    /// The receipts that ended last, newest first.
    ListReceipts,
    /// Print a closed receipt again, marked as a copy; none: the last one.
    Reprint {
        sequence: Option<u64>,
    },
    /// Play shop: nothing of it is kept.
    Train {
        on: bool,
    },
}

/// What the till must be told before it does what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Is the buyer that old?
    Age {
        years: u8,
        name: String,
    },
    /// The code of this marked unit.
    Mark {
        name: String,
    },
    Price {
        name: String,
        from: Money,
        to: Money,
    },
    /// The weight or number of what is sold by weight.
    Quantity {
        name: String,
    },
    /// The number of the gift card that is sold.
    Gift {
        name: String,
    },
    /// The PIN of the card that pays; `name` is its last signs.
    Pin {
        name: String,
    },
    /// A supervisor's word. `right` is the name of the right.
    Approval {
        right: String,
    },
}

impl Ask {
    pub fn code(&self) -> &'static str {
        match self {
            Ask::Age { .. } => "asks_age",
            Ask::Mark { .. } => "asks_mark",
            Ask::Price { .. } => "asks_price",
            Ask::Quantity { .. } => "asks_quantity",
            Ask::Gift { .. } => "asks_gift",
            Ask::Pin { .. } => "asks_pin",
            Ask::Approval { .. } => "asks_approval",
        }
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ask::Age { years, name } => write!(f, "{name}: is the buyer {years} or older?"),
            Ask::Mark { name } => write!(f, "{name}: scan the code of the unit itself"),
            Ask::Price { name, from, to } => write!(f, "{name}: enter its price, from {from} to {to}"),
            Ask::Quantity { name } => write!(f, "{name} is sold by weight: weigh it or enter its quantity"),
            Ask::Gift { name } => write!(f, "{name}: scan or enter the number of the card"),
            Ask::Pin { name } => write!(f, "card {name}: enter its PIN"),
            Ask::Approval { right } => write!(f, "a supervisor must allow this: {right}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    OldEnough(bool),
    Mark(String),
    Price(Money),
    Quantity(Quantity),
    Gift(String),
    Pin(String),
}

/// What a person counted in the drawer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub amount: Money,
    /// Banknotes and coins that make up `amount`; empty if only the sum was entered.
    pub pieces: Vec<Pieces>,
}

impl From<Money> for Counted {
    fn from(amount: Money) -> Counted {
        Counted { amount, pieces: Vec::new() }
    }
}

/// An item as a price check shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemShown {
    pub code: ItemCode,
    pub name: String,
    pub price: Money,
    pub unit: Unit,
    pub barcode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemChoice {
    Code(ItemCode),
    Name(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeReceipt {
    pub kind: ReceiptKind,
    pub lines: Vec<WholeLine>,
    pub tenders: Vec<Tender>,
    pub of: Option<ReceiptId>,
    pub operator: Option<OperatorNumber>,
    /// The card or the phone by which the customer is known.
    #[serde(default)]
    pub customer: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeLine {
    pub code: ItemCode,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub price: Option<Money>,
    pub vat: Option<VatRate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    pub line: u32,
    pub quantity: Quantity,
}

/// What came of a command. Fields that do not belong to it are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TillReply {
    /// The receipt, when the command closed or cancelled one.
    pub receipt: Option<Box<Receipt>>,
    /// The number of the line that was added or changed.
    pub line: Option<u32>,
    pub change: Option<Money>,
    /// What is still to pay.
    pub due: Option<Money>,
    pub over_short: Option<Money>,
    pub totals: Option<Box<ShiftTotals>>,
    pub item: Option<Box<ItemShown>>,
    /// A sale with what came back of it.
    pub found: Option<Box<FoundReceipt>>,
    pub parked: Option<Vec<ParkedReceipt>>,
    pub receipts: Option<Vec<Receipt>>,
    /// What a customer account gave.
    pub taken: Option<Taken>,
    /// Words about what was done beside what was asked: a price that changed while a receipt was parked.
    pub notes: Vec<String>,
}

/// An account's yes, as the cashier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub amount: Money,
    /// The head office said yes just now; if not, the store did, of what it may take by itself.
    pub online: bool,
    /// What this store may still take.
    pub here: Money,
}

/// Why a till did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum TillError {
    /// The rules say no: `code` names the rule ("unknown_code", "not_covered"), `text` is for the cashier.
    #[error("{text}")]
    Refused { code: String, text: String },
    /// Nothing was stored; the same command may be given again.
    #[error("nothing was stored: {reason}")]
    NotStored { reason: String },
    /// The money is taken and the device has not answered; `Resume` goes on from there.
    #[error("the receipt is paid and waits for the fiscal device: {reason}")]
    Waiting { reason: String },
    /// The terminal was asked for money and its answer was lost; `Resume` asks it what it did.
    #[error("the payment waits for the terminal: {reason}")]
    WaitingForTerminal { reason: String },
    /// Answer with `Answer`, `Approve` or `Decline`; any other command declines.
    #[error("{0}")]
    Asks(Ask),
}

impl TillError {
    /// The stable word for what stands in the way.
    pub fn code(&self) -> &str {
        match self {
            TillError::Refused { code, .. } => code,
            TillError::NotStored { .. } => "not_stored",
            TillError::Waiting { .. } => "waiting_for_fiscal",
            TillError::WaitingForTerminal { .. } => "waiting_for_terminal",
            TillError::Asks(ask) => ask.code(),
        }
    }
}
