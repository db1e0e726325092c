//! Keys of the sale screen: codes, quantities, voids, the way to payment.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use messages::v1::receipt::ReceiptLine;
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, Form, FormKind, Page, Question, Screen};
use crate::tui::entry::Keyed;

/// Lines that PgUp and PgDn go by.
const PAGE_LINES: isize = 8;

impl Screen {
    pub(super) fn key_on_sale(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.control_on_sale(key.code);
        }
        match key.code {
            KeyCode::Enter => self.entered(view),
            KeyCode::Esc if self.entry.is_empty() => {
                self.selected = None;
                None
            }
            KeyCode::Esc => {
                self.entry.clear();
                None
            }
            KeyCode::Backspace => {
                self.entry.erase();
                None
            }
            KeyCode::Char('+') | KeyCode::F(12) => self.open_payment(view),
            KeyCode::Char('-') if self.entry.is_empty() => {
                let line = self.chosen(view).map(|line| line.line);
                self.ask_void(line)
            }
            KeyCode::Delete => {
                let line = self.chosen(view).map(|line| line.line);
                self.ask_void(line)
            }
            KeyCode::Char('*') => self.star(),
            KeyCode::F(8) => self.send_by_hand(TillCommand::ToggleReturn),
            KeyCode::F(9) => {
                self.page = Page::Menu { at: 0 };
                None
            }
            KeyCode::Char(c) => (!self.entry.push(c)).then_some(Action::Bell),
            code => {
                self.move_selection(view, code);
                None
            }
        }
    }

    pub(super) fn scan_on_sale(&mut self, data: String) -> Option<Action> {
        // `3*`, then the scanner: the quantity waits in the entry for its code.
        if let Keyed::Quantity(quantity) = Keyed::read(self.entry.as_str()) {
            self.entry.clear();
            return self.send_scanned(TillCommand::Scan { data, quantity: Some(quantity) });
        }
        let command = match Keyed::read(&data) {
            Keyed::Code { data, quantity } => TillCommand::Scan { data, quantity },
            Keyed::Quantity(_) | Keyed::BadQuantity => TillCommand::Scan { data, quantity: None },
        };
        self.send_scanned(command)
    }

    fn control_on_sale(&mut self, code: KeyCode) -> Option<Action> {
        match code {
            KeyCode::Char('l') => self.send_by_hand(TillCommand::SignOff),
            KeyCode::Char('o') => {
                self.page = Page::Form(Form::new(FormKind::OpenDrawer));
                None
            }
            _ => None,
        }
    }

    /// Enter with nothing typed is a scanner's second one, and does nothing.
    fn entered(&mut self, view: &TillView) -> Option<Action> {
        if self.entry.is_empty() {
            return None;
        }
        match Keyed::read(&self.entry.take()) {
            Keyed::BadQuantity => self.refuse("bad_quantity", None),
            Keyed::Code { data, quantity } => self.send_by_hand(TillCommand::Scan { data, quantity }),
            Keyed::Quantity(quantity) => match self.chosen(view).map(|line| line.line) {
                Some(line) => self.send_by_hand(TillCommand::ChangeQuantity { line, quantity }),
                None => self.refuse("no_line", None),
            },
        }
    }

    fn open_payment(&mut self, view: &TillView) -> Option<Action> {
        if !self.entry.is_empty() {
            return self.refuse("finish_entry_first", None);
        }
        if view.lines.iter().any(|line| !line.voided) {
            self.selected = None;
            self.page = Page::Payment;
        }
        None
    }

    fn star(&mut self) -> Option<Action> {
        let quantity_before = self.entry.as_str().chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
        if self.entry.is_empty() || !quantity_before {
            return self.refuse("quantity_before_star", None);
        }
        self.entry.push('*');
        None
    }

    fn ask_void(&mut self, line: Option<u32>) -> Option<Action> {
        match line {
            Some(line) => {
                self.page = Page::Ask(Question::Void { line });
                None
            }
            None => self.refuse("no_line", None),
        }
    }

    /// The selected line; without one the last that counts.
    fn chosen<'view>(&self, view: &'view TillView) -> Option<&'view ReceiptLine> {
        let by_number = |number: u32| view.lines.iter().find(|line| line.line == number);
        let last = || {
            view.last_line
                .and_then(by_number)
                .filter(|line| !line.voided)
                .or_else(|| view.lines.iter().rfind(|line| !line.voided))
        };
        self.selected.map_or_else(last, by_number)
    }

    fn move_selection(&mut self, view: &TillView, code: KeyCode) {
        let last = view.lines.len() as isize - 1;
        let now = self
            .selected
            .and_then(|selected| view.lines.iter().position(|line| line.line == selected))
            .map_or(last, |index| index as isize);
        let to = match code {
            // The first press shows where the selection is.
            KeyCode::Up if self.selected.is_none() => now,
            KeyCode::Up => now - 1,
            KeyCode::Down => now + 1,
            KeyCode::PageUp => now - PAGE_LINES,
            KeyCode::PageDown => now + PAGE_LINES,
            KeyCode::Home => 0,
            KeyCode::End => last,
            _ => return,
        };
        let to = usize::try_from(to.min(last).max(0)).unwrap_or(0);
        self.selected = view.lines.get(to).map(|line| line.line);
    }
}
