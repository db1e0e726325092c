//! While a payment terminal or the fiscal device owes an answer, and when a shift is too old to sell.

use crossterm::event::{KeyCode, KeyEvent};
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, Choices, List, Menu, Page, Question, Screen};

impl Screen {
    /// While it is at work only Esc means something, and that was looked at already.
    pub(super) fn key_on_terminal(&mut self, key: KeyEvent, lost: bool) -> Option<Action> {
        match key.code {
            KeyCode::Char('r' | 'R' | 'к' | 'К') if lost => self.send_by_hand(TillCommand::Resume),
            KeyCode::Char('s' | 'S' | 'ы' | 'Ы' | 'і' | 'І') if lost => {
                self.open(Page::Menu { menu: Menu::Settle, at: 0 })
            }
            _ => Some(Action::Bell),
        }
    }

    pub(super) fn key_on_waiting(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let receipt = !view.lines.is_empty();
        match key.code {
            KeyCode::Enter | KeyCode::Char('r' | 'R' | 'к' | 'К') => self.send_by_hand(TillCommand::Resume),
            KeyCode::Char('9') if receipt => self.open(Page::Ask(Question::GiveUp)),
            KeyCode::Char('t' | 'T' | 'е' | 'Е') if receipt => self.open(Page::List(List::of(Choices::TakeOut))),
            KeyCode::Char('s' | 'S' | 'ы' | 'Ы' | 'і' | 'І') => self.open(Page::Menu { menu: Menu::Settle, at: 0 }),
            _ => None,
        }
    }

    pub(super) fn key_on_expired(&mut self, key: KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Char('z' | 'Z' | 'я' | 'Я') => self.open(Page::Ask(Question::CloseExpired)),
            KeyCode::F(9) => self.open_menu(),
            _ => Some(Action::Bell),
        }
    }
}
