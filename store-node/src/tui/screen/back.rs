//! Goods that come back by their receipt: which lines, how much of each, and how the money goes back.

use crossterm::event::{KeyCode, KeyEvent};
use domain::quantity::Quantity;
use messages::v1::receipt::{FoundReceipt, TenderType};
use messages::v1::till::{ReturnLine, TillCommand};

use super::list::moved;
use super::{Action, Page, Screen};
use crate::tui::entry::{self, Entry};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    pub found: FoundReceipt,
    /// Lines of which something is left, with how much of each comes back.
    pub lines: Vec<BackLine>,
    pub at: usize,
    /// The quantity that is being typed for the line.
    pub entry: Entry,
    /// The lines are chosen; how does the money go back?
    pub paying: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackLine {
    pub line: u32,
    pub left: Quantity,
    pub taken: Quantity,
}

impl Back {
    pub fn of(found: FoundReceipt) -> Back {
        let left = |line: u32, sold: Quantity| {
            let came_back = found.returned.iter().filter(|returned| returned.line == line);
            sold - came_back.map(|returned| returned.quantity).sum()
        };
        let lines = found.receipt.lines.iter().filter(|line| !line.voided);
        let lines = lines
            .map(|line| BackLine { line: line.line, left: left(line.line, line.quantity), taken: Quantity::ZERO })
            .filter(|line| line.left.is_positive())
            .collect();
        Back { lines, found, at: 0, entry: Entry::default(), paying: false }
    }

    fn command(&self, tender: TenderType) -> TillCommand {
        let lines = self.lines.iter().filter(|line| line.taken.is_positive());
        let lines = lines.map(|line| ReturnLine { line: line.line, quantity: line.taken }).collect();
        TillCommand::Return { of: Some(self.found.receipt.uid), lines, tender }
    }
}

impl Screen {
    pub(super) fn key_on_back(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Back(back) = &mut self.page else { return None };
        if back.paying {
            let tender = match key.code {
                KeyCode::Char('+') | KeyCode::F(12) => TenderType::Cash,
                KeyCode::F(2) => TenderType::Card,
                KeyCode::F(3) => TenderType::Qr,
                KeyCode::F(4) => TenderType::Points,
                KeyCode::F(5) => TenderType::Gift,
                KeyCode::F(6) => TenderType::Credit,
                KeyCode::Esc | KeyCode::F(7) => {
                    back.paying = false;
                    return None;
                }
                _ => return Some(Action::Bell),
            };
            let command = back.command(tender);
            return self.send_by_hand(command);
        }
        if let Some(to) = moved(back.at, back.lines.len(), key.code) {
            back.at = to;
            back.entry.clear();
            return None;
        }
        match key.code {
            KeyCode::Esc if !back.entry.is_empty() => back.entry.clear(),
            KeyCode::Esc => self.page = Page::Base,
            KeyCode::Backspace => back.entry.erase(),
            KeyCode::Char('*') => back.lines.iter_mut().for_each(|line| line.taken = line.left),
            KeyCode::Char('-') | KeyCode::Delete => {
                if let Some(line) = back.lines.get_mut(back.at) {
                    line.taken = Quantity::ZERO;
                }
            }
            KeyCode::Char('+') | KeyCode::F(12) => {
                if !back.entry.is_empty() {
                    return self.refuse("finish_entry_first", None);
                }
                if back.lines.iter().all(|line| line.taken.is_zero()) {
                    return self.refuse("nothing_chosen", None);
                }
                back.paying = true;
            }
            KeyCode::Enter => return self.take_back_line(),
            KeyCode::Char(c) if c.is_ascii_digit() || c == '.' || c == ',' => {
                return (!back.entry.push(c)).then_some(Action::Bell);
            }
            KeyCode::Char(_) => return Some(Action::Bell),
            _ => {}
        }
        None
    }

    /// Enter alone takes all that is left of the line.
    fn take_back_line(&mut self) -> Option<Action> {
        let Page::Back(back) = &mut self.page else { return None };
        let last = back.lines.len().saturating_sub(1);
        let typed = back.entry.take();
        let line = back.lines.get_mut(back.at)?;
        let wanted = if typed.is_empty() { Some(line.left) } else { entry::quantity(&typed) };
        match wanted {
            None => return self.refuse("bad_quantity", None),
            Some(quantity) if quantity > line.left => return self.refuse("return_too_much", None),
            Some(quantity) => line.taken = quantity,
        }
        back.at = (back.at + 1).min(last);
        None
    }
}
