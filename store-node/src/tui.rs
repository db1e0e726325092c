//! The cashier's screen in a terminal.
//!
//! One way round: a key or a scan goes through [`wedge`] (which tells a scanner from fingers), then [`screen`] reduces it
//! against the till's view to at most one action; a command is sent and awaited before the next input is looked at;
//! [`model`] makes plain words and figures of what is to be seen, and [`draw`] puts them into cells. [`CashierScreen`] is
//! the supervised actor around it; [`keys`] runs the same reducers for scripts, without a terminal.
//!
//! Invariants:
//! - UI-1 What a scanner sends never confirms anything and never acknowledges a refusal.
//! - UI-2 Inputs are taken one at a time and in order; none is judged against a receipt that an earlier one still changes.
//! - UI-3 Drawing is a pure function of the view-model; every screen looks the same in a test and in a shop.
//! - UI-4 No key but Esc, or a correction made by hand that the till accepts, takes a refusal off the screen.
//! - UI-5 While a payment terminal is at work no key means anything but Esc, which asks it to stop and does not wait.
//!
//! Must never: compute a price, a total or a right. The till's view says what is; its answers say what may be.

pub mod actions;
pub mod cashier_screen;
pub mod display;
pub mod draw;
pub mod entry;
pub mod keys;
pub mod layout;
pub mod model;
pub mod screen;
pub mod shop;
pub mod texts;
pub mod wedge;

pub use cashier_screen::{CashierScreen, Finder, Scanned, ScreenOptions, Setting};
pub use texts::Language;
