//! Where a key lands: the page that is open, as far as the till's mode lets it be.

use messages::v1::view::{TillMode, TillView};

use super::{Choices, FormKind, Menu, Page, Screen};

/// The place where a key lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The till cannot start.
    Stopped,
    /// Also of a till that is locked.
    SignOn,
    Sale,
    /// `begun`: a tender was taken, there is no way back to the sale.
    Payment {
        begun: bool,
    },
    /// The shift is too old: there is nothing but closing it.
    Expired,
    /// A payment terminal is at work; `lost`: its answer did not come.
    Terminal {
        lost: bool,
    },
    /// Paid; the fiscal device has not answered.
    Waiting,
    /// The till must be told something before it does what was asked.
    Asking,
    Menu,
    Form,
    /// A question of the screen's own.
    Ask,
    List,
    Back,
    Search,
    Count,
    QuickKeys,
    Report,
}

impl Screen {
    pub fn stage(&self, view: &TillView) -> Stage {
        use TillMode::{Locked, Paying, Selling, ShiftClosed, SignedOff, WaitingForFiscal, WaitingForTerminal};
        match (&self.page, view.mode) {
            (Page::Ask(_), _) => Stage::Ask,
            _ if self.trouble.is_some() => Stage::Stopped,
            _ if self.asking.is_some() => Stage::Asking,
            (Page::Menu { menu: Menu::Settle, .. }, WaitingForFiscal | WaitingForTerminal) => Stage::Menu,
            (Page::Form(form), WaitingForFiscal | WaitingForTerminal)
                if matches!(form.kind, FormKind::Settle { .. }) =>
            {
                Stage::Form
            }
            (Page::List(list), WaitingForFiscal) if list.choices == Choices::TakeOut => Stage::List,
            (_, WaitingForTerminal) => Stage::Terminal { lost: !self.sent && !view.fiscal.works },
            (_, WaitingForFiscal) => Stage::Waiting,
            (_, Locked) => Stage::SignOn,
            (Page::Menu { .. }, _) => Stage::Menu,
            (Page::Form(_), _) => Stage::Form,
            (Page::List(_), _) => Stage::List,
            (Page::Back(_), _) => Stage::Back,
            (Page::Search(_), _) => Stage::Search,
            (Page::Count(_), _) => Stage::Count,
            (Page::QuickKeys, _) => Stage::QuickKeys,
            (Page::Report { .. }, _) => Stage::Report,
            (Page::Base | Page::Payment, SignedOff | ShiftClosed) => Stage::SignOn,
            (Page::Base | Page::Payment, Selling | Paying) if view.shift_expired => Stage::Expired,
            (Page::Base | Page::Payment, Paying) => Stage::Payment { begun: true },
            (Page::Payment, Selling) => Stage::Payment { begun: false },
            (Page::Base, Selling) => Stage::Sale,
        }
    }
}
