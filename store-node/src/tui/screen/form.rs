//! Small forms of one to three fields: sign-on, cash in and out, discounts, codes of receipts and cards, answers.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use domain::ids::OperatorNumber;
use domain::money::Money;
use domain::receipt::DiscountBy;
use messages::v1::document::CashKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::{TillMode, TillView};

use super::{Action, Page, Screen};
use crate::tui::entry::{self, Entry};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    SignOn,
    /// Sign on and open the shift in one.
    OpenShift,
    MoveCash(CashKind),
    OpenDrawer,
    CheckPrice,
    Customer,
    /// From a line, or from the whole receipt.
    Discount {
        line: Option<u32>,
        percent: bool,
    },
    ChangePrice {
        line: u32,
    },
    Park,
    FindSale,
    ReturnByFiscalCode,
    /// The number of a gift card that pays this much.
    Gift {
        amount: Money,
    },
    /// Points off the lines.
    Burn,
    /// What a supervisor saw: made, or not made.
    Settle {
        made: bool,
    },
    // Answers to the till's questions.
    Mark,
    Price,
    Quantity,
    /// The number of the gift card that is sold.
    GiftCard,
    /// The PIN of the card that pays.
    CardPin,
    Approve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Operator,
    Pin,
    Amount,
    Percent,
    Quantity,
    /// A barcode, a number of a receipt, a card or a phone.
    Code,
    /// A text that may be empty.
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
        use FieldKind::{Amount, Code, Operator, Percent, Pin, Quantity, Reason};
        const REASON: (FieldKind, &str) = (Reason, "field-reason");
        let fields: &[(FieldKind, &'static str)] = match kind {
            FormKind::SignOn => &[(Operator, "field-operator"), (Pin, "field-pin")],
            FormKind::OpenShift => &[(Operator, "field-operator"), (Pin, "field-pin"), (Amount, "field-float")],
            FormKind::MoveCash(_) => &[(Amount, "field-amount"), REASON],
            FormKind::OpenDrawer | FormKind::Settle { .. } => &[REASON],
            FormKind::CheckPrice => &[(Code, "field-code")],
            FormKind::Customer => &[(Code, "field-customer")],
            FormKind::Discount { percent: true, .. } => &[(Percent, "field-percent"), REASON],
            FormKind::Discount { percent: false, .. } => &[(Amount, "field-discount"), REASON],
            FormKind::ChangePrice { .. } => &[(Amount, "field-price"), REASON],
            FormKind::Park => &[(Reason, "field-name")],
            FormKind::FindSale => &[(Code, "field-sale")],
            FormKind::ReturnByFiscalCode => &[(Code, "field-fiscal-code")],
            FormKind::Gift { .. } => &[(Reason, "field-gift")],
            FormKind::Burn => &[(Amount, "field-points")],
            FormKind::GiftCard => &[(Code, "field-gift")],
            FormKind::CardPin => &[(Pin, "field-pin")],
            FormKind::Mark => &[(Code, "field-mark")],
            FormKind::Price => &[(Amount, "field-price")],
            FormKind::Quantity => &[(Quantity, "field-weight")],
            FormKind::Approve => &[(Operator, "field-supervisor"), (Pin, "field-pin"), REASON],
        };
        let field = |&(kind, label)| Field { kind, label, value: Entry::default() };
        Form { kind, fields: fields.iter().map(field).collect(), at: 0 }
    }

    /// A form whose first field is filled already.
    pub fn filled(kind: FormKind, text: &str) -> Form {
        let mut form = Form::new(kind);
        if let Some(first) = form.fields.first_mut() {
            first.value.set(text);
        }
        form
    }

    /// Back to the field of that kind, and empty from there on: what was refused is typed again.
    pub fn again_from(&mut self, kind: FieldKind) {
        if let Some(at) = self.fields.iter().position(|field| field.kind == kind) {
            self.at = at;
            self.fields.iter_mut().skip(at).for_each(|field| field.value.clear());
        }
    }

    /// Everything is typed again.
    pub fn again(&mut self) {
        self.at = 0;
        self.fields.iter_mut().for_each(|field| field.value.clear());
    }

    pub fn fill(&mut self, kind: FieldKind, text: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.kind == kind) {
            field.value.set(text);
        }
    }

    pub fn go_to(&mut self, kind: FieldKind) {
        self.at = self.fields.iter().position(|field| field.kind == kind).unwrap_or(self.at);
    }

    pub fn text(&self, kind: FieldKind) -> String {
        self.fields
            .iter()
            .find(|field| field.kind == kind)
            .map_or_else(String::new, |field| field.value.as_str().into())
    }

    pub fn amount(&self) -> Money {
        entry::amount(&self.text(FieldKind::Amount)).unwrap_or_default()
    }

    fn command(&self) -> Option<TillCommand> {
        let operator = OperatorNumber(self.text(FieldKind::Operator));
        let (pin, reason, amount) = (self.text(FieldKind::Pin), self.text(FieldKind::Reason), self.amount());
        let code = self.text(FieldKind::Code);
        Some(match self.kind {
            FormKind::SignOn => TillCommand::SignOn { operator, pin },
            FormKind::OpenShift => TillCommand::OpenShift { operator, pin, float: amount },
            FormKind::MoveCash(kind) => TillCommand::MoveCash { kind, amount, reason },
            FormKind::OpenDrawer => TillCommand::OpenDrawer { reason },
            FormKind::CheckPrice => TillCommand::CheckPrice { data: code },
            FormKind::Customer => TillCommand::Customer { number: code },
            FormKind::Discount { line, percent: true } => {
                let hundredths = entry::hundredths(&self.text(FieldKind::Percent))?;
                TillCommand::Discount { line, by: DiscountBy::Percent { hundredths }, reason }
            }
            FormKind::Discount { line, percent: false } => {
                TillCommand::Discount { line, by: DiscountBy::Amount(amount), reason }
            }
            FormKind::ChangePrice { line } => TillCommand::ChangePrice { line, price: amount, reason },
            FormKind::Park => TillCommand::Park { name: reason },
            FormKind::FindSale => TillCommand::FindSale { text: code },
            FormKind::ReturnByFiscalCode => TillCommand::ReturnByFiscalCode { code },
            FormKind::Gift { amount } => {
                let number = Some(reason).filter(|number| !number.is_empty());
                TillCommand::Pay { tender: TenderType::Gift, amount, number }
            }
            FormKind::Burn => TillCommand::Burn { points: Some(amount) },
            FormKind::Settle { made } => TillCommand::SettleConflict { made, reason },
            FormKind::Mark
            | FormKind::Price
            | FormKind::Quantity
            | FormKind::GiftCard
            | FormKind::CardPin
            | FormKind::Approve => {
                return Screen::answer_of(self);
            }
        })
    }
}

/// What a key did to a form.
pub(super) enum Step {
    Stay,
    Bell,
    Away,
    /// What was typed is not what the field is for.
    Bad(&'static str),
    Done(Option<TillCommand>),
}

impl Form {
    pub(super) fn key(&mut self, key: KeyEvent) -> Step {
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
            KeyCode::Enter if field.value.is_empty() && !matches!(field.kind, FieldKind::Pin | FieldKind::Reason) => {
                return Step::Bell;
            }
            KeyCode::Enter => {
                if let Some(bad) = bad(field) {
                    field.value.clear();
                    return Step::Bad(bad);
                }
                if self.at == last {
                    return Step::Done(self.command());
                }
                self.at += 1;
            }
            KeyCode::Char(c)
                if fits(field.kind, c) && !key.modifiers.contains(KeyModifiers::CONTROL) && field.value.push(c) => {}
            KeyCode::Char(_) => return Step::Bell,
            _ => {}
        }
        Step::Stay
    }
}

fn bad(field: &Field) -> Option<&'static str> {
    let text = field.value.as_str();
    match field.kind {
        FieldKind::Amount if entry::amount(text).is_none() => Some("bad_amount"),
        FieldKind::Percent if entry::hundredths(text).is_none() => Some("bad_percent"),
        FieldKind::Quantity if entry::quantity(text).is_none() => Some("bad_quantity"),
        _ => None,
    }
}

fn fits(kind: FieldKind, c: char) -> bool {
    match kind {
        FieldKind::Amount | FieldKind::Percent | FieldKind::Quantity => c.is_ascii_digit() || c == '.' || c == ',',
        FieldKind::Operator | FieldKind::Pin | FieldKind::Reason | FieldKind::Code => !c.is_control(),
    }
}

impl Screen {
    pub(super) fn key_on_form(&mut self, key: KeyEvent) -> Option<Action> {
        let Page::Form(form) = &mut self.page else { return None };
        let was_gift = matches!(form.kind, FormKind::Gift { .. } | FormKind::Burn);
        let step = form.key(key);
        if matches!(step, Step::Away) {
            self.page = if was_gift { Page::Payment } else { Page::Base };
        }
        self.stepped(step)
    }

    /// Codes of goods, receipts and cards may be scanned where they are asked for; money and reasons may not.
    pub(super) fn scan_on_form(&mut self, data: String) -> Option<Action> {
        let Page::Form(form) = &mut self.page else { return None };
        let scannable = form.fields.get_mut(form.at).filter(|field| field.kind == FieldKind::Code);
        let (Some(field), false) = (scannable, matches!(form.kind, FormKind::Settle { .. })) else {
            if let (FormKind::Gift { .. }, Some(field)) = (form.kind, form.fields.first_mut()) {
                field.value.set(&data);
                return None;
            }
            return self.refuse("scan_not_here", Some(data));
        };
        field.value.set(&data);
        let command = form.command();
        self.by_hand = false;
        command.map(Action::Send)
    }

    pub(super) fn key_on_sign_on(&mut self, view: &TillView, key: KeyEvent) -> Option<Action> {
        // Training begins and ends without a shift, and so may reading.
        if key.code == KeyCode::F(9) && view.mode != TillMode::Locked {
            return self.open_menu();
        }
        let step = self.sign_on.key(key);
        self.stepped(step)
    }

    /// A badge may be scanned; money and PINs may not.
    pub(super) fn scan_on_sign_on(&mut self, data: String) -> Option<Action> {
        let field = self.sign_on.fields.get_mut(self.sign_on.at)?;
        if field.kind != FieldKind::Operator {
            return self.refuse("scan_not_here", Some(data));
        }
        field.value.set(&data);
        self.sign_on.go_to(FieldKind::Pin);
        None
    }

    pub(super) fn stepped(&mut self, step: Step) -> Option<Action> {
        match step {
            Step::Stay | Step::Away => None,
            Step::Bell => Some(Action::Bell),
            Step::Bad(code) => match code {
                "bad_percent" => self.refuse("bad_percent", None),
                "bad_quantity" => self.refuse("bad_quantity", None),
                _ => self.refuse("bad_amount", None),
            },
            Step::Done(command) => command.and_then(|command| self.send_by_hand(command)),
        }
    }
}
