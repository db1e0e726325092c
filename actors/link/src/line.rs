//! What both sessions share of a connection: frames read and checked, frames waiting to go out, signs of life.
//!
//! The queue out is drained while frames are read, so two nodes that both have much to say never wait for each other. It is
//! bounded: what a session makes by itself is made only while the queue is short, and a peer that asks faster than it
//! reads is cut off.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::frame::{Bye, ByeReason, Frame, FrameError, Ping, Pong};
use crate::session::alive::{Alive, Due};
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
    #[error("nothing was heard for 50 seconds")]
    Dead,
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
    queue: VecDeque<Vec<u8>>,
    alive: Alive,
    /// When the last frame came, for whoever asks.
    heard: Option<Rc<Cell<Instant>>>,
}

impl Line {
    pub(crate) fn new(duplex: Duplex) -> Line {
        Line { duplex, queue: VecDeque::new(), alive: Alive::new(Instant::now()), heard: None }
    }

    /// The next frame that concerns the session. Sends what waits meanwhile, and answers pings. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<Heard, Ended> {
        loop {
            let due = self.alive.next();
            let bytes = tokio::select! {
                biased;
                () = self.duplex.cut.cancelled() => return Err(Ended::Closed),
                room = self.duplex.sender.reserve(), if !self.queue.is_empty() => {
                    let Ok(room) = room else {
                        // Nobody sends for us any more; a last word may have come before.
                        self.queue.clear();
                        continue;
                    };
                    if let Some(frame) = self.queue.pop_front() {
                        room.send(frame);
                    }
                    if self.queue.len() + 1 == SHORT_QUEUE {
                        return Ok(Heard::Room);
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
                    Due::Dead => return Err(Ended::Dead),
                }
                continue;
            };
            self.alive.heard(Instant::now());
            if let Some(heard) = &self.heard {
                heard.set(Instant::now());
            }
            match Frame::decode(&bytes)? {
                Frame::Ping(Ping { number }) => self.send(&Frame::Pong(Pong { number }))?,
                Frame::Pong(Pong { number }) => self.alive.pong(number, Instant::now()),
                Frame::Bye(bye) => return Err(said(bye)),
                frame => return Ok(Heard::Frame(Box::new(frame))),
            }
        }
    }

    pub(crate) fn send(&mut self, frame: &Frame) -> Result<(), Ended> {
        if self.queue.len() >= QUEUE_MAX {
            return Err(Ended::Slow);
        }
        self.queue.push_back(frame.encode()?);
        Ok(())
    }

    /// Whether there is room for what need not be said at once: documents and rows.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.len() < SHORT_QUEUE
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
            for frame in self.queue.drain(..).chain([last]) {
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
