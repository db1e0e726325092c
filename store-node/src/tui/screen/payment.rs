//! Keys of the payment screen. An amount, then the tender; the tender alone is the exact amount.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domain::money::Money;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, Page, Screen};

impl Screen {
    pub(super) fn key_on_payment(&mut self, view: &TillView, key: KeyEvent, begun: bool) -> Option<Action> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return None;
        }
        match key.code {
            // Alone it would be too easy to press unawares.
            KeyCode::Enter if self.entry.is_empty() => None,
            KeyCode::Enter | KeyCode::Char('+') | KeyCode::F(12) => self.pay(view, TenderType::Cash),
            KeyCode::F(2) => self.pay(view, TenderType::Card),
            KeyCode::Esc if !self.entry.is_empty() => {
                self.entry.clear();
                None
            }
            KeyCode::Esc | KeyCode::F(7) if begun => self.refuse("payment_begun", None),
            KeyCode::Esc | KeyCode::F(7) => {
                self.entry.clear();
                self.page = Page::Base;
                None
            }
            KeyCode::F(9) => {
                self.page = Page::Menu { at: 0 };
                None
            }
            KeyCode::Backspace => {
                self.entry.erase();
                None
            }
            KeyCode::Char(c) if c.is_ascii_digit() || c == '.' || c == ',' => {
                (!self.entry.push(c)).then_some(Action::Bell)
            }
            KeyCode::Char(_) => Some(Action::Bell),
            _ => None,
        }
    }

    fn pay(&mut self, view: &TillView, tender: TenderType) -> Option<Action> {
        let amount = if self.entry.is_empty() { Some(view.due) } else { self.entry.amount() };
        self.entry.clear();
        match amount {
            // A receipt of nothing is closed by a tender of nothing.
            Some(amount) if amount.is_positive() || view.due == Money::ZERO => {
                self.send_by_hand(TillCommand::Pay { tender, amount, number: None })
            }
            _ => self.refuse("bad_amount", None),
        }
    }
}
