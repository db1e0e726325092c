//! Receipt printers that speak ESC/POS.
//!
//! The printer is asked for its state before a document is sent, and behind the document for a sign that it got so far:
//! every printer answers when it has taken the document in, and one that proves its prints when it is on paper. So
//! [`PrinterError::NoAnswer`] means that the document may be on paper in whole or in part, and any other error that
//! nothing was sent.
//!
//! Files: `encoder` makes the bytes of a document, `answers` reads what comes back.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use super::{DrawerPin, Paper, PrintLine, PrinterError, PrinterStatus, ReceiptPrinter};
use crate::port::{self, BytePort, Connector};
use answers::{Heard, StateBytes};
pub use encoder::{CodePage, encode, to_text};

pub mod answers;
mod encoder;

const READ_BYTES: usize = 64;

const ASK_PRINTER: &[u8] = b"\x10\x04\x01";
const ASK_OFFLINE_CAUSE: &[u8] = b"\x10\x04\x02";
const ASK_ERROR_CAUSE: &[u8] = b"\x10\x04\x03";
const ASK_PAPER: &[u8] = b"\x10\x04\x04";
const ASK_PRINTED: &[u8] = b"\x1D\x72\x31";
/// Before the four letters of a number.
const ASK_PROOF: &[u8] = b"\x1D\x28\x48\x06\x00\x30\x30";
/// On for 50 ms and off for 500 ms, after what was sent before.
const PULSE: &[u8] = b"\x1B\x70";
const PULSE_TIMES: [u8; 2] = [0x19, 0xFA];
/// On for 100 ms, at once.
const PULSE_NOW: &[u8] = b"\x10\x14\x01";
const PULSE_NOW_TIME: u8 = 1;

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

/// What a make of printers has of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct EscPosSettings {
    pub page: CodePage,
    /// It tells by number what is on paper; most others print on and say nothing to that question.
    pub proves: bool,
    pub timing: Timing,
}

pub struct EscPos {
    connector: Connector,
    settings: EscPosSettings,
    port: Option<Box<dyn BytePort>>,
    /// Of the proof that was asked for last.
    proof_number: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The port is gone.
    Lost,
    Silent,
}

impl EscPos {
    pub fn new(connector: Connector) -> EscPos {
        EscPos::with_settings(connector, EscPosSettings::default())
    }

    pub fn with_settings(connector: Connector, settings: EscPosSettings) -> EscPos {
        EscPos { connector, settings, port: None, proof_number: 0 }
    }

    async fn print_document(&mut self, document: &[PrintLine]) -> Result<(), PrinterError> {
        let state = self.state().await?;
        if state.paper() == Paper::Out {
            return Err(PrinterError::PaperOut);
        }
        if let Some(problem) = state.problem() {
            return Err(PrinterError::Problem(problem));
        }
        let mut bytes = encode(document, self.settings.page);
        let length = bytes.len();
        let patience = self.settings.timing.printing;
        let printed = if self.settings.proves {
            self.proof_number = self.proof_number.wrapping_add(1);
            let number = self.proof_number;
            bytes.extend_from_slice(ASK_PROOF);
            bytes.extend(answers::proof_letters(number));
            self.ask(&bytes, |heard| heard.has_proof(number).then_some(()), patience).await
        } else {
            bytes.extend_from_slice(ASK_PRINTED);
            self.ask(&bytes, |heard| heard.has_taken().then_some(()), patience).await
        };
        printed.map_err(|trouble| {
            tracing::warn!(?trouble, bytes = length, "the printer did not confirm a document");
            self.port = None;
            PrinterError::NoAnswer
        })
    }

    async fn pulse(&mut self, drawer: DrawerPin) -> Result<(), PrinterError> {
        let state = self.state().await?;
        let pin = match drawer {
            DrawerPin::Two => 0,
            DrawerPin::Five => 1,
        };
        // A printer that does not print obeys only what is to be done at once.
        let bytes = if state.is_offline() || state.paper() == Paper::Out {
            [PULSE_NOW, &[pin, PULSE_NOW_TIME]].concat()
        } else {
            [PULSE, &[pin], &PULSE_TIMES].concat()
        };
        // It has no answer; that the printer still speaks says that it went out.
        self.ask_state(&[&bytes, ASK_PRINTER].concat()).await.map(drop).map_err(|trouble| {
            self.port = None;
            silent(trouble)
        })
    }

    /// Ask for its state, over a port that is opened anew if it was lost.
    async fn state(&mut self) -> Result<StateBytes, PrinterError> {
        let state = self.asked_state().await;
        if state.is_err() {
            // A line that opened and stays silent may be half closed: open it anew the next time.
            self.port = None;
        }
        state
    }

    async fn asked_state(&mut self) -> Result<StateBytes, PrinterError> {
        self.open().await?;
        let mut paper = self.ask_state(ASK_PAPER).await;
        if paper == Err(Trouble::Lost) {
            self.port = None;
            self.open().await?;
            paper = self.ask_state(ASK_PAPER).await;
        }
        let mut state = StateBytes { paper: paper.map_err(silent)?, ..StateBytes::default() };
        if state.paper() == Paper::Out {
            return Ok(state);
        }
        state.printer = self.ask_state(ASK_PRINTER).await.map_err(silent)?;
        if state.is_offline() {
            state.offline_cause = self.ask_state(ASK_OFFLINE_CAUSE).await.map_err(silent)?;
        }
        if state.has_error() {
            state.error_cause = self.ask_state(ASK_ERROR_CAUSE).await.map_err(silent)?;
        }
        Ok(state)
    }

    async fn ask_state(&mut self, question: &[u8]) -> Result<u8, Trouble> {
        self.ask(question, Heard::state, self.settings.timing.state).await
    }

    /// Send bytes and wait for what answers them; a printer may say other things in between.
    async fn ask<T>(
        &mut self,
        bytes: &[u8],
        find: impl Fn(&Heard) -> Option<T>,
        patience: Duration,
    ) -> Result<T, Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        match timeout_at(Instant::now() + patience, port::send(port, bytes)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Trouble::Lost),
            Err(_) => return Err(Trouble::Silent),
        }
        let deadline = Instant::now() + patience;
        let (mut bytes, mut heard) = ([0; READ_BYTES], Heard::default());
        loop {
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => {
                    heard.feed(&bytes[..count]);
                    if let Some(answer) = find(&heard) {
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

    fn status(&mut self) -> BoxFuture<'_, Result<PrinterStatus, PrinterError>> {
        Box::pin(async {
            let state = self.state().await?;
            let (paper, problem) = (state.paper(), state.problem());
            Ok(PrinterStatus { paper, problem, drawer_pin_is_high: state.drawer_pin_is_high() })
        })
    }

    fn open_drawer(&mut self, drawer: DrawerPin) -> BoxFuture<'_, Result<(), PrinterError>> {
        Box::pin(self.pulse(drawer))
    }
}

fn silent(_: Trouble) -> PrinterError {
    PrinterError::Offline { reason: "it does not answer".into() }
}
