//! Mettler-Toledo 8217: the host says `W`, the scale `STX weight CR`, or `STX ? status CR` while there is none.
//!
//! A line of 7 bits and even parity; on one that is set to 8 bits the parity is the eighth, and is taken off here. The answer
//! has no check sum: all that protects it is that it has the digits, the point and the end in their places.

use domain::quantity::Quantity;

use super::asking::{Asking, Dialogue, Heard, Step};
use super::{Weight, digits};

pub type Mettler8217 = Asking<Words>;

const ASK: &[u8] = b"W";
const STX: u8 = 0x02;
const CR: u8 = 0x0D;
const DATA_BITS: u8 = 0x7F;
/// `STX` five digits, a point, `N` of a net weight, and `CR`.
const ANSWER_BYTES_MAX: usize = 9;

const MOVING: u8 = 0x01;
const OVER: u8 = 0x02;
const UNDER: u8 = 0x04;
/// Always set in a status.
const STATUS: u8 = 0x40;

#[derive(Debug, Default)]
pub struct Words {
    heard: Heard,
}

impl Dialogue for Words {
    fn ask(&mut self) -> &'static [u8] {
        self.heard.clear();
        ASK
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.heard.feed(bytes.iter().map(|byte| byte & DATA_BITS));
    }

    fn next_step(&mut self) -> Option<Step> {
        while self.heard.find(|byte| byte == STX) {
            let rest = self.heard.rest();
            // A status may have the value of any sign, also of those that end and begin an answer.
            if let [_, b'?', status, end] = *rest.get(..4).unwrap_or_default()
                && end == CR
            {
                self.heard.skip(4);
                return Some(status_of(status));
            }
            let Some(end) = rest.iter().skip(1).position(|byte| [CR, STX].contains(byte)).map(|end| end + 1) else {
                if rest.len() < ANSWER_BYTES_MAX {
                    return None;
                }
                self.heard.skip(1);
                continue;
            };
            let is_status = rest.get(1) == Some(&b'?') && end < 3;
            if is_status && rest.len() < 4 {
                return None;
            }
            let weight = (rest[end] == CR).then(|| weight_of(&rest[1..end])).flatten();
            self.heard.skip(if rest[end] == CR { end + 1 } else { end });
            return Some(weight.map_or_else(|| Step::Unclear("an answer has no weight in it".into()), Step::Weight));
        }
        None
    }
}

fn status_of(status: u8) -> Step {
    let weight = |overload| Step::Weight(Weight { gross: Quantity::ZERO, stable: false, overload });
    match status {
        _ if status & STATUS == 0 => Step::Unclear("a status has no sign of one".into()),
        _ if status & OVER != 0 => weight(true),
        // Below zero no digits are sent.
        _ if status & (MOVING | UNDER) != 0 => weight(false),
        _ => Step::Weight(Weight { gross: Quantity::ZERO, stable: true, overload: false }),
    }
}

fn weight_of(text: &[u8]) -> Option<Weight> {
    let text = text.strip_suffix(b"N").unwrap_or(text);
    let is_whole = text.len() == 6 && text.get(2) == Some(&b'.');
    let gross = digits(text).filter(|_| is_whole)?;
    Some(Weight { gross, stable: true, overload: false })
}
