//! Keys of the payment screen. An amount, then the tender; the tender alone is the exact amount.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domain::money::Money;
use messages::v1::receipt::{ReceiptKind, TenderType};
use messages::v1::till::TillCommand;
use messages::v1::view::TillView;

use super::{Action, Form, FormKind, Page, Screen};
use crate::tui::actions::{Act, On};
use crate::tui::entry;

impl Screen {
    pub(super) fn key_on_payment(&mut self, view: &TillView, key: KeyEvent, begun: bool) -> Option<Action> {
        match self.shop.act_of(&key, On::Payment) {
            Some(Act::ToReceipt) if begun => return self.refuse("payment_begun", None),
            Some(Act::Clear) if self.entry.is_empty() && begun => return self.refuse("payment_begun", None),
            Some(Act::Clear) if self.entry.is_empty() => return self.act(view, Act::ToReceipt, None),
            Some(act) => return self.act(view, act, None),
            None if key.modifiers.contains(KeyModifiers::CONTROL) => return None,
            None => {}
        }
        match key.code {
            // Alone it would be too easy to press unawares.
            KeyCode::Enter if self.entry.is_empty() => None,
            KeyCode::Enter => self.entered_on_payment(view, begun),
            KeyCode::Backspace => {
                self.entry.erase();
                None
            }
            KeyCode::Char(c) if c.is_alphanumeric() || c == '.' || c == ',' => {
                (!self.entry.push(c)).then_some(Action::Bell)
            }
            KeyCode::Char(_) => Some(Action::Bell),
            _ => None,
        }
    }

    /// An amount in cash, or a word.
    fn entered_on_payment(&mut self, view: &TillView, begun: bool) -> Option<Action> {
        let typed = self.entry.take();
        match self.shop.spoken(&typed, On::Payment) {
            Some(spoken) if spoken.act == Act::ToReceipt && begun => self.refuse("payment_begun", None),
            Some(spoken) => self.act(view, spoken.act, Some(spoken)),
            None => self.pay(view, TenderType::Cash, &typed),
        }
    }

    /// Points off the lines: so many, or a box that proposes as many as may be.
    pub(super) fn burn(&mut self, view: &TillView, typed: &str) -> Option<Action> {
        self.entry.clear();
        let Some(account) = &view.account else { return self.refuse("no_customer", None) };
        if typed.is_empty() {
            let most = account.points_max;
            let proposed = if most.is_positive() { most.to_string() } else { String::new() };
            return self.open(Page::Form(Form::filled(FormKind::Burn, &proposed)));
        }
        match entry::amount(typed) {
            Some(points) => self.send_by_hand(TillCommand::Burn { points: Some(points) }),
            None => self.refuse("bad_amount", None),
        }
    }

    /// The cash that was typed; its change is taken in points.
    pub(super) fn change_to_points(&mut self, typed: &str) -> Option<Action> {
        self.entry.clear();
        match entry::amount(typed).filter(|cash| cash.is_positive()) {
            Some(cash) => self.send_by_hand(TillCommand::ChangeToPoints { cash }),
            None => self.refuse("bad_amount", None),
        }
    }

    pub(super) fn pay(&mut self, view: &TillView, tender: TenderType, typed: &str) -> Option<Action> {
        let exact = if tender == TenderType::Cash { view.due_in_cash } else { view.due };
        let amount = if typed.is_empty() { Some(exact) } else { entry::amount(typed) };
        self.entry.clear();
        match amount {
            Some(amount) if tender == TenderType::Gift && view.kind == ReceiptKind::Sale && amount.is_positive() => {
                self.open_form(FormKind::Gift { amount })
            }
            // A receipt of nothing is closed by a tender of nothing.
            Some(amount) if amount.is_positive() || view.due == Money::ZERO => {
                self.send_by_hand(TillCommand::Pay { tender, amount, number: None })
            }
            _ => self.refuse("bad_amount", None),
        }
    }
}
