//! Checkout scales: what a till asks of one, and the list of the protocols that are spoken.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use std::fmt;
use std::str::FromStr;

use domain::quantity::Quantity;
use futures_util::future::BoxFuture;

use crate::port::Connector;
use crate::sim;
use crate::sim::scale::{Platform, ScaleEmulator};

pub mod asking;
pub mod cas;
pub mod massa_100;
pub mod mettler_8217;
pub mod pos2;

/// What lies on the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// In kilograms; below zero when the platform was relieved of a tare.
    pub gross: Quantity,
    pub stable: bool,
    pub overload: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    #[error("the scale is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    #[error("the scale did not answer")]
    NoAnswer,
    #[error("the scale's answer cannot be understood: {what}")]
    Protocol { what: String },
}

/// A scale beside the till. One call at a time; a call may reopen a lost port by itself.
pub trait Scale: Send {
    fn weigh(&mut self) -> BoxFuture<'_, Result<Weight, ScaleError>>;
}

/// A protocol that the till can be set to.
pub struct ScaleProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(Connector) -> Box<dyn Scale>,
    /// A simulated scale that speaks it, with what lies on this platform.
    pub emulator: fn(&Platform) -> ScaleEmulator,
}

impl ScaleProtocol {
    /// A driver of a simulated scale.
    pub fn simulated(&self, platform: &Platform) -> Box<dyn Scale> {
        (self.driver)((self.emulator)(platform).connector())
    }
}

/// Every scale protocol that is spoken.
pub fn all() -> &'static [ScaleProtocol] {
    &[
        ScaleProtocol {
            name: "cas",
            title: "CAS ECR (AP, ER, PD-II)",
            driver: |connector| Box::new(cas::Cas::new(connector)),
            emulator: |platform| ScaleEmulator::new(platform, sim::scale::cas),
        },
        ScaleProtocol {
            name: "mettler-8217",
            title: "Mettler-Toledo 8217",
            driver: |connector| Box::new(mettler_8217::Mettler8217::new(connector)),
            emulator: |platform| ScaleEmulator::new(platform, sim::scale::mettler_8217),
        },
        ScaleProtocol {
            name: "massa-100",
            title: "Massa-K, protocol 100",
            driver: |connector| Box::new(massa_100::Massa100::new(connector)),
            emulator: |platform| ScaleEmulator::new(platform, sim::scale::massa_100),
        },
        ScaleProtocol {
            name: "pos2",
            title: "Shtrih POS2",
            driver: |connector| Box::new(pos2::Pos2::new(connector)),
            emulator: |platform| ScaleEmulator::new(platform, sim::scale::pos2),
        },
    ]
}

/// A number of kilograms of digits and a point.
fn digits(text: &[u8]) -> Option<Quantity> {
    let is_number = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(text).ok().filter(|_| is_number)?.parse().ok()
}

/// A protocol as it is chosen in settings, by its name.
#[derive(Clone, Copy)]
pub struct ScaleKind(pub &'static ScaleProtocol);

impl Default for ScaleKind {
    fn default() -> ScaleKind {
        ScaleKind(&all()[0])
    }
}

impl fmt::Debug for ScaleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a scale's protocol: {} is expected", names())]
pub struct NotScale {
    text: String,
}

fn names() -> String {
    all().iter().map(|protocol| protocol.name).collect::<Vec<_>>().join(", ")
}

impl FromStr for ScaleKind {
    type Err = NotScale;
    fn from_str(text: &str) -> Result<ScaleKind, NotScale> {
        find(text).map(ScaleKind).ok_or_else(|| NotScale { text: text.to_owned() })
    }
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static ScaleProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
