//! The link as its users meet it: real databases in files, real sockets, both ends in one process.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test binary: nothing is exported, and a failed step is a failed test"
)]

#[path = "../../../tests/faultproxy.rs"]
mod faultproxy;

#[path = "link/datasets.rs"]
mod datasets;
#[path = "link/documents.rs"]
mod documents;
#[path = "link/faults.rs"]
mod faults;
#[path = "link/golden.rs"]
mod golden;
#[path = "link/hostile.rs"]
mod hostile;
#[path = "link/keys.rs"]
mod keys;
#[path = "link/meeting.rs"]
mod meeting;
#[path = "link/mending.rs"]
mod mending;
#[path = "link/office.rs"]
mod office;
#[path = "link/recovery.rs"]
mod recovery;
#[path = "link/rules.rs"]
mod rules;
#[path = "link/simulation.rs"]
mod simulation;
#[path = "link/skew.rs"]
mod skew;
#[path = "link/slow.rs"]
mod slow;
#[path = "link/storm.rs"]
mod storm;
#[path = "link/strangers.rs"]
mod strangers;
#[path = "link/tables.rs"]
mod tables;
#[path = "link/wire.rs"]
mod wire;
#[path = "link/world.rs"]
mod world;
