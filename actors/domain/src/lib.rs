//! The rules of the shop, as pure functions.
//!
//! A till, a store and a head office compute money, tax and numbers with this crate and nothing else, so the three can
//! never disagree by a penny. It owns no thread, clock, random number, file or log: whatever it needs is passed in.
//!
//! Shape of a rule: `decide(&self, input) -> Result<Vec<Event>, Refusal>` looks and answers; `apply(&mut self, &Event)`
//! changes. A shell commits the events between the two.
//!
//! Must never: use a float, round outside [`rounding`], read the time, or know a database row.

pub mod allocation;
pub mod barcode;
pub mod claims;
pub mod fiscal_code;
pub mod hours;
pub mod ids;
pub mod item;
pub mod journal;
pub mod ledger;
pub mod loyalty;
pub mod money;
pub mod quantity;
pub mod receipt;
pub mod refusal;
pub mod returns;
pub mod rights;
pub mod rounding;
pub mod shift;
pub mod vat;
