//! Receipt printers that speak ESC/POS.

use futures_util::future::BoxFuture;

use super::{PrintLine, PrinterError, ReceiptPrinter};
use crate::port::Connector;

pub struct EscPos {
    connector: Connector,
}

impl EscPos {
    pub fn new(connector: Connector) -> EscPos {
        EscPos { connector }
    }
}

impl ReceiptPrinter for EscPos {
    fn print<'a>(&'a mut self, _document: &'a [PrintLine]) -> BoxFuture<'a, Result<(), PrinterError>> {
        Box::pin(async {
            (self.connector)().await.map_err(|error| PrinterError::Offline { reason: error.to_string() })?;
            Err(PrinterError::NoAnswer)
        })
    }
}

/// The bytes of a document.
pub fn encode(_document: &[PrintLine]) -> Vec<u8> {
    Vec::new()
}

/// The document as plain text.
pub fn to_text(_document: &[PrintLine], _columns: usize) -> Vec<String> {
    Vec::new()
}
