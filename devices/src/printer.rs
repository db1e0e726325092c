//! Receipt printers: what a till asks of one, and the list of the protocols that are spoken.
//!
//! A document is lines of text and pictures of codes; a protocol makes bytes of it. To add a protocol: write one file here
//! and add one line to [`all`].

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::port::Connector;

pub mod cp866;
pub mod escpos;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

/// One element of a printed document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrintLine {
    /// No longer than the paper is wide, in columns of the font; `double` is twice as high and wide.
    Text { text: String, align: Align, bold: bool, double: bool },
    /// A QR code of this text.
    Qr(String),
    /// Feed and cut.
    Cut,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrinterError {
    #[error("the printer is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    #[error("the printer has no paper")]
    PaperOut,
    #[error("the printer did not confirm that it printed")]
    NoAnswer,
}

/// A receipt printer. One call at a time; a call may reopen a lost port by itself.
pub trait ReceiptPrinter: Send {
    /// Print a document; answers when the printer says that all of it is on paper.
    fn print<'a>(&'a mut self, document: &'a [PrintLine]) -> BoxFuture<'a, Result<(), PrinterError>>;
}

/// A protocol that the till can be set to.
pub struct PrinterProtocol {
    /// The word in the settings.
    pub name: &'static str,
    pub title: &'static str,
    pub driver: fn(Connector) -> Box<dyn ReceiptPrinter>,
}

/// Every printer protocol that is spoken.
pub fn all() -> &'static [PrinterProtocol] {
    &[PrinterProtocol {
        name: "escpos",
        title: "ESC/POS with code page 866",
        driver: |connector| Box::new(escpos::EscPos::new(connector)),
    }]
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static PrinterProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
