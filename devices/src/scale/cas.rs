//! CAS ECR scales (AP, ER, PD-II): the host says ENQ, the scale ACK, the host DC1, the scale a block of weight.
//!
//! A block is 15 bytes, `01 02 STA SIGN weight unit BCC 03 04` with six characters of weight; some scales send seven and
//! leave the last byte out. BCC is the exclusive or of everything between `02` and itself.

use std::ops::Range;

use super::asking::{Asking, Dialogue, Heard, Step};
use super::{Weight, digits};
use domain::quantity::Quantity;

pub type Cas = Asking<Blocks>;

const ENQ: &[u8] = &[0x05];
const DC1: &[u8] = &[0x11];
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;

const BLOCK_BYTES: usize = 15;
/// A scale set to seven bits with even parity puts the parity into the eighth; the exclusive or survives that.
const DATA_BITS: u8 = 0x7F;

#[derive(Debug, Default)]
pub struct Blocks {
    heard: Heard,
    /// ENQ was acknowledged: a block that came before is the answer to an earlier call.
    is_asked: bool,
}

impl Dialogue for Blocks {
    fn ask(&mut self) -> &'static [u8] {
        *self = Blocks::default();
        ENQ
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.heard.feed(bytes.iter().map(|byte| byte & DATA_BITS));
    }

    fn next_step(&mut self) -> Option<Step> {
        while self.heard.find(|byte| [SOH, ACK, NAK].contains(&byte)) {
            let rest = self.heard.rest();
            match rest[0] {
                ACK => {
                    self.heard.skip(1);
                    if !std::mem::replace(&mut self.is_asked, true) {
                        return Some(Step::Say(DC1));
                    }
                }
                NAK => {
                    self.heard.skip(1);
                    return Some(Step::Busy);
                }
                _ if *rest.get(1)? != STX => self.heard.skip(1),
                _ => {
                    let block = rest.get(..BLOCK_BYTES)?;
                    let (weight, bytes) = block_of(block);
                    self.heard.skip(bytes);
                    if self.is_asked {
                        return Some(weight.map_or_else(|what| Step::Unclear(what.into()), Step::Weight));
                    }
                }
            }
        }
        None
    }
}

/// What the block says, and how many bytes it has.
fn block_of(block: &[u8]) -> (Result<Weight, &'static str>, usize) {
    let Some(weight) = frame(block) else {
        // A byte was lost or added: the next block may have begun inside this one.
        let next = block.iter().skip(1).position(|byte| *byte == SOH);
        return (Err("a block has a wrong check sum"), next.map_or(BLOCK_BYTES, |next| next + 1));
    };
    (content(&block[2..weight.start], &block[weight.clone()], &block[weight.end..]), BLOCK_BYTES)
}

/// Where the weight is in a block whose frame and check sum are good.
fn frame(block: &[u8]) -> Option<Range<usize>> {
    let sum_at = match block[BLOCK_BYTES - 2..] {
        [ETX, EOT] => BLOCK_BYTES - 3,
        [_, ETX] => BLOCK_BYTES - 2,
        _ => return None,
    };
    let sum = block[2..sum_at].iter().fold(0, |sum, byte| sum ^ byte);
    (sum == block[sum_at]).then_some(4..sum_at - 2)
}

fn content(state: &[u8], weight: &[u8], unit: &[u8]) -> Result<Weight, &'static str> {
    const NO_WEIGHT: &str = "a block has no weight in it";
    let [stable @ (b'S' | b'U'), sign] = *state else { return Err(NO_WEIGHT) };
    let stable = stable == b'S';
    if sign == b'F' {
        return Ok(Weight { gross: Quantity::ZERO, stable, overload: true });
    }
    if !unit.starts_with(b"kg") {
        return Err("it does not weigh in kilograms");
    }
    let gross = digits(weight.trim_ascii()).ok_or(NO_WEIGHT)?;
    match sign {
        b' ' | b'+' => Ok(Weight { gross, stable, overload: false }),
        b'-' => Ok(Weight { gross: -gross, stable, overload: false }),
        _ => Err(NO_WEIGHT),
    }
}
