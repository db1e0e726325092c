//! The till of a shop: it never loses a receipt and never makes two of one.
//!
//! A [`Till`] is one actor with one database, one fiscal device and one open receipt. Screens, scripts and tests give it
//! `TillCommand`s; what it shows is a `TillView`. There is one road by which anything changes: decide by the rules of
//! `domain`, commit to the journal, apply, and only then act on the world.
//!
//! Invariants:
//! - TL-1 What is not committed has not happened: no answer, no paper, no drawer before the commit.
//! - TL-2 One payment makes one fiscal document. Before the device is asked for anything, what it was before is in the
//!   journal; after a lost answer or a crash the device is asked what happened, and nothing is repeated blindly.
//! - TL-3 Receipt numbers have no gaps and are never used twice; a cancelled receipt spends its number.
//! - TL-4 The journal is only appended to, each entry chained to the one before; the open receipt is rebuilt from it.
//! - TL-5 A commit that may or may not have happened ends the actor; the next one reads the database and knows.
//! - TL-7 What an account gave is in a closed receipt, or waits to be given back until the store has heard it.
//! - TL-9 A till that was not compared with its store makes no receipt: a number that is out already would be given again.
//! - TL-6 A receipt, the shift's totals and the document for the store change in one transaction.
//!
//! Must never: decide a price, a limit or a tax outside `domain`, or wait for the store in order to sell.

mod accounts;
pub mod catalogue;
mod changing;
mod commands;
mod desk;
mod fiscal;
mod marks;
mod operations;
mod paper;
mod parking;
mod paying;
pub mod receipt_text;
pub mod records;
mod recovery;
mod returns;
mod saga;
mod selling;
mod settings;
mod staff;
mod store;
mod terminal;
mod till;
mod training;
mod view;
mod whole;
mod wire;

pub use desk::Record;
pub use recovery::TillRestore;
pub use settings::{
    COMMAND_DEADLINE, Counter, DeviceFactory, PrinterFactory, SagaStep, ScaleFactory, StepHook, TerminalFactory,
    TillPorts, TillSettings, TrainingGround, UnknownOperators, ViewSender, views,
};
pub use till::{ShowTill, Till, TillState};
