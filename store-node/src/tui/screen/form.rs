//! Small forms of one to three fields: sign-on, cash in and out, counts, opening the drawer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domain::ids::OperatorNumber;
use domain::money::Money;
use messages::v1::till::TillCommand;

use super::{Action, Page, Screen};
use crate::tui::entry::Entry;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    SignOn,
    /// Sign on and open the shift in one.
    OpenShift,
    CashIn,
    CashOut,
    Count,
    CloseShift,
    OpenDrawer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Operator,
    Pin,
    Amount,
    Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub kind: FieldKind,
    /// Key of its text.
    pub label: &'static str,
    pub value: Entry,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub kind: FormKind,
    pub fields: Vec<Field>,
    pub at: usize,
}

impl Form {
    pub fn new(kind: FormKind) -> Form {
        use FieldKind::{Amount, Operator, Pin, Reason};
        let fields: &[(FieldKind, &'static str)] = match kind {
            FormKind::SignOn => &[(Operator, "field-operator"), (Pin, "field-pin")],
            FormKind::OpenShift => &[(Operator, "field-operator"), (Pin, "field-pin"), (Amount, "field-float")],
            FormKind::CashIn | FormKind::CashOut => &[(Amount, "field-amount"), (Reason, "field-reason")],
            FormKind::Count | FormKind::CloseShift => &[(Amount, "field-counted")],
            FormKind::OpenDrawer => &[(Reason, "field-reason")],
        };
        let field = |&(kind, label)| Field { kind, label, value: Entry::default() };
        Form { kind, fields: fields.iter().map(field).collect(), at: 0 }
    }

    /// Back to the field of that kind, and empty from there on: what was refused is typed again.
    pub fn again_from(&mut self, kind: FieldKind) {
        if let Some(at) = self.fields.iter().position(|field| field.kind == kind) {
            self.at = at;
            self.fields.iter_mut().skip(at).for_each(|field| field.value.clear());
        }
    }

    fn text(&self, kind: FieldKind) -> String {
        self.fields
            .iter()
            .find(|field| field.kind == kind)
            .map_or_else(String::new, |field| field.value.as_str().into())
    }

    fn amount(&self) -> Money {
        let amount = self.fields.iter().find(|field| field.kind == FieldKind::Amount);
        amount.and_then(|field| field.value.amount()).unwrap_or_default()
    }

    fn command(&self) -> TillCommand {
        let operator = OperatorNumber(self.text(FieldKind::Operator));
        let (pin, reason, amount) = (self.text(FieldKind::Pin), self.text(FieldKind::Reason), self.amount());
        match self.kind {
            FormKind::SignOn => TillCommand::SignOn { operator, pin },
            FormKind::OpenShift => TillCommand::OpenShift { operator, pin, float: amount },
            FormKind::CashIn => TillCommand::CashIn { amount, reason },
            FormKind::CashOut => TillCommand::CashOut { amount, reason },
            FormKind::Count => TillCommand::Count { counted: amount },
            FormKind::CloseShift => TillCommand::CloseShift { counted: amount },
            FormKind::OpenDrawer => TillCommand::OpenDrawer { reason },
        }
    }
}

/// What a key did to a form.
enum Step {
    Stay,
    Bell,
    Away,
    BadAmount,
    Done(TillCommand),
}

impl Form {
    fn key(&mut self, key: KeyEvent) -> Step {
        let last = self.fields.len() - 1;
        let Some(field) = self.fields.get_mut(self.at) else { return Step::Away };
        match key.code {
            KeyCode::Esc if field.value.is_empty() && self.at == 0 => return Step::Away,
            KeyCode::Esc if field.value.is_empty() => self.at -= 1,
            KeyCode::Esc => field.value.clear(),
            KeyCode::Backspace => field.value.erase(),
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => self.at = (self.at + 1).min(last),
            // An empty field is left by Enter only where empty says something: a PIN that is not asked for, a reason.
            KeyCode::Enter
                if field.value.is_empty() && matches!(field.kind, FieldKind::Operator | FieldKind::Amount) =>
            {
                return Step::Bell;
            }
            KeyCode::Enter if field.kind == FieldKind::Amount && field.value.amount().is_none() => {
                field.value.clear();
                return Step::BadAmount;
            }
            KeyCode::Enter if self.at < last => self.at += 1,
            KeyCode::Enter => return Step::Done(self.command()),
            KeyCode::Char(c)
                if fits(field.kind, c) && !key.modifiers.contains(KeyModifiers::CONTROL) && field.value.push(c) => {}
            KeyCode::Char(_) => return Step::Bell,
            _ => {}
        }
        Step::Stay
    }
}

fn fits(kind: FieldKind, c: char) -> bool {
    match kind {
        FieldKind::Amount => c.is_ascii_digit() || c == '.' || c == ',',
        FieldKind::Operator | FieldKind::Pin | FieldKind::Reason => !c.is_control(),
    }
}

impl Screen {
    pub(super) fn key_on_form(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Form(form) = &mut self.page else { return None };
        let step = form.key(key);
        if matches!(step, Step::Away) {
            self.page = Page::Base;
        }
        self.stepped(step)
    }

    pub(super) fn key_on_sign_on(&mut self, key: KeyEvent) -> Option<Action> {
        let step = self.sign_on.key(key);
        self.stepped(step)
    }

    /// A badge may be scanned; money may not.
    pub(super) fn scan_on_sign_on(&mut self, data: String) -> Option<Action> {
        let field = self.sign_on.fields.get_mut(self.sign_on.at)?;
        if field.kind == FieldKind::Amount {
            return self.refuse("scan_not_here", Some(data));
        }
        field.value.clear();
        data.chars().for_each(|c| {
            field.value.push(c);
        });
        self.key_on_sign_on(KeyEvent::from(KeyCode::Enter))
    }

    fn stepped(&mut self, step: Step) -> Option<Action> {
        match step {
            Step::Stay | Step::Away => None,
            Step::Bell => Some(Action::Bell),
            Step::BadAmount => self.refuse("bad_amount", None),
            Step::Done(command) => self.send_by_hand(command),
        }
    }
}
