//! What is surely known of a scale's memory, and how it changes. It survives restarts.

use std::collections::BTreeMap;

use crate::plan::Digest;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// It holds what was written by us and nothing else; where that is not known it is emptied first.
    pub begun: bool,
    /// By PLU what lies there; nothing: it may be anything, or not be there.
    pub items: BTreeMap<u32, Option<Digest>>,
    /// Of the keys that were set.
    pub keys: Option<Digest>,
    /// When it was last gone through, by the shop's clock.
    pub checked_ms: Option<i64>,
    /// Somebody took everything off on purpose.
    pub paused: bool,
}

/// A change of what is known, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Anything may lie on it, also at numbers that were never written.
    Strange,
    /// Nothing lies on it any more.
    Emptied,
    /// What lies at these numbers may be anything.
    Unknown(Vec<u32>),
    There(Vec<(u32, Digest)>),
    Gone(Vec<u32>),
    Keys(Digest),
    Checked(i64),
    Paused(bool),
}

impl Known {
    pub fn apply(&mut self, note: &Note) {
        match note {
            Note::Strange => {
                self.begun = false;
                self.items.values_mut().for_each(|digest| *digest = None);
            }
            Note::Emptied => {
                self.begun = true;
                self.items.clear();
                self.keys = None;
            }
            Note::Unknown(plus) => self.items.extend(plus.iter().map(|plu| (*plu, None))),
            Note::There(items) => self.items.extend(items.iter().map(|(plu, digest)| (*plu, Some(*digest)))),
            Note::Gone(plus) => self.items.retain(|plu, _| plus.binary_search(plu).is_err()),
            Note::Keys(digest) => self.keys = Some(*digest),
            Note::Checked(at_ms) => self.checked_ms = Some(*at_ms),
            Note::Paused(is_paused) => self.paused = *is_paused,
        }
    }
}
