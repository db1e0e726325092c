//! Counting the drawer: the sum alone, or banknotes and coins one worth after another.

use crossterm::event::{KeyCode, KeyEvent};
use domain::money::Money;
use messages::v1::document::Pieces;
use messages::v1::settings::CashRules;
use messages::v1::till::{Counted, TillCommand};

use super::list::moved;
use super::{Action, Page, Screen};
use crate::tui::entry::Entry;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The shift is closed with it.
    pub closing: bool,
    /// The sum, if it is typed and not counted from pieces.
    pub sum: Entry,
    pub pieces: Vec<(Money, Entry)>,
    /// 0 is the sum, the rest are the pieces.
    pub at: usize,
}

impl Count {
    pub fn new(closing: bool, rules: &CashRules) -> Count {
        let pieces = rules.denominations.iter().map(|worth| (*worth, Entry::default())).collect();
        Count { closing, sum: Entry::default(), pieces, at: 0 }
    }

    /// What is counted so far; none if something typed is no number.
    pub fn counted(&self) -> Option<Counted> {
        let typed: Vec<_> = self.pieces.iter().filter(|(_, count)| !count.is_empty()).collect();
        if typed.is_empty() {
            return self.sum.amount().map(Counted::from);
        }
        let mut pieces = Vec::new();
        let mut minor = 0i64;
        for (worth, count) in typed {
            let count: u32 = count.as_str().parse().ok()?;
            minor = worth.minor().checked_mul(i64::from(count))?.checked_add(minor)?;
            pieces.push(Pieces { worth: *worth, count });
        }
        Some(Counted { amount: Money::from_minor(minor), pieces })
    }

    /// Pieces were counted, so the sum is not typed.
    pub fn by_pieces(&self) -> bool {
        self.pieces.iter().any(|(_, count)| !count.is_empty())
    }
}

impl Screen {
    pub(super) fn key_on_count(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Count(count) = &mut self.page else { return None };
        if let Some(to) = moved(count.at, count.pieces.len() + 1, key.code) {
            count.at = to;
            return None;
        }
        let by_pieces = count.by_pieces();
        let (at, rows) = (count.at, count.pieces.len());
        let field = match at.checked_sub(1).and_then(|index| count.pieces.get_mut(index)) {
            Some((_, field)) => field,
            None => &mut count.sum,
        };
        match key.code {
            KeyCode::Esc if !field.is_empty() => field.clear(),
            KeyCode::Esc if at > 0 => count.at = 0,
            KeyCode::Esc => self.page = Page::Base,
            KeyCode::Backspace => field.erase(),
            // From the pieces to the sum, which is to be looked at before it is sent.
            KeyCode::Char('+') | KeyCode::F(12) if at > 0 => count.at = 0,
            KeyCode::Enter if at > 0 => count.at = if at < rows { at + 1 } else { 0 },
            KeyCode::Enter => return self.send_count(),
            KeyCode::Char(_) if at == 0 && by_pieces => return Some(Action::Bell),
            KeyCode::Char(c) if c.is_ascii_digit() || (at == 0 && (c == '.' || c == ',')) => {
                return (!field.push(c)).then_some(Action::Bell);
            }
            KeyCode::Char(_) => return Some(Action::Bell),
            _ => {}
        }
        None
    }

    fn send_count(&mut self) -> Option<Action> {
        let Page::Count(count) = &mut self.page else { return None };
        if count.sum.is_empty() && !count.by_pieces() {
            return Some(Action::Bell);
        }
        let Some(counted) = count.counted() else {
            count.sum.clear();
            return self.refuse("bad_amount", None);
        };
        let command = if count.closing {
            TillCommand::CloseShift { counted: Some(counted) }
        } else {
            TillCommand::Count { counted }
        };
        self.send_by_hand(command)
    }
}
