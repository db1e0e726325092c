//! How the actors of a node live.
//!
//! actix gives mailboxes and turns; it does not bring an actor back after a panic, and its supervisor loses the mailbox.
//! Here every actor lives inside a [`host`] that is itself an actix actor: the host owns the mailbox and the address,
//! runs one message at a time to its end, catches an unwind, throws the broken object away and asks the
//! [`supervisor`] whether and when to build a new one from durable state. The address stays good through all of it.
//!
//! Invariants:
//! - RT-1 A child handles one message at a time, to its commit; it never interleaves at an await.
//! - RT-2 A restart builds a new object; nothing in memory survives it.
//! - RT-3 A reference stays good through every restart; while its child is down an ask answers at once.
//! - RT-4 Every mailbox has a limit; what does not fit is counted and seen, never silently lost.
//! - RT-5 A child that cannot be started does not take its node down: its group fails, the node is degraded, the rest works.
//!
//! Must never: hold a rule of the shop, or know a database.

#![expect(clippy::disallowed_methods, reason = "the runtime counts before it sends past actix's own limit")]

pub mod actor;
pub mod claim;
pub mod clock;
pub mod dead_letters;
pub mod disk;
pub mod host;
pub mod logging;
pub mod node;
pub mod ops;
pub mod panics;
pub mod reference;
pub mod retry;
pub mod shutdown;
mod slot;
pub mod spec;
pub mod stats;
pub mod supervisor;
pub mod system;
pub mod tap;
