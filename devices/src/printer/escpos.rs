//! Receipt printers that speak ESC/POS, set to code page 866.
//!
//! The printer is asked for its state before a document is sent and for a mark behind it, which it answers in the order of
//! the stream. So [`PrinterError::Offline`] and [`PrinterError::PaperOut`] mean that nothing was sent, and
//! [`PrinterError::NoAnswer`] that the document may be on paper in whole or in part.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use super::{Align, PrintLine, PrinterError, ReceiptPrinter, cp866};
use crate::port::{self, BytePort, Connector};

/// A printer answers with single bytes, at most four at once.
const READ_BYTES: usize = 64;
/// Bytes that the largest QR code of level M holds; a printer would print nothing for more.
const QR_BYTES_MAX: usize = 2331;
/// The line that stands for a cut in plain text.
const CUT_LINE: &str = "----8<----";

/// Initialise, leave the Kanji mode that printers made in China start in, and choose code page 866.
const BEGIN: &[u8] = b"\x1B\x40\x1C\x2E\x1B\x74\x11";
/// Model 2, dots of 4, level M.
const QR_BEGIN: &[u8] =
    b"\x1D\x28\x6B\x04\x00\x31\x41\x32\x00\x1D\x28\x6B\x03\x00\x31\x43\x04\x1D\x28\x6B\x03\x00\x31\x45\x31";
const QR_PRINT: &[u8] = b"\x1D\x28\x6B\x03\x00\x31\x51\x30";
/// Feed to the cutter and cut, leaving a bridge.
const CUT: &[u8] = b"\x1D\x56\x42\x00";

const ASK_STATE: &[u8] = b"\x10\x04\x01";
const ASK_CAUSE: &[u8] = b"\x10\x04\x02";
const ASK_PAPER: &[u8] = b"\x10\x04\x04";
const ASK_PRINTED: &[u8] = b"\x1D\x72\x31";
const STATE_OFFLINE: u8 = 0x08;
const CAUSE_COVER: u8 = 0x04;
const CAUSE_PAPER: u8 = 0x20;
const PAPER_END: u8 = 0x60;

/// How long the printer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the answer about its state, which it gives at once.
    pub state: Duration,
    /// For taking a document and for printing it; a metre of paper takes less.
    pub printing: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { state: Duration::from_secs(2), printing: Duration::from_secs(30) }
    }
}

pub struct EscPos {
    connector: Connector,
    timing: Timing,
    port: Option<Box<dyn BytePort>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The port is gone.
    Lost,
    Silent,
}

impl EscPos {
    pub fn new(connector: Connector) -> EscPos {
        EscPos::with_timing(connector, Timing::default())
    }

    pub fn with_timing(connector: Connector, timing: Timing) -> EscPos {
        EscPos { connector, timing, port: None }
    }

    async fn print_document(&mut self, document: &[PrintLine]) -> Result<(), PrinterError> {
        if let Err(error) = self.check_ready().await {
            // A line that opened and stays silent may be half closed: open it anew the next time.
            self.port = None;
            return Err(error);
        }
        let mut bytes = encode(document);
        bytes.extend_from_slice(ASK_PRINTED);
        match self.ask(&bytes, |answer| answer & 0x90 == 0, self.timing.printing).await {
            Ok(_) => Ok(()),
            Err(trouble) => {
                tracing::warn!(?trouble, bytes = bytes.len(), "the printer did not confirm a document");
                self.port = None;
                Err(PrinterError::NoAnswer)
            }
        }
    }

    async fn check_ready(&mut self) -> Result<(), PrinterError> {
        self.open().await?;
        let mut paper = self.ask_state(ASK_PAPER).await;
        if paper == Err(Trouble::Lost) {
            self.port = None;
            self.open().await?;
            paper = self.ask_state(ASK_PAPER).await;
        }
        let silent = |_| PrinterError::Offline { reason: "it does not answer".into() };
        if paper.map_err(silent)? & PAPER_END != 0 {
            return Err(PrinterError::PaperOut);
        }
        if self.ask_state(ASK_STATE).await.map_err(silent)? & STATE_OFFLINE == 0 {
            return Ok(());
        }
        let cause = self.ask_state(ASK_CAUSE).await.map_err(silent)?;
        Err(if cause & CAUSE_PAPER != 0 {
            PrinterError::PaperOut
        } else if cause & CAUSE_COVER != 0 {
            PrinterError::Offline { reason: "its cover is open".into() }
        } else {
            PrinterError::Offline { reason: "it reports a fault".into() }
        })
    }

    async fn ask_state(&mut self, question: &[u8]) -> Result<u8, Trouble> {
        self.ask(question, |answer| answer & 0x93 == 0x12, self.timing.state).await
    }

    /// Send bytes and wait for the byte that answers them; a printer may say other things in between.
    async fn ask(&mut self, bytes: &[u8], is_answer: fn(u8) -> bool, patience: Duration) -> Result<u8, Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        match timeout_at(Instant::now() + patience, port::send(port, bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Trouble::Lost),
            Err(_) => return Err(Trouble::Silent),
        }
        let deadline = Instant::now() + patience;
        let mut bytes = [0; READ_BYTES];
        loop {
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => {
                    if let Some(answer) = bytes[..count].iter().copied().find(|byte| is_answer(*byte)) {
                        return Ok(answer);
                    }
                }
                Ok(_) => return Err(Trouble::Lost),
                Err(_) => return Err(Trouble::Silent),
            }
        }
    }

    /// Open the port if it is not, and forget what has come since the last answer.
    async fn open(&mut self) -> Result<(), PrinterError> {
        if port::forget_heard(&mut self.port) {
            return Ok(());
        }
        let port = (self.connector)().await.map_err(|error| PrinterError::Offline { reason: error.to_string() })?;
        self.port = Some(port);
        tracing::info!("the port of the printer is open");
        Ok(())
    }
}

impl ReceiptPrinter for EscPos {
    fn print<'a>(&'a mut self, document: &'a [PrintLine]) -> BoxFuture<'a, Result<(), PrinterError>> {
        Box::pin(self.print_document(document))
    }
}

/// The bytes of a document.
pub fn encode(document: &[PrintLine]) -> Vec<u8> {
    let mut out = BEGIN.to_vec();
    for line in document {
        match line {
            PrintLine::Text { text, align, bold, double } => put_text(text, *align, *bold, *double, &mut out),
            PrintLine::Qr(text) => put_qr(text, &mut out),
            PrintLine::Cut => out.extend_from_slice(CUT),
        }
    }
    out
}

/// Each line leaves the printer as it found it, so a lost byte spoils one line and not the rest.
fn put_text(text: &str, align: Align, bold: bool, double: bool, out: &mut Vec<u8>) {
    let align = match align {
        Align::Left => 0,
        Align::Centre => 1,
        Align::Right => 2,
    };
    let styles: [(bool, [u8; 2], u8); 3] =
        [(align != 0, *b"\x1B\x61", align), (bold, *b"\x1B\x45", 1), (double, *b"\x1D\x21", 0x11)];
    let styles = styles.iter().filter(|(is_on, ..)| *is_on);
    for (_, command, on) in styles.clone() {
        out.extend_from_slice(command);
        out.push(*on);
    }
    cp866::encode(text, out);
    out.push(b'\n');
    for (_, command, _) in styles.rev() {
        out.extend_from_slice(command);
        out.push(0);
    }
}

fn put_qr(text: &str, out: &mut Vec<u8>) {
    if text.len() > QR_BYTES_MAX {
        tracing::warn!(bytes = text.len(), "a text is too long for a QR code and is printed as text");
        return put_text(text, Align::Left, false, false, out);
    }
    let length = u16::try_from(text.len() + 3).expect("a QR code holds less than the length can say");
    out.extend_from_slice(b"\x1B\x61\x01");
    out.extend_from_slice(QR_BEGIN);
    out.extend_from_slice(b"\x1D\x28\x6B");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(b"\x31\x50\x30");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(QR_PRINT);
    out.extend_from_slice(b"\x1B\x61\x00");
}

/// The document as plain text with the characters that the paper shows. Bold and double letters are as any other.
pub fn to_text(document: &[PrintLine], columns: usize) -> Vec<String> {
    let aligned = |text: &str, align| {
        let text = cp866::shown(text);
        let free = columns.saturating_sub(text.chars().count());
        let before = match align {
            Align::Left => 0,
            Align::Centre => free / 2,
            Align::Right => free,
        };
        " ".repeat(before) + &text
    };
    let line = |line: &PrintLine| match line {
        PrintLine::Text { text, align, .. } => aligned(text, *align),
        PrintLine::Qr(text) => format!("[QR: {text}]"),
        PrintLine::Cut => CUT_LINE.to_owned(),
    };
    document.iter().map(line).collect()
}
