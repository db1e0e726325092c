//! The cashier's screen, seen from outside: its frames, its keys, its texts, and its life as an actor.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops where it stands")]

#[path = "tui/accounts.rs"]
mod accounts;
#[path = "tui/fixture.rs"]
mod fixture;
#[path = "tui/frames.rs"]
mod frames;
#[path = "tui/impatient.rs"]
mod impatient;
#[path = "tui/keyboard.rs"]
mod keyboard;
#[path = "tui/lists.rs"]
mod lists;
#[path = "tui/live.rs"]
mod live;
#[path = "tui/pages.rs"]
mod pages;
#[path = "tui/questions.rs"]
mod questions;
#[path = "tui/scanner.rs"]
mod scanner;
#[path = "tui/scripted.rs"]
mod scripted;
#[path = "tui/shift.rs"]
mod shift;
#[path = "tui/stopped.rs"]
mod stopped;
#[path = "tui/terminals.rs"]
mod terminals;
#[path = "tui/texts.rs"]
mod texts;
#[path = "tui/wedge.rs"]
mod wedge;
#[path = "tui/words.rs"]
mod words;
