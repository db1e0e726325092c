//! Keys of the sale screen: codes, quantities, words, and what every action of the list does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use messages::v1::receipt::{ReceiptLine, TenderType};
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, FormKind, Menu, Page, Question, Screen};
use crate::tui::actions::{Act, On};
use crate::tui::entry::Keyed;
use crate::tui::shop::Spoken;

/// "999999.999" is more than anybody sends with a scan.
const QUANTITY_CHARS_MAX: usize = 10;

/// Lines that PgUp and PgDn go by.
const PAGE_LINES: isize = 8;

impl Screen {
    pub(super) fn key_on_sale(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        // A minus inside a code is a minus.
        let in_code = key.code == KeyCode::Char('-') && !self.entry.is_empty();
        if let Some(act) = self.shop.act_of(&key, On::Sale).filter(|_| !in_code) {
            return self.act(view, act, None);
        }
        match key.code {
            _ if key.modifiers.contains(KeyModifiers::CONTROL) => None,
            KeyCode::Enter => self.entered(view),
            KeyCode::Backspace => {
                self.entry.erase();
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
        // A marking code may have a star in it, but never so near to its beginning.
        let near = data.split_once('*').is_some_and(|(before, _)| before.len() <= QUANTITY_CHARS_MAX);
        let command = match Keyed::read(&data) {
            _ if !near => TillCommand::Scan { data, quantity: None },
            Keyed::Code { data, quantity } => TillCommand::Scan { data, quantity },
            Keyed::Quantity(_) | Keyed::BadQuantity => TillCommand::Scan { data, quantity: None },
        };
        self.send_scanned(command)
    }

    /// Do what a key, a word or a menu stands for. A word has what was typed with it; for a key that is the input line.
    pub(super) fn act(&mut self, view: &TillView, act: Act, spoken: Option<Spoken>) -> Option<Action> {
        let by_key = spoken.is_none();
        let word = spoken.as_ref().map(|spoken| spoken.word.clone()).unwrap_or_default();
        let typed = match (spoken, act) {
            (Some(spoken), _) => spoken.argument,
            (None, Act::Weigh | Act::Search | Act::CheckPrice | Act::Customer | Act::Discount) => self.entry.take(),
            (None, Act::Cash | Act::Card | Act::Qr | Act::Points | Act::Gift | Act::Credit | Act::Prepaid) => {
                self.entry.take()
            }
            (None, Act::ChangeToPoints) => self.entry.take(),
            (None, _) => String::new(),
        };
        match act {
            Act::Total => self.open_payment(view),
            Act::Void => {
                let named = typed.parse().ok();
                let line = named.or_else(|| self.chosen(view).map(|line| line.line));
                self.ask_void(line)
            }
            Act::Quantity if by_key => self.star(),
            Act::Quantity => self.keyed(view, &typed),
            Act::Weigh => self.weigh(&typed),
            Act::Clear => {
                self.refusals.pop_front();
                if self.entry.is_empty() {
                    self.selected = None;
                }
                self.entry.clear();
                None
            }
            Act::Search => self.open_search(&typed),
            Act::CheckPrice if typed.is_empty() => self.open_form(FormKind::CheckPrice),
            Act::CheckPrice => self.send_by_hand(TillCommand::CheckPrice { data: typed }),
            Act::Customer if typed.is_empty() => self.open_form(FormKind::Customer),
            Act::Customer => self.send_by_hand(TillCommand::Customer { number: typed }),
            Act::Discount if typed.is_empty() => self.open(Page::Menu { menu: Menu::Discounts, at: 0 }),
            Act::Discount if word == "DA" => self.discount_form(None, &typed),
            Act::Discount => match self.chosen(view).map(|line| line.line) {
                Some(line) => self.discount_form(Some(line), &typed),
                None => self.refuse("no_line", None),
            },
            Act::Repeat => self.send_by_hand(TillCommand::RepeatLast),
            Act::Park if view.lines.is_empty() => self.send_by_hand(TillCommand::ListParked),
            Act::Park => self.open_form(FormKind::Park),
            Act::Return => self.open(Page::Menu { menu: Menu::Returns, at: 0 }),
            Act::QuickKeys => self.open_quick_keys(),
            Act::Menu => {
                self.entry.clear();
                self.open_menu()
            }
            Act::Help => {
                self.help = Some(0);
                None
            }
            Act::Copy => self.send_by_hand(TillCommand::Reprint { sequence: None }),
            Act::Lock => self.send_by_hand(TillCommand::Lock { break_: false }),
            Act::Drawer => self.open_form(FormKind::OpenDrawer),
            Act::Leave => self.open(Page::Ask(Question::Leave)),
            Act::Cash => self.pay(view, TenderType::Cash, &typed),
            Act::Card => self.pay(view, TenderType::Card, &typed),
            Act::Qr => self.pay(view, TenderType::Qr, &typed),
            Act::Points => self.burn(view, &typed),
            Act::Prepaid => self.pay(view, TenderType::Prepaid, &typed),
            Act::GiveBack => self.send_by_hand(TillCommand::GiveBack),
            Act::ChangeToPoints => self.change_to_points(&typed),
            Act::Gift => self.pay(view, TenderType::Gift, &typed),
            Act::Credit => self.pay(view, TenderType::Credit, &typed),
            Act::ToReceipt => self.open(Page::Base),
            Act::CashIn
            | Act::CashOut
            | Act::ReportX
            | Act::CloseShift
            | Act::Count
            | Act::Reprint
            | Act::Journal
            | Act::Train
            | Act::CancelReceipt
            | Act::Away
            | Act::Break
            | Act::SignOff => self.menu_act(view, act),
        }
    }

    /// Enter with nothing typed is a scanner's second one, and does nothing.
    fn entered(&mut self, view: &TillView) -> Option<Action> {
        if self.entry.is_empty() {
            return None;
        }
        let typed = self.entry.take();
        match self.shop.spoken(&typed, On::Sale) {
            Some(spoken) => self.act(view, spoken.act, Some(spoken)),
            None => self.keyed(view, &typed),
        }
    }

    /// A code, a quantity, or both.
    fn keyed(&mut self, view: &TillView, typed: &str) -> Option<Action> {
        match Keyed::read(typed) {
            Keyed::BadQuantity => self.refuse("bad_quantity", None),
            Keyed::Code { data, quantity } => match quick(&data) {
                Some(index) => self.sell_quick(index, quantity),
                None => self.send_by_hand(TillCommand::Scan { data, quantity }),
            },
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
            Some(line) => self.open(Page::Ask(Question::Void { line })),
            None => self.refuse("no_line", None),
        }
    }

    /// The selected line; without one the last that counts.
    pub(super) fn chosen<'view>(&self, view: &'view TillView) -> Option<&'view ReceiptLine> {
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

/// `.5`: the goods on the fifth key, counted here from 0.
fn quick(typed: &str) -> Option<usize> {
    let digits = typed.strip_prefix(['.', ','])?;
    let all_digits = (1..=2).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    digits.parse::<usize>().ok().filter(|_| all_digits)?.checked_sub(1)
}
