//! The bytes of Shtrih-Print on its wires, pure.
//!
//! A body is `command data` one way and `command error data` the other. As a datagram it is `02 LEN body`; LEN is FF if
//! the body is longer than it can say. On a serial line the frame of the fiscal registrars of the same maker is used,
//! with its check sum and control bytes. Over TCP (Mertech) the datagram follows its length in four bytes.

use crate::fiscal::shtrih::codec as serial;
use crate::label_scale::Wire;
use crate::label_scale::link::Decode;

pub(crate) use serial::{ACK, ENQ, NAK, STX};
/// Begins a command that is held until it is acknowledged, and its answer.
pub(crate) const HELD: u8 = 0x03;
/// The scale is held by another host, whose address follows.
pub(crate) const BUSY: u8 = 0x0B;
/// LEN says no more; the length is that of the datagram.
const LENGTH_MAX: usize = 0xFF;
/// The longest frame over TCP: a part of a file, and more.
const FRAME_BYTES_MAX: usize = 8192;
const PREFIX_BYTES: usize = 4;

/// What the other side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Enq,
    Ack,
    Nak,
    /// Another host holds the scale.
    Busy,
    Body(Vec<u8>),
    Garbage,
}

/// Append `body` as it goes on this wire.
pub fn encode(wire: Wire, body: &[u8], out: &mut Vec<u8>) {
    match wire {
        Wire::Serial => serial::encode(body, out),
        Wire::Datagram => put_datagram(STX, body, out),
        Wire::Tcp => {
            let length = u32::try_from(body.len() + 2).expect("a body is never longer than a datagram");
            out.extend_from_slice(&length.to_le_bytes());
            put_datagram(STX, body, out);
        }
    }
}

/// Append a datagram that begins with `first`.
pub(crate) fn put_datagram(first: u8, body: &[u8], out: &mut Vec<u8>) {
    out.extend([first, body.len().min(LENGTH_MAX) as u8]);
    out.extend_from_slice(body);
}

/// The body of a datagram that begins with `first`.
pub(crate) fn body_of(first: u8, datagram: &[u8]) -> Option<&[u8]> {
    let body = datagram.strip_prefix(&[first])?;
    let (length, body) = body.split_first()?;
    let whole =
        if usize::from(*length) == LENGTH_MAX { body.len() >= LENGTH_MAX } else { body.len() == usize::from(*length) };
    (whole && !body.is_empty()).then_some(body)
}

#[derive(Debug)]
pub struct Decoder {
    wire: Wire,
    serial: serial::Decoder,
    bytes: Vec<u8>,
}

impl Decoder {
    pub fn new(wire: Wire) -> Decoder {
        Decoder { wire, serial: serial::Decoder::default(), bytes: Vec::new() }
    }

    fn next_serial(&mut self) -> Option<Item> {
        Some(match self.serial.next_item()? {
            serial::Item::Enq => Item::Enq,
            serial::Item::Ack => Item::Ack,
            serial::Item::Nak => Item::Nak,
            serial::Item::Frame => Item::Body(self.serial.body().to_vec()),
            serial::Item::BadFrame | serial::Item::Garbage => Item::Garbage,
        })
    }

    fn next_tcp(&mut self) -> Option<Item> {
        let length = u32::from_le_bytes(*self.bytes.first_chunk::<PREFIX_BYTES>()?);
        let length = usize::try_from(length).ok().filter(|length| *length <= FRAME_BYTES_MAX);
        let Some(length) = length else {
            // Where the next one begins is not known: whoever hears this closes the connection.
            self.bytes.clear();
            return Some(Item::Garbage);
        };
        let end = PREFIX_BYTES + length;
        let item = datagram(self.bytes.get(PREFIX_BYTES..end)?);
        self.bytes.drain(..end);
        Some(item)
    }
}

impl Decode for Decoder {
    type Item = Item;

    fn feed(&mut self, bytes: &[u8]) {
        match self.wire {
            Wire::Serial => self.serial.feed(bytes),
            Wire::Datagram => {
                self.bytes.clear();
                self.bytes.extend_from_slice(bytes);
            }
            Wire::Tcp => self.bytes.extend_from_slice(bytes),
        }
    }

    fn next_item(&mut self) -> Option<Item> {
        match self.wire {
            Wire::Serial => self.next_serial(),
            Wire::Datagram if self.bytes.is_empty() => None,
            Wire::Datagram => {
                let item = datagram(&self.bytes);
                self.bytes.clear();
                Some(item)
            }
            Wire::Tcp => self.next_tcp(),
        }
    }

    fn clear(&mut self) {
        self.serial.clear();
        self.bytes.clear();
    }
}

fn datagram(bytes: &[u8]) -> Item {
    match bytes {
        [ENQ] => Item::Enq,
        [ACK] => Item::Ack,
        [NAK] => Item::Nak,
        [BUSY, ..] => Item::Busy,
        _ => body_of(STX, bytes).map_or(Item::Garbage, |body| Item::Body(body.to_vec())),
    }
}
