//! Boxes of a till that owes an answer: the fiscal device, a payment terminal, a shift that is too old.

use chrono::{DateTime, FixedOffset};
use messages::v1::view::TillView;

use super::{Dialog, DialogRow, said, sum};
use crate::tui::model::figures::tender_key;
use crate::tui::screen::Screen;
use crate::tui::texts::Texts;

fn reason(screen: &Screen, view: &TillView, texts: &Texts) -> Option<DialogRow> {
    let reason = screen.waiting_reason.as_ref().or(view.fiscal.reason.as_ref()).map(|reason| texts.reason(reason))?;
    Some(DialogRow::Text(texts.say_with("waiting-why", [("reason", reason.into())])))
}

fn all(texts: &Texts, keys: &[&str]) -> impl Iterator<Item = DialogRow> {
    keys.iter().map(|key| DialogRow::Text(texts.say(key)))
}

pub(super) fn fiscal(screen: &Screen, view: &TillView, texts: &Texts) -> Dialog {
    // Opening and closing a shift, cash in and out are on the device too; then there is no receipt.
    let (title, what, keys): (_, _, &[&str]) = if view.lines.is_empty() {
        ("waiting-operation-title", "waiting-operation", &["waiting-do-1", "waiting-do-2", "waiting-do-s"])
    } else {
        const KEYS: [&str; 6] =
            ["waiting-safe", "waiting-do-1", "waiting-do-2", "waiting-do-t", "waiting-do-9", "waiting-do-s"];
        ("waiting-title", "waiting-what", &KEYS)
    };
    let mut rows = vec![DialogRow::Text(texts.say(what))];
    rows.extend(reason(screen, view, texts));
    rows.push(DialogRow::Blank);
    rows.extend(all(texts, keys));
    said(texts.say(title), rows, texts.say("waiting-foot"))
}

pub(super) fn terminal(
    screen: &Screen,
    view: &TillView,
    lost: bool,
    texts: &Texts,
    now: DateTime<FixedOffset>,
) -> Dialog {
    let work = view.terminal.as_ref();
    let mut rows: Vec<DialogRow> = Vec::new();
    rows.extend(work.map(|work| sum(texts, tender_key(work.tender), work.amount)));
    if lost {
        rows.push(DialogRow::Text(texts.say("terminal-lost")));
        rows.extend(reason(screen, view, texts));
        rows.push(DialogRow::Blank);
        rows.extend(all(texts, &["waiting-safe", "terminal-do-r", "terminal-do-s"]));
        return said(texts.say("terminal-lost-title"), rows, texts.say("terminal-lost-foot"));
    }
    let seconds = work.map_or(0, |work| now.signed_duration_since(work.since).num_seconds().max(0));
    let back = work.is_some_and(|work| work.gives_back);
    rows.push(DialogRow::Sum {
        left: texts.say("terminal-waits"),
        right: texts.say_with("age-seconds", [("n", seconds.into())]),
    });
    rows.push(DialogRow::Blank);
    rows.extend(all(texts, if screen.cancelling { &["terminal-cancelling"] } else { &["terminal-nothing-else"] }));
    let title = texts.say(if back { "terminal-back-title" } else { "terminal-title" });
    said(title, rows, texts.say("terminal-foot"))
}

/// The till cannot start.
pub(super) fn stopped(screen: &Screen, texts: &Texts) -> Dialog {
    let reason = texts.reason(screen.trouble.as_deref().unwrap_or_default());
    let mut rows = vec![DialogRow::Text(texts.say_with("waiting-why", [("reason", reason.into())])), DialogRow::Blank];
    rows.extend(all(texts, &["stopped-what", "stopped-do-1", "stopped-do-2", "stopped-do-3"]));
    said(texts.say("stopped-title"), rows, texts.say("stopped-foot"))
}

pub(super) fn expired(view: &TillView, texts: &Texts) -> Dialog {
    let mut rows: Vec<DialogRow> = all(texts, &["expired-what"]).collect();
    rows.push(DialogRow::Blank);
    let open = !view.lines.is_empty();
    rows.extend(all(
        texts,
        if open { &["expired-cancel", "expired-z", "expired-count"] } else { &["expired-z", "expired-count"] },
    ));
    said(texts.say("expired-title"), rows, texts.say("expired-foot"))
}
