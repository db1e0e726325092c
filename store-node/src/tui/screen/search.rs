//! Goods by name or by the beginning of their code, found while the cashier types; and the shop's goods on keys.
//!
//! Digits belong to what is typed, until Enter or ↓ goes to the list: there the first nine rows have digits.

use crossterm::event::{KeyCode, KeyEvent};
use domain::quantity::Quantity;
use messages::v1::catalogue::Item;
use messages::v1::till::TillCommand;

use super::list::{by_digit, moved};
use super::{Action, Page, Screen};
use crate::tui::entry::{Entry, Keyed};

/// Characters from which a search begins: one letter names half the catalogue.
const SEARCH_CHARS_MIN: usize = 2;
/// As many as have digits.
pub const FOUND_MAX: usize = 9;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    pub entry: Entry,
    /// The text for which `items` were found; none while nothing was.
    pub found_for: Option<String>,
    pub items: Vec<Item>,
    /// The row, once the cashier went to the list.
    pub at: Option<usize>,
    /// How many of what is chosen.
    pub quantity: Option<Quantity>,
}

impl Search {
    fn text(&self) -> Option<String> {
        let text = self.entry.as_str().trim();
        (text.chars().count() >= SEARCH_CHARS_MIN).then(|| text.to_owned())
    }

    /// Something was typed whose answer did not come yet.
    pub fn looks(&self) -> bool {
        self.text().is_some() && self.text() != self.found_for
    }
}

impl Screen {
    pub(super) fn open_search(&mut self, typed: &str) -> Option<Action> {
        let (quantity, text) = match Keyed::read(typed) {
            Keyed::Quantity(quantity) => (Some(quantity), String::new()),
            Keyed::Code { data, quantity } => (quantity, data),
            Keyed::BadQuantity => (None, String::new()),
        };
        let mut search = Search { quantity, ..Search::default() };
        search.entry.set(&text);
        let asks = search.text();
        self.open(Page::Search(search));
        asks.map(Action::Search)
    }

    /// An answer that is not for what stands there now is too late.
    pub(super) fn found(&mut self, text: &str, items: Vec<Item>) {
        if let Page::Search(search) = &mut self.page
            && search.text().as_deref() == Some(text)
        {
            search.items = items;
            search.items.truncate(FOUND_MAX);
            search.found_for = Some(text.to_owned());
            search.at = search.at.filter(|at| *at < search.items.len());
        }
    }

    pub(super) fn key_on_search(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Search(search) = &mut self.page else { return None };
        let Some(at) = search.at else { return self.key_on_search_text(key) };
        if at == 0 && key.code == KeyCode::Up {
            search.at = None;
            return None;
        }
        if let Some(to) = moved(at, search.items.len(), key.code) {
            search.at = Some(to);
            return None;
        }
        let row = match key.code {
            KeyCode::Esc | KeyCode::Backspace => {
                search.at = None;
                return None;
            }
            KeyCode::Enter => at,
            code => match by_digit(code) {
                Some(row) if row < search.items.len() => row,
                _ => return Some(Action::Bell),
            },
        };
        let code = search.items.get(row).map(|item| item.code.0.clone())?;
        let quantity = search.quantity;
        self.page = Page::Base;
        self.send_by_hand(TillCommand::Scan { data: code, quantity })
    }

    fn key_on_search_text(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Search(search) = &mut self.page else { return None };
        match key.code {
            KeyCode::Esc if search.entry.is_empty() => {
                self.page = Page::Base;
                return None;
            }
            KeyCode::Esc => search.entry.clear(),
            KeyCode::F(2) => {
                self.page = Page::Base;
                return None;
            }
            KeyCode::Enter | KeyCode::Down => {
                let some = !search.items.is_empty() && !search.looks();
                search.at = some.then_some(0);
                return (!some).then_some(Action::Bell);
            }
            KeyCode::Backspace => search.entry.erase(),
            KeyCode::Char(c) if !search.entry.push(c) => return Some(Action::Bell),
            KeyCode::Char(_) => {}
            _ => return None,
        }
        let text = search.text();
        if text.is_none() {
            (search.items, search.found_for) = (Vec::new(), None);
        }
        text.map(Action::Search)
    }

    pub(super) fn open_quick_keys(&mut self) -> Option<Action> {
        if self.shop.quick_keys.keys.is_empty() {
            return self.refuse("no_quick_keys", None);
        }
        // `3*` waits for its code, as it does for the scanner.
        self.page = Page::QuickKeys;
        None
    }

    pub(super) fn key_on_quick_keys(&mut self, key: KeyEvent) -> Option<Action> {
        match key.code {
            KeyCode::Esc | KeyCode::Insert => {
                self.page = Page::Base;
                None
            }
            code => match by_digit(code) {
                Some(index) => {
                    let typed = self.entry.take();
                    let quantity = match Keyed::read(&typed) {
                        Keyed::Quantity(quantity) => Some(quantity),
                        Keyed::Code { .. } | Keyed::BadQuantity => None,
                    };
                    self.sell_quick(index, quantity)
                }
                None => Some(Action::Bell),
            },
        }
    }

    /// Sell what is on a key, counted from 0.
    pub(super) fn sell_quick(&mut self, index: usize, quantity: Option<Quantity>) -> Option<Action> {
        match self.shop.quick_keys.keys.get(index).map(|key| key.item.0.clone()) {
            Some(code) => {
                self.page = Page::Base;
                self.send_by_hand(TillCommand::Scan { data: code, quantity })
            }
            None => self.refuse("no_such_quick_key", None),
        }
    }
}
