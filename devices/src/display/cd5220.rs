//! Customer displays in CD5220 mode with code page 866.
//!
//! The display answers nothing, so every call writes both lines whole: one that was switched off in between shows the
//! right thing after the next call.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::{COLUMNS, CustomerDisplay, DisplayError};
use crate::port::{self, BytePort, Connector};
use crate::printer::cp866;

/// Sixty bytes at 2400 baud take a quarter of a second.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
/// A lost port is found by writing to it, and then opened anew once.
const TRIES_MAX: u32 = 2;

const INITIALISE: &[u8] = b"\x1B\x40";
/// Models with several code sets start in the Western one.
const CODE_SET_RUSSIAN: &[u8] = b"\x1B\x63\x52";
const UPPER_LINE: &[u8] = b"\x1B\x51\x41";
const LOWER_LINE: &[u8] = b"\x1B\x51\x42";
const LINE_END: u8 = 0x0D;

pub struct Cd5220 {
    connector: Connector,
    port: Option<Box<dyn BytePort>>,
}

impl Cd5220 {
    pub fn new(connector: Connector) -> Cd5220 {
        Cd5220 { connector, port: None }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), DisplayError> {
        for _ in 0..TRIES_MAX {
            self.open().await?;
            if self.write(bytes).await {
                return Ok(());
            }
            self.port = None;
        }
        Err(DisplayError { reason: "it takes no bytes".into() })
    }

    /// Open the port if it is not. A port whose other end is gone is found by reading.
    async fn open(&mut self) -> Result<(), DisplayError> {
        if port::forget_heard(&mut self.port) {
            return Ok(());
        }
        let port = (self.connector)().await.map_err(|error| DisplayError { reason: error.to_string() })?;
        self.port = Some(port);
        tracing::info!("the port of the customer display is open");
        if !self.write(INITIALISE).await {
            self.port = None;
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        let Some(port) = &mut self.port else { return false };
        matches!(timeout(WRITE_TIMEOUT, port::send(port, bytes)).await, Ok(Ok(())))
    }
}

impl CustomerDisplay for Cd5220 {
    fn show<'a>(&'a mut self, lines: &'a [String; 2]) -> BoxFuture<'a, Result<(), DisplayError>> {
        Box::pin(async { self.send(&encode(lines)).await })
    }
}

/// The bytes that write both lines, each cut or filled up with spaces to the width of the display.
pub fn encode(lines: &[String; 2]) -> Vec<u8> {
    let mut out = CODE_SET_RUSSIAN.to_vec();
    for (command, line) in [UPPER_LINE, LOWER_LINE].into_iter().zip(lines) {
        out.extend_from_slice(command);
        let end = out.len() + COLUMNS;
        cp866::encode(line, &mut out);
        out.resize(end, b' ');
        out.push(LINE_END);
    }
    out
}
