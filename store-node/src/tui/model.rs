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

use super::actions::{self, Act};
use super::screen::{Screen, Stage};
use super::shop::Shop;
use super::texts::Texts;

/// What the frame says from afar, by its shape, its colour and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Sale,
    Return,
    /// Nothing of it is real.
    Training,
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
    /// Goods on keys, for a window that is wide enough.
    pub quick: Vec<(String, String)>,
    /// The word that stands all over the frame while training; empty otherwise.
    pub training: String,
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
    pub fourth: String,
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
    /// The first row that is seen, if there are more than fit and none is chosen.
    pub from: usize,
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
    /// A row of a list: its digit, what it is, and its figures at the right edge.
    Choice {
        key: String,
        left: String,
        right: String,
        chosen: bool,
    },
    /// Two actions side by side: key, text and word of each.
    Keys([Option<[String; 3]>; 2]),
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
                _ if stage == Stage::Stopped => Mood::Stopped,
                _ if view.training => Mood::Training,
                TillMode::Selling | TillMode::Paying if !view.shift_expired => match view.kind {
                    ReceiptKind::Sale => Mood::Sale,
                    ReceiptKind::Return => Mood::Return,
                },
                _ => Mood::Stopped,
            },
            place: frame::place(view, texts),
            document: frame::document(view, texts, now),
            table: frame::table(screen, view, texts),
            last,
            change,
            total,
            dialog: dialogs::dialog(screen, view, stage, texts, now),
            message: frame::message(screen, view, texts),
            prompt: frame::prompt(screen, view, stage, texts, busy),
            mode: frame::mode(view, stage, texts),
            lights: frame::lights(view, texts, now),
            unsent: frame::kept(view, texts, now),
            keys: frame::keys(screen, view, stage, texts),
            quick: frame::quick(screen, stage),
            training: if view.training { texts.say("mode-training") } else { String::new() },
            too_small: texts.say("too-small"),
        }
    }
}

/// The keys in the bottom line, with the Fluent keys of their words.
pub(crate) fn keys_of(stage: Stage, shop: &Shop) -> Vec<(String, &'static str)> {
    const SALE: [Act; 10] = [
        Act::Total,
        Act::Void,
        Act::Quantity,
        Act::Search,
        Act::Menu,
        Act::Help,
        Act::Weigh,
        Act::Return,
        Act::Customer,
        Act::Park,
    ];
    const PAYMENT: [Act; 8] =
        [Act::Cash, Act::Card, Act::Qr, Act::ToReceipt, Act::Menu, Act::Help, Act::Points, Act::Gift];
    const GO_ON: &[(&str, &str)] = &[("Enter", "key-next"), ("Esc", "key-back"), ("F1", "key-help")];
    const CHOOSE: &[(&str, &str)] = &[("1-9", "key-choose"), ("Esc", "key-back"), ("F1", "key-help")];
    let keys: &[(&str, &str)] = match stage {
        Stage::Sale => return acts(SALE.iter(), shop),
        Stage::Payment { begun } => return acts(PAYMENT.iter().filter(|act| !begun || **act != Act::ToReceipt), shop),
        Stage::SignOn => &[
            ("Enter", "key-next"),
            ("Esc", "key-back"),
            ("F9", "key-menu"),
            ("F1", "key-help"),
            ("Ctrl+Q", "key-leave"),
        ],
        Stage::Stopped => &[("Ctrl+Q", "key-leave")],
        Stage::Expired => &[("Z", "key-close-shift"), ("F9", "key-menu"), ("Ctrl+Q", "key-leave")],
        Stage::Terminal { lost: false } => &[("Esc", "key-stop")],
        Stage::Terminal { lost: true } => {
            &[("R", "key-resume"), ("S", "key-settle"), ("F1", "key-help"), ("Ctrl+Q", "key-leave")]
        }
        Stage::Waiting => &[
            ("R", "key-resume"),
            ("T", "key-take-out"),
            ("9", "key-give-up"),
            ("S", "key-settle"),
            ("F1", "key-help"),
            ("Ctrl+Q", "key-leave"),
        ],
        Stage::Asking | Stage::Form | Stage::Count => GO_ON,
        Stage::Menu | Stage::List | Stage::QuickKeys => CHOOSE,
        Stage::Search => &[("Enter", "key-choose"), ("Esc", "key-back")],
        Stage::Back => &[("+", "key-next"), ("*", "key-all"), ("-", "key-none"), ("Esc", "key-back")],
        Stage::Ask => &[("Enter", "key-yes"), ("Esc", "key-no")],
        Stage::Report => &[("Esc", "key-close")],
    };
    keys.iter().map(|(key, text)| ((*key).to_owned(), *text)).collect()
}

fn acts<'act>(acts: impl Iterator<Item = &'act Act>, shop: &Shop) -> Vec<(String, &'static str)> {
    acts.filter_map(|act| Some((shop.keys_of(*act).next()?.to_owned(), actions::of(*act).text))).collect()
}
