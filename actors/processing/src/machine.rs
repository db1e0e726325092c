//! Root and subordinates as pure machines: what they are told, what they write down, what they say.
//!
//! A machine is given an input and a [`Now`]; it changes itself, gathers what is to be written down in its [`Book`], and
//! answers. The shell writes the book's changes as one block and only then lets the answers go. A machine that is built from
//! what was written is the machine that wrote it.
//!
//! Invariants (numbers of the simulator's checks):
//! - I4 A store spends from rights alone: grants applied here less what was spent and given back; never below zero.
//! - I6 An operation is posted once, wherever and however often it comes from.
//! - I7 Of the two logs between a store and the root, one side's copy is a beginning of the other's.
//! - I8 Incarnations and epochs only grow.
//!
//! Must never: read a clock or a random number, wait, or trust that a message arrives, arrives once, or in order.

pub mod book;
pub mod customer;
pub mod given;
pub mod log;
pub mod root;
pub mod subordinate;
pub mod wire;

pub use book::{Book, Changes};
use chrono::{Datelike, NaiveDate};
use domain::ledger::OperationId;
use domain::ledger::transfer::{Day, Moment, Slice};

/// A place of the chain that keeps an account book. The root is 0.
pub type NodeId = u32;
pub const ROOT: NodeId = 0;

/// When an input came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub moment: Moment,
    /// Milliseconds since 1970 by this node's clock, which may be wrong: shown to people, and the beginning of ids, so
    /// that ids made one after another lie together on disk. No rule depends on it.
    pub wall_ms: i64,
}

/// An operation that no till made: its id follows from what it is about, so that a repetition is the same operation.
pub fn derived(now: Now, about: &[&[u8]]) -> OperationId {
    let mut hasher = blake3::Hasher::new();
    for part in about {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut low = [0; 16];
    low.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    let time = (now.wall_ms.max(0) as u128 & 0xFFFF_FFFF_FFFF) << 80;
    OperationId::from_uuid(time | u128::from_le_bytes(low) >> 48)
}

/// Days since 1970-01-01.
pub fn day_of(date: NaiveDate) -> Day {
    date.num_days_from_ce() - EPOCH_DAYS_FROM_CE
}

const EPOCH_DAYS_FROM_CE: i32 = 719_163;

pub fn date_of(day: Day) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(day.checked_add(EPOCH_DAYS_FROM_CE)?)
}

/// The first of these parts of lots, up to an amount.
pub(crate) fn first_of(parts: impl Iterator<Item = Slice>, amount: i64) -> Vec<Slice> {
    let mut left = amount;
    let mut chosen = Vec::new();
    for part in parts {
        let amount = part.amount.min(left);
        if amount > 0 {
            chosen.push(Slice { amount, ..part });
            left -= amount;
        }
    }
    chosen
}
