//! The host's side of low level 1: ask whether the device is idle, send, wait for the answer, recover.
//!
//! How a command is never run twice: before a frame is sent the device must say that it is idle, so it holds no old
//! answer. After that an answer it holds can only be ours. A frame is sent again only if the device refused to take it
//! and then says twice that it is idle, or if running it twice changes nothing.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use super::codec::{self, Decoder, Item};
use super::commands::{self, Answer, Command};
use super::errors;
use crate::fiscal::FiscalError;
use crate::port::{self, BytePort, Connector};

/// Questions to an idle device before it counts as unreachable; each waits for [`Timing::enquiry`].
const ENQUIRIES_MAX: u32 = 3;
/// Times that a refused frame is sent; the protocol allows ten.
const FRAMES_MAX: u32 = 10;
/// Times that a garbled answer is asked for again.
const REPEATS_MAX: u32 = 10;
/// Two frames of the longest kind fit, so one read takes whatever a device has to say.
const READ_BYTES: usize = 1024;
/// Between two looks whether printing has ended; the vendor's drivers look as often.
const PRINTING_POLL: Duration = Duration::from_millis(10);

/// How long the device is waited for. The defaults are those of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the answer to one control byte.
    pub enquiry: Duration,
    /// Silence after which an expected answer is asked for, to learn early that it is lost.
    pub look: Duration,
    /// Silence inside a frame that ends it, and silence that proves the line quiet.
    pub byte: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { enquiry: Duration::from_secs(1), look: Duration::from_secs(2), byte: Duration::from_millis(100) }
    }
}

pub(super) struct Link {
    connector: Connector,
    timing: Timing,
    port: Option<Box<dyn BytePort>>,
    /// Times that the port was opened.
    opened: u64,
    decoder: Decoder,
    frame: Vec<u8>,
    answer: Vec<u8>,
}

/// What came, or why nothing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Item(Item),
    Silence,
    /// The port is gone.
    Lost,
}

/// What an idle device or one with an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Idle,
    HasAnswer,
    Unclear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Answered,
    Refused,
    Unclear,
}

/// How the wait for an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Good,
    Garbled,
    Nothing,
}

/// What became of a command after a disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovered {
    Answer,
    /// The device holds nothing and has said so twice.
    Idle,
    Nothing,
}

impl Link {
    pub(super) fn new(connector: Connector, timing: Timing) -> Link {
        Link {
            connector,
            timing,
            port: None,
            opened: 0,
            decoder: Decoder::default(),
            frame: Vec::new(),
            answer: Vec::new(),
        }
    }

    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    /// Send a command and return its answer. A device that is still printing is waited for.
    pub(super) async fn ask(&mut self, command: &'static Command, body: &[u8]) -> Result<Answer<'_>, FiscalError> {
        let deadline = Instant::now() + command.timeout;
        loop {
            self.exchange(command, body).await?;
            let code = self.error_code(command)?;
            match code {
                0 => break,
                errors::STILL_PRINTING if Instant::now() < deadline => tokio::time::sleep(PRINTING_POLL).await,
                errors::WAITS_FOR_CONTINUE if Instant::now() < deadline => self.continue_printing().await?,
                code => {
                    let text = format!("{} (code {code:02X}h)", errors::text(command.code, code));
                    return Err(FiscalError::Refused { code: code.into(), text });
                }
            }
        }
        Ok(Answer::new(command, &self.answer[code_length(command) + 1..]))
    }

    async fn continue_printing(&mut self) -> Result<(), FiscalError> {
        let mut body = Vec::new();
        commands::begin(&commands::CONTINUE_PRINT, &mut body);
        self.exchange(&commands::CONTINUE_PRINT, &body).await?;
        // Its own refusal, such as no paper yet, comes back from the command that waits.
        tokio::time::sleep(PRINTING_POLL).await;
        Ok(())
    }

    fn error_code(&self, command: &'static Command) -> Result<u8, FiscalError> {
        self.answer.get(code_length(command)).copied().ok_or_else(|| FiscalError::Protocol {
            what: format!("the answer to \"{}\" has no error code", command.name),
        })
    }

    /// One command to one answer in `self.answer`.
    async fn exchange(&mut self, command: &'static Command, body: &[u8]) -> Result<(), FiscalError> {
        if body.len() > codec::BODY_MAX {
            return Err(FiscalError::Protocol { what: format!("\"{}\" is longer than a frame", command.name) });
        }
        self.frame.clear();
        codec::encode(body, &mut self.frame);
        self.reach_idle().await?;
        for _ in 0..FRAMES_MAX {
            match self.send_frame(command).await {
                Sent::Answered => return Ok(()),
                Sent::Refused => match self.recover(command).await {
                    Recovered::Answer => return Ok(()),
                    Recovered::Idle => {}
                    Recovered::Nothing if command.repeatable => self.reach_idle().await?,
                    Recovered::Nothing => return Err(FiscalError::NoAnswer { command: command.name }),
                },
                Sent::Unclear => match self.recover(command).await {
                    Recovered::Answer => return Ok(()),
                    _ if command.repeatable => self.reach_idle().await?,
                    _ => return Err(FiscalError::NoAnswer { command: command.name }),
                },
            }
            tracing::warn!(command = command.name, "the fiscal device is asked again");
        }
        if command.repeatable {
            Err(FiscalError::NoAnswer { command: command.name })
        } else {
            Err(FiscalError::Offline { reason: "it refuses every frame; the line is too noisy".into() })
        }
    }

    async fn send_frame(&mut self, command: &'static Command) -> Sent {
        if !self.write_frame().await {
            return Sent::Unclear;
        }
        match self.hear(self.timing.enquiry).await {
            Heard::Item(Item::Nak) => return Sent::Refused,
            Heard::Item(Item::Ack) => {}
            _ => return Sent::Unclear,
        }
        match self.read_frame(self.timing.look).await {
            Read::Good if answers(command, &self.answer) => Sent::Answered,
            _ => Sent::Unclear,
        }
    }

    /// After a disturbance: take the answer that the device holds for us, if it holds one.
    async fn recover(&mut self, command: &'static Command) -> Recovered {
        let deadline = Instant::now() + command.timeout;
        let (mut idle, mut silent, mut repeats) = (0, 0, 0);
        while silent < ENQUIRIES_MAX && repeats < REPEATS_MAX {
            if self.connect().await.is_err() {
                return Recovered::Nothing;
            }
            self.wait_quiet().await;
            match self.enquire().await {
                Presence::HasAnswer => {
                    idle = 0;
                    let patience = self.timing.look.min(deadline.saturating_duration_since(Instant::now()));
                    match self.read_frame(patience).await {
                        Read::Good if answers(command, &self.answer) => return Recovered::Answer,
                        Read::Good | Read::Garbled => repeats += 1,
                        // It is still working.
                        Read::Nothing if Instant::now() < deadline => {}
                        Read::Nothing => return Recovered::Nothing,
                    }
                }
                // The question itself may have been garbled, so one "idle" proves nothing.
                Presence::Idle if idle == 1 => return Recovered::Idle,
                Presence::Idle => idle += 1,
                Presence::Unclear => silent += 1,
            }
        }
        Recovered::Nothing
    }

    /// Make sure that the device is there and holds no answer to an earlier command.
    async fn reach_idle(&mut self) -> Result<(), FiscalError> {
        let (mut silent, mut stale) = (0, 0);
        while silent < ENQUIRIES_MAX && stale < REPEATS_MAX {
            self.connect().await?;
            if !self.forget_heard() {
                silent += 1;
                continue;
            }
            match self.enquire().await {
                Presence::Idle => return Ok(()),
                Presence::HasAnswer => {
                    stale += 1;
                    self.read_frame(self.timing.enquiry).await;
                }
                Presence::Unclear => {
                    silent += 1;
                    self.wait_quiet().await;
                }
            }
        }
        // A line that opened and stays silent may be half closed: open it anew the next time.
        self.port = None;
        Err(FiscalError::Offline { reason: "it does not answer".into() })
    }

    async fn enquire(&mut self) -> Presence {
        if !self.write(&[codec::ENQ]).await {
            return Presence::Unclear;
        }
        match self.hear(self.timing.enquiry).await {
            Heard::Item(Item::Nak) => Presence::Idle,
            Heard::Item(Item::Ack) => Presence::HasAnswer,
            _ => Presence::Unclear,
        }
    }

    /// The next frame into `self.answer`, acknowledged if it is good and refused if it is not.
    async fn read_frame(&mut self, patience: Duration) -> Read {
        match self.hear(patience).await {
            Heard::Item(Item::Frame) => {
                self.answer.clear();
                self.answer.extend_from_slice(self.decoder.body());
                // If this is lost the device offers the frame again, and it is thrown away before the next command.
                self.write(&[codec::ACK]).await;
                Read::Good
            }
            Heard::Item(_) => {
                self.wait_quiet().await;
                self.write(&[codec::NAK]).await;
                Read::Garbled
            }
            Heard::Silence | Heard::Lost => Read::Nothing,
        }
    }

    /// The next item. Silence inside a frame makes the frame bad.
    async fn hear(&mut self, patience: Duration) -> Heard {
        if let Some(item) = self.decoder.next_item() {
            return Heard::Item(item);
        }
        let Some(port) = &mut self.port else { return Heard::Lost };
        let mut deadline = Instant::now() + patience;
        let mut bytes = [0; READ_BYTES];
        loop {
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => {
                    self.decoder.feed(&bytes[..count]);
                    if let Some(item) = self.decoder.next_item() {
                        return Heard::Item(item);
                    }
                    if self.decoder.is_mid_frame() {
                        deadline = Instant::now() + self.timing.byte;
                    }
                }
                Ok(_) => {
                    self.port = None;
                    return Heard::Lost;
                }
                Err(_) if self.decoder.is_mid_frame() => {
                    self.decoder.clear();
                    return Heard::Item(Item::BadFrame);
                }
                Err(_) => return Heard::Silence,
            }
        }
    }

    /// Read and forget until the line is quiet, so that no late byte is taken for an answer to the next question.
    async fn wait_quiet(&mut self) {
        self.decoder.clear();
        let limit = Instant::now() + self.timing.enquiry;
        while Instant::now() < limit && matches!(self.hear(self.timing.byte).await, Heard::Item(_)) {}
        self.decoder.clear();
    }

    /// Forget what has come since the last answer, without waiting. False if the port is found to be gone.
    fn forget_heard(&mut self) -> bool {
        self.decoder.clear();
        port::forget_heard(&mut self.port)
    }

    async fn write_frame(&mut self) -> bool {
        let frame = std::mem::take(&mut self.frame);
        let written = self.write(&frame).await;
        self.frame = frame;
        written
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(port) = &mut self.port else { return false };
        let deadline = Instant::now() + self.timing.enquiry;
        let written = matches!(timeout_at(deadline, port::send(port, bytes)).await, Ok(Ok(())));
        if !written {
            self.port = None;
        }
        written
    }

    async fn connect(&mut self) -> Result<(), FiscalError> {
        if self.port.is_none() {
            self.decoder.clear();
            let port = (self.connector)().await.map_err(|error| FiscalError::Offline { reason: error.to_string() })?;
            self.port = Some(port);
            self.opened += 1;
            tracing::info!(times = self.opened, "the port of the fiscal device is open");
        }
        Ok(())
    }
}

fn code_length(command: &Command) -> usize {
    if command.code > 0xFF { 2 } else { 1 }
}

fn answers(command: &Command, answer: &[u8]) -> bool {
    let code = command.code.to_be_bytes();
    answer.starts_with(&code[2 - code_length(command)..])
}
