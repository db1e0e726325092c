//! Simulator of a receipt printer that speaks ESC/POS, with paper of 80 mm and a cutter.
//!
//! It starts as printers made in China do, in Kanji mode and with code page 437: a host that does not choose its code page
//! gets paper that cannot be read. Files: `parser` cuts the stream into commands, this file runs them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use encoding_rs::{Encoding, IBM866, WINDOWS_1251};
use serde_json::{Value, json};

use super::control::{Controlled, set_fault};
use super::fault::Fault;
use super::link::{self, AtOnce, Machine};
use super::listen::Emulated;
use crate::port::{BytePort, Connector};
use parser::Command;

mod parser;

/// Columns of font A on paper of 80 mm; a longer line is broken.
const COLUMNS: usize = 48;
/// A day of receipts.
const PAPER_LINES_MAX: usize = 10_000;

/// The faults that it shows.
pub const FAULTS: &[&str] = &["paper_out", "offline", "no_answer", "no_answer_after_commit", "slow"];

/// The simulated printer and all control over it. Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct PrinterHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug, Default)]
struct Device {
    paper: VecDeque<String>,
    fault: Fault,
    /// Pulses that were given to drawers.
    pulses: usize,
    settings: Settings,
    line: String,
    /// Columns that the line takes.
    line_columns: usize,
    /// Data of a QR code that was stored and not yet printed.
    qr: Vec<u8>,
    /// A command that has begun.
    received: Vec<u8>,
}

/// What "initialise" sets back.
#[derive(Debug)]
struct Settings {
    is_kanji: bool,
    /// None is page 437, of which only the ASCII half is known here.
    page: Option<&'static Encoding>,
    /// Times as wide as font A.
    width: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { is_kanji: true, page: None, width: 1 }
    }
}

impl PrinterHandle {
    pub fn new() -> PrinterHandle {
        PrinterHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        link::connector(&self.device)
    }

    /// The last ten thousand lines that came out, without their alignment: a QR code is `[QR: text]`, a bar code
    /// `[barcode: data]`, a cut `----8<----`.
    pub fn paper(&self) -> Vec<String> {
        self.device().paper.iter().cloned().collect()
    }

    /// How often a drawer that hangs on it was opened.
    pub fn pulses(&self) -> usize {
        self.device().pulses
    }

    pub fn set_fault(&self, fault: Fault) {
        self.device().fault = fault;
    }

    pub fn fault(&self) -> Fault {
        self.device().fault
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Emulated for PrinterHandle {
    async fn serve(&self, port: impl BytePort + 'static) {
        AtOnce { machine: self.device.clone() }.serve(port).await;
    }
}

impl Controlled for PrinterHandle {
    const WORDS: &'static str = "fault WORD, paper or pulses";

    const SHOWN: &'static [&'static str] = &["paper", "pulses"];
    const FAULTS: &'static [&'static str] = FAULTS;

    fn obey(&self, word: &str, rest: &str) -> Option<Result<Value, String>> {
        Some(match word {
            "fault" => set_fault::<Self>(rest, |fault| self.set_fault(fault)),
            "paper" => Ok(json!(self.paper())),
            "pulses" => Ok(json!(self.pulses())),
            _ => return None,
        })
    }
}

impl Machine for Device {
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut received = std::mem::take(&mut self.received);
        received.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((command, length)) = parser::next(&received[at..]) {
            self.run(command, out);
            at += length;
        }
        received.drain(..at);
        if received.len() > parser::COMMAND_BYTES_MAX {
            tracing::warn!(bytes = received.len(), "a command without an end is thrown away");
            received.clear();
        }
        self.received = received;
    }

    fn begin_link(&mut self) {
        self.received.clear();
        self.line.clear();
        self.line_columns = 0;
    }

    fn fault(&self) -> Fault {
        self.fault
    }
}

impl Device {
    fn run(&mut self, command: Command<'_>, out: &mut Vec<u8>) {
        let has_paper = self.fault != Fault::PaperOut;
        match command {
            Command::State(question) => out.push(match (question, has_paper) {
                (1, false) => 0x1A,
                (2, false) => 0x32,
                (4, false) => 0x72,
                _ => 0x12,
            }),
            Command::AutoState(0) => {}
            Command::AutoState(_) if has_paper => out.extend_from_slice(&[0x10, 0x00, 0x00, 0x0F]),
            Command::AutoState(_) => out.extend_from_slice(&[0x18, 0x00, 0x0C, 0x0F]),
            Command::Identity(0x42) => out.extend_from_slice(b"_EPSON\0"),
            Command::Identity(0x43) => out.extend_from_slice(b"_TM-T20II\0"),
            Command::PulseNow => self.pulses += 1,
            _ if !has_paper => {}
            Command::Pulse => self.pulses += 1,
            Command::Printed(_) | Command::Proof(_) if self.fault == Fault::NoAnswer => {}
            Command::Printed(_) | Command::Proof(_) if self.fault == Fault::NoAnswerAfterCommit => {
                self.fault = Fault::None;
            }
            Command::Printed(_) => out.push(0),
            Command::Proof(letters) => out.extend([&[0x37, 0x22], &letters[..], &[0]].concat()),
            Command::Text(byte) => self.put(byte),
            Command::LineFeed => self.end_line(),
            Command::Feed(lines) => {
                let mut lines = lines;
                if !self.line.is_empty() {
                    self.end_line();
                    lines = lines.saturating_sub(1);
                }
                (0..lines).for_each(|_| self.print(String::new()));
            }
            Command::Initialise => {
                self.settings = Settings::default();
                self.line.clear();
                self.line_columns = 0;
                self.qr.clear();
            }
            Command::CodePage(page) => {
                self.settings.page = match page {
                    17 => Some(IBM866),
                    46 => Some(WINDOWS_1251),
                    _ => None,
                }
            }
            Command::Kanji(is_kanji) => self.settings.is_kanji = is_kanji,
            Command::Width(width) => self.settings.width = usize::from(width),
            Command::Qr(0x50, [0x30, data @ ..]) => self.qr = data.to_vec(),
            Command::Qr(0x51, [0x30]) => {
                let text = format!("[QR: {}]", String::from_utf8_lossy(&self.qr));
                self.print_apart(text);
            }
            Command::Barcode(data) => self.print_apart(format!("[barcode: {}]", data.escape_ascii())),
            Command::Cut => self.print_apart("----8<----".to_owned()),
            Command::Qr(..) | Command::Identity(_) | Command::Ignored => {}
        }
    }

    fn put(&mut self, byte: u8) {
        let width = self.settings.width;
        if self.line_columns + width > COLUMNS {
            self.end_line();
        }
        match self.settings.page {
            _ if byte.is_ascii() => self.line.push(char::from(byte)),
            Some(page) if !self.settings.is_kanji => {
                self.line.push_str(&page.decode_without_bom_handling(&[byte]).0);
            }
            _ => self.line.push(char::REPLACEMENT_CHARACTER),
        }
        self.line_columns += width;
    }

    fn end_line(&mut self) {
        self.line_columns = 0;
        let line = std::mem::take(&mut self.line);
        self.print(line);
    }

    /// Something that takes the whole width: what is in the line comes out before it.
    fn print_apart(&mut self, what: String) {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.print(what);
    }

    fn print(&mut self, line: String) {
        if self.paper.len() == PAPER_LINES_MAX {
            self.paper.pop_front();
        }
        self.paper.push_back(line);
    }
}
