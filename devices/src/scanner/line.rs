//! A scanner on a serial line, or on a USB cable in the mode of one: whole codes as they come.
//!
//! It speaks when it wants, so listening has no deadline; [`LineScanner::next`] may be dropped at any time and nothing is
//! lost. A line that is gone is opened again until it is back, which is told once each way.
//!
//! Must never: make a code of half a code. What has no end after a moment is what a pulled cable has left, and is forgotten.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::WedgeSettings;
use crate::port::{BytePort, Connector};

/// Longer than any code of a shop; what is longer is noise, up to the next end of a code.
const CODE_BYTES_MAX: usize = 512;
/// A scanner sends a code in one go; between two of its bytes even a slow line needs a hundredth of this.
const TORN_AFTER: Duration = Duration::from_secs(1);
/// Between two tries to open a line that is gone: a person who plugs a cable in does not notice it.
const REOPEN_AFTER: Duration = Duration::from_secs(1);
const READ_BYTES: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Scan(String),
    /// The scanner is not there, for a person.
    Lost {
        reason: String,
    },
    Back,
}

/// Codes in a stream of bytes: each ends with CR, LF or a tab, or several of them. Pure.
#[derive(Debug, Default)]
pub struct Codes {
    bytes: Vec<u8>,
    /// What came was too long to be a code: up to its end nothing is one.
    skips: bool,
}

pub struct LineScanner {
    connector: Connector,
    settings: WedgeSettings,
    reopen_after: Duration,
    port: Option<Box<dyn BytePort>>,
    /// When a line that is gone is tried again.
    reopen_at: Instant,
    codes: Codes,
    /// When a code that is not whole is forgotten.
    torn_at: Instant,
    is_lost: bool,
}

impl LineScanner {
    pub fn new(connector: Connector, settings: WedgeSettings) -> LineScanner {
        LineScanner::with_patience(connector, settings, REOPEN_AFTER)
    }

    pub fn with_patience(connector: Connector, settings: WedgeSettings, reopen_after: Duration) -> LineScanner {
        let (codes, now) = (Codes::default(), Instant::now());
        LineScanner {
            connector,
            settings,
            reopen_after,
            port: None,
            reopen_at: now,
            codes,
            torn_at: now,
            is_lost: false,
        }
    }

    /// The next code, or that the scanner went away or came back.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(code) = self.codes.next_code() {
                return Heard::Scan(self.bare(&code).to_owned());
            }
            let Some(port) = &mut self.port else {
                sleep_until(self.reopen_at).await;
                match (self.connector)().await {
                    Ok(port) => {
                        self.port = Some(port);
                        if std::mem::take(&mut self.is_lost) {
                            return Heard::Back;
                        }
                    }
                    Err(error) if !self.is_lost => return self.lose(error.to_string()),
                    Err(_) => self.reopen_at = Instant::now() + self.reopen_after,
                }
                continue;
            };
            let mut bytes = [0; READ_BYTES];
            let read = if self.codes.is_torn() {
                timeout_at(self.torn_at, port.read(&mut bytes)).await
            } else {
                Ok(port.read(&mut bytes).await)
            };
            match read {
                Ok(Ok(count)) if count > 0 => {
                    self.codes.feed(&bytes[..count]);
                    self.torn_at = Instant::now() + TORN_AFTER;
                }
                Ok(Ok(_)) => return self.lose("the line is closed".into()),
                Ok(Err(error)) => return self.lose(error.to_string()),
                Err(_) => self.codes = Codes::default(),
            }
        }
    }

    fn lose(&mut self, reason: String) -> Heard {
        self.port = None;
        self.reopen_at = Instant::now() + self.reopen_after;
        self.codes = Codes::default();
        self.is_lost = true;
        Heard::Lost { reason }
    }

    /// A code without what the scanner is set to send around it.
    fn bare<'a>(&self, code: &'a str) -> &'a str {
        let WedgeSettings { prefix, suffix } = &self.settings;
        let code = code.strip_prefix(prefix.as_str()).unwrap_or(code);
        code.strip_suffix(suffix.as_str()).unwrap_or(code)
    }
}

impl Codes {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole code; what no code page of a scanner has is replaced.
    pub fn next_code(&mut self) -> Option<String> {
        loop {
            let Some(end) = self.bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | b'\t')) else {
                if self.bytes.len() > CODE_BYTES_MAX {
                    self.bytes.clear();
                    self.skips = true;
                }
                return None;
            };
            let code = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
            self.bytes.drain(..=end);
            if !std::mem::take(&mut self.skips) && (1..=CODE_BYTES_MAX).contains(&end) {
                return Some(code);
            }
        }
    }

    /// A code has begun and not ended.
    pub fn is_torn(&self) -> bool {
        self.skips || !self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(pieces: &[&[u8]]) -> Vec<String> {
        let mut codes = Codes::default();
        let mut found = Vec::new();
        for piece in pieces {
            codes.feed(piece);
            found.extend(std::iter::from_fn(|| codes.next_code()));
        }
        found
    }

    #[test]
    fn a_code_ends_however_the_scanner_ends_it() {
        assert_eq!(codes(&[b"4601234567893\r\n46000\t\n\rAB\x1DCD\r12"]), ["4601234567893", "46000", "AB\u{1d}CD"]);
        let long = [b'7'; CODE_BYTES_MAX + 1];
        assert_eq!(codes(&[&long, b"\r12\r"]), ["12"]);
        assert_eq!(codes(&[&long, &long, b"7", b"7\r", b"12\r"]), ["12"]);
        assert_eq!(codes(&[&long[1..], b"\r"]).len(), 1);
    }

    proptest! {
        #[test]
        fn a_stream_cut_at_any_byte_reads_the_same(text in "[0-9\\r\\n\\x1d]{0,80}", at in 0..80_usize) {
            let (before, after) = text.as_bytes().split_at(at.min(text.len()));
            prop_assert_eq!(codes(&[before, after]), codes(&[text.as_bytes()]));
        }
    }
}
