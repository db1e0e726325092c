//! The sender's side of a channel: what may go out, what is on its way, what has been acknowledged.

use std::collections::VecDeque;

use tokio::time::Instant;

use super::pace::{DOCUMENTS_WAIT_MAX, Pace};
use super::{Incident, Window, fork};
use crate::chain::Place;

/// One batch never has more than this: it is one transaction at the receiver.
pub const BATCH_DOCUMENTS_MAX: usize = 500;
/// Bytes of a batch before compression: the body of a frame.
pub const BATCH_BYTES_MAX: usize = crate::frame::BODY_BYTES_MAX;

#[derive(Clone, Debug)]
pub struct Sending {
    peer: String,
    acked: Place,
    sent: u64,
    /// The last that ever went out in this session: `sent` goes back when something is asked for again.
    furthest: u64,
    window: Window,
    /// Places and sizes of what is on its way, in order.
    flight: VecDeque<(Place, usize)>,
    flight_bytes: usize,
    /// The last document of each batch that is on its way.
    batches: VecDeque<u64>,
    /// The window is what the receiver takes; this is what the line carries.
    pace: Pace,
}

/// What may be read from the outbox and sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub after: u64,
    pub documents: usize,
    pub bytes: usize,
}

impl Sending {
    /// Take up where the receiver stands; the two have been compared.
    pub fn resume(peer: &str, applied: Place, window: Window) -> Sending {
        let whose = peer.to_owned();
        let sent = applied.sequence;
        Sending {
            peer: whose,
            acked: applied,
            sent,
            furthest: sent,
            window,
            flight: VecDeque::new(),
            flight_bytes: 0,
            batches: VecDeque::new(),
            pace: Pace::new(DOCUMENTS_WAIT_MAX),
        }
    }

    pub fn acked(&self) -> Place {
        self.acked
    }

    pub fn sent(&self) -> u64 {
        self.sent
    }

    pub fn window(&self) -> Window {
        self.window
    }

    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    pub fn room(&self) -> Option<Room> {
        let documents = (self.window.documents as usize).saturating_sub(self.flight.len()).min(BATCH_DOCUMENTS_MAX);
        let taken = (self.window.bytes as usize).saturating_sub(self.flight_bytes).min(BATCH_BYTES_MAX);
        let bytes = self.pace.room()?.min(taken);
        (documents > 0 && bytes > 0).then_some(Room { after: self.sent, documents, bytes })
    }

    /// These were given to the transport, in order, right after what was sent before.
    pub fn sending(&mut self, documents: impl IntoIterator<Item = (Place, usize)>, now: Instant) {
        let bytes_before = self.flight_bytes;
        for (place, bytes) in documents {
            self.sent = place.sequence;
            self.flight_bytes += bytes;
            self.flight.push_back((place, bytes));
        }
        self.batches.push_back(self.sent);
        self.pace.sent(self.flight_bytes - bytes_before, now);
        self.furthest = self.furthest.max(self.sent);
    }

    /// The receiver has committed everything up to `place`. False if that was known.
    pub fn acknowledged(&mut self, place: Place, now: Instant) -> Result<bool, Incident> {
        if place.sequence <= self.acked.sequence {
            return Ok(false);
        }
        if place.sequence > self.furthest {
            let what = format!("it acknowledges document {}, {} were sent", place.sequence, self.furthest);
            return Err(Incident::Protocol { whose: self.peer.clone(), what });
        }
        while let Some((sent, bytes)) = self.flight.front().copied()
            && sent.sequence <= place.sequence
        {
            if sent.sequence == place.sequence && sent.chain != place.chain {
                return Err(fork(&self.peer, sent, place));
            }
            self.flight.pop_front();
            self.flight_bytes -= bytes;
        }
        while self.batches.front().is_some_and(|last| *last <= place.sequence) {
            self.batches.pop_front();
            self.pace.receipted(now);
        }
        self.acked = place;
        self.sent = self.sent.max(place.sequence);
        Ok(true)
    }

    /// The receiver misses `expected`: send again from there.
    pub fn missed(&mut self, expected: u64) -> Result<(), Incident> {
        if expected <= self.acked.sequence {
            // Asked before an acknowledgement that has come meanwhile.
            return Ok(());
        }
        if expected > self.furthest + 1 {
            let what = format!("it asks for document {expected}, {} were sent", self.furthest);
            return Err(Incident::Protocol { whose: self.peer.clone(), what });
        }
        while let Some((sent, bytes)) = self.flight.back().copied()
            && sent.sequence >= expected
        {
            self.flight.pop_back();
            self.flight_bytes -= bytes;
        }
        while self.batches.back().is_some_and(|last| *last >= expected) {
            self.batches.pop_back();
            self.pace.lost();
        }
        self.sent = self.sent.min(expected - 1);
        Ok(())
    }

    pub fn credit(&mut self, window: Window) {
        self.window = window;
    }
}
