//! The data server: what the chain's tills must know in order to sell, kept right at the head office.
//!
//! One actor, the [`CataloguePublisher`](publisher::CataloguePublisher), is the only writer of the items, in-store barcode
//! rules, operators and settings of the tills. What it writes are rows of datasets; the link carries them down by version, through stores that
//! keep them as they are, into the catalogue of each till.
//!
//! Invariants:
//! - DS-1 What breaks a rule of `domain` is not published; the answer names the fact and the reason.
//! - DS-2 What did not change is not published again, so a nightly file of the whole catalogue costs the tills nothing.
//! - DS-3 A file with a bad row leaves the catalogue as it was, unless it was asked to leave bad rows out.
//! - DS-4 The bell of the link rings after the commit, never before.
//! - DS-5 Earlier prices of an item are known from what was published, never from who puts it.
//!
//! Must never: keep a PIN or what a card says, or hold the database's writer for longer than one bounded transaction.

pub mod browse;
pub mod import;
mod items;
pub mod pin;
pub mod publisher;
pub mod requests;
mod rows;
mod rules;
pub mod sections;
