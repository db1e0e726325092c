//! What the till must be told before it does what was asked: an age, a code, a price, a weight, a supervisor's word.

use crossterm::event::{KeyCode, KeyEvent};
use domain::ids::OperatorNumber;
use domain::quantity::Quantity;
use messages::v1::till::{Answer, Ask, TillCommand};
use messages::v1::view::{TillMode, TillView};

use super::form::Step;
use super::{Action, FieldKind, Form, FormKind, Screen};
use crate::tui::entry::{self, Keyed};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub ask: Ask,
    /// None where yes or no is all there is to say.
    pub form: Option<Form>,
    /// The next scan is a supervisor's card.
    pub by_card: bool,
}

impl Asking {
    fn new(ask: Ask) -> Asking {
        let kind = match &ask {
            Ask::Age { .. } => None,
            Ask::Mark { .. } => Some(FormKind::Mark),
            Ask::Price { .. } => Some(FormKind::Price),
            Ask::Quantity { .. } => Some(FormKind::Quantity),
            Ask::Gift { .. } => Some(FormKind::GiftCard),
            Ask::Pin { .. } => Some(FormKind::CardPin),
            Ask::Approval { .. } => Some(FormKind::Approve),
        };
        Asking { ask, form: kind.map(Form::new), by_card: false }
    }
}

impl Screen {
    /// What is asked now: by the view, or by an answer that is newer than the view.
    pub(super) fn follow_asks(&mut self, view: &TillView) {
        if self.said.as_ref().is_some_and(|(_, version)| view.version > *version) {
            self.said = None;
        }
        let asks = self.said.as_ref().map(|(ask, _)| ask).or(view.asks.as_ref());
        // A till that is locked takes nothing but a sign-on.
        let asks = asks.filter(|_| view.mode != TillMode::Locked);
        if self.asking.as_ref().map(|asking| &asking.ask) != asks {
            self.asking = asks.cloned().map(Asking::new);
        }
        if self.asking.is_none() {
            self.asked_for = None;
        }
    }

    /// One key says yes here.
    pub(in crate::tui) fn asks_yes_or_no(&self) -> bool {
        self.asking.as_ref().is_some_and(|asking| asking.form.is_none())
    }

    pub(super) fn key_on_asking(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        let asking = self.asking.as_mut()?;
        let Some(form) = &mut asking.form else {
            // Enter is not a yes here: it may be the end of a scan.
            return match key.code {
                KeyCode::Char('+' | 'y' | 'Y' | 'д' | 'Д') => {
                    self.send_by_hand(TillCommand::Answer(Answer::OldEnough(true)))
                }
                KeyCode::Esc | KeyCode::Char('-' | 'n' | 'N' | 'н' | 'Н') => {
                    self.send_by_hand(TillCommand::Answer(Answer::OldEnough(false)))
                }
                _ => Some(Action::Bell),
            };
        };
        match (&asking.ask, key.code) {
            (Ask::Quantity { .. }, KeyCode::Char('/')) => return self.weigh_what_is_asked(view),
            (Ask::Approval { .. }, KeyCode::F(4)) => {
                asking.by_card = !asking.by_card;
                return None;
            }
            _ => {}
        }
        let step = form.key(key);
        match step {
            Step::Away => self.send_by_hand(TillCommand::Decline),
            step => self.stepped(step),
        }
    }

    /// Only what a scan was asked for is taken from a scanner.
    pub(super) fn scan_on_asking(&mut self, data: String) -> Option<Action> {
        match &mut self.asking {
            Some(Asking { ask: Ask::Mark { .. }, .. }) => self.send_scanned(TillCommand::Answer(Answer::Mark(data))),
            Some(Asking { ask: Ask::Gift { .. }, .. }) => self.send_scanned(TillCommand::Answer(Answer::Gift(data))),
            Some(Asking { ask: Ask::Approval { .. }, form: Some(form), by_card }) if *by_card => {
                // Who shows the card needs no PIN.
                *by_card = false;
                form.fill(FieldKind::Operator, &data);
                form.go_to(FieldKind::Reason);
                None
            }
            _ => self.refuse("scan_while_asked", Some(data)),
        }
    }

    /// Take from the scale what the till asks the weight of; what is typed is the tare.
    fn weigh_what_is_asked(&mut self, view: &TillView) -> Option<Action> {
        let typed = self.asking.as_ref()?.form.as_ref()?.text(FieldKind::Quantity);
        let tare: Option<Quantity> = entry::quantity(&typed);
        if tare.is_none() && !typed.is_empty() {
            return self.refuse("bad_quantity", None);
        }
        let data = match &self.asked_for {
            Some(TillCommand::Scan { data, .. }) => Some(data.clone()),
            _ => view.lines.iter().rfind(|line| !line.voided).map(|line| line.code.0.clone()),
        };
        match data {
            Some(data) => self.send_by_hand(TillCommand::Weigh { data, tare }),
            None => self.refuse("code_before_slash", None),
        }
    }

    /// `code` on the scale; `0.012*code` with a tare of 12 grams.
    pub(super) fn weigh(&mut self, typed: &str) -> Option<Action> {
        match Keyed::read(typed) {
            Keyed::Code { data, quantity } if !data.is_empty() => {
                self.send_by_hand(TillCommand::Weigh { data, tare: quantity })
            }
            Keyed::BadQuantity => self.refuse("bad_quantity", None),
            _ => self.refuse("code_before_slash", None),
        }
    }

    /// What is to be sent when a form of a question is filled.
    pub(super) fn answer_of(form: &Form) -> Option<TillCommand> {
        Some(match form.kind {
            FormKind::Mark => TillCommand::Answer(Answer::Mark(form.text(FieldKind::Code))),
            FormKind::GiftCard => TillCommand::Answer(Answer::Gift(form.text(FieldKind::Code))),
            FormKind::CardPin => TillCommand::Answer(Answer::Pin(form.text(FieldKind::Pin))),
            FormKind::Price => TillCommand::Answer(Answer::Price(form.amount())),
            FormKind::Quantity => {
                TillCommand::Answer(Answer::Quantity(entry::quantity(&form.text(FieldKind::Quantity))?))
            }
            FormKind::Approve => TillCommand::Approve {
                operator: OperatorNumber(form.text(FieldKind::Operator)),
                pin: form.text(FieldKind::Pin),
                reason: form.text(FieldKind::Reason),
            },
            _ => return None,
        })
    }
}
