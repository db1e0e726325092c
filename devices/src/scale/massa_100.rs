//! Massa-K, protocol 100: frames `F8 55 CE`, the length of the body in two bytes, the body, and its CRC in two bytes.
//!
//! On a serial line 57600 8N1, or 4800 8E1; over a network TCP 5001.

use domain::quantity::Quantity;

use super::Weight;
use super::asking::{Asking, Dialogue, Heard, Step};

pub type Massa100 = Asking<Frames>;

const BEGIN: [u8; 3] = [0xF8, 0x55, 0xCE];
/// Frame of the command 23h, whose CRC is the command itself.
const ASK: &[u8] = &[0xF8, 0x55, 0xCE, 0x01, 0x00, 0x23, 0x23, 0x00];
const WEIGHT: u8 = 0x24;
const ERROR: u8 = 0x28;
const NOT_READ: u8 = 0xF0;
const OVERLOAD: u8 = 0x08;
/// Longest body that is waited for: that of a weight has 13 bytes, a name no more than this.
const BODY_BYTES_MAX: usize = 64;
const HEAD_BYTES: usize = 5;
const CRC_BYTES: usize = 2;

#[derive(Debug, Default)]
pub struct Frames {
    heard: Heard,
}

impl Dialogue for Frames {
    fn ask(&mut self) -> &'static [u8] {
        self.heard.clear();
        ASK
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.heard.feed(bytes.iter().copied());
    }

    fn next_step(&mut self) -> Option<Step> {
        while self.heard.find(|byte| byte == BEGIN[0]) {
            let rest = self.heard.rest();
            let begun = rest.len().min(BEGIN.len());
            if rest[..begun] != BEGIN[..begun] {
                self.heard.skip(1);
                continue;
            }
            let size = usize::from(u16::from_le_bytes([*rest.get(3)?, *rest.get(4)?]));
            if !(1..=BODY_BYTES_MAX).contains(&size) {
                self.heard.skip(1);
                continue;
            }
            let frame = rest.get(HEAD_BYTES..HEAD_BYTES + size + CRC_BYTES)?;
            let (body, sum) = frame.split_at(size);
            if crc(body).to_le_bytes() != sum {
                // A byte was lost or added: the next frame may have begun inside this one.
                self.heard.skip(1);
                return Some(Step::Unclear("a frame has a wrong check sum".into()));
            }
            let step = step_of(body);
            self.heard.skip(HEAD_BYTES + size + CRC_BYTES);
            return Some(step);
        }
        None
    }
}

/// As the maker computes it: no bits are appended to the body, so of one byte it is the byte.
pub fn crc(body: &[u8]) -> u16 {
    body.iter().fold(0, |crc: u16, byte| {
        let (mut sum, mut high) = (0_u16, crc & 0xFF00);
        for _ in 0..8 {
            let carries = (high ^ sum) & 0x8000 != 0;
            sum = if carries { (sum << 1) ^ 0x1021 } else { sum << 1 };
            high <<= 1;
        }
        sum ^ (crc << 8) ^ u16::from(*byte)
    })
}

fn step_of(body: &[u8]) -> Step {
    match *body {
        [WEIGHT, a, b, c, d, division, stable, _net, _zero, ..] => {
            weight_of(i32::from_le_bytes([a, b, c, d]), division, stable)
        }
        [ERROR, OVERLOAD, ..] => Step::Weight(Weight { gross: Quantity::ZERO, stable: false, overload: true }),
        [ERROR, code, ..] => Step::Unclear(format!("it refuses with {code:02X}h, {}", error_of(code))),
        [NOT_READ, ..] => Step::Busy,
        _ => Step::Unclear("a frame is no weight".into()),
    }
}

fn weight_of(value: i32, division: u8, stable: u8) -> Step {
    let value = i64::from(value);
    let grams = match division {
        // Tenths of a gram: half and more counts up.
        0 => (value + if value < 0 { -5 } else { 5 }) / 10,
        1 => value,
        2 => value * 10,
        3 => value * 100,
        4 => value * 1_000,
        _ => return Step::Unclear("the scale has a division that is not known".into()),
    };
    Step::Weight(Weight { gross: Quantity::from_thousandths(grams), stable: stable == 1, overload: false })
}

fn error_of(code: u8) -> &'static str {
    match code {
        0x07 => "a command that it does not know",
        0x09 => "it is not in the mode for weighing",
        0x0A => "a wrong input",
        0x0B => "it could not store",
        0x15 => "zero cannot be set",
        0x18 => "something lay on the platform when it was switched on",
        0x19 => "its platform is out of order",
        _ => "an error that is not known",
    }
}
