//! The head office: knows every receipt of the chain, and tells every till what to sell.
//!
//! One process, one database (`hq.sqlite`), one tree of supervised actors ([`tree`]), one port for people, machines and the
//! stores' links; or several processes at one PostgreSQL database, each with some of the roles (`cluster`).
//! [`node::HqNode`] starts it in this process, so a demo, a replay or a test can have a head office on a thread of its own.
//!
//! Invariants:
//! - HQ-1 Settings are read whole and checked before a port is opened; an unknown key is refused.
//! - HQ-2 Every route has a guard, or is named as open in [`web::routes`].
//! - HQ-3 A page reads sums, never receipts.
//!
//! Must never: dial a store, or keep anything that is not in its database.

pub mod campaigns;
#[cfg(feature = "nats")]
pub mod cluster;
pub mod commands;
pub mod node;
pub mod people;
pub mod settings;
pub mod tiers;
pub mod trade;
pub mod tree;
pub mod web;
