//! The frames of CAS CL5000 scales: `op(2) number(4) ',' length(2) ':' data ':' sum 0D`, pure and incremental.
//!
//! The sum is the low byte of the sum of everything from the number up to and including the second colon. Numbers are
//! little-endian.

use crate::label_scale::link::{Frames, Step};

const COMMA_AT: usize = 6;
const COLON_AT: usize = 9;
/// Everything before the data.
const HEAD_BYTES: usize = 10;
/// Colon, sum, and the end.
const TAIL_BYTES: usize = 3;
const END: u8 = 0x0D;
/// An article with the longest message.
pub const DATA_BYTES_MAX: usize = 512;

/// The first letter of an operation.
pub const WRITE: u8 = b'W';
pub const READ: u8 = b'R';
pub const GOOD: u8 = b'G';
pub const BAD: u8 = b'N';

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Frame {
        operation: [u8; 2],
        data: Vec<u8>,
    },
    /// A frame with a wrong sum or without its end, and its operation.
    BadFrame {
        operation: [u8; 2],
    },
}

/// Append a frame; the data is at most [`DATA_BYTES_MAX`] bytes.
pub fn encode(operation: [u8; 2], number: u32, data: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend(operation);
    out.extend(number.to_le_bytes());
    out.push(b',');
    out.extend((data.len() as u16).to_le_bytes());
    out.push(b':');
    out.extend_from_slice(data);
    out.push(b':');
    out.extend([sum(&out[begin + 2..]), END]);
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Bytes that begin no frame are skipped.
pub fn decoder() -> Frames<Item> {
    Frames::new(step)
}

fn step(bytes: &[u8]) -> Step<Item> {
    if !matches!(bytes[0], WRITE | READ | GOOD | BAD) {
        return Step::Skip(1);
    }
    let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else { return Step::Wait };
    let length = usize::from(u16::from_le_bytes([head[7], head[8]]));
    if head[COMMA_AT] != b',' || head[COLON_AT] != b':' || length > DATA_BYTES_MAX {
        return Step::Skip(1);
    }
    let operation = [head[0], head[1]];
    let end = HEAD_BYTES + length;
    let Some(tail) = bytes.get(end..end + TAIL_BYTES) else { return Step::Wait };
    if tail != [b':', sum(&bytes[2..=end]), END] {
        // A byte was lost or added: the next frame may have begun inside this one.
        return Step::Item(Item::BadFrame { operation }, 1);
    }
    Step::Item(Item::Frame { operation, data: bytes[HEAD_BYTES..end].to_vec() }, end + TAIL_BYTES)
}
