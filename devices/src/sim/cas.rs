//! Simulator of a CAS ECR scale with two digits of whole kilograms and a division of one gram.

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::quantity::Quantity;

use super::link::{self, Machine};
use crate::port::Connector;

/// The largest weight that the digits can show.
const CAPACITY: Quantity = Quantity::from_thousandths(99_999);

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleFault {
    #[default]
    None,
    /// Nothing is answered.
    Offline,
    /// Every block has a wrong check sum.
    Garbage,
    /// More lies on the platform than it can carry.
    Overload,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a fault of a scale: none, offline, garbage or overload is expected")]
pub struct NotFault {
    text: String,
}

impl FromStr for ScaleFault {
    type Err = NotFault;
    fn from_str(text: &str) -> Result<ScaleFault, NotFault> {
        Ok(match text {
            "none" => ScaleFault::None,
            "offline" => ScaleFault::Offline,
            "garbage" => ScaleFault::Garbage,
            "overload" => ScaleFault::Overload,
            _ => return Err(NotFault { text: text.to_owned() }),
        })
    }
}

/// The simulated scale and all control over it. Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct ScaleHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug)]
struct Device {
    gross: Quantity,
    is_stable: bool,
    fault: ScaleFault,
    /// ENQ was acknowledged and the weight may be asked for.
    is_asked: bool,
}

impl Default for Device {
    fn default() -> Device {
        Device { gross: Quantity::ZERO, is_stable: true, fault: ScaleFault::None, is_asked: false }
    }
}

impl ScaleHandle {
    /// An empty platform that is at rest.
    pub fn new() -> ScaleHandle {
        ScaleHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        link::connector(&self.device)
    }

    /// Lay so much on the platform, in kilograms, in place of what was there.
    pub fn put(&self, gross: Quantity) {
        self.device().gross = gross;
    }

    pub fn set_stable(&self, is_stable: bool) {
        self.device().is_stable = is_stable;
    }

    pub fn set_fault(&self, fault: ScaleFault) {
        self.device().fault = fault;
    }

    pub fn fault(&self) -> ScaleFault {
        self.device().fault
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Machine for Device {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.fault == ScaleFault::Offline {
            self.is_asked = false;
            return;
        }
        for byte in bytes {
            match byte {
                0x05 => {
                    self.is_asked = true;
                    out.push(0x06);
                }
                0x11 if self.is_asked => {
                    self.is_asked = false;
                    self.put_block(out);
                }
                _ => {}
            }
        }
    }

    fn begin_link(&mut self) {
        self.is_asked = false;
    }
}

impl Device {
    fn put_block(&self, out: &mut Vec<u8>) {
        let grams = self.gross.thousandths().unsigned_abs();
        let content = if self.fault == ScaleFault::Overload || self.gross > CAPACITY || -self.gross > CAPACITY {
            "UFFFFFFFkg".to_owned()
        } else {
            let state = if self.is_stable { 'S' } else { 'U' };
            let sign = if self.gross < Quantity::ZERO { '-' } else { ' ' };
            format!("{state}{sign}{:02}.{:03}kg", grams / 1000, grams % 1000)
        };
        let mut sum = content.bytes().fold(0, |sum, byte| sum ^ byte);
        if self.fault == ScaleFault::Garbage {
            sum ^= 0x40;
        }
        out.extend_from_slice(&[0x01, 0x02]);
        out.extend_from_slice(content.as_bytes());
        out.extend_from_slice(&[sum, 0x03, 0x04]);
    }
}
