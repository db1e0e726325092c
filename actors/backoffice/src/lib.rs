//! The built-in back-office: what the tills sold, kept whole, summed as it arrives, and read as reports.
//!
//! The head office uses it for the chain and a store server for itself; both apply the same documents with the same code.
//!
//! Invariants:
//! - BO-1 A receipt is applied once: its uid and its (store, till, number) are unique. The ledger sees to it, and the schema,
//!   which on PostgreSQL does so within a business day.
//! - BO-2 Receipts, sums and what came back are written in one transaction, so a report always equals its receipts.
//! - BO-3 A document whose sums do not add up is parked with a sentence; it never changes a total.
//! - BO-4 More returned than sold is kept and becomes an incident: money is never silently lost.
//! - BO-5 A closed business day stays as it was closed; what comes later is its correction.
//!
//! Must never: compute a price, change a receipt, or serve a page.

pub mod answers;
mod bulk;
pub mod customers;
pub mod days;
pub mod find_receipt;
pub mod incidents;
pub mod ledger;
mod marks;
pub mod months;
mod parked;
pub mod people;
pub mod rebuild;
pub mod reports;
pub mod tills;
mod totals;
mod word;
