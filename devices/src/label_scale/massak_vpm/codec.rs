//! The frames of Massa-K VPM scales: `F8 55 CE length(2) body sum(2)`, pure and incremental. Numbers are little-endian.

use crate::label_scale::link::{Frames, Step};

const HEADER: [u8; 3] = [0xF8, 0x55, 0xCE];
/// Header and length.
const HEAD_BYTES: usize = 5;
const SUM_BYTES: usize = 2;
/// What one part of a file carries.
pub const PART_BYTES_MAX: usize = 1024;
/// Command, type, parts, number and length before a part.
pub const PART_HEAD_BYTES: usize = 8;
pub const BODY_BYTES_MAX: usize = PART_BYTES_MAX + PART_HEAD_BYTES;
const POLYNOMIAL: u16 = 0x1021;

/// The check sum of a body: a cyclic one whose byte goes into the low half, so that of one byte is the byte itself.
pub fn check_sum(body: &[u8]) -> u16 {
    body.iter().fold(0, |sum, byte| {
        let (mut mixed, mut high) = (0_u16, sum & 0xFF00);
        for _ in 0..8 {
            let carries = (high ^ mixed) & 0x8000 != 0;
            mixed = (mixed << 1) ^ if carries { POLYNOMIAL } else { 0 };
            high <<= 1;
        }
        mixed ^ (sum << 8) ^ u16::from(*byte)
    })
}

/// Append the frame of a body, which is at most [`BODY_BYTES_MAX`] bytes.
pub fn encode(body: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(body.len()).expect("a body is never longer than a part of a file");
    out.extend(HEADER);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(body);
    out.extend(check_sum(body).to_le_bytes());
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Body(Vec<u8>),
    /// A frame with a wrong check sum; its bytes are gone.
    BadFrame,
}

/// Bytes that begin no frame are skipped.
pub fn decoder() -> Frames<Item> {
    Frames::new(step)
}

fn step(bytes: &[u8]) -> Step<Item> {
    if !bytes.iter().zip(HEADER).all(|(byte, expected)| *byte == expected) {
        return Step::Skip(1);
    }
    let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else { return Step::Wait };
    let length = usize::from(u16::from_le_bytes([head[3], head[4]]));
    if length == 0 || length > BODY_BYTES_MAX {
        return Step::Skip(1);
    }
    let end = HEAD_BYTES + length;
    let Some(sum) = bytes.get(end..end + SUM_BYTES) else { return Step::Wait };
    let body = &bytes[HEAD_BYTES..end];
    if check_sum(body).to_le_bytes() != sum {
        // A byte was lost or added: the next frame may have begun inside this one.
        return Step::Item(Item::BadFrame, 1);
    }
    Step::Item(Item::Body(body.to_vec()), end + SUM_BYTES)
}
