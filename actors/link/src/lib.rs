//! Node to node: documents up, datasets down, requests both ways.
//!
//! A document is appended to the outbox in the transaction of the change it reports. The receiver applies its effects, its
//! number and its chain in one transaction and only then acknowledges; so an acknowledgement always means "committed in
//! the other database", whatever broke in between.
//!
//! Must never: know what a document means, or acknowledge what is not committed.

pub mod admit;
pub mod apply;
mod archive;
pub mod bell;
pub mod chain;
pub mod datasets;
pub mod downlinks;
pub mod enrolment;
pub mod frame;
pub mod gate;
pub mod identity;
pub mod inbox;
mod incidents;
pub mod intake;
mod line;
pub mod outbox;
pub mod recovery;
pub mod requests;
pub mod session;
pub mod transport;
pub mod trust;
pub mod uplink;
