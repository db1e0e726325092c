//! The two logs between a store and the root: documents up, entries down, each numbered and chained by its writer.

use domain::ids::{OperatorNumber, ReceiptId};
use domain::ledger::transfer::{Day, Transfer};
use domain::ledger::{AccountId, OperationId};
use messages::codec::{BodyError, from_body, to_body};
use serde::{Deserialize, Serialize};

use super::customer::Customer;
use super::given::Given;
use super::{NodeId, Now};

/// Hash over an entry and all before it in its log.
pub type Chain = [u8; 32];

/// An entry of either log. Its body is kept as it was written, so that the chain holds on every version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 0, without gaps.
    pub seq: u64,
    /// Of a document: the incarnation of the store that wrote it. Of an entry of the root: its epoch then.
    pub inc: u32,
    /// Of a document: how many entries of the root were applied before it. Else zero.
    pub down_seen: u64,
    pub chain: Chain,
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

mod bytes {
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The number of the next entry.
    pub next: u64,
    pub chain: Chain,
}

impl End {
    pub fn entry(&self, inc: u32, down_seen: u64, body: Vec<u8>) -> Entry {
        let mut entry = Entry { seq: self.next, inc, down_seen, chain: [0; 32], body };
        entry.chain = self.chain_of(&entry);
        entry
    }

    fn chain_of(&self, entry: &Entry) -> Chain {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.chain);
        hasher.update(&entry.seq.to_le_bytes());
        hasher.update(&entry.inc.to_le_bytes());
        hasher.update(&entry.down_seen.to_le_bytes());
        hasher.update(&entry.body);
        *hasher.finalize().as_bytes()
    }

    /// Is this the entry that comes next, on what is before it here?
    pub fn takes(&self, entry: &Entry) -> bool {
        entry.seq == self.next && self.chain_of(entry) == entry.chain
    }

    pub fn advance(&mut self, entry: &Entry) {
        assert_eq!(entry.seq, self.next, "I7: entries of a log follow each other");
        *self = End { next: entry.seq + 1, chain: entry.chain };
    }
}

/// Where a document came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub wall_ms: i64,
    pub day: Day,
    #[serde(default)]
    pub till: u32,
    #[serde(default)]
    pub operator: Option<OperatorNumber>,
    #[serde(default)]
    pub receipt: Option<ReceiptId>,
}

impl Stamp {
    /// Of what a store does by itself.
    pub(crate) fn of_store(now: Now) -> Stamp {
        Stamp { wall_ms: now.wall_ms, day: now.moment.day, till: 0, operator: None, receipt: None }
    }
}

/// What a store did: a line of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub operation: OperationId,
    pub stamp: Stamp,
    /// It lost its place in the log, or was found at a till: the store's right for it is gone, and the root finds another
    /// source.
    #[serde(default)]
    pub recovered: bool,
    pub act: Act,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A movement, in the accounts of the root, with its lots.
    Move(Transfer),
    /// A customer whom the root could not be asked about.
    Open { customer: Box<Customer> },
    /// All that the tills remember is told.
    Recovered,
}

/// What the root tells a store: a line of the other log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Rights: from wallets into the store's escrow.
    Grant { transfers: Vec<Transfer> },
    /// A new incarnation begins after so many documents of the old one; the old one's rights are gone.
    Fence {
        inc: u32,
        up_next: u64,
        tills: Vec<u32>,
        /// Of the comparison in which the store said that it was restored; zero: people fenced it.
        #[serde(default)]
        nonce: u64,
    },
    /// Who a customer is now, in whole.
    Customer(Box<Customer>),
    /// What is on an account, for screens; of points what was given lately, for rules that give only so much.
    Balance {
        account: AccountId,
        balance: i64,
        #[serde(default, skip_serializing_if = "Given::is_empty")]
        given: Given,
    },
    /// Give back what you do not need of this wallet: somebody wants to spend it elsewhere.
    Recall { account: AccountId },
    /// A document that was born at the root, kept here as its second copy.
    Copy { transfers: Vec<Transfer> },
}

impl Document {
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }

    pub fn from_body(body: &[u8]) -> Result<Document, BodyError> {
        from_body(body)
    }
}

impl Told {
    pub fn to_body(&self) -> Vec<u8> {
        to_body(self)
    }

    pub fn from_body(body: &[u8]) -> Result<Told, BodyError> {
        from_body(body)
    }
}

/// A run of entries of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub peer: NodeId,
    pub from: u64,
    pub to: u64,
}

impl Range {
    pub fn is_empty(&self) -> bool {
        self.from >= self.to
    }
}
