//! Boxes over the receipt: which one is open, and those of forms, menus and the screen's own questions.

mod asking;
mod help;
mod lists;
mod reports;
mod waiting;

use chrono::{DateTime, FixedOffset};
use domain::money::Money;
use messages::v1::document::CashKind;
use messages::v1::receipt::ReceiptLine;
use messages::v1::view::TillView;

use super::{Dialog, DialogRow};
use crate::tui::actions;
use crate::tui::screen::{FieldKind, Form, FormKind, Menu, Page, Question, Screen, Stage, rows};
use crate::tui::texts::Texts;

/// Widths of the boxes, in columns inside: the longest words of forms and reports fit.
const NARROW: u16 = 46;
const WIDE: u16 = 72;

pub(super) fn dialog(
    screen: &Screen,
    view: &TillView,
    stage: Stage,
    texts: &Texts,
    now: DateTime<FixedOffset>,
) -> Option<Dialog> {
    if let Some(from) = screen.help {
        return Some(help::help(screen, stage, from, texts));
    }
    match (stage, &screen.page) {
        (Stage::Stopped, _) => Some(waiting::stopped(screen, texts)),
        (Stage::SignOn, _) => Some(sign_on(screen, view, texts, now)),
        (Stage::Waiting, _) => Some(waiting::fiscal(screen, view, texts)),
        (Stage::Terminal { lost }, _) => Some(waiting::terminal(screen, view, lost, texts, now)),
        (Stage::Expired, _) => Some(waiting::expired(view, texts)),
        (Stage::Asking, _) => screen.asking.as_ref().map(|asking| asking::asking(asking, texts)),
        (Stage::Menu, Page::Menu { menu, at }) => Some(self::menu(*menu, *at, view, texts)),
        (Stage::Form, Page::Form(open)) => Some(form(open, view, texts)),
        (Stage::Ask, Page::Ask(question)) => Some(ask(question, view, texts)),
        (Stage::List, Page::List(list)) => Some(lists::list(list, view, texts)),
        (Stage::Back, Page::Back(back)) => Some(lists::back(back, texts)),
        (Stage::Search, Page::Search(search)) => Some(lists::search(search, texts)),
        (Stage::QuickKeys, _) => Some(lists::quick_keys(screen, texts)),
        (Stage::Count, Page::Count(count)) => Some(reports::count(count, texts)),
        (Stage::Report, Page::Report { report, from }) => Some(reports::report(report, *from, texts)),
        _ => None,
    }
}

/// A box without anything to choose or type.
fn said(title: String, rows: Vec<DialogRow>, foot: String) -> Dialog {
    Dialog { title, rows, foot, width: WIDE, warning: true, from: 0 }
}

fn menu(menu: Menu, at: usize, view: &TillView, texts: &Texts) -> Dialog {
    let title = match menu {
        Menu::Cashier => "menu-title",
        Menu::CashIn => "menu-cash-in",
        Menu::CashOut => "menu-cash-out",
        Menu::Away => "menu-away",
        Menu::Discounts => "menu-discounts",
        Menu::Returns => "menu-returns",
        Menu::Settle => "menu-settle",
    };
    let text = |key: &'static str| match key {
        "menu-train" if view.training => texts.say("menu-train-end"),
        key => texts.say(key),
    };
    let pairs = rows(menu).into_iter().enumerate().map(|(index, row)| DialogRow::Choice {
        key: row.digit.to_string(),
        left: text(row.text),
        right: row.act().map(|act| help::word(actions::of(act), texts.language())).unwrap_or_default(),
        chosen: index == at,
    });
    Dialog {
        title: texts.say(title),
        rows: pairs.collect(),
        foot: texts.say("foot-menu"),
        width: NARROW,
        warning: false,
        from: 0,
    }
}

fn sign_on(screen: &Screen, view: &TillView, texts: &Texts, now: DateTime<FixedOffset>) -> Dialog {
    let mut dialog = form(&screen.sign_on, view, texts);
    let Some(locked) = &view.locked else { return dialog };
    let since = now.signed_duration_since(locked.since);
    let key = if locked.break_ { "locked-break" } else { "locked-by" };
    let who = [
        ("name", locked.operator.clone().into()),
        ("at", locked.since.format("%H:%M").to_string().into()),
        ("age", texts.age(since).into()),
    ];
    dialog.title = texts.say("form-locked");
    dialog.warning = true;
    dialog.rows.splice(0..0, [DialogRow::Text(texts.say_with(key, who)), DialogRow::Blank]);
    dialog
}

fn form(form: &Form, view: &TillView, texts: &Texts) -> Dialog {
    let (title, lead) = match form.kind {
        FormKind::SignOn => ("form-sign-on", None),
        FormKind::OpenShift => ("form-open-shift", Some("lead-open-shift")),
        FormKind::MoveCash(CashKind::Loan) => ("menu-loan", None),
        FormKind::MoveCash(CashKind::PaidIn) => ("menu-paid-in", None),
        FormKind::MoveCash(CashKind::Pickup) => ("menu-pickup", None),
        FormKind::MoveCash(CashKind::PaidOut) => ("menu-paid-out", None),
        FormKind::OpenDrawer => ("form-drawer", Some("lead-drawer")),
        FormKind::CheckPrice => ("form-price", Some("lead-price")),
        FormKind::Customer => ("form-customer", Some("lead-customer")),
        FormKind::Discount { line: Some(_), percent: true } => ("menu-line-percent", None),
        FormKind::Discount { line: Some(_), percent: false } => ("menu-line-sum", None),
        FormKind::Discount { line: None, percent: true } => ("menu-receipt-percent", None),
        FormKind::Discount { line: None, percent: false } => ("menu-receipt-sum", None),
        FormKind::ChangePrice { .. } => ("menu-line-price", None),
        FormKind::Park => ("form-park", Some("lead-park")),
        FormKind::FindSale => ("menu-return-receipt", Some("lead-find-sale")),
        FormKind::ReturnByFiscalCode => ("menu-return-fiscal", Some("lead-fiscal-code")),
        FormKind::Gift { .. } => ("tender-gift", Some("lead-gift")),
        FormKind::Settle { made: true } => ("menu-settle-made", Some("lead-settle")),
        FormKind::Settle { made: false } => ("menu-settle-not-made", Some("lead-settle")),
        FormKind::Burn => ("form-points", Some("lead-points")),
        FormKind::Mark
        | FormKind::Price
        | FormKind::Quantity
        | FormKind::GiftCard
        | FormKind::CardPin
        | FormKind::Approve => ("menu-title", None),
    };
    let mut rows: Vec<DialogRow> = Vec::new();
    if let Some(lead) = lead {
        rows.extend([DialogRow::Text(texts.say(lead)), DialogRow::Blank]);
    }
    match form.kind {
        FormKind::Discount { line: Some(line), .. } | FormKind::ChangePrice { line } => {
            rows.extend(line_row(line, view, texts));
            rows.push(DialogRow::Blank);
        }
        FormKind::Gift { amount } => rows.push(sum(texts, "field-amount", amount)),
        _ => {}
    }
    rows.extend(fields(form, texts));
    Dialog { title: texts.say(title), rows, foot: texts.say("foot-form"), width: WIDE, warning: false, from: 0 }
}

fn fields(form: &Form, texts: &Texts) -> Vec<DialogRow> {
    let field = |(index, field): (usize, &crate::tui::screen::Field)| DialogRow::Field {
        label: texts.say(field.label),
        value: match field.kind {
            FieldKind::Pin => "•".repeat(field.value.as_str().chars().count()),
            _ => field.value.as_str().to_owned(),
        },
        at: index == form.at,
    };
    form.fields.iter().enumerate().map(field).collect()
}

fn line_row(number: u32, view: &TillView, texts: &Texts) -> Option<DialogRow> {
    let of = view.lines.iter().find(|line| line.line == number)?;
    Some(DialogRow::Sum { left: line_name(of), right: texts.money(of.amount) })
}

fn line_name(line: &ReceiptLine) -> String {
    format!("{}  {}", line.line, line.name)
}

fn ask(question: &Question, view: &TillView, texts: &Texts) -> Dialog {
    let total = || sum(texts, "total", view.total);
    let text = |key| DialogRow::Text(texts.say(key));
    let (title, rows) = match question {
        Question::Void { line } => {
            (texts.say_with("ask-void", [("n", (*line).into())]), line_row(*line, view, texts).into_iter().collect())
        }
        Question::Cancel => (texts.say("ask-cancel"), vec![text("ask-cancel-what"), total()]),
        Question::GiveUp => (texts.say("ask-give-up"), vec![text("ask-give-up-what"), total()]),
        Question::CloseExpired => (texts.say("ask-close-expired"), vec![text("ask-close-expired-what")]),
        Question::Leave => (texts.say("ask-leave"), vec![text("ask-leave-what")]),
    };
    said(title, rows, texts.say("foot-ask"))
}

fn sum(texts: &Texts, key: &str, amount: Money) -> DialogRow {
    DialogRow::Sum { left: texts.say(key), right: texts.money(amount) }
}
