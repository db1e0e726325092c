//! The headers of all kinds. Fields are only ever added in a new kind or a new major version: the layout has no names.

use super::batch::{self, Numbered};
use super::fields::put;
use super::{Body, Fields, FrameError, Parts};
use crate::apply::PeerRole;
use crate::chain::Chain;
use crate::datasets::Change;
use crate::datasets::digest::{BUCKETS, BucketBits, Buckets};

/// A field as it lies in a header.
trait Field: Sized {
    fn put(&self, bytes: &mut Vec<u8>);
    fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, FrameError>;
}

macro_rules! plain_fields {
    ($($kind:ty),*) => {
        $(impl Field for $kind {
            fn put(&self, bytes: &mut Vec<u8>) {
                put(bytes, self);
            }
            fn take(fields: &mut Fields<'_>, name: &'static str) -> Result<Self, FrameError> {
                fields.take(name)
            }
        })*
    };
}
plain_fields!(u16, u32, u64, bool, String, Chain, [u8; 32], Vec<u8>, Vec<Vec<u8>>, BucketBits);

/// Enumerations are a u32; a number that is not listed is refused.
macro_rules! numbered {
    ($name:ident { $($variant:ident = $number:literal),* }) => {
        impl Field for $name {
            fn put(&self, bytes: &mut Vec<u8>) {
                let number: u32 = match self { $($name::$variant => $number),* };
                put(bytes, &number);
            }
            fn take(fields: &mut Fields<'_>, field: &'static str) -> Result<Self, FrameError> {
                match fields.take::<u32>(field)? {
                    $($number => Ok($name::$variant),)*
                    other => Err(fields.bad(field, format!("{other} is not known"))),
                }
            }
        }
    };
}

/// A header: its kind on the wire and its fields in order.
macro_rules! header {
    ($(#[$doc:meta])* $name:ident = $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type),*
        }

        impl $name {
            pub(super) const KIND: u8 = $kind;

            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                $(self.$field.put(&mut bytes);)*
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<$name, FrameError> {
                let mut fields = Fields::new(stringify!($name), bytes);
                $(let $field = Field::take(&mut fields, stringify!($field))?;)*
                fields.end()?;
                Ok($name { $($field),* })
            }
        }
    };
}

numbered!(PeerRole { Till = 1, Store = 2, Hq = 3 });

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByeReason {
    /// Name, role or token are not accepted.
    NotAdmitted,
    /// The two databases disagree about what was sent: an operator must look.
    Incident,
    /// A newer session of the same node has taken over.
    Replaced,
    /// The node stops.
    Leaving,
    /// The line was cut on purpose.
    LineCut,
    /// The other side broke the protocol.
    Protocol,
    /// The database did not take the documents; later it may.
    Database,
    /// The other side reads too slowly.
    Slow,
}

numbered!(ByeReason {
    NotAdmitted = 1, Incident = 2, Replaced = 3, Leaving = 4, LineCut = 5, Protocol = 6, Database = 7, Slow = 8
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStatus {
    Answered,
    Refused,
    TooLate,
}

numbered!(ReplyStatus { Answered = 0, Refused = 1, TooLate = 2 });

header! {
    /// The first frame of the lower node.
    Hello = 1 {
        name: String,
        role: PeerRole,
        token: String,
        /// Of the database; another database at the same place has another.
        incarnation: u64,
        /// The end of the outbox.
        last_sequence: u64,
        last_chain: Chain,
        software: String,
    }
}
header! {
    /// The answer to a Hello that shows a key instead of a token: who the upper node is, and what to sign.
    Challenge = 2 {
        nonce: [u8; 32],
        /// The upper node's time, which is the one that counts for certificates.
        time_ms: u64,
        /// The upper node's own first, then what leads from it to an older authority.
        certificates: Vec<Vec<u8>>,
        /// Over `trust::proof::upper_text`.
        signature: Vec<u8>,
    }
}
header! {
    /// The answer to a Challenge.
    Auth = 3 {
        certificate: Vec<u8>,
        /// Over `trust::proof::lower_text`.
        signature: Vec<u8>,
    }
}
header! {
    /// The answer to a Hello that is accepted.
    Welcome = 4 {
        name: String,
        role: PeerRole,
        incarnation: u64,
        /// Grows with every session of the answering node.
        session: u64,
        /// The last document of the lower node that is committed here.
        applied_sequence: u64,
        applied_chain: Chain,
        window_documents: u32,
        window_bytes: u32,
    }
}
header! {
    /// Everything up to here is committed in the receiver's database.
    Ack = 6 { channel: u16, sequence: u64, chain: Chain }
}
header! {
    /// A document is missing: send again from `expected`.
    Nack = 7 { channel: u16, expected: u64, sentence: String }
}
header! {
    /// How much may be on the way unacknowledged from now on.
    Credit = 8 { channel: u16, documents: u32, bytes: u32 }
}
header! { Ping = 9 { number: u64 } }
header! { Pong = 10 { number: u64 } }
header! { RequestHeader = 11 { id: u64, ttl_ms: u32, type_id: u32 } }
header! { ReplyHeader = 12 { id: u64, status: ReplyStatus } }
header! {
    /// What the lower node has of a dataset; also the receipt for each chunk.
    DatasetHave = 15 {
        dataset: String,
        /// Committed.
        kept: u64,
        /// Received in this session, perhaps not committed yet.
        received: u64,
    }
}
header! { DatasetChunkHeader = 16 { dataset: String, after: u64, upto: u64, more: bool, count: u32, raw_bytes: u32 } }
header! {
    AnewHeader = 17 { dataset: String, version: u64, round: u32, buckets: BucketBits, more: bool, count: u32, raw_bytes: u32 }
}
header! { DigestHeader = 18 { dataset: String, version: u64, round: u32, rows: u64, mended: u32, keys: String, count: u32 } }
header! { DataHeader = 5 { channel: u16, count: u32, raw_bytes: u32 } }
header! {
    /// The lower node finds its own history in what the Welcome said: from here on it is the node of that name.
    Agreed = 14 { last_sequence: u64 }
}
header! {
    /// The lower node has lost what it had sent after `after`, where its chain was `chain`: it wants it back, in a Data.
    Backfill = 19 { channel: u16, after: u64, chain: Chain }
}
header! {
    /// The last frame of either side, with a sentence for the other's operator.
    Bye = 21 {
        reason: ByeReason,
        /// Not sooner than this; 0 leaves it to the other side.
        retry_after_ms: u32,
        sentence: String,
    }
}

/// Documents in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    pub channel: u16,
    pub documents: Vec<Numbered>,
}

impl Data {
    pub(super) const KIND: u8 = DataHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        let raw = batch::documents_to_bytes(&self.documents);
        let count = self.documents.len() as u32;
        let header = DataHeader { channel: self.channel, count, raw_bytes: raw.len() as u32 };
        Parts::packed(header.encode(), raw)
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<Data, FrameError> {
        let header = DataHeader::decode(header)?;
        let raw = body.unpacked("Data", header.raw_bytes)?;
        Ok(Data { channel: header.channel, documents: batch::documents_from_bytes(&raw, header.count)? })
    }
}

/// A question with the time that is left for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: u64,
    pub ttl_ms: u32,
    pub type_id: u32,
    pub body: Vec<u8>,
}

impl Request {
    pub(super) const KIND: u8 = RequestHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        let header = RequestHeader { id: self.id, ttl_ms: self.ttl_ms, type_id: self.type_id };
        Parts::plain(header.encode(), &self.body)
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<Request, FrameError> {
        let RequestHeader { id, ttl_ms, type_id } = RequestHeader::decode(header)?;
        Ok(Request { id, ttl_ms, type_id, body: body.plain("Request")? })
    }
}

/// The answer to a request; the body of a refusal is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub id: u64,
    pub status: ReplyStatus,
    pub body: Vec<u8>,
}

impl Reply {
    pub(super) const KIND: u8 = ReplyHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        Parts::plain(ReplyHeader { id: self.id, status: self.status }.encode(), &self.body)
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<Reply, FrameError> {
        let ReplyHeader { id, status } = ReplyHeader::decode(header)?;
        Ok(Reply { id, status, body: body.plain("Reply")? })
    }
}

/// Rows of a dataset above version `after`, oldest first, the last of them of version `upto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetChunk {
    pub dataset: String,
    pub after: u64,
    pub upto: u64,
    pub more: bool,
    pub rows: Vec<Change>,
}

impl DatasetChunk {
    pub(super) const KIND: u8 = DatasetChunkHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        let raw = batch::rows_to_bytes(&self.rows);
        let header = DatasetChunkHeader {
            dataset: self.dataset.clone(),
            after: self.after,
            upto: self.upto,
            more: self.more,
            count: self.rows.len() as u32,
            raw_bytes: raw.len() as u32,
        };
        Parts::packed(header.encode(), raw)
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<DatasetChunk, FrameError> {
        let DatasetChunkHeader { dataset, after, upto, more, count, raw_bytes } = DatasetChunkHeader::decode(header)?;
        let raw = body.unpacked("DatasetChunk", raw_bytes)?;
        Ok(DatasetChunk { dataset, after, upto, more, rows: batch::rows_from_bytes(&raw, count)? })
    }
}

/// All rows of some buckets of a dataset, as they are at `version`: what the lower node has there beside them is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anew {
    pub dataset: String,
    pub version: u64,
    pub round: u32,
    /// The same in each frame of one answer.
    pub buckets: Buckets,
    /// More rows of these buckets follow in the next frame.
    pub more: bool,
    pub rows: Vec<Change>,
}

impl Anew {
    pub(super) const KIND: u8 = AnewHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        let raw = batch::rows_to_bytes(&self.rows);
        let header = AnewHeader {
            dataset: self.dataset.clone(),
            version: self.version,
            round: self.round,
            buckets: self.buckets.0,
            more: self.more,
            count: self.rows.len() as u32,
            raw_bytes: raw.len() as u32,
        };
        Parts::packed(header.encode(), raw)
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<Anew, FrameError> {
        let AnewHeader { dataset, version, round, buckets, more, count, raw_bytes } = AnewHeader::decode(header)?;
        let raw = body.unpacked("Anew", raw_bytes)?;
        let rows = batch::rows_from_bytes(&raw, count)?;
        Ok(Anew { dataset, version, round, buckets: Buckets(buckets), more, rows })
    }
}

/// What the sender's rows of a dataset sum up to at `version`: one sum of all, or one of each bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub dataset: String,
    pub version: u64,
    /// The upper node numbers its questions in a session; answers, and the rows that follow, carry the number.
    pub round: u32,
    /// Rows that are not removed.
    pub rows: u64,
    /// Rows that the lower node has mended since it was asked to compare, and the first of their keys, for people.
    pub mended: u32,
    pub keys: String,
    /// One, or one for each bucket.
    pub sums: Vec<u128>,
}

impl Digest {
    pub(super) const KIND: u8 = DigestHeader::KIND;

    pub(super) fn parts(&self) -> Parts {
        let header = DigestHeader {
            dataset: self.dataset.clone(),
            version: self.version,
            round: self.round,
            rows: self.rows,
            mended: self.mended,
            keys: self.keys.clone(),
            count: self.sums.len() as u32,
        };
        Parts::plain(header.encode(), &self.sums.iter().flat_map(|sum| sum.to_le_bytes()).collect::<Vec<u8>>())
    }

    pub(super) fn read(header: &[u8], body: &Body<'_>) -> Result<Digest, FrameError> {
        let DigestHeader { dataset, version, round, rows, mended, keys, count } = DigestHeader::decode(header)?;
        let body = body.plain("Digest")?;
        let (sums, rest) = body.as_chunks::<16>();
        let known = [1, BUCKETS].contains(&sums.len());
        if !rest.is_empty() || sums.len() != count as usize || !known {
            let reason = format!("{count} sums in {} bytes", body.len());
            return Err(FrameError::Field { kind: "Digest", field: "count", reason });
        }
        let sums = sums.iter().map(|sum| u128::from_le_bytes(*sum)).collect();
        Ok(Digest { dataset, version, round, rows, mended, keys, sums })
    }
}
