//! The cashier's menu and its questions. Nothing that cannot be undone is on a bare key.

use crossterm::event::{KeyCode, KeyEvent};
use messages::v1::till::TillCommand;

use super::{Action, Form, FormKind, Page, Question, Screen};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuItem {
    CashIn,
    CashOut,
    ReportX,
    CloseShift,
    Count,
    CancelReceipt,
    SignOff,
}

/// The menu with the digit of each item. Digits stay the same for life: fingers know them.
pub const MENU: [(char, MenuItem); 7] = [
    ('1', MenuItem::CashIn),
    ('2', MenuItem::CashOut),
    ('3', MenuItem::ReportX),
    ('4', MenuItem::CloseShift),
    ('5', MenuItem::Count),
    ('9', MenuItem::CancelReceipt),
    ('0', MenuItem::SignOff),
];

impl Screen {
    pub(super) fn key_on_menu(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Menu { at } = self.page else { return None };
        match key.code {
            KeyCode::Esc | KeyCode::F(9) => {
                self.page = Page::Base;
                None
            }
            KeyCode::Up => {
                self.page = Page::Menu { at: at.checked_sub(1).unwrap_or(MENU.len() - 1) };
                None
            }
            KeyCode::Down => {
                self.page = Page::Menu { at: (at + 1) % MENU.len() };
                None
            }
            KeyCode::Enter => MENU.get(at).and_then(|(_, item)| self.choose(*item)),
            KeyCode::Char(c) => match MENU.iter().find(|(digit, _)| *digit == c) {
                Some((_, item)) => self.choose(*item),
                None => Some(Action::Bell),
            },
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
                    Question::Leave => Some(Action::Leave),
                }
            }
        }
    }

    fn choose(&mut self, item: MenuItem) -> Option<Action> {
        let form = |kind| Page::Form(Form::new(kind));
        let (page, action) = match item {
            MenuItem::CashIn => (form(FormKind::CashIn), None),
            MenuItem::CashOut => (form(FormKind::CashOut), None),
            MenuItem::Count => (form(FormKind::Count), None),
            MenuItem::CloseShift => (form(FormKind::CloseShift), None),
            MenuItem::CancelReceipt => (Page::Ask(Question::Cancel), None),
            MenuItem::ReportX => (Page::Base, Some(TillCommand::ReportX)),
            MenuItem::SignOff => (Page::Base, Some(TillCommand::SignOff)),
        };
        self.page = page;
        self.entry.clear();
        action.and_then(|command| self.send_by_hand(command))
    }
}
