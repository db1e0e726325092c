//! What both sessions share of a connection: frames read and checked, frames waiting to go out, signs of life.
//!
//! The queues out are drained while frames are read, so two nodes that both have much to say never wait for each other. They
//! are bounded: what a session makes by itself is made only while the queue of long frames is short, and a peer that asks
//! faster than it reads is cut off. Answers, acknowledgements and life signs go before documents and rows.
//!
//! A frame of a kind that is not known comes from a newer node. It is left unread: both speak of the rest as before.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::frame::{Bye, ByeReason, Frame, FrameError, Ping, Pong};
use crate::session::alive::{Alive, Due, Patience};
use crate::transport::Duplex;

/// Answers that may wait for a peer that does not read.
const QUEUE_MAX: usize = 128;
/// Frames that a session may make by itself ahead of the transport.
const SHORT_QUEUE: usize = 2;
/// The last frame gets so long to leave.
const BYE_WITHIN: Duration = Duration::from_secs(2);

/// Why a session ended, as an operator reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ended {
    #[error("the connection was closed")]
    Closed,
    #[error("nothing was heard for {} seconds", .0.as_secs_f64())]
    Dead(Duration),
    #[error("the other side reads too slowly")]
    Slow,
    #[error("a frame was refused: {0}")]
    BadFrame(#[from] FrameError),
    #[error("the other side ended the session: {sentence}")]
    Bye { reason: ByeReason, retry_after: Duration, sentence: String },
}

/// What [`Line::next`] has to say.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Frame(Box<Frame>),
    /// The queue has become short: more may be made.
    Room,
}

pub(crate) struct Line {
    duplex: Duplex,
    /// What somebody waits for.
    urgent: VecDeque<Vec<u8>>,
    /// Documents and rows.
    bulk: VecDeque<Vec<u8>>,
    alive: Alive,
    patience: Patience,
    /// When the last frame came, for whoever asks.
    heard: Option<Rc<Cell<Instant>>>,
    /// A kind that is not known came.
    unknown: Option<u8>,
}

impl Line {
    pub(crate) fn new(duplex: Duplex, patience: Patience) -> Line {
        Line {
            duplex,
            urgent: VecDeque::new(),
            bulk: VecDeque::new(),
            alive: Alive::new(Instant::now(), patience),
            patience,
            heard: None,
            unknown: None,
        }
    }

    /// The next frame that concerns the session. Sends what waits meanwhile, and answers pings. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<Heard, Ended> {
        loop {
            let due = self.alive.next();
            let bytes = tokio::select! {
                biased;
                () = self.duplex.cut.cancelled() => return Err(Ended::Closed),
                room = self.duplex.sender.reserve(), if self.waits() => {
                    let Ok(room) = room else {
                        // Nobody sends for us any more; a last word may have come before.
                        self.urgent.clear();
                        self.bulk.clear();
                        continue;
                    };
                    if let Some(frame) = self.urgent.pop_front() {
                        room.send(frame);
                    } else if let Some(frame) = self.bulk.pop_front() {
                        room.send(frame);
                        if self.bulk.len() + 1 == SHORT_QUEUE {
                            return Ok(Heard::Room);
                        }
                    }
                    continue;
                }
                bytes = self.duplex.receiver.recv() => Some(bytes.ok_or(Ended::Closed)?),
                () = tokio::time::sleep_until(due) => None,
            };
            let Some(bytes) = bytes else {
                match self.alive.due(Instant::now()) {
                    Due::Nothing => {}
                    Due::Ping(number) => self.send(&Frame::Ping(Ping { number }))?,
                    Due::Dead => return Err(Ended::Dead(self.patience.dead_after)),
                }
                continue;
            };
            self.alive.heard(Instant::now());
            if let Some(heard) = &self.heard {
                heard.set(Instant::now());
            }
            let frame = match Frame::decode(&bytes) {
                Err(FrameError::UnknownKind(kind)) => {
                    self.left_unread(kind);
                    continue;
                }
                read => read?,
            };
            match frame {
                Frame::Ping(Ping { number }) => self.send(&Frame::Pong(Pong { number }))?,
                Frame::Pong(Pong { number }) => self.alive.pong(number, Instant::now()),
                Frame::Bye(bye) => return Err(said(bye)),
                frame => return Ok(Heard::Frame(Box::new(frame))),
            }
        }
    }

    pub(crate) fn send(&mut self, frame: &Frame) -> Result<(), Ended> {
        if self.urgent.len() + self.bulk.len() >= QUEUE_MAX {
            return Err(Ended::Slow);
        }
        let queue = if frame.is_bulk() { &mut self.bulk } else { &mut self.urgent };
        queue.push_back(frame.encode()?);
        Ok(())
    }

    fn waits(&self) -> bool {
        !self.urgent.is_empty() || !self.bulk.is_empty()
    }

    fn left_unread(&mut self, kind: u8) {
        if self.unknown.replace(kind).is_none() {
            tracing::warn!(kind, "a frame of a kind that is not known is left unread: the other side is newer");
        }
    }

    /// Whether there is room for what need not be said at once: documents and rows.
    pub(crate) fn has_room(&self) -> bool {
        self.bulk.len() < SHORT_QUEUE
    }

    /// Ask whether the other side is there, without waiting until it was silent.
    pub(crate) fn ping(&mut self) -> Result<(), Ended> {
        let number = self.alive.ask(Instant::now());
        self.send(&Frame::Ping(Ping { number }))
    }

    /// Note in `heard` when a frame comes.
    pub(crate) fn tell_heard(&mut self, heard: Rc<Cell<Instant>>) {
        self.heard = Some(heard);
    }

    /// The other end is on this machine.
    pub(crate) fn is_near(&self) -> bool {
        self.duplex.near
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.alive.round_trip()
    }

    /// Send what waits and a last word, if the other side still takes it, and end.
    pub(crate) async fn bye(mut self, reason: ByeReason, retry_after: Duration, sentence: String) {
        let retry_after_ms = u32::try_from(retry_after.as_millis()).unwrap_or(u32::MAX);
        let bye = Frame::Bye(Bye { reason, retry_after_ms, sentence });
        let Ok(last) = bye.encode() else { return };
        let Duplex { sender, cut, .. } = self.duplex;
        let leave = async move {
            for frame in self.urgent.drain(..).chain(self.bulk.drain(..)).chain([last]) {
                if sender.send(frame).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            biased;
            () = cut.cancelled() => {}
            _ = tokio::time::timeout(BYE_WITHIN, leave) => {}
        }
    }
}

fn said(bye: Bye) -> Ended {
    Ended::Bye {
        reason: bye.reason,
        retry_after: Duration::from_millis(u64::from(bye.retry_after_ms)),
        sentence: bye.sentence,
    }
}
