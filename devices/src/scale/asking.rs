//! How a scale is asked, whatever it speaks: the port, deadlines and repetitions, once for all protocols.
//!
//! Asking changes nothing in a scale, so whatever goes wrong on the line is asked again, a few times. What an earlier call
//! left behind, because it was dropped or came late, is never taken for an answer to this one: it is forgotten before the
//! first word is sent, and a protocol takes a weight only after the answer that must come before it.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};

use super::{Scale, ScaleError, Weight};
use crate::port::{self, BytePort, Connector};

/// Times that a call asks a scale that is busy, or whose line is noisy or was lost.
const TRIES_MAX: u32 = 3;
/// Four of the longest answers fit, so one read takes whatever a scale has to say.
const READ_BYTES: usize = 256;

/// How long the scale is waited for. The defaults are those of the protocols.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For the answer to the first word.
    pub first: Duration,
    /// For the answer to each word after it.
    pub later: Duration,
    /// Silence after bytes that are no whole answer, which ends the wait for one.
    pub byte: Duration,
    /// Between two questions to a busy scale; it weighs about ten times a second.
    pub busy: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            first: Duration::from_secs(3),
            later: Duration::from_secs(1),
            byte: Duration::from_millis(200),
            busy: Duration::from_millis(100),
        }
    }
}

/// What the bytes of a scale ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Say this, and listen on.
    Say(&'static [u8]),
    Weight(Weight),
    /// Asked again in a moment.
    Busy,
    /// No answer of the protocol, or a refusal: in words.
    Unclear(String),
}

/// A protocol: pure, fed with bytes as they come. It survives any bytes and keeps no more than one unfinished answer.
pub trait Dialogue: Default + Send {
    /// The first word of a question. What was heard before it is forgotten.
    fn ask(&mut self) -> &'static [u8];
    fn feed(&mut self, bytes: &[u8]);
    /// The next step, or nothing until more bytes are fed.
    fn next_step(&mut self) -> Option<Step>;
}

/// A scale that is asked in this way.
pub struct Asking<D> {
    connector: Connector,
    timing: Timing,
    port: Option<Box<dyn BytePort>>,
    dialogue: D,
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

impl<D: Dialogue> Asking<D> {
    pub fn new(connector: Connector) -> Asking<D> {
        Asking::with_timing(connector, Timing::default())
    }

    pub fn with_timing(connector: Connector, timing: Timing) -> Asking<D> {
        Asking { connector, timing, port: None, dialogue: D::default() }
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
        let mut deadline = Instant::now() + self.timing.first;
        let word = self.dialogue.ask();
        self.write(word, deadline).await?;
        loop {
            match self.hear(deadline).await? {
                Step::Say(word) => {
                    deadline = Instant::now() + self.timing.later;
                    self.write(word, deadline).await?;
                }
                Step::Weight(weight) => return Ok(weight),
                Step::Busy => return Err(Trouble::Busy),
                Step::Unclear(what) => return Err(Trouble::Unclear(what)),
            }
        }
    }

    /// Open the port if it is not, and forget what has come since the last answer.
    async fn open(&mut self) -> Result<(), Trouble> {
        if port::forget_heard(&mut self.port) {
            return Ok(());
        }
        let port = (self.connector)().await.map_err(|error| Trouble::NotOpened(error.to_string()))?;
        self.port = Some(port);
        tracing::info!("the port of the scale is open");
        Ok(())
    }

    async fn write(&mut self, word: &[u8], deadline: Instant) -> Result<(), Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        if matches!(timeout_at(deadline, port::send(port, word)).await, Ok(Ok(()))) {
            Ok(())
        } else {
            Err(Trouble::Lost)
        }
    }

    async fn hear(&mut self, limit: Instant) -> Result<Step, Trouble> {
        let mut deadline = limit;
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(step) = self.dialogue.next_step() {
                return Ok(step);
            }
            let port = self.port.as_mut().ok_or(Trouble::Lost)?;
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => {
                    self.dialogue.feed(&bytes[..count]);
                    deadline = limit.min(Instant::now() + self.timing.byte);
                }
                Ok(_) => return Err(Trouble::Lost),
                Err(_) if deadline < limit => return Err(Trouble::Unclear("it is no answer of this protocol".into())),
                Err(_) => return Err(Trouble::Silent),
            }
        }
    }
}

impl<D: Dialogue> Scale for Asking<D> {
    fn weigh(&mut self) -> BoxFuture<'_, Result<Weight, ScaleError>> {
        Box::pin(self.ask())
    }
}

/// Bytes that came and are not consumed yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    bytes: Vec<u8>,
    /// Everything before this is consumed.
    at: usize,
}

impl Heard {
    pub(super) fn feed(&mut self, bytes: impl Iterator<Item = u8>) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend(bytes);
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
    }

    /// Go to the next byte that may begin an answer. False: there is none yet.
    pub(super) fn find(&mut self, begins: impl Fn(u8) -> bool) -> bool {
        let found = self.rest().iter().position(|byte| begins(*byte));
        self.skip(found.unwrap_or(self.rest().len()));
        found.is_some()
    }
}
