//! The menus and the screen's own questions. Nothing that cannot be undone is on a bare key.

use crossterm::event::{KeyCode, KeyEvent};
use messages::v1::document::CashKind;
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::count::Count;
use super::{Action, Form, FormKind, Page, Question, Screen};
use crate::tui::actions::{self, Act};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Menu {
    /// F9.
    Cashier,
    CashIn,
    CashOut,
    /// Leave the till for a while, or for good.
    Away,
    Discounts,
    Returns,
    /// What a supervisor saw on the paper.
    Settle,
}

/// What a row of a menu leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Act(Act),
    Form(FormKind),
    LineDiscount { percent: bool },
    LinePrice,
    NoReceipt,
}

pub struct MenuRow {
    pub digit: char,
    /// Key of its text.
    pub text: &'static str,
    pub(super) pick: Pick,
}

impl MenuRow {
    /// The action of the list that the row stands for, if it does.
    pub fn act(&self) -> Option<Act> {
        match self.pick {
            Pick::Act(act) => Some(act),
            _ => None,
        }
    }
}

const fn row(digit: char, text: &'static str, pick: Pick) -> MenuRow {
    MenuRow { digit, text, pick }
}

const fn cash(digit: char, text: &'static str, kind: CashKind) -> MenuRow {
    row(digit, text, Pick::Form(FormKind::MoveCash(kind)))
}

const CASH_IN: [MenuRow; 2] = [cash('1', "menu-loan", CashKind::Loan), cash('2', "menu-paid-in", CashKind::PaidIn)];
const CASH_OUT: [MenuRow; 2] =
    [cash('1', "menu-pickup", CashKind::Pickup), cash('2', "menu-paid-out", CashKind::PaidOut)];
const AWAY: [MenuRow; 3] = [
    row('1', "menu-lock", Pick::Act(Act::Lock)),
    row('2', "menu-break", Pick::Act(Act::Break)),
    row('3', "menu-sign-off", Pick::Act(Act::SignOff)),
];
const DISCOUNTS: [MenuRow; 5] = [
    row('1', "menu-line-percent", Pick::LineDiscount { percent: true }),
    row('2', "menu-line-sum", Pick::LineDiscount { percent: false }),
    row('3', "menu-receipt-percent", Pick::Form(FormKind::Discount { line: None, percent: true })),
    row('4', "menu-line-price", Pick::LinePrice),
    row('5', "menu-receipt-sum", Pick::Form(FormKind::Discount { line: None, percent: false })),
];
const RETURNS: [MenuRow; 3] = [
    row('1', "menu-return-receipt", Pick::Form(FormKind::FindSale)),
    row('2', "menu-return-no-receipt", Pick::NoReceipt),
    row('3', "menu-return-fiscal", Pick::Form(FormKind::ReturnByFiscalCode)),
];
const SETTLE: [MenuRow; 2] = [
    row('1', "menu-settle-made", Pick::Form(FormKind::Settle { made: true })),
    row('2', "menu-settle-not-made", Pick::Form(FormKind::Settle { made: false })),
];

/// The rows of a menu in the order of their digits. Digits stay the same for life: fingers know them.
pub fn rows(menu: Menu) -> Vec<&'static MenuRow> {
    let rows: &'static [MenuRow] = match menu {
        Menu::Cashier => return CASHIER.iter().collect(),
        Menu::CashIn => &CASH_IN,
        Menu::CashOut => &CASH_OUT,
        Menu::Away => &AWAY,
        Menu::Discounts => &DISCOUNTS,
        Menu::Returns => &RETURNS,
        Menu::Settle => &SETTLE,
    };
    rows.iter().collect()
}

/// The cashier's menu is the list of actions that have a digit.
static CASHIER: std::sync::LazyLock<Vec<MenuRow>> = std::sync::LazyLock::new(|| {
    let with_digit = |known: &actions::Known| {
        known.digit.map(|digit| MenuRow { digit, text: known.text, pick: Pick::Act(known.act) })
    };
    actions::ALL.iter().filter_map(with_digit).collect()
});

impl Screen {
    pub(super) fn open_menu(&mut self) -> Option<Action> {
        self.page = Page::Menu { menu: Menu::Cashier, at: 0 };
        None
    }

    pub(super) fn key_on_menu(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let Page::Menu { menu, at } = self.page else { return None };
        let rows = rows(menu);
        match key.code {
            KeyCode::Esc | KeyCode::F(9) => {
                let inner = matches!(menu, Menu::CashIn | Menu::CashOut | Menu::Away) && key.code == KeyCode::Esc;
                self.page = if inner { Page::Menu { menu: Menu::Cashier, at: 0 } } else { Page::Base };
                None
            }
            KeyCode::Up => {
                self.page = Page::Menu { menu, at: at.checked_sub(1).unwrap_or(rows.len() - 1) };
                None
            }
            KeyCode::Down => {
                self.page = Page::Menu { menu, at: (at + 1) % rows.len() };
                None
            }
            KeyCode::Enter => rows.get(at).and_then(|row| self.pick(view, row.pick)),
            KeyCode::Char(c) => match rows.iter().find(|row| row.digit == c) {
                Some(row) => self.pick(view, row.pick),
                None => Some(Action::Bell),
            },
            _ => None,
        }
    }

    fn pick(&mut self, view: &TillView, pick: Pick) -> Option<Action> {
        match pick {
            Pick::Act(act) => {
                self.page = Page::Base;
                self.act(view, act, None)
            }
            Pick::Form(kind) => self.open_form(kind),
            Pick::LineDiscount { .. } | Pick::LinePrice => {
                let Some(line) = self.chosen(view).map(|line| line.line) else {
                    self.page = Page::Base;
                    return self.refuse("no_line", None);
                };
                self.open_form(match pick {
                    Pick::LineDiscount { percent } => FormKind::Discount { line: Some(line), percent },
                    _ => FormKind::ChangePrice { line },
                })
            }
            Pick::NoReceipt => {
                self.page = Page::Base;
                self.send_by_hand(TillCommand::ToggleReturn)
            }
        }
    }

    /// What is in the cashier's menu, wherever it was asked for.
    pub(super) fn menu_act(&mut self, view: &TillView, act: Act) -> Option<Action> {
        let menu = |menu| Page::Menu { menu, at: 0 };
        match act {
            Act::CashIn => self.open(menu(Menu::CashIn)),
            Act::CashOut => self.open(menu(Menu::CashOut)),
            Act::Away => self.open(menu(Menu::Away)),
            Act::ReportX => self.send_by_hand(TillCommand::ReportX),
            Act::CloseShift => self.open(Page::Count(Count::new(true, &self.shop.cash))),
            Act::Count => self.open(Page::Count(Count::new(false, &self.shop.cash))),
            Act::Reprint | Act::Journal => {
                self.to_read = act == Act::Journal;
                self.send_by_hand(TillCommand::ListReceipts)
            }
            Act::Train => self.send_by_hand(TillCommand::Train { on: !view.training }),
            Act::CancelReceipt => self.open(Page::Ask(Question::Cancel)),
            Act::Break => self.send_by_hand(TillCommand::Lock { break_: true }),
            Act::SignOff => self.send_by_hand(TillCommand::SignOff),
            _ => None,
        }
    }

    pub(super) fn key_on_question(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Ask(question) = &self.page else { return None };
        let question = question.clone();
        let again = matches!((&question, key.code), (Question::Void { .. }, KeyCode::Char('-') | KeyCode::Delete));
        match key.code {
            KeyCode::Esc => {
                self.page = Page::Base;
                None
            }
            _ if key.code != KeyCode::Enter && !again => None,
            _ => {
                self.page = Page::Base;
                match question {
                    Question::Void { line } => self.send_by_hand(TillCommand::VoidLine { line, quantity: None }),
                    Question::Cancel | Question::GiveUp => self.send_by_hand(TillCommand::Cancel),
                    Question::CloseExpired => self.send_by_hand(TillCommand::CloseShift { counted: None }),
                    Question::Leave => Some(Action::Leave),
                }
            }
        }
    }

    /// The number that was typed before F5 is the discount already; only its reason is missing.
    pub(super) fn discount_form(&mut self, line: Option<u32>, percent: &str) -> Option<Action> {
        let mut form = Form::filled(FormKind::Discount { line, percent: true }, percent);
        if crate::tui::entry::hundredths(percent).is_none() {
            return self.refuse("bad_percent", None);
        }
        form.at = 1;
        self.open(Page::Form(form))
    }
}
