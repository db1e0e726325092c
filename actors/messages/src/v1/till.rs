//! What may be asked of a till, by a screen, a script or a test alike.

use actix::Message;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use serde::{Deserialize, Serialize};

use super::document::ShiftTotals;
use super::receipt::{Receipt, ReceiptKind, Tender, TenderType};

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
    /// One tender. The receipt closes when it is covered.
    Pay {
        tender: TenderType,
        amount: Money,
        number: Option<String>,
    },
    /// A whole receipt at once.
    Whole(WholeReceipt),
    /// Goods come back: all of a receipt, some of its lines, or (with `of` none) open-price lines without a receipt.
    Return {
        of: Option<ReceiptId>,
        lines: Vec<ReturnLine>,
        tender: TenderType,
    },
    /// From here on lines of the open, still empty receipt come back without a receipt; again: sale.
    ToggleReturn,
    /// Give the open receipt up. Its number is spent.
    Cancel,
    CashIn {
        amount: Money,
        reason: String,
    },
    CashOut {
        amount: Money,
        reason: String,
    },
    ReportX,
    /// Count the drawer without closing.
    Count {
        counted: Money,
    },
    CloseShift {
        counted: Money,
    },
    OpenDrawer {
        reason: String,
    },
    /// Finish what was begun when the device or the terminal works again.
    Resume,
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
}
