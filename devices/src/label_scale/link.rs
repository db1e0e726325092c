//! One line to a label scale: questions, answers, and what is forgotten in between.
//!
//! Everything that is asked may be asked again. What must never happen is that a late answer to one question is taken
//! for an answer to the next, because answers do not say what they answer. So a port that owes an answer is dropped
//! before anything else is asked: a new port has a new number or connection, and late answers go to the old one.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::LabelScaleError;
use crate::port::{BytePort, Connector};

/// Times that a question is asked when it is not answered.
pub(super) const TRIES_MAX: u32 = 3;
/// Times that a scale is asked which says that it is busy.
pub(super) const BUSY_TRIES_MAX: u32 = 10;
/// More than the longest datagram of any of the protocols, so that one read takes a whole one.
const READ_BYTES: usize = 4096;

/// How long a scale is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For an answer.
    pub answer: Duration,
    /// Before a scale that is busy is asked again.
    pub busy: Duration,
    /// Between two looks whether the memory is cleared.
    pub poll: Duration,
    /// For the memory to be cleared.
    pub clear: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            answer: Duration::from_secs(2),
            busy: Duration::from_secs(2),
            poll: Duration::from_millis(200),
            clear: Duration::from_secs(60),
        }
    }
}

/// Bytes into what they say. Never panics and keeps at most one unfinished frame.
pub trait Decode: Send {
    type Item;
    fn feed(&mut self, bytes: &[u8]);
    fn next_item(&mut self) -> Option<Self::Item>;
    fn clear(&mut self);
}

/// What the bytes at the beginning of a stream are.
pub(super) enum Step<I> {
    /// Nothing begins with so many of them.
    Skip(usize),
    /// A frame whose end has not come yet.
    Wait,
    /// What so many of them say.
    Item(I, usize),
}

/// A decoder of a stream of frames: a pure look at its beginning, again and again.
#[derive(Debug)]
pub struct Frames<I> {
    step: fn(&[u8]) -> Step<I>,
    bytes: Vec<u8>,
    /// Everything before this is consumed.
    at: usize,
}

impl<I> Frames<I> {
    pub(super) fn new(step: fn(&[u8]) -> Step<I>) -> Frames<I> {
        Frames { step, bytes: Vec::new(), at: 0 }
    }
}

impl<I> Decode for Frames<I> {
    type Item = I;

    fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    fn next_item(&mut self) -> Option<I> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            match (self.step)(rest) {
                Step::Skip(count) => self.at += count,
                Step::Wait => return None,
                Step::Item(item, count) => {
                    self.at += count;
                    return Some(item);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
    }
}

/// Why one try failed.
#[derive(Debug)]
pub(super) enum Trouble {
    NotOpened(String),
    /// The port is gone.
    Lost,
    Silent,
    Busy,
    Unclear(String),
    /// The scale said no.
    Refused(LabelScaleError),
}

pub(super) struct Link<D> {
    connector: Connector,
    pub(super) timing: Timing,
    port: Option<Box<dyn BytePort>>,
    decoder: D,
    /// A question was sent and not answered yet.
    owes: bool,
}

impl<D: Decode> Link<D> {
    pub(super) fn new(connector: Connector, timing: Timing, decoder: D) -> Link<D> {
        Link { connector, timing, port: None, decoder, owes: false }
    }

    pub(super) fn close(&mut self) {
        self.port = None;
    }

    /// Begin a question: a port that owes nothing is open, and what came unasked is forgotten.
    pub(super) async fn begin(&mut self) -> Result<(), Trouble> {
        self.decoder.clear();
        if self.owes {
            self.port = None;
        }
        let mut bytes = [0; READ_BYTES];
        while let Some(port) = &mut self.port {
            match port.read(&mut bytes).now_or_never() {
                None => break,
                Some(Ok(count)) if count > 0 => {}
                Some(_) => self.port = None,
            }
        }
        if self.port.is_none() {
            self.port = Some((self.connector)().await.map_err(|error| Trouble::NotOpened(error.to_string()))?);
            self.owes = false;
        }
        Ok(())
    }

    /// Send a frame and hear what comes until `pick` takes it for the answer.
    pub(super) async fn ask_once<A>(
        &mut self,
        frame: &[u8],
        pick: impl Fn(D::Item) -> Option<Result<A, Trouble>>,
    ) -> Result<A, Trouble> {
        self.owes = true;
        self.write(frame).await?;
        let deadline = Instant::now() + self.timing.answer;
        loop {
            if let Some(picked) = pick(self.hear(deadline).await?) {
                self.owes = picked.is_err();
                return picked;
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let port = self.port.as_mut().ok_or(Trouble::Lost)?;
        let written = timeout_at(Instant::now() + self.timing.answer, async {
            port.write_all(bytes).await?;
            port.flush().await
        });
        if matches!(written.await, Ok(Ok(()))) { Ok(()) } else { Err(Trouble::Lost) }
    }

    pub(super) async fn hear(&mut self, deadline: Instant) -> Result<D::Item, Trouble> {
        let mut bytes = [0; READ_BYTES];
        // A line that never falls silent is given up too.
        while Instant::now() < deadline {
            if let Some(item) = self.decoder.next_item() {
                return Ok(item);
            }
            let port = self.port.as_mut().ok_or(Trouble::Lost)?;
            match timeout_at(deadline, port.read(&mut bytes)).await {
                Ok(Ok(count)) if count > 0 => self.decoder.feed(&bytes[..count]),
                Ok(_) => return Err(Trouble::Lost),
                Err(_) => break,
            }
        }
        Err(Trouble::Silent)
    }

    /// What a try that failed means, after the pause that it wants. `Err` if trying again is in vain.
    pub(super) async fn failed(&mut self, trouble: Trouble) -> Result<LabelScaleError, LabelScaleError> {
        self.port = None;
        match trouble {
            Trouble::NotOpened(reason) => Err(LabelScaleError::Offline { reason }),
            Trouble::Lost => Ok(LabelScaleError::Offline { reason: "the line is closed".into() }),
            Trouble::Silent => Ok(LabelScaleError::NoAnswer),
            Trouble::Busy => {
                tokio::time::sleep(self.timing.busy).await;
                Ok(LabelScaleError::Busy)
            }
            Trouble::Refused(error) => Ok(error),
            Trouble::Unclear(what) => {
                tracing::warn!(what, "the scale is asked again");
                Ok(LabelScaleError::Protocol { what })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::label_scale::{cas_cl5000, massak_vpm};

    /// What is kept of bytes that may still become a frame, after everything was taken out.
    fn kept<I>(mut frames: Frames<I>, pieces: &[Vec<u8>]) -> usize {
        let mut most = 0;
        for piece in pieces {
            frames.feed(piece);
            while frames.next_item().is_some() {}
            most = most.max(frames.bytes.len() - frames.at);
        }
        most
    }

    proptest! {
        #[test]
        fn little_is_kept_of_any_bytes(mut pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8)) {
            // Beginnings of the longest frames, which are waited for the longest.
            pieces.push([&[0xF8, 0x55, 0xCE, 0x08, 0x04][..], &[0; 2000]].concat());
            pieces.push([&b"WL\0\0\0\0,\x00\x02:"[..], &[0; 2000]].concat());
            let longest = massak_vpm::codec::BODY_BYTES_MAX + 7;
            prop_assert!(kept(massak_vpm::codec::decoder(), &pieces) < longest);
            let longest = cas_cl5000::codec::DATA_BYTES_MAX + 13;
            prop_assert!(kept(cas_cl5000::codec::decoder(), &pieces) < longest);
        }
    }
}
