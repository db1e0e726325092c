//! The rules of a session, without sockets, clocks or databases: what may be sent, what is taken, what it means.
//!
//! The lower node sends documents ([`sending`]) and takes datasets ([`taking`]); the upper node takes documents
//! ([`receiving`]) and gives datasets ([`giving`]); both watch that the other is alive
//! ([`alive`]), the upper one that their clocks agree ([`clocks`]). The shells in
//! `uplink` and `downlinks` feed these with frames, times and the results of transactions.
//!
//! Invariants:
//! - LK-1 A document is taken only as the next of its channel, and only with the chain that follows from all before it.
//! - LK-2 What is acknowledged is what was committed.
//! - LK-3 What is on the way and unacknowledged never exceeds the window by more than one document.

pub mod alive;
pub mod clocks;
pub mod comparing;
pub mod giving;
pub mod meeting;
pub mod mending;
pub mod pace;
pub mod receiving;
pub mod sending;
pub mod taking;

use crate::chain::{Chain, Place};

/// How much may be on the way unacknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub documents: u32,
    pub bytes: u32,
}

impl Default for Window {
    /// Two batches: one is being committed while the next is on its way. At a thousand links at once, 2 GiB at the worst.
    fn default() -> Window {
        Window { documents: 1_000, bytes: 2 * 1024 * 1024 }
    }
}

/// Two databases that disagree, or a peer that breaks the rules. The session ends; an operator reads the sentence.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
pub enum Incident {
    #[error(
        "fork: document {sequence} of {whose} has chain {}, expected {}: its history was written twice", Hex(.theirs), Hex(.ours)
    )]
    Fork { whose: String, sequence: u64, ours: Chain, theirs: Chain },
    #[error(
        "clone: another {whose} is linked and answers: two machines have one name, and one of them is a copy; switch one off"
    )]
    Cloned { whose: String },
    #[error(
        "replaced: another machine has taken the place of this {whose}: if this is the right one, trust it at the node above"
    )]
    Superseded { whose: String },
    #[error("not kept: {whose} wants back what follows document {after}, which is not kept here")]
    NotKept { whose: String, after: u64 },
    #[error(
        "went back: {whose} has committed {theirs} documents, but acknowledged {ours} before, and what lies between is not kept here any more: restore a newer backup of it"
    )]
    ReceiverWentBack { whose: String, ours: u64, theirs: u64 },
    #[error("hole: {whose} sends document {theirs}, the next must be {expected}")]
    Hole { whose: String, expected: u64, theirs: u64 },
    #[error("{whose} sends a document of {origin}, which it may not speak for")]
    NotItsOwn { whose: String, origin: String },
    #[error("{whose} breaks the protocol: {what}")]
    Protocol { whose: String, what: String },
}

impl Incident {
    /// A short name for logs and counters.
    pub fn name(&self) -> &'static str {
        match self {
            Incident::Fork { .. } => "fork",
            Incident::Cloned { .. } => "clone",
            Incident::Superseded { .. } => "replaced",
            Incident::NotKept { .. } => "not kept",
            Incident::ReceiverWentBack { .. } => "went back",
            Incident::Hole { .. } => "hole",
            Incident::NotItsOwn { .. } => "not its own",
            Incident::Protocol { .. } => "protocol",
        }
    }
}

struct Hex<'a>(&'a Chain);

impl std::fmt::Display for Hex<'_> {
    /// The first four bytes are enough for eyes to compare.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(crate) fn fork(whose: &str, ours: Place, theirs: Place) -> Incident {
    Incident::Fork { whose: whose.to_owned(), sequence: ours.sequence, ours: ours.chain, theirs: theirs.chain }
}
