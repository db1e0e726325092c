//! The electronic journal: entries that are only appended, each holding the hash of the one before it.
//!
//! Invariant J-1: an entry that was changed, removed or put in between breaks the chain at its own number, and
//! [`verify`] names it.

use std::fmt;

use sha2::{Digest, Sha256};

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Before the first entry.
    pub const START: Hash = Hash([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 before the first.
    pub sequence: u64,
    pub hash: Hash,
}

impl Head {
    pub const START: Head = Head { sequence: 0, hash: Hash::START };

    /// Make the next entry and move on to it.
    pub fn append(&mut self, at_ms: i64, kind: &'static str, body: Vec<u8>) -> Entry {
        let (sequence, previous) = (self.sequence + 1, self.hash);
        let hash = hash_of(sequence, at_ms, kind, &body, previous);
        *self = Head { sequence, hash };
        Entry { sequence, at_ms, kind: kind.into(), body, previous, hash }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub sequence: u64,
    pub at_ms: i64,
    pub kind: std::borrow::Cow<'static, str>,
    pub body: Vec<u8>,
    pub previous: Hash,
    pub hash: Hash,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {sequence} of the journal was changed after it was written")]
    Changed { sequence: u64 },
    #[error("entry {expected} of the journal is missing: {found} follows the one before it")]
    Missing { expected: u64, found: u64 },
    #[error("entry {sequence} of the journal does not follow from the one before it")]
    Unchained { sequence: u64 },
    #[error("the journal ends at entry {found}, but {expected} were written")]
    CutOff { expected: u64, found: u64 },
}

/// Check that `entry` follows `head`; answers the new head.
pub fn verify(head: Head, entry: &Entry) -> Result<Head, Broken> {
    let expected = head.sequence + 1;
    if entry.sequence != expected {
        return Err(Broken::Missing { expected, found: entry.sequence });
    }
    if hash_of(entry.sequence, entry.at_ms, &entry.kind, &entry.body, entry.previous) != entry.hash {
        return Err(Broken::Changed { sequence: entry.sequence });
    }
    if entry.previous != head.hash {
        return Err(Broken::Unchained { sequence: entry.sequence });
    }
    Ok(Head { sequence: entry.sequence, hash: entry.hash })
}

/// Check that a chain verified up to `found` is the whole of what was written.
pub fn verify_end(written: Head, found: Head) -> Result<(), Broken> {
    if found.sequence < written.sequence {
        return Err(Broken::CutOff { expected: written.sequence, found: found.sequence });
    }
    if found == written { Ok(()) } else { Err(Broken::Unchained { sequence: found.sequence }) }
}

/// Lengths stand before what varies, so no two entries have the same bytes.
fn hash_of(sequence: u64, at_ms: i64, kind: &str, body: &[u8], previous: Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(sequence.to_be_bytes());
    hasher.update(at_ms.to_be_bytes());
    hasher.update(u64::try_from(kind.len()).unwrap_or(u64::MAX).to_be_bytes());
    hasher.update(kind.as_bytes());
    hasher.update(body);
    Hash(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (Head, Vec<Entry>) {
        let mut head = Head::START;
        let entries = (1..=4).map(|n| head.append(n, "line", vec![u8::try_from(n).expect("small")])).collect();
        (head, entries)
    }

    fn check(entries: &[Entry], written: Head) -> Result<(), Broken> {
        let found = entries.iter().try_fold(Head::START, verify)?;
        verify_end(written, found)
    }

    #[test]
    fn a_broken_entry_is_named() {
        let (head, entries) = written();
        assert_eq!(check(&entries, head), Ok(()));
        let mut changed = entries.clone();
        changed[1].body = vec![9];
        assert_eq!(check(&changed, head), Err(Broken::Changed { sequence: 2 }));
        let mut forged = entries.clone();
        forged[1] = Head { sequence: 1, hash: forged[0].hash }.append(7, "line", vec![9]);
        assert_eq!(check(&forged, head), Err(Broken::Unchained { sequence: 3 }));
        let mut removed = entries.clone();
        removed.remove(2);
        assert_eq!(check(&removed, head), Err(Broken::Missing { expected: 3, found: 4 }));
        assert_eq!(check(&entries[..3], head), Err(Broken::CutOff { expected: 4, found: 3 }));
    }
}
