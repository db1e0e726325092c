//! Frames: what one message of a transport carries. The bytes are written down in `deploy/PROTOCOL.md`.
//!
//! A frame is a fixed preamble of 16 bytes, a header whose fields follow one another in bincode's legacy layout (fixed
//! little-endian integers, lengths as u64), and a body. Sizes are checked before anything is allocated; a CRC32C over all
//! of it refuses what a wire has changed.

pub mod batch;
mod fields;
pub mod headers;

pub use batch::Numbered;
pub use headers::{
    Ack, Agreed, Anew, Auth, Backfill, Bye, ByeReason, Challenge, Credit, Data, DatasetChunk, DatasetHave, Digest,
    Hello, Nack, Ping, Pong, Reply, ReplyStatus, Request, Welcome,
};

use fields::Fields;

const MAGIC: [u8; 2] = *b"OS";
/// The version of the preamble and of all headers.
pub const MAJOR: u8 = 1;
const PREAMBLE_BYTES: usize = 16;
/// Longest header in bytes: the longest are names and sentences.
pub const HEADER_BYTES_MAX: usize = 4 * 1024;
/// Longest body in bytes, before and after compression; larger things go in several frames.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Longest frame in bytes: what a transport must take, and need not take more than.
pub const FRAME_BYTES_MAX: usize = PREAMBLE_BYTES + HEADER_BYTES_MAX + BODY_BYTES_MAX;
/// The body is compressed by zstd.
const FLAG_ZSTD: u16 = 1;
/// Shorter bodies are not worth compressing.
const ZSTD_FROM_BYTES: usize = 200;
const ZSTD_LEVEL: i32 = 3;

/// Why bytes are not a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the frame has {0} bytes, fewer than the 16 of its preamble")]
    TooShort(usize),
    #[error("the frame does not begin with \"OS\"")]
    NotOurs,
    #[error("the frame is of protocol version {0}, this node speaks version 1")]
    OtherMajor(u8),
    #[error("the kind of the frame, {0}, is not known")]
    UnknownKind(u8),
    #[error("the flags of the frame, {0:#06x}, are not known")]
    UnknownFlags(u16),
    #[error("{what} has {bytes} bytes, more than the {max} allowed")]
    TooLong { what: &'static str, bytes: usize, max: usize },
    #[error("the frame has {actual} bytes, its lengths say {expected}")]
    Length { expected: usize, actual: usize },
    #[error("the checksum of the frame is wrong: it was changed on the way")]
    Checksum,
    #[error("field {field} of {kind} cannot be read: {reason}")]
    Field { kind: &'static str, field: &'static str, reason: String },
    #[error("{kind} has {bytes} bytes after its last field")]
    Trailing { kind: &'static str, bytes: usize },
    #[error("the body of {kind} cannot be decompressed to the {bytes} bytes it announces")]
    Decompress { kind: &'static str, bytes: usize },
    #[error("{kind} carries a body, which it must not")]
    UnwantedBody { kind: &'static str },
}

/// A frame, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    Hello(Hello),
    Challenge(Challenge),
    Auth(Auth),
    Welcome(Welcome),
    Data(Data),
    Ack(Ack),
    Nack(Nack),
    Credit(Credit),
    Ping(Ping),
    Pong(Pong),
    Request(Request),
    Reply(Reply),
    DatasetHave(DatasetHave),
    DatasetChunk(DatasetChunk),
    Agreed(Agreed),
    Backfill(Backfill),
    Anew(Anew),
    Digest(Digest),
    Bye(Bye),
}

/// A header and a body as they lie in the frame.
struct Parts {
    header: Vec<u8>,
    body: Vec<u8>,
    flags: u16,
}

impl Parts {
    fn bare(header: Vec<u8>) -> Parts {
        Parts { header, body: Vec::new(), flags: 0 }
    }

    fn plain(header: Vec<u8>, body: &[u8]) -> Parts {
        Parts { header, body: body.to_vec(), flags: 0 }
    }

    /// `raw` compressed if that makes it shorter.
    fn packed(header: Vec<u8>, raw: Vec<u8>) -> Parts {
        if raw.len() >= ZSTD_FROM_BYTES
            && let Ok(packed) = zstd::bulk::compress(&raw, ZSTD_LEVEL)
            && packed.len() < raw.len()
        {
            return Parts { header, body: packed, flags: FLAG_ZSTD };
        }
        Parts { header, body: raw, flags: 0 }
    }
}

impl Frame {
    pub fn kind_name(&self) -> &'static str {
        match self {
            Frame::Hello(_) => "Hello",
            Frame::Challenge(_) => "Challenge",
            Frame::Auth(_) => "Auth",
            Frame::Welcome(_) => "Welcome",
            Frame::Data(_) => "Data",
            Frame::Ack(_) => "Ack",
            Frame::Nack(_) => "Nack",
            Frame::Credit(_) => "Credit",
            Frame::Ping(_) => "Ping",
            Frame::Pong(_) => "Pong",
            Frame::Request(_) => "Request",
            Frame::Reply(_) => "Reply",
            Frame::DatasetHave(_) => "DatasetHave",
            Frame::DatasetChunk(_) => "DatasetChunk",
            Frame::Agreed(_) => "Agreed",
            Frame::Backfill(_) => "Backfill",
            Frame::Anew(_) => "Anew",
            Frame::Digest(_) => "Digest",
            Frame::Bye(_) => "Bye",
        }
    }

    /// Whether it may be long and can wait: documents and rows, behind which nothing that is waited for may stand.
    pub fn is_bulk(&self) -> bool {
        matches!(self, Frame::Data(_) | Frame::DatasetChunk(_) | Frame::Anew(_) | Frame::Digest(_))
    }

    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let (kind, parts) = match self {
            Frame::Hello(header) => (Hello::KIND, Parts::bare(header.encode())),
            Frame::Challenge(header) => (Challenge::KIND, Parts::bare(header.encode())),
            Frame::Auth(header) => (Auth::KIND, Parts::bare(header.encode())),
            Frame::Welcome(header) => (Welcome::KIND, Parts::bare(header.encode())),
            Frame::Data(data) => (Data::KIND, data.parts()),
            Frame::Ack(header) => (Ack::KIND, Parts::bare(header.encode())),
            Frame::Nack(header) => (Nack::KIND, Parts::bare(header.encode())),
            Frame::Credit(header) => (Credit::KIND, Parts::bare(header.encode())),
            Frame::Ping(header) => (Ping::KIND, Parts::bare(header.encode())),
            Frame::Pong(header) => (Pong::KIND, Parts::bare(header.encode())),
            Frame::Request(request) => (Request::KIND, request.parts()),
            Frame::Reply(reply) => (Reply::KIND, reply.parts()),
            Frame::DatasetHave(header) => (DatasetHave::KIND, Parts::bare(header.encode())),
            Frame::DatasetChunk(chunk) => (DatasetChunk::KIND, chunk.parts()),
            Frame::Agreed(header) => (Agreed::KIND, Parts::bare(header.encode())),
            Frame::Backfill(header) => (Backfill::KIND, Parts::bare(header.encode())),
            Frame::Anew(anew) => (Anew::KIND, anew.parts()),
            Frame::Digest(digest) => (Digest::KIND, digest.parts()),
            Frame::Bye(header) => (Bye::KIND, Parts::bare(header.encode())),
        };
        let Parts { header, body, flags } = parts;
        within("the header", header.len(), HEADER_BYTES_MAX)?;
        within("the body", body.len(), BODY_BYTES_MAX)?;
        let mut frame = Vec::with_capacity(PREAMBLE_BYTES + header.len() + body.len());
        frame.extend_from_slice(&MAGIC);
        frame.extend_from_slice(&[MAJOR, kind]);
        frame.extend_from_slice(&flags.to_le_bytes());
        frame.extend_from_slice(&(header.len() as u16).to_le_bytes());
        frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
        let mut crc = crc32c::crc32c(&frame);
        crc = crc32c::crc32c_append(crc, &header);
        crc = crc32c::crc32c_append(crc, &body);
        frame.extend_from_slice(&crc.to_le_bytes());
        frame.extend_from_slice(&header);
        frame.extend_from_slice(&body);
        Ok(frame)
    }

    pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
        let Some((preamble, rest)) = bytes.split_first_chunk::<PREAMBLE_BYTES>() else {
            return Err(FrameError::TooShort(bytes.len()));
        };
        let [m0, m1, major, kind, f0, f1, h0, h1, b0, b1, b2, b3, c0, c1, c2, c3] = *preamble;
        if [m0, m1] != MAGIC {
            return Err(FrameError::NotOurs);
        }
        if major != MAJOR {
            return Err(FrameError::OtherMajor(major));
        }
        let header_bytes = usize::from(u16::from_le_bytes([h0, h1]));
        let body_bytes = u32::from_le_bytes([b0, b1, b2, b3]) as usize;
        within("the header", header_bytes, HEADER_BYTES_MAX)?;
        within("the body", body_bytes, BODY_BYTES_MAX)?;
        let expected = PREAMBLE_BYTES + header_bytes + body_bytes;
        if bytes.len() != expected {
            return Err(FrameError::Length { expected, actual: bytes.len() });
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&preamble[..12]), rest);
        if crc != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(FrameError::Checksum);
        }
        let flags = u16::from_le_bytes([f0, f1]);
        if flags & !FLAG_ZSTD != 0 {
            return Err(FrameError::UnknownFlags(flags));
        }
        let (header, body) = rest.split_at(header_bytes);
        read(kind, header, Body { bytes: body, packed: flags & FLAG_ZSTD != 0 })
    }
}

fn read(kind: u8, header: &[u8], body: Body<'_>) -> Result<Frame, FrameError> {
    Ok(match kind {
        Hello::KIND => Frame::Hello(body.none("Hello").and_then(|()| Hello::decode(header))?),
        Challenge::KIND => Frame::Challenge(body.none("Challenge").and_then(|()| Challenge::decode(header))?),
        Auth::KIND => Frame::Auth(body.none("Auth").and_then(|()| Auth::decode(header))?),
        Welcome::KIND => Frame::Welcome(body.none("Welcome").and_then(|()| Welcome::decode(header))?),
        Data::KIND => Frame::Data(Data::read(header, &body)?),
        Ack::KIND => Frame::Ack(body.none("Ack").and_then(|()| Ack::decode(header))?),
        Nack::KIND => Frame::Nack(body.none("Nack").and_then(|()| Nack::decode(header))?),
        Credit::KIND => Frame::Credit(body.none("Credit").and_then(|()| Credit::decode(header))?),
        Ping::KIND => Frame::Ping(body.none("Ping").and_then(|()| Ping::decode(header))?),
        Pong::KIND => Frame::Pong(body.none("Pong").and_then(|()| Pong::decode(header))?),
        Request::KIND => Frame::Request(Request::read(header, &body)?),
        Reply::KIND => Frame::Reply(Reply::read(header, &body)?),
        DatasetHave::KIND => Frame::DatasetHave(body.none("DatasetHave").and_then(|()| DatasetHave::decode(header))?),
        DatasetChunk::KIND => Frame::DatasetChunk(DatasetChunk::read(header, &body)?),
        Agreed::KIND => Frame::Agreed(body.none("Agreed").and_then(|()| Agreed::decode(header))?),
        Backfill::KIND => Frame::Backfill(body.none("Backfill").and_then(|()| Backfill::decode(header))?),
        Anew::KIND => Frame::Anew(Anew::read(header, &body)?),
        Digest::KIND => Frame::Digest(Digest::read(header, &body)?),
        Bye::KIND => Frame::Bye(body.none("Bye").and_then(|()| Bye::decode(header))?),
        other => return Err(FrameError::UnknownKind(other)),
    })
}

/// The body of a frame before it is known what it holds.
struct Body<'a> {
    bytes: &'a [u8],
    packed: bool,
}

impl Body<'_> {
    fn none(&self, kind: &'static str) -> Result<(), FrameError> {
        if self.bytes.is_empty() && !self.packed { Ok(()) } else { Err(FrameError::UnwantedBody { kind }) }
    }

    fn plain(&self, kind: &'static str) -> Result<Vec<u8>, FrameError> {
        if self.packed { Err(FrameError::UnwantedBody { kind }) } else { Ok(self.bytes.to_vec()) }
    }

    /// The body as it was before compression, `raw_bytes` long.
    fn unpacked(&self, kind: &'static str, raw_bytes: u32) -> Result<Vec<u8>, FrameError> {
        let bytes = raw_bytes as usize;
        within("the body before compression", bytes, BODY_BYTES_MAX)?;
        let raw = if self.packed {
            zstd::bulk::decompress(self.bytes, bytes).map_err(|_| FrameError::Decompress { kind, bytes })?
        } else {
            self.bytes.to_vec()
        };
        if raw.len() == bytes { Ok(raw) } else { Err(FrameError::Decompress { kind, bytes }) }
    }
}

fn within(what: &'static str, bytes: usize, max: usize) -> Result<(), FrameError> {
    if bytes > max { Err(FrameError::TooLong { what, bytes, max }) } else { Ok(()) }
}
