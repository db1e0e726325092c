//! Checkout scales: what a till asks of one, and the list of the protocols that are spoken.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use domain::quantity::Quantity;
use futures_util::future::BoxFuture;

use crate::port::Connector;

pub mod cas;

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
}

/// Every scale protocol that is spoken.
pub fn all() -> &'static [ScaleProtocol] {
    &[ScaleProtocol {
        name: "cas",
        title: "CAS ECR (AP, ER, PD-II)",
        driver: |connector| Box::new(cas::Cas::new(connector)),
    }]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static ScaleProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
