//! What may lie over the sale: pages, the screen's own questions, figures to be read, and what went well.

use domain::money::Money;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::Receipt;
use messages::v1::till::ItemShown;

use super::{Back, Count, Form, List, Menu, Search};

/// Something went well; gone with the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    CashIn(Money),
    CashOut(Money),
    Cancelled(u64),
    Parked(u64),
    Customer,
    /// An account gave this; by the word of the store alone if the head office was not asked.
    Taken {
        amount: Money,
        online: bool,
    },
    GivenBack,
    Reprinted(u64),
    Training(bool),
    DrawerOpened,
    SignedOff,
    /// The screen itself failed and is here again.
    ScreenRestarted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Void {
        line: u32,
    },
    Cancel,
    /// Give up a receipt that is paid and not fiscalised.
    GiveUp,
    /// Close a shift that is too old, without a count.
    CloseExpired,
    Leave,
}

/// Figures to be read and put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    X(Box<ShiftTotals>),
    Z {
        totals: Option<Box<ShiftTotals>>,
        over_short: Option<Money>,
    },
    Count {
        counted: Money,
        over_short: Option<Money>,
        totals: Option<Box<ShiftTotals>>,
    },
    Item(Box<ItemShown>),
    Receipt(Box<Receipt>),
    /// What else the till said about what it did.
    Notes(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Page {
    /// What the till's mode calls for.
    Base,
    Payment,
    Menu {
        menu: Menu,
        at: usize,
    },
    Form(Form),
    Ask(Question),
    List(List),
    Back(Box<Back>),
    Search(Search),
    Count(Count),
    QuickKeys,
    Report {
        report: Report,
        from: usize,
    },
}
