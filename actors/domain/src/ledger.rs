//! The ledger of customer accounts: double entry, integers, never below zero.
//!
//! A transfer moves an amount from one account to another at once, or holds it and captures or voids it later. It is known
//! by its id for ever: the same id again is answered and not posted, and a refused id stays refused. What was posted or
//! refused is a [`Posting`]; the state is the sum of postings, so replay and restoration are [`Ledger::apply`].
//!
//! Invariants:
//! - I1 Per asset, debits equal credits, posted and pending alike.
//! - I2 A guarded account: `debits_pending + debits_posted <= credits_posted + limit`.
//! - I9 Of an account with lots: the lots' sum is its balance, none below zero, the one that expires first is used first.
//! - I10 A hold ends once: captured (at most what was held), voided or timed out. An account's pending debits are its holds.
//!
//! Must never: read a clock. Hold time is an interval of the node that owns the hold; expiry is by the business day it is given.

pub mod id;

pub use id::{AccountId, AccountKind, OperationId, TransferId};
