//! Boxes over the receipt: sign-on, menu, forms, questions, reports, help, and the wait for the fiscal device.

use domain::money::Money;
use messages::v1::document::ShiftTotals;
use messages::v1::view::TillView;

use super::figures::tender_key;
use super::{Dialog, DialogRow, keys_of};
use crate::tui::screen::{FieldKind, Form, FormKind, MENU, MenuItem, Page, Question, Report, Screen, Stage};
use crate::tui::texts::Texts;

/// Widths of the boxes, in columns inside: the longest Russian words of forms and reports fit.
const NARROW: u16 = 46;
const WIDE: u16 = 72;

pub(super) fn dialog(screen: &Screen, view: &TillView, stage: Stage, texts: &Texts) -> Option<Dialog> {
    if screen.help {
        return Some(help(stage, texts));
    }
    match (stage, &screen.page) {
        (Stage::SignOn, _) => Some(form(&screen.sign_on, texts)),
        (Stage::Waiting, _) => Some(waiting(screen, view, texts)),
        (Stage::Menu, Page::Menu { at }) => Some(menu(*at, texts)),
        (Stage::Form, Page::Form(open)) => Some(form(open, texts)),
        (Stage::Ask, Page::Ask(question)) => Some(ask(question, view, texts)),
        (Stage::Report, Page::Report(shown)) => Some(report(shown, texts)),
        _ => None,
    }
}

fn help(stage: Stage, texts: &Texts) -> Dialog {
    let more: &[(&str, &str)] = match stage {
        Stage::Sale => &[
            ("Enter", "help-enter-sale"),
            ("3* Enter", "help-quantity"),
            ("3*4600…", "help-quantity-code"),
            ("+  F12", "help-total"),
            ("-", "help-void"),
            ("Del", "help-delete"),
            ("↑ ↓ PgUp PgDn", "help-arrows"),
            ("Esc", "help-esc"),
            ("F8", "help-return"),
            ("F9", "help-menu"),
            ("Ctrl+O", "help-drawer"),
            ("Ctrl+L", "help-lock"),
            ("Ctrl+Q", "key-leave"),
        ],
        Stage::Payment { .. } => &[
            ("500 Enter", "help-cash"),
            ("+", "help-exact"),
            ("F2", "help-card"),
            ("300 F2", "help-card-part"),
            ("Esc  F7", "help-to-receipt"),
            ("F9", "help-menu"),
        ],
        _ => &[],
    };
    let keys = if more.is_empty() { keys_of(stage) } else { more };
    let pair =
        |(key, word): &(&str, &str)| DialogRow::Pair { left: (*key).to_owned(), right: texts.say(word), chosen: false };
    Dialog {
        title: texts.say("help-title"),
        rows: keys.iter().map(pair).collect(),
        foot: texts.say("foot-close"),
        width: WIDE,
        warning: false,
    }
}

fn waiting(screen: &Screen, view: &TillView, texts: &Texts) -> Dialog {
    let reason = screen.waiting_reason.as_ref().or(view.fiscal.reason.as_ref()).map(|reason| texts.reason(reason));
    // Opening and closing a shift, cash in and out are on the device too; then there is no receipt.
    let (title, what, keys): (_, _, &[&str]) = if view.lines.is_empty() {
        ("waiting-operation-title", "waiting-operation", &["waiting-do-1", "waiting-do-2"])
    } else {
        ("waiting-title", "waiting-what", &["waiting-safe", "waiting-do-1", "waiting-do-2", "waiting-do-3"])
    };
    let mut rows = vec![DialogRow::Text(texts.say(what))];
    rows.extend(reason.map(|reason| DialogRow::Text(texts.say_with("waiting-why", [("reason", reason.into())]))));
    rows.push(DialogRow::Blank);
    rows.extend(keys.iter().map(|key| DialogRow::Text(texts.say(key))));
    Dialog { title: texts.say(title), rows, foot: texts.say("waiting-foot"), width: WIDE, warning: true }
}

fn menu(at: usize, texts: &Texts) -> Dialog {
    let rows = MENU.iter().enumerate().map(|(index, (digit, item))| DialogRow::Pair {
        left: digit.to_string(),
        right: texts.say(menu_key(*item)),
        chosen: index == at,
    });
    Dialog {
        title: texts.say("menu-title"),
        rows: rows.collect(),
        foot: texts.say("foot-menu"),
        width: NARROW,
        warning: false,
    }
}

fn menu_key(item: MenuItem) -> &'static str {
    match item {
        MenuItem::CashIn => "menu-cash-in",
        MenuItem::CashOut => "menu-cash-out",
        MenuItem::ReportX => "menu-x",
        MenuItem::CloseShift => "menu-z",
        MenuItem::Count => "menu-count",
        MenuItem::CancelReceipt => "menu-cancel",
        MenuItem::SignOff => "menu-sign-off",
    }
}

fn form(form: &Form, texts: &Texts) -> Dialog {
    let (title, lead) = match form.kind {
        FormKind::SignOn => ("form-sign-on", None),
        FormKind::OpenShift => ("form-open-shift", Some("lead-open-shift")),
        FormKind::CashIn => ("menu-cash-in", None),
        FormKind::CashOut => ("menu-cash-out", None),
        FormKind::Count => ("menu-count", Some("lead-count")),
        FormKind::CloseShift => ("menu-z", Some("lead-close-shift")),
        FormKind::OpenDrawer => ("form-drawer", Some("lead-drawer")),
    };
    let mut rows: Vec<DialogRow> = Vec::new();
    if let Some(lead) = lead {
        rows.extend([DialogRow::Text(texts.say(lead)), DialogRow::Blank]);
    }
    rows.extend(form.fields.iter().enumerate().map(|(index, field)| DialogRow::Field {
        label: texts.say(field.label),
        value: match field.kind {
            FieldKind::Pin => "•".repeat(field.value.as_str().chars().count()),
            _ => field.value.as_str().to_owned(),
        },
        at: index == form.at,
    }));
    Dialog { title: texts.say(title), rows, foot: texts.say("foot-form"), width: WIDE, warning: false }
}

fn ask(question: &Question, view: &TillView, texts: &Texts) -> Dialog {
    let (title, rows) = match question {
        Question::Void { line } => {
            let of = view.lines.iter().find(|open| open.line == *line);
            let name = of.map_or_else(String::new, |line| line.name.clone());
            let amount = of.map_or_else(String::new, |line| texts.money(line.amount));
            let sum = DialogRow::Sum { left: format!("{line}  {name}"), right: amount };
            (texts.say_with("ask-void", [("n", (*line).into())]), vec![sum])
        }
        Question::Cancel => {
            let sum = DialogRow::Sum { left: texts.say("total"), right: texts.money(view.total) };
            (texts.say("ask-cancel"), vec![DialogRow::Text(texts.say("ask-cancel-what")), sum])
        }
        Question::GiveUp => {
            let sum = DialogRow::Sum { left: texts.say("total"), right: texts.money(view.total) };
            (texts.say("ask-give-up"), vec![DialogRow::Text(texts.say("ask-give-up-what")), sum])
        }
        Question::Leave => (texts.say("ask-leave"), vec![DialogRow::Text(texts.say("ask-leave-what"))]),
    };
    Dialog { title, rows, foot: texts.say("foot-ask"), width: WIDE, warning: true }
}

fn report(report: &Report, texts: &Texts) -> Dialog {
    let (title, rows) = match report {
        Report::X(totals) => (texts.say_with("report-x", [("n", totals.shift.into())]), totals_rows(totals, texts)),
        Report::Z { totals, over_short } => {
            let mut rows = totals.as_ref().map_or_else(Vec::new, |totals| totals_rows(totals, texts));
            rows.extend(over_short.map(|amount| over_short_row(amount, texts)));
            (texts.say("report-z"), rows)
        }
        Report::Count { counted, over_short, totals } => {
            let mut rows = vec![sum(texts, "counted", *counted)];
            rows.extend(totals.as_ref().map(|totals| sum(texts, "cash-expected", totals.cash_expected)));
            rows.extend(over_short.map(|amount| over_short_row(amount, texts)));
            (texts.say("menu-count"), rows)
        }
    };
    Dialog { title, rows, foot: texts.say("foot-close"), width: NARROW, warning: false }
}

fn totals_rows(totals: &ShiftTotals, texts: &Texts) -> Vec<DialogRow> {
    let counted = |key, n: u64, amount| DialogRow::Sum {
        left: texts.say_with(key, [("n", n.into())]),
        right: texts.money(amount),
    };
    let mut rows = vec![
        counted("report-sales", totals.sales_count, totals.sales),
        counted("report-returns", totals.returns_count, totals.returns),
        counted("report-cancelled", totals.cancelled_count, totals.cancelled),
        DialogRow::Blank,
    ];
    rows.extend(totals.tenders.iter().map(|total| sum(texts, tender_key(total.tender), total.sales - total.returns)));
    rows.extend([
        DialogRow::Blank,
        sum(texts, "report-float", totals.float),
        sum(texts, "report-cash-in", totals.cash_in),
        sum(texts, "report-cash-out", totals.cash_out),
        sum(texts, "cash-expected", totals.cash_expected),
    ]);
    rows
}

fn over_short_row(amount: Money, texts: &Texts) -> DialogRow {
    let key = match amount {
        amount if amount.is_negative() => "short",
        amount if amount.is_positive() => "over",
        _ => "exact",
    };
    sum(texts, key, amount.abs())
}

fn sum(texts: &Texts, key: &str, amount: Money) -> DialogRow {
    DialogRow::Sum { left: texts.say(key), right: texts.money(amount) }
}
