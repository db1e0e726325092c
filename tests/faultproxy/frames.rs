//! Where the messages of a WebSocket begin and end in a stream of bytes (RFC 6455). What is no WebSocket passes as it comes.

use std::io;

/// A request or an answer that is longer is no beginning of a WebSocket.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// No message of ours comes near it; nothing larger is kept together.
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
const BINARY: u8 = 2;

/// One message with its header. That of a client is masked; its bytes are told as the receiver reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    payload_at: usize,
    mask: [u8; 4],
}

impl Message {
    pub(super) fn is_binary(&self) -> bool {
        self.bytes[0] & 0x0F == BINARY
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(self.payload_at + at).map(|byte| byte ^ self.mask[at % 4])
    }

    /// How many bits its payload has; never none, so that one can be chosen.
    pub(super) fn bits(&self) -> usize {
        ((self.bytes.len() - self.payload_at) * 8).max(1)
    }

    /// Turn a bit of the payload. What a mask covers turns with it.
    pub(super) fn flip(&mut self, bit: usize) {
        if let Some(byte) = self.bytes.get_mut(self.payload_at + bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Message(Message),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// It may become a WebSocket.
    #[default]
    Head,
    Messages,
    /// It is something else.
    Opaque,
}

/// Cuts one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    state: State,
    kept: Vec<u8>,
}

impl Splitter {
    /// What has become whole with `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<Piece>> {
        self.kept.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        if self.state == State::Head {
            pieces.extend(self.head());
        }
        match self.state {
            State::Head => {}
            State::Opaque if self.kept.is_empty() => {}
            State::Opaque => pieces.push(Piece::Bytes(std::mem::take(&mut self.kept))),
            State::Messages => {
                while let Some(message) = self.message()? {
                    pieces.push(Piece::Message(message));
                }
            }
        }
        Ok(pieces)
    }

    /// The head, when it is whole or known to be none.
    fn head(&mut self) -> Option<Piece> {
        let end = self.kept.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let opens = |start: &[u8]| self.kept.iter().zip(start).all(|(ours, theirs)| ours == theirs);
        let Some(end) = end else {
            if self.kept.len() > HEAD_BYTES_MAX || !(opens(b"GET ") || opens(b"HTTP/1.1 101")) {
                self.state = State::Opaque;
            }
            return None;
        };
        let head = String::from_utf8_lossy(&self.kept[..end]).to_ascii_lowercase();
        let is_upgrade = head.contains("upgrade: websocket") && (opens(b"GET ") || opens(b"HTTP/1.1 101"));
        self.state = if is_upgrade { State::Messages } else { State::Opaque };
        Some(Piece::Bytes(self.kept.drain(..end).collect()))
    }

    fn message(&mut self) -> io::Result<Option<Message>> {
        let Some((payload_at, length, masked)) = header(&self.kept) else { return Ok(None) };
        if length > MESSAGE_BYTES_MAX {
            return Err(io::Error::other("a message is larger than the proxy keeps together"));
        }
        if self.kept.len() < payload_at + length {
            return Ok(None);
        }
        let bytes: Vec<u8> = self.kept.drain(..payload_at + length).collect();
        let mut mask = [0; 4];
        if masked {
            mask.copy_from_slice(&bytes[payload_at - 4..payload_at]);
        }
        Ok(Some(Message { bytes, payload_at, mask }))
    }
}

/// Where the payload begins, how long it is, and whether it is masked, when so much of the header is there.
fn header(bytes: &[u8]) -> Option<(usize, usize, bool)> {
    let second = *bytes.get(1)?;
    let masked = second & 0x80 != 0;
    let (long, length) = match second & 0x7F {
        126 => (2, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (8, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (0, u64::from(short)),
    };
    let payload_at = 2 + long + if masked { 4 } else { 0 };
    bytes.get(..payload_at)?;
    Some((payload_at, usize::try_from(length).unwrap_or(usize::MAX), masked))
}
