//! CAS ECR scales (AP, ER, PD-II): the host says ENQ, the scale ACK, the host DC1, the scale a block of weight.
//!
//! Asking changes nothing in the scale, so whatever goes wrong on the line is asked again, a few times. What an earlier
//! call left behind, because it was dropped or came late, is never taken for an answer to this one: it is forgotten
//! before ENQ is sent, and a block counts only after an ACK.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::{Scale, ScaleError, Weight};
use crate::port::{BytePort, Connector};
use codec::{Decoder, Item};

pub mod codec;

/// Times that a call asks a scale that is busy, or whose line is noisy or was lost.
const TRIES_MAX: u32 = 3;
/// Four blocks fit, so one read takes whatever a scale has to say.
const READ_BYTES: usize = 64;

/// How long the scale is waited for. The defaults are those of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the answer to ENQ.
    pub enquiry: Duration,
    /// For the block of weight.
    pub block: Duration,
    /// Silence after bytes that are no whole answer, which ends the wait for one.
    pub byte: Duration,
    /// Between two questions to a busy scale; it weighs about ten times a second.
    pub busy: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            enquiry: Duration::from_secs(3),
            block: Duration::from_secs(1),
            byte: Duration::from_millis(200),
            busy: Duration::from_millis(100),
        }
    }
}

pub struct Cas {
    connector: Connector,
    timing: Timing,
    port: Option<Box<dyn BytePort>>,
    decoder: Decoder,
}

/// Why one try failed.
enum Trouble {
    NotOpened(String),
    /// The port is gone.
    Lost,
    Silent,
    Busy,
    Unclear(String),
}

impl Cas {
    pub fn new(connector: Connector) -> Cas {
        Cas::with_timing(connector, Timing::default())
    }

    pub fn with_timing(connector: Connector, timing: Timing) -> Cas {
        Cas { connector, timing, port: None, decoder: Decoder::default() }
    }

    async fn ask(&mut self) -> Result<Weight, ScaleError> {
        let mut error = ScaleError::NoAnswer;
        for _ in 0..TRIES_MAX {
            error = match self.try_once().await {
                Ok(weight) => return Ok(weight),
                Err(Trouble::NotOpened(reason)) => return Err(ScaleError::Offline { reason }),
                Err(Trouble::Silent) => {
                    // A line that opened and stays silent may be half closed: open it anew the next time.
                    self.port = None;
                    return Err(ScaleError::NoAnswer);
                }
                Err(Trouble::Lost) => {
                    self.port = None;
                    ScaleError::Offline { reason: "the line is closed".into() }
                }
                Err(Trouble::Busy) => {
                    tokio::time::sleep(self.timing.busy).await;
                    ScaleError::NoAnswer
                }
                Err(Trouble::Unclear(what)) => {
                    tracing::warn!(what, "the scale is asked again");
                    ScaleError::Protocol { what }
                }
            };
        }
        Err(error)
    }

    async fn try_once(&mut self) -> Result<Weight, Trouble> {
        self.open().await?;
        let deadline = Instant::now() + self.timing.enquiry;
        self.write(codec::ENQ, deadline).await?;
        loop {
            match self.hear(deadline).await? {
                Item::Ack => break,
                Item::Nak => return Err(Trouble::Busy),
                // The answer to an earlier call.
                Item::Block(_) => {}
            }
        }
        let deadline = Instant::now() + self.timing.block;
        self.write(codec::DC1, deadline).await?;
        loop {
            match self.hear(deadline).await? {
                Item::Block(Ok(weight)) => return Ok(weight),
                Item::Block(Err(bad)) => return Err(Trouble::Unclear(bad.to_string())),
                Item::Nak => return Err(Trouble::Busy),
                Item::Ack => {}
            }
        }
    }

    /// Open the port if it is not, and forget what has come since the last answer.
    async fn open(&mut self) -> Result<(), Trouble> {
        self.decoder.clear();
        let mut bytes = [0; READ_BYTES];
        while let Some(port) = &mut self.port {
            match port.read(&mut bytes).now_or_never() {
                None => return Ok(()),
                Some(Ok(count)) if count > 0 => {}
                Some(_) => self.port = None,
            }
        }
        let port = (self.connector)().await.map_err(|error| Trouble::NotOpened(error.to_string()))?;
        self.port = Some(port);
        tracing::info!("the port of the scale is open");
        Ok(())
    }

    async fn write(&mut self, byte: u8, deadline: Instant) -> Result<(), Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        let written = timeout_at(deadline, async {
            port.write_all(&[byte]).await?;
            port.flush().await
        });
        if matches!(written.await, Ok(Ok(()))) { Ok(()) } else { Err(Trouble::Lost) }
    }

    async fn hear(&mut self, limit: Instant) -> Result<Item, Trouble> {
        let mut deadline = limit;
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(item) = self.decoder.next_item() {
                return Ok(item);
            }
            let port = self.port.as_mut().ok_or(Trouble::Lost)?;
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => {
                    self.decoder.feed(&bytes[..count]);
                    deadline = limit.min(Instant::now() + self.timing.byte);
                }
                Ok(_) => return Err(Trouble::Lost),
                Err(_) if deadline < limit => return Err(Trouble::Unclear("it is no answer of this protocol".into())),
                Err(_) => return Err(Trouble::Silent),
            }
        }
    }
}

impl Scale for Cas {
    fn weigh(&mut self) -> BoxFuture<'_, Result<Weight, ScaleError>> {
        Box::pin(self.ask())
    }
}
