//! What a store and the root say to each other. Any message may be lost, doubled, late or out of order.
//!
//! A store asks, the root answers: so the root needs no line down. Steady: `Push` and `Ack` with `Downs`. After a start, or
//! when the two do not agree: `Hello`, `Welcome` with a nonce, `Sync` with that nonce, which counts once.

use domain::ledger::AccountId;
use messages::codec::{BodyError, from_body, to_body};
use serde::{Deserialize, Serialize};

use super::NodeId;
use super::log::{Chain, End, Entry};

/// Most entries of one log in one message.
pub const ENTRIES_MAX: usize = 256;
/// Longest number of a card or a phone, in bytes.
pub const NUMBER_BYTES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToRoot {
    pub from: NodeId,
    /// The latest epoch of the root that the store knows.
    #[serde(default)]
    pub epoch: u32,
    pub say: Say,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    Hello,
    Sync(Box<Sync>),
    Push {
        epoch: u32,
        inc: u32,
        up: Vec<Entry>,
        /// Entries of the root that are applied.
        down_next: u64,
        /// All tills have told, and nothing is missing in the store's book.
        #[serde(default)]
        trusted: bool,
    },
    /// Who is it, and may this store have rights to spend?
    Want {
        epoch: u32,
        inc: u32,
        down_next: u64,
        who: Who,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Number(String),
    /// At least so much of this wallet.
    Account {
        account: AccountId,
        amount: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    pub nonce: u64,
    pub inc: u32,
    /// The store was restored from a backup, or has reason to fear it.
    pub restored: bool,
    /// Some of its tills have not told yet since its start, so it may have been restored and not know it.
    #[serde(default)]
    pub unheard: bool,
    pub up: End,
    pub down: End,
    /// From where the root's copy ends.
    pub ups: Vec<Entry>,
    /// What the root itself lost.
    pub downs: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Welcome {
        epoch: u32,
        nonce: u64,
        up: End,
        down_next: u64,
        /// Of the last entry of the down log.
        down_chain: Chain,
    },
    Ack {
        epoch: u32,
        inc: u32,
        up_next: u64,
        down_next: u64,
        /// The root waits for what the tills of this store remember.
        recover: bool,
        /// Of the `Sync` that it answers; zero: it answers another message.
        nonce: u64,
    },
    Downs {
        epoch: u32,
        /// What the store lost of its own log.
        ups: Vec<Entry>,
        downs: Vec<Entry>,
    },
}

/// What a store asks over the line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The number that the store was given; zero: it has none yet.
    pub node: NodeId,
    pub messages: Vec<ToRoot>,
    /// If there is nothing to tell, the answer may wait a while for something.
    pub waits: bool,
}

/// What the root answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The number of the store that asked.
    pub node: NodeId,
    pub replies: Vec<Reply>,
}

impl Envelope {
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }

    pub fn from_body(body: &[u8]) -> Result<Envelope, BodyError> {
        from_body(body)
    }
}

impl Answered {
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }

    pub fn from_body(body: &[u8]) -> Result<Answered, BodyError> {
        from_body(body)
    }
}
