//! Receipt printers: what a till asks of one, and the list of the protocols that are spoken.
//!
//! A document is lines of text and pictures of codes; a protocol makes bytes of it. To add a protocol: write one file here
//! and add one line to [`all`].

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::port::Connector;

pub mod cp866;
pub mod escpos;

use escpos::{CodePage, EscPos, EscPosSettings};

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
    /// Bars of this text with the text below: EAN-13 of thirteen digits that are one, else Code 128 of letters of ASCII.
    Barcode(String),
    /// Feed and cut.
    Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    There,
    /// There is some left; how much depends on where the sensor is set.
    NearEnd,
    Out,
}

/// Why a printer that has paper does not print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrinterProblem {
    #[error("its cover is open, close it")]
    CoverOpen,
    #[error("its cutter is stuck, take the paper out and switch it off and on")]
    Cutter,
    #[error("its head is hot, it goes on by itself when it is cool")]
    HeadHot,
    #[error("something in it is stuck, take the paper out and switch it off and on")]
    Mechanical,
    #[error("it is broken, have it repaired")]
    ForGood,
    #[error("it reports a fault, look at its lamps")]
    Other,
}

/// What a printer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrinterStatus {
    pub paper: Paper,
    pub problem: Option<PrinterProblem>,
    /// Of the drawer that hangs on it; which level means open is a matter of the drawer. Not known without paper.
    pub drawer_pin_is_high: bool,
}

/// The wire in the cable between printer and drawer that opens it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawerPin {
    /// That of the first drawer, and of the only one.
    #[default]
    Two,
    Five,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrinterError {
    #[error("the printer is not reachable ({reason}): check its power and cable")]
    Offline { reason: String },
    #[error("the printer has no paper")]
    PaperOut,
    #[error("the printer does not print: {0}")]
    Problem(PrinterProblem),
    #[error("the printer did not confirm that it printed")]
    NoAnswer,
}

/// A receipt printer. One call at a time; a call may reopen a lost port by itself.
pub trait ReceiptPrinter: Send {
    /// Print a document; answers when the printer says that all of it is on paper.
    fn print<'a>(&'a mut self, document: &'a [PrintLine]) -> BoxFuture<'a, Result<(), PrinterError>>;

    fn status(&mut self) -> BoxFuture<'_, Result<PrinterStatus, PrinterError>>;

    /// Give a pulse to a drawer. Nothing may depend on whether it opened: it has no lock that answers.
    fn open_drawer(&mut self, drawer: DrawerPin) -> BoxFuture<'_, Result<(), PrinterError>>;
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
    &[
        PrinterProtocol {
            name: "escpos",
            title: "ESC/POS with code page 866",
            driver: |connector| escpos(connector, CodePage::default(), false),
        },
        PrinterProtocol {
            name: "escpos-epson",
            title: "ESC/POS of Epson, which proves what is on paper",
            driver: |connector| escpos(connector, CodePage::default(), true),
        },
        PrinterProtocol {
            name: "escpos-1251",
            title: "ESC/POS with code page 1251",
            driver: |connector| escpos(connector, CodePage::cp1251(46), false),
        },
        PrinterProtocol {
            name: "escpos-5890",
            title: "ESC/POS of POS-5890 and NT-5890K, whose code page 866 has the number 59",
            driver: |connector| escpos(connector, CodePage::cp866(59), false),
        },
        PrinterProtocol {
            name: "escpos-rp326",
            title: "ESC/POS of Rongta RP326, whose code page 866 has the number 7",
            driver: |connector| escpos(connector, CodePage::cp866(7), false),
        },
    ]
}

fn escpos(connector: Connector, page: CodePage, proves: bool) -> Box<dyn ReceiptPrinter> {
    Box::new(EscPos::with_settings(connector, EscPosSettings { page, proves, ..EscPosSettings::default() }))
}

/// The protocol with this name in the settings.
pub fn find(name: &str) -> Option<&'static PrinterProtocol> {
    all().iter().find(|protocol| protocol.name == name)
}
