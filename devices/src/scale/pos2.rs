//! Shtrih POS2: frames `STX`, length, command, data and the exclusive or of all after `STX`; each is answered with `ACK`.
//!
//! The weight is read in grams, as usual modules send it. Its password is that of the factory.

use domain::quantity::Quantity;

use super::Weight;
use super::asking::{Asking, Dialogue, Heard, Step};

pub type Pos2 = Asking<Frames>;

const STX: u8 = 0x02;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const STATE: u8 = 0x3A;
/// State of the channel, with the password 0030.
const ASK: &[u8] = &[STX, 0x05, STATE, b'0', b'0', b'3', b'0', 0x3C];
/// The longest answer to this question has 13 bytes.
const FRAME_BYTES_MAX: usize = 32;

const STABLE: u16 = 1 << 4;
const OVERLOAD: u16 = 1 << 6;
const NOT_MEASURED: u16 = 1 << 5 | 1 << 7 | 1 << 9;
const UNDER: u16 = 1 << 8;

#[derive(Debug, Default)]
pub struct Frames {
    heard: Heard,
    /// The question was taken: what comes now is its answer.
    is_asked: bool,
    /// The answer, whose reception is confirmed first.
    answer: Option<Step>,
}

impl Dialogue for Frames {
    fn ask(&mut self) -> &'static [u8] {
        *self = Frames::default();
        ASK
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.heard.feed(bytes.iter().copied());
    }

    fn next_step(&mut self) -> Option<Step> {
        if let Some(answer) = self.answer.take() {
            return Some(answer);
        }
        while self.heard.find(|byte| [STX, ACK, NAK].contains(&byte)) {
            let rest = self.heard.rest();
            match rest[0] {
                ACK => {
                    self.is_asked = true;
                    self.heard.skip(1);
                }
                NAK => {
                    self.heard.skip(1);
                    return Some(Step::Busy);
                }
                _ => {
                    let size = usize::from(*rest.get(1)?);
                    if !(2..=FRAME_BYTES_MAX - 3).contains(&size) {
                        self.heard.skip(1);
                        continue;
                    }
                    let frame = rest.get(1..size + 3)?;
                    let sum = frame.iter().fold(0, |sum, byte| sum ^ byte);
                    if sum != 0 {
                        // A byte was lost or added: the next frame may have begun inside this one.
                        self.heard.skip(1);
                        return Some(Step::Unclear("a frame has a wrong check sum".into()));
                    }
                    let step = step_of(&frame[1..=size]);
                    self.heard.skip(size + 3);
                    if self.is_asked {
                        self.answer = Some(step);
                        return Some(Step::Say(&[ACK]));
                    }
                }
            }
        }
        None
    }
}

/// Of the command, the error and the data.
fn step_of(body: &[u8]) -> Step {
    let [STATE, error, data @ ..] = body else { return Step::Unclear("an answer is to another command".into()) };
    if *error != 0 {
        return Step::Unclear(format!("it refuses with {error}, {}", error_of(*error)));
    }
    let [low, high, a, b, c, d, ..] = *data else { return Step::Unclear("an answer is too short".into()) };
    let state = u16::from_le_bytes([low, high]);
    if state & NOT_MEASURED != 0 {
        return Step::Unclear("the scale cannot measure".into());
    }
    let overload = state & OVERLOAD != 0;
    let grams = if overload { 0 } else { i64::from(i32::from_le_bytes([a, b, c, d])) };
    let stable = state & STABLE != 0 && state & (OVERLOAD | UNDER) == 0;
    Step::Weight(Weight { gross: Quantity::from_thousandths(grams), stable, overload })
}

fn error_of(code: u8) -> &'static str {
    match code {
        120 => "a command that it does not know",
        122 => "the password is wrong",
        123 => "it is in another mode",
        170 => "too many wrong passwords: switch it off and on",
        _ => "an error of its own",
    }
}
