//! Simulated checkout scales: one platform, and what each protocol says of it.
//!
//! A protocol is one function: the platform and the bytes of the host that are not answered yet in, the bytes of the scale
//! out. All of them have two digits of whole kilograms and a division of one gram.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::quantity::Quantity;
use serde_json::{Value, json};

use super::control::{Controlled, set, set_fault};
use super::fault::Fault;
use super::link::{AtOnce, Machine};
use super::listen::{self, Emulated};
use crate::port::{BytePort, Connector};
use crate::scale::massa_100::crc;

/// The largest weight that the digits can show.
const CAPACITY: Quantity = Quantity::from_thousandths(99_999);
/// The longest word of a host is shorter.
const HEARD_BYTES_MAX: usize = 64;

/// The faults that it shows.
pub const FAULTS: &[&str] = &["offline", "garbage", "overload", "slow"];

/// A platform and all control over it. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    load: Arc<Mutex<Load>>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    gross: Quantity,
    is_stable: bool,
    fault: Fault,
}

impl Default for Load {
    fn default() -> Load {
        Load { gross: Quantity::ZERO, is_stable: true, fault: Fault::None }
    }
}

impl Platform {
    /// Empty and at rest.
    pub fn new() -> Platform {
        Platform::default()
    }

    /// Lay so much on it, in kilograms, in place of what was there.
    pub fn put(&self, gross: Quantity) {
        self.load().gross = gross;
    }

    pub fn set_stable(&self, is_stable: bool) {
        self.load().is_stable = is_stable;
    }

    pub fn set_fault(&self, fault: Fault) {
        self.load().fault = fault;
    }

    pub fn fault(&self) -> Fault {
        self.load().fault
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Load {
    fn is_over(&self) -> bool {
        self.fault == Fault::Overload || self.gross > CAPACITY || -self.gross > CAPACITY
    }

    /// Of a check sum.
    fn spoils(&self, sum: u8) -> u8 {
        if self.fault == Fault::Garbage { sum ^ 0x40 } else { sum }
    }

    fn grams(&self) -> i32 {
        i32::try_from(self.gross.thousandths()).unwrap_or(i32::MAX)
    }
}

/// What a protocol makes of the bytes that came: how many of them it has used, and what it answers.
pub(crate) type Speech = fn(&Load, &[u8], &mut Vec<u8>) -> usize;

struct Device {
    platform: Platform,
    speech: Speech,
    heard: Vec<u8>,
}

/// A scale with a platform that speaks one protocol. Clones are the same one.
#[derive(Clone)]
pub struct ScaleEmulator {
    platform: Platform,
    speech: Speech,
}

impl ScaleEmulator {
    pub(crate) fn new(platform: &Platform, speech: Speech) -> ScaleEmulator {
        ScaleEmulator { platform: platform.clone(), speech }
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        listen::connector(self)
    }
}

impl Emulated for ScaleEmulator {
    async fn serve(&self, port: impl BytePort + 'static) {
        let device = Device { platform: self.platform.clone(), speech: self.speech, heard: Vec::new() };
        AtOnce { machine: Arc::new(Mutex::new(device)) }.serve(port).await;
    }
}

impl Controlled for ScaleEmulator {
    const WORDS: &'static str = "fault WORD, put KILOGRAMS, stable, unstable or platform";
    const SHOWN: &'static [&'static str] = &["platform"];
    const FAULTS: &'static [&'static str] = FAULTS;

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.platform.set_fault(fault)),
            "put" => set(rest, |gross| self.platform.put(gross)),
            "platform" => {
                let load = *self.platform.load();
                Ok(json!({ "gross": load.gross.to_string(), "stable": load.is_stable }))
            }
            "stable" | "unstable" => Ok(json!(self.platform.set_stable(word == "stable"))),
            _ => return None,
        })
    }
}

impl Machine for Device {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let load = *self.platform.load();
        self.heard.extend_from_slice(bytes);
        while !self.heard.is_empty() {
            let used = (self.speech)(&load, &self.heard, out);
            if used == 0 {
                break;
            }
            self.heard.drain(..used);
        }
        let spare = self.heard.len().saturating_sub(HEARD_BYTES_MAX);
        self.heard.drain(..spare);
    }

    fn begin_link(&mut self) {
        self.heard.clear();
    }

    fn fault(&self) -> Fault {
        self.platform.fault()
    }
}

/// ENQ is acknowledged at once, and answered when DC1 has followed.
pub(crate) fn cas(load: &Load, heard: &[u8], out: &mut Vec<u8>) -> usize {
    match heard {
        [0x05, ..] => {
            out.push(0x06);
            1
        }
        [0x11, ..] => {
            let content = if load.is_over() {
                "UFFFFFFFkg".to_owned()
            } else {
                let grams = load.grams().unsigned_abs();
                let state = if load.is_stable { 'S' } else { 'U' };
                let sign = if load.grams() < 0 { '-' } else { ' ' };
                format!("{state}{sign}{:02}.{:03}kg", grams / 1000, grams % 1000)
            };
            let sum = content.bytes().fold(0, |sum, byte| sum ^ byte);
            out.extend_from_slice(&[0x01, 0x02]);
            out.extend_from_slice(content.as_bytes());
            out.extend_from_slice(&[load.spoils(sum), 0x03, 0x04]);
            1
        }
        _ => 1,
    }
}

pub(crate) fn mettler_8217(load: &Load, heard: &[u8], out: &mut Vec<u8>) -> usize {
    if heard[0] & 0x7F != b'W' {
        return 1;
    }
    let status = match () {
        () if load.is_over() => Some(0x42),
        () if load.grams() < 0 => Some(0x44),
        () if !load.is_stable => Some(0x41),
        () => None,
    };
    out.push(0x02);
    match status {
        Some(status) => out.extend_from_slice(&[b'?', status]),
        None => out.extend_from_slice(format!("{:02}.{:03}", load.grams() / 1000, load.grams() % 1000).as_bytes()),
    }
    if load.fault == Fault::Garbage {
        out.truncate(out.len() - 1);
    }
    out.push(0x0D);
    1
}

pub(crate) fn massa_100(load: &Load, heard: &[u8], out: &mut Vec<u8>) -> usize {
    const ASKED: [u8; 8] = [0xF8, 0x55, 0xCE, 0x01, 0x00, 0x23, 0x23, 0x00];
    let begun = heard.len().min(ASKED.len());
    if heard[..begun] != ASKED[..begun] {
        return 1;
    }
    if begun < ASKED.len() {
        return 0;
    }
    let body = if load.is_over() {
        vec![0x28, 0x08]
    } else {
        let zero = u8::from(load.grams() == 0);
        [&[0x24][..], &load.grams().to_le_bytes(), &[1, u8::from(load.is_stable), 0, zero, 0, 0, 0, 0]].concat()
    };
    let [low, high] = crc(&body).to_le_bytes();
    out.extend_from_slice(&[0xF8, 0x55, 0xCE, body.len() as u8, 0]);
    out.extend_from_slice(&body);
    out.extend_from_slice(&[load.spoils(low), high]);
    ASKED.len()
}

pub(crate) fn pos2(load: &Load, heard: &[u8], out: &mut Vec<u8>) -> usize {
    match heard {
        [0x05, ..] => out.push(0x15),
        [0x02] => return 0,
        [0x02, size, ..] => {
            let all = usize::from(*size) + 3;
            if heard.len() < all {
                return 0;
            }
            if heard[1..all].iter().fold(0, |sum, byte| sum ^ byte) != 0 {
                out.push(0x15);
                return all;
            }
            out.push(0x06);
            let body = answer_of_pos2(load, &heard[2..all - 1]);
            let sum = body.iter().fold(body.len() as u8, |sum, byte| sum ^ byte);
            out.extend_from_slice(&[0x02, body.len() as u8]);
            out.extend_from_slice(&body);
            out.push(load.spoils(sum));
            return all;
        }
        _ => {}
    }
    1
}

fn answer_of_pos2(load: &Load, asked: &[u8]) -> Vec<u8> {
    match asked {
        [0x3A, b'0', b'0', b'3', b'0'] => {
            let stable = load.is_stable && !load.is_over();
            let fixed = stable && load.grams() > 0;
            let state = u16::from(fixed) | 1 << 2 | u16::from(stable) << 4 | u16::from(load.is_over()) << 6;
            let grams = if load.is_over() { 0 } else { load.grams() };
            [&[0x3A, 0][..], &state.to_le_bytes(), &grams.to_le_bytes(), &[0, 0, 0]].concat()
        }
        [0x3A, ..] => vec![0x3A, 122],
        [command, ..] => vec![*command, 120],
        [] => vec![0, 121],
    }
}
