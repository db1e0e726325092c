//! The receiver's side of a channel: takes the next documents in order, hands them out in batches, moves when they are
//! committed.

use std::collections::VecDeque;

use super::sending::{BATCH_BYTES_MAX, BATCH_DOCUMENTS_MAX};
use super::{Incident, Window, fork};
use crate::chain::Place;
use crate::frame::Numbered;
use crate::frame::batch::ENVELOPE_BYTES_MAX;
use crate::outbox::DOCUMENT_BYTES_MAX;

#[derive(Clone, Debug)]
pub struct Receiving {
    peer: String,
    applied: Place,
    /// The last document that was taken, committed or not.
    taken: Place,
    waiting: VecDeque<Numbered>,
    /// Bytes taken and not committed.
    bytes: usize,
    /// Bytes of the batch that is being committed.
    batch_bytes: usize,
    window: Window,
    /// The widest window given in this session: what a fair sender may have on the way.
    widest: Window,
    gap_told: bool,
}

/// What to tell the sender at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Nothing,
    /// All of it was known: say so again.
    Again(Place),
    Missing {
        expected: u64,
    },
}

impl Receiving {
    /// Take up where `applied` is; the two have been compared.
    pub fn resume(peer: &str, applied: Place, window: Window) -> Receiving {
        Receiving {
            peer: peer.to_owned(),
            applied,
            taken: applied,
            waiting: VecDeque::new(),
            bytes: 0,
            batch_bytes: 0,
            window,
            widest: window,
            gap_told: false,
        }
    }

    pub fn applied(&self) -> Place {
        self.applied
    }

    pub fn window(&self) -> Window {
        self.window
    }

    /// Documents taken and not committed.
    pub fn pending(&self) -> u64 {
        self.taken.sequence - self.applied.sequence
    }

    pub fn take(&mut self, documents: Vec<Numbered>) -> Result<Answer, Incident> {
        let mut taken_any = false;
        for numbered in documents {
            let expected = self.taken.sequence + 1;
            let theirs = numbered.place;
            if theirs.sequence < expected {
                continue;
            }
            if theirs.sequence > expected {
                if self.gap_told {
                    return Ok(Answer::Nothing);
                }
                self.gap_told = true;
                return Ok(Answer::Missing { expected });
            }
            let ours = self.taken.next(numbered.document.id, &numbered.document.body);
            if ours.chain != theirs.chain {
                return Err(fork(&self.peer, ours, theirs));
            }
            self.overrun(&numbered)?;
            self.taken = ours;
            self.gap_told = false;
            self.bytes += size(&numbered);
            self.waiting.push_back(numbered);
            taken_any = true;
        }
        Ok(if taken_any { Answer::Nothing } else { Answer::Again(self.applied) })
    }

    fn overrun(&self, numbered: &Numbered) -> Result<(), Incident> {
        let whose = || self.peer.clone();
        let bytes_max = self.widest.bytes as usize + DOCUMENT_BYTES_MAX + ENVELOPE_BYTES_MAX;
        if self.pending() >= u64::from(self.widest.documents) || self.bytes + size(numbered) > bytes_max {
            return Err(Incident::Protocol { whose: whose(), what: "it sends more than its window".to_owned() });
        }
        if numbered.document.body.len() > DOCUMENT_BYTES_MAX {
            let what = format!("document {} is larger than {DOCUMENT_BYTES_MAX} bytes", numbered.place.sequence);
            return Err(Incident::Protocol { whose: whose(), what });
        }
        Ok(())
    }

    /// Everything that waits, up to the size of one transaction. It must be committed before the next is asked for.
    pub fn next_batch(&mut self) -> Option<Vec<Numbered>> {
        let mut batch = Vec::new();
        self.batch_bytes = 0;
        while let Some(next) = self.waiting.front() {
            let bytes = size(next);
            if batch.len() == BATCH_DOCUMENTS_MAX || (!batch.is_empty() && self.batch_bytes + bytes > BATCH_BYTES_MAX) {
                break;
            }
            self.batch_bytes += bytes;
            batch.extend(self.waiting.pop_front());
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// The batch is in the database, up to `place`.
    pub fn committed(&mut self, place: Place) {
        self.applied = place;
        self.bytes -= self.batch_bytes;
        self.batch_bytes = 0;
    }

    /// A slow or failing database gets little at a time, a good one the full window. The window to tell, if it changed.
    pub fn pace(&mut self, good: bool) -> Option<Window> {
        let Window { documents, bytes } = self.widest;
        let slow = Window { documents: SLOW.documents.min(documents), bytes: SLOW.bytes.min(bytes) };
        let wanted = if good { self.widest } else { slow };
        (wanted != self.window).then(|| {
            self.window = wanted;
            wanted
        })
    }
}

/// The window for a database that is slow or fails: one small batch.
const SLOW: Window = Window { documents: 16, bytes: 64 * 1024 };

fn size(numbered: &Numbered) -> usize {
    numbered.document.body.len() + ENVELOPE_BYTES_MAX
}
