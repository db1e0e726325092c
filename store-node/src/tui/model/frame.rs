//! The parts that are always there: frame, receipt, message line, input line, status line.

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use messages::v1::receipt::{ReceiptKind, ReceiptLine};
use messages::v1::view::{Light, TillMode, TillView};

use super::{LightModel, Message, MessageKind, Prompt, Row, Table, keys_of};
use crate::tui::screen::{Notice, Page, Screen, Stage};
use crate::tui::texts::Texts;

/// A command that takes longer than this is said to be on its way.
const BUSY_SHOWN_AFTER: Duration = Duration::from_millis(700);

pub(super) fn place(view: &TillView, texts: &Texts) -> String {
    let till = texts.say_with("till-number", [("n", view.till.0.into())]);
    let operator = view.operator.clone().unwrap_or_else(|| texts.say("nobody"));
    let training = if view.training { texts.say("mode-training") + " ▸ " } else { String::new() };
    format!("{training}{} ▸ {till} ▸ {operator}", view.store)
}

pub(super) fn document(view: &TillView, texts: &Texts, now: DateTime<FixedOffset>) -> String {
    let shift = match view.shift {
        Some(shift) => texts.say_with("shift-number", [("n", shift.into())]),
        None => texts.say("shift-none"),
    };
    let receipt = texts.say_with("receipt-number", [("n", format!("{:08}", view.sequence).into())]);
    format!("{shift} ▸ {receipt} ▸ {}", now.format("%H:%M"))
}

pub(super) fn mode(view: &TillView, stage: Stage, texts: &Texts) -> String {
    let word = mode_word(view, if view.training { Stage::Sale } else { stage }, texts);
    if view.training { format!("{}: {word}", texts.say("mode-training")) } else { word }
}

fn mode_word(view: &TillView, stage: Stage, texts: &Texts) -> String {
    texts.say(match (view.mode, view.kind, stage) {
        (_, _, Stage::Stopped) => "mode-stopped",
        (TillMode::WaitingForFiscal, ..) => "mode-waiting",
        (TillMode::WaitingForTerminal, ..) => "mode-terminal",
        (TillMode::Locked, ..) => "mode-locked",
        (TillMode::SignedOff | TillMode::ShiftClosed, ..) => "mode-closed",
        (_, _, Stage::Expired) => "mode-expired",
        (_, ReceiptKind::Return, Stage::Payment { .. }) => "mode-return-payment",
        (_, ReceiptKind::Return, _) => "mode-return",
        (_, ReceiptKind::Sale, Stage::Payment { .. }) => "mode-payment",
        (_, ReceiptKind::Sale, _) => "mode-sale",
    })
}

pub(super) fn table(screen: &Screen, view: &TillView, texts: &Texts) -> Table {
    let lines = screen.closed.as_ref().map_or(&view.lines, |receipt| &receipt.lines);
    let selected = screen.selected.filter(|_| screen.closed.is_none());
    let last = view.last_line.filter(|_| screen.closed.is_none());
    let rows: Vec<Row> = lines
        .iter()
        .map(|line| Row {
            number: line.line.to_string(),
            name: line.name.clone(),
            quantity: texts.quantity(line.quantity),
            price: texts.money(line.unit_price),
            amount: if line.voided { texts.say("voided") } else { texts.money(line.amount) },
            voided: line.voided,
            selected: selected == Some(line.line),
            last: last == Some(line.line),
        })
        .collect();
    let in_sight = selected.and_then(|selected| lines.iter().position(|line| line.line == selected));
    Table {
        heads: ["column-number", "column-item", "column-quantity", "column-price", "column-amount"]
            .map(|key| texts.say(key)),
        in_sight: in_sight.unwrap_or(rows.len().saturating_sub(1)),
        rows,
    }
}

pub(super) fn message(screen: &Screen, view: &TillView, texts: &Texts) -> Option<Message> {
    if let Some(refusal) = screen.refusal() {
        let way_out = match screen.refusals.len() {
            1 => texts.say("way-out"),
            n => texts.say_with("way-out-of-several", [("n", (n as u64).into())]),
        };
        return Some(Message { kind: MessageKind::Refusal, text: texts.refusal(refusal), way_out });
    }
    let text = match &screen.notice {
        Some(Notice::CashIn(amount)) => texts.say_with("done-cash-in", [("amount", texts.money(*amount).into())]),
        Some(Notice::CashOut(amount)) => texts.say_with("done-cash-out", [("amount", texts.money(*amount).into())]),
        Some(Notice::Cancelled(sequence)) => texts.say_with("done-cancelled", [("n", (*sequence).into())]),
        Some(Notice::Parked(sequence)) => texts.say_with("done-parked", [("n", (*sequence).into())]),
        Some(Notice::Reprinted(sequence)) => texts.say_with("done-reprinted", [("n", (*sequence).into())]),
        Some(Notice::Customer) => texts.say("done-customer"),
        Some(Notice::Taken { amount, online }) => {
            let key = if *online { "done-taken" } else { "done-taken-here" };
            texts.say_with(key, [("amount", texts.money(*amount).into())])
        }
        Some(Notice::GivenBack) => texts.say("done-given-back"),
        Some(Notice::Training(true)) => texts.say("done-training"),
        Some(Notice::Training(false)) => texts.say("done-training-ended"),
        Some(Notice::DrawerOpened) => texts.say("done-drawer"),
        Some(Notice::SignedOff) => texts.say("done-signed-off"),
        Some(Notice::ScreenRestarted) => texts.say("screen-restarted"),
        None if view.restored.is_some() && !screen.restored_read => {
            let code = view.restored.as_deref().unwrap_or_default();
            let key = format!("restored-{}", code.trim_start_matches("restored_").replace('_', "-"));
            texts.find(&key).unwrap_or_else(|| texts.say("restored"))
        }
        None => return None,
    };
    Some(Message { kind: MessageKind::Notice, text, way_out: String::new() })
}

pub(super) fn prompt(screen: &Screen, view: &TillView, stage: Stage, texts: &Texts, busy: Option<Duration>) -> Prompt {
    let busy = busy.filter(|busy| *busy >= BUSY_SHOWN_AFTER);
    let hint = match stage {
        Stage::Sale if screen.closed.is_some() => "hint-next-customer",
        Stage::Sale => "hint-sale",
        Stage::Payment { .. } if view.kind == ReceiptKind::Return => "hint-payment-return",
        Stage::Payment { .. } => "hint-payment",
        Stage::Waiting | Stage::Terminal { lost: true } => "hint-waiting",
        Stage::Terminal { lost: false } => "terminal-foot",
        Stage::SignOn => "hint-sign-on",
        _ => "hint-dialog",
    };
    Prompt {
        text: screen.entry.as_str().to_owned(),
        hint: texts.say(hint),
        busy: busy.map_or_else(String::new, |busy| texts.say_with("busy", [("n", busy.as_secs().into())])),
        active: matches!(stage, Stage::Sale | Stage::Payment { .. }) && screen.help.is_none(),
    }
}

pub(super) fn lights(view: &TillView, texts: &Texts, now: DateTime<FixedOffset>) -> Vec<LightModel> {
    let light = |key, light: &Light| LightModel {
        word: texts.say(key),
        works: light.works,
        detail: if light.works { String::new() } else { why_dark(light, texts, now) },
    };
    // While a terminal owes an answer, what stands in the way is the terminal.
    let device = if view.mode == TillMode::WaitingForTerminal { "light-terminal" } else { "light-fiscal" };
    vec![light(device, &view.fiscal), light("light-server", &view.server)]
}

fn why_dark(light: &Light, texts: &Texts, now: DateTime<FixedOffset>) -> String {
    let age = light.since.map(|since| texts.age(now.signed_duration_since(since)));
    let reason = light.reason.as_ref().map(|reason| texts.reason(reason));
    reason.into_iter().chain(age).collect::<Vec<_>>().join(", ")
}

/// What waits on this till's disk, and how full it is when that matters.
pub(super) fn kept(view: &TillView, texts: &Texts, now: DateTime<FixedOffset>) -> String {
    let unsent = unsent(view, texts, now);
    match view.disk_percent {
        Some(percent) => format!("{}, {unsent}", texts.say_with("disk", [("percent", percent.into())])),
        None => unsent,
    }
}

fn unsent(view: &TillView, texts: &Texts, now: DateTime<FixedOffset>) -> String {
    if view.unsent == 0 {
        return texts.say("unsent-none");
    }
    let unsent = texts.say_with("unsent", [("n", view.unsent.into())]);
    match view.oldest_unsent {
        Some(oldest) => format!("{unsent} ({})", texts.age(now.signed_duration_since(oldest))),
        None => unsent,
    }
}

pub(super) fn keys(screen: &Screen, view: &TillView, stage: Stage, texts: &Texts) -> Vec<(String, String)> {
    let fixed: &[(&str, &'static str)] = match (&screen.page, stage) {
        _ if screen.help.is_some() => &[("Esc", "key-close")],
        (_, Stage::Asking) if screen.asks_yes_or_no() => &[("+", "key-yes"), ("Esc", "key-no"), ("F1", "key-help")],
        (Page::Back(back), Stage::Back) if back.paying => {
            &[("+", "key-cash"), ("F2", "key-card"), ("F3", "key-qr"), ("Esc", "key-back")]
        }
        _ => &[],
    };
    // A till that is locked has no menu.
    let stage = if view.mode == TillMode::Locked && stage == Stage::SignOn { Stage::Form } else { stage };
    match fixed {
        [] => keys_of(stage, &screen.shop).into_iter().map(|(key, word)| (key, texts.say(word))).collect(),
        fixed => fixed.iter().map(|(key, word)| ((*key).to_owned(), texts.say(word))).collect(),
    }
}

/// Goods on keys beside the receipt, while they can be sold.
pub(super) fn quick(screen: &Screen, stage: Stage) -> Vec<(String, String)> {
    if !matches!(stage, Stage::Sale | Stage::QuickKeys) {
        return Vec::new();
    }
    let keys = screen.shop.quick_keys.keys.iter().enumerate();
    keys.map(|(index, key)| (format!(".{}", index + 1), key.label.clone())).collect()
}

/// "0.475 × 749.00 =".
pub(super) fn calculation(line: &ReceiptLine, texts: &Texts) -> String {
    format!("{} × {} =", texts.quantity(line.quantity), texts.money(line.unit_price))
}
