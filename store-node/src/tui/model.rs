//! The view-model: everything that is to be seen, in words and figures of the cashier's language. Plain data; drawing
//! it, in a terminal or on a page, decides about places and colours only.

mod dialogs;
mod figures;
mod frame;

use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use messages::v1::receipt::ReceiptKind;
use messages::v1::view::{TillMode, TillView};
use serde::Serialize;

use super::screen::{Screen, Stage};
use super::texts::Texts;

/// What the frame says from afar, by its shape, its colour and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Sale,
    Return,
    /// No selling: signed off, or waiting for a device.
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewModel {
    pub mood: Mood,
    /// Store, till, operator.
    pub place: String,
    /// Shift, receipt, time of day.
    pub document: String,
    pub table: Table,
    pub last: Figure,
    /// Beside `last` while paying: what goes back.
    pub change: Option<Figure>,
    pub total: Figure,
    /// A box over the receipt.
    pub dialog: Option<Dialog>,
    pub message: Option<Message>,
    pub prompt: Prompt,
    pub mode: String,
    pub lights: Vec<LightModel>,
    /// Receipts that the store does not have yet; empty if none.
    pub unsent: String,
    pub keys: Vec<(String, String)>,
    pub too_small: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Number, item, quantity, price, amount.
    pub heads: [String; 5],
    pub rows: Vec<Row>,
    /// Index of the row that must be seen.
    pub in_sight: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub number: String,
    pub name: String,
    pub quantity: String,
    pub price: String,
    /// The amount, or the word for a voided line.
    pub amount: String,
    pub voided: bool,
    pub selected: bool,
    pub last: bool,
}

/// A figure to be seen from two metres, with its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    pub label: String,
    pub first: String,
    pub second: String,
    pub third: String,
    /// In big digits; empty if there is nothing to say.
    pub amount: String,
    /// The one thing to look at now.
    pub stressed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dialog {
    pub title: String,
    pub rows: Vec<DialogRow>,
    /// How to go on.
    pub foot: String,
    /// Columns inside, at least.
    pub width: u16,
    pub warning: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum DialogRow {
    Blank,
    Text(String),
    /// A key or a label, and what it stands for.
    Pair {
        left: String,
        right: String,
        chosen: bool,
    },
    /// A figure at the right edge.
    Sum {
        left: String,
        right: String,
    },
    Field {
        label: String,
        value: String,
        at: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Refusal,
    Notice,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    pub kind: MessageKind,
    pub text: String,
    pub way_out: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Prompt {
    pub text: String,
    /// What may be typed; shown while nothing is.
    pub hint: String,
    /// Seconds that a command takes already; empty while nothing is on its way.
    pub busy: String,
    /// The cursor stands here and not in a dialog.
    pub active: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LightModel {
    pub word: String,
    pub works: bool,
    pub detail: String,
}

impl ViewModel {
    /// `busy`: how long the command on its way has been on its way.
    pub fn of(
        screen: &Screen,
        view: &TillView,
        texts: &Texts,
        now: DateTime<FixedOffset>,
        busy: Option<Duration>,
    ) -> ViewModel {
        let stage = screen.stage(view);
        let (last, change, total) = figures::figures(screen, view, stage, texts);
        ViewModel {
            mood: match view.mode {
                TillMode::SignedOff | TillMode::ShiftClosed | TillMode::WaitingForFiscal => Mood::Stopped,
                TillMode::Selling | TillMode::Paying => match view.kind {
                    ReceiptKind::Sale => Mood::Sale,
                    ReceiptKind::Return => Mood::Return,
                },
            },
            place: frame::place(view, texts),
            document: frame::document(view, texts, now),
            table: frame::table(screen, view, texts),
            last,
            change,
            total,
            dialog: dialogs::dialog(screen, view, stage, texts),
            message: frame::message(screen, view, texts),
            prompt: frame::prompt(screen, view, stage, texts, busy),
            mode: frame::mode(view, stage, texts),
            lights: frame::lights(view, texts, now),
            unsent: frame::unsent(view, texts, now),
            keys: frame::keys(screen, stage, texts),
            too_small: texts.say("too-small"),
        }
    }
}

/// The keys in the bottom line, with the Fluent keys of their words.
pub(crate) fn keys_of(stage: Stage) -> &'static [(&'static str, &'static str)] {
    match stage {
        Stage::SignOn => &[("Enter", "key-next"), ("Esc", "key-back"), ("F1", "key-help"), ("Ctrl+Q", "key-leave")],
        Stage::Sale => &[
            ("+", "key-total"),
            ("-", "key-void"),
            ("*", "key-quantity"),
            ("F8", "key-return"),
            ("F9", "key-menu"),
            ("F1", "key-help"),
        ],
        Stage::Payment { begun: false } => {
            &[("+", "key-cash"), ("F2", "key-card"), ("F7", "key-to-receipt"), ("F9", "key-menu"), ("F1", "key-help")]
        }
        Stage::Payment { begun: true } => {
            &[("+", "key-cash"), ("F2", "key-card"), ("F9", "key-menu"), ("F1", "key-help")]
        }
        Stage::Waiting => &[("R", "key-resume"), ("F1", "key-help"), ("Ctrl+Q", "key-leave")],
        Stage::Menu => &[("0-9", "key-choose"), ("Esc", "key-back"), ("F1", "key-help")],
        Stage::Form => &[("Enter", "key-next"), ("Esc", "key-back"), ("F1", "key-help")],
        Stage::Ask => &[("Enter", "key-yes"), ("Esc", "key-no")],
        Stage::Report => &[("Esc", "key-close")],
    }
}
