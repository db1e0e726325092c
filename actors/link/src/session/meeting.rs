//! Two databases meet and compare what they remember of each other. Any of them may have been put back from a backup, made
//! anew, or be the copy of a machine that still runs.
//!
//! | what is seen | what it means | what follows |
//! |---|---|---|
//! | chains equal at the upper node's place | all well, or the upper node went back | go on from there, from the archive if need be |
//! | the upper node has more, or another history | the lower node went back | it draws another incarnation and takes back what it lost |
//! | another session of the node lives, and answers | a copy of a running machine | it is refused until the other is gone |
//! | an incarnation that another took the place of | the machine that was copied comes back | it is refused until an operator decides |
//!
//! Invariants:
//! - LK-10 Nobody takes the place of a session at whose end somebody answers.
//! - LK-11 A place is given again only to a database that first takes back what stands there.

use super::{Incident, fork};
use crate::chain::{Chain, Place};

/// What the upper node remembers of a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The last document that is committed.
    pub applied: Place,
    /// The incarnation that says Hello now is the one that counts.
    pub counts: bool,
    /// It did, and another took its place.
    pub replaced: bool,
}

impl Known {
    /// May a node that says Hello be welcomed? `lives`: another session of it does, and
    /// the node at its end answers.
    pub fn meets(&self, peer: &str, lives: bool) -> Result<(), Incident> {
        let whose = || peer.to_owned();
        if self.replaced {
            return Err(Incident::Superseded { whose: whose() });
        }
        if lives { Err(Incident::Cloned { whose: whose() }) } else { Ok(()) }
    }
}

/// What the lower node remembers of itself, and of what the upper node said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The end of the outbox.
    pub last: Place,
    /// What the upper node had acknowledged.
    pub acked: Place,
    /// The upper node knows where this database stands.
    pub compared: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    GoOn,
    /// This database is an old copy: draw another incarnation and come again.
    Renew,
    /// Take back everything from what was acknowledged up to the upper node's place.
    Recover,
}

impl Own {
    /// `applied` is the upper node's place, `here` our chain there if we still know it.
    pub fn meets(&self, peer: &str, applied: Place, here: Option<Chain>) -> Result<Verdict, Incident> {
        if applied.sequence < self.acked.sequence {
            return match here {
                Some(chain) if chain == applied.chain => Ok(Verdict::GoOn),
                Some(chain) => Err(fork(peer, Place { sequence: applied.sequence, chain }, applied)),
                None => Err(self.too_old(peer, applied)),
            };
        }
        if applied.sequence <= self.last.sequence && here == Some(applied.chain) {
            return Ok(Verdict::GoOn);
        }
        Ok(if self.compared { Verdict::Renew } else { Verdict::Recover })
    }

    /// The upper node went back further than anything is kept here.
    pub fn too_old(&self, peer: &str, applied: Place) -> Incident {
        let (ours, theirs) = (self.acked.sequence, applied.sequence);
        Incident::ReceiverWentBack { whose: peer.to_owned(), ours, theirs }
    }
}
