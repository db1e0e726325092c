//! What the keeper of a scale is asked and told.

use std::sync::Arc;

use actix::Message;
use devices::label_scale::{LabelScaleError, ScaleTotal};
use domain::ids::ItemCode;

use crate::plan::Wanted;
use crate::reconciler::Compared;

/// Articles whose totals are asked for at once.
pub const TOTALS_MAX: usize = 20_000;

/// What a person does with a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send what is missing now, also to a scale that was emptied or not reached, and try again what it refused.
    Load,
    /// Write every article once more.
    WriteAll,
    /// Read every article back, or write every one where that cannot be read, and mend what differs.
    Check,
    /// Take everything off, and leave it so until it is loaded.
    Clear,
    SetTime,
}

impl Command {
    pub const ALL: [(&'static str, Command); 5] = [
        ("load", Command::Load),
        ("write_all", Command::WriteAll),
        ("check", Command::Check),
        ("clear", Command::Clear),
        ("set_time", Command::SetTime),
    ];

    pub fn named(name: &str) -> Option<Command> {
        Command::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, command)| command)
    }
}

/// Sender: pages, operators. Answer: it is noted and will be done; how it went is in the view. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct Do {
    pub command: Command,
}

/// What is in the memory of the scale at this number now, beside what its protocol keeps of what should be there? Nothing
/// should be there: an empty article. Sender: pages. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Compared, LabelScaleError>")]
pub struct ReadBack {
    pub plu: u32,
}

/// What was sold at the scale, of all that should lie on it? Sender: pages. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Vec<ScaleTotal>, LabelScaleError>")]
pub struct Totals;

/// What should lie on the scale, and how each article stands? Sender: pages. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Shelf")]
pub struct ShowShelf;

#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Nothing: its department has no plan.
    pub wanted: Option<Arc<Wanted>>,
    /// Numbers of those that are not surely there.
    pub waiting: Vec<u32>,
    /// What the scale refused, and why.
    pub set_aside: Vec<(u32, ItemCode, String)>,
}

/// Whose labels on shelves must be hung anew, after this code? Sender: pages. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Vec<ItemCode>, String>")]
pub struct OutdatedLabels {
    pub after: String,
    pub limit: u64,
}

/// The new labels of these hang; they were printed at this version of the catalogue. Sender: pages. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct HangLabels {
    pub items: Vec<ItemCode>,
    pub version: u64,
}

/// What changed up to this version is everywhere. Sender: whoever watches over the shop. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct CloseChange {
    pub version: u64,
}

/// Did the label of one of these change after this version of the catalogue? Sender: pages. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<bool, String>")]
pub struct LabelsChangedSince {
    pub items: Vec<ItemCode>,
    pub version: u64,
}
