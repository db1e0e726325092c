//! Customer displays of two lines: what a till asks of one, and the list of the protocols that are spoken.
//!
//! To add a protocol: write one file here and add one line to [`all`].

use futures_util::future::BoxFuture;

use crate::port::Connector;

pub mod cd5220;

/// Characters of a line.
pub const COLUMNS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the customer display is not reachable ({reason}): check its power and cable")]
pub struct DisplayError {
    pub reason: String,
}

/// A display that shows two lines to the customer. It answers nothing; a lost port is opened again by the next call.
pub trait CustomerDisplay: Send {
    /// Longer lines are cut.
    fn show<'a>(&'a mut self, lines: &'a [String; 2]) -> BoxFuture<'a, Result<(), DisplayError>>;
}

/// A protocol that the till can be set to.
pub struct DisplayProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(Connector) -> Box<dyn CustomerDisplay>,
}

/// Every display protocol that is spoken.
pub fn all() -> &'static [DisplayProtocol] {
    &[DisplayProtocol {
        name: "cd5220",
        title: "CD5220 with code page 866",
        driver: |connector| Box::new(cd5220::Cd5220::new(connector)),
    }]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static DisplayProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
