//! Whether two nodes have the same rows of a dataset, told in 16 bytes, and where they differ, told in 16 KiB.
//!
//! The digest of a dataset is the sum, modulo 2^128, of a hash of each row, so that it does not matter in which order rows
//! are read. By its key each row belongs to one of 1,024 buckets, which have sums of their own. A removed row counts for
//! nothing, because a till keeps no tombstones. Digests are compared at one and the same version only.
//!
//! Written down for others in `deploy/PROTOCOL.md`.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Change;
use crate::frame::batch::row_bytes;

/// Parts into which a dataset is divided by the keys of its rows.
pub const BUCKETS: usize = 1_024;
/// A set of buckets as it travels: bit `n % 8` of byte `n / 8` is bucket `n`.
pub type BucketBits = [u8; BUCKETS / 8];
/// Keys that a person is shown of rows that were mended.
pub const KEYS_SHOWN_MAX: usize = 20;
/// Signs of a key that a person is shown.
const KEY_SHOWN_CHARS_MAX: usize = 40;

/// The sums of a dataset by buckets, with what the rows of each take in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    sums: Vec<u128>,
    bytes: Vec<usize>,
    rows: u64,
}

impl Default for Sums {
    fn default() -> Sums {
        Sums { sums: vec![0; BUCKETS], bytes: vec![0; BUCKETS], rows: 0 }
    }
}

impl Sums {
    pub fn add(&mut self, row: &Change) {
        let bucket = bucket_of(&row.key);
        self.bytes[bucket] += row_bytes(row);
        if !row.deleted {
            self.rows += 1;
            self.sums[bucket] = self.sums[bucket].wrapping_add(hash(row));
        }
    }

    pub fn total(&self) -> u128 {
        self.sums.iter().fold(0, |total, sum| total.wrapping_add(*sum))
    }

    /// Rows that are not removed.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn buckets(&self) -> &[u128] {
        &self.sums
    }

    /// The first buckets that differ from `theirs`, as many as hold `bytes_max` together, and one at least if any does.
    pub fn wrong(&self, theirs: &[u128], bytes_max: usize) -> Buckets {
        let mut wrong = Buckets::default();
        let mut bytes = 0;
        let differ = (0..BUCKETS).filter(|bucket| theirs.get(*bucket) != Some(&self.sums[*bucket]));
        for bucket in differ {
            bytes += self.bytes[bucket];
            if bytes > bytes_max && !wrong.is_empty() {
                break;
            }
            wrong.insert(bucket);
        }
        wrong
    }
}

/// The bucket of a key: the first ten bits of its SHA-256, the first byte as the higher one.
pub fn bucket_of(key: &str) -> usize {
    let [first, second, ..] = <[u8; 32]>::from(Sha256::digest(key.as_bytes()));
    usize::from(u16::from_be_bytes([first, second]) >> 6)
}

/// The first 16 bytes, little-endian, of SHA-256( length of key u64 ‖ key ‖ version u64 ‖ body ).
fn hash(row: &Change) -> u128 {
    let digest = Sha256::new()
        .chain_update((row.key.len() as u64).to_le_bytes())
        .chain_update(row.key.as_bytes())
        .chain_update(row.version.to_le_bytes())
        .chain_update(&row.body)
        .finalize();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    u128::from_le_bytes(first)
}

/// A set of buckets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Buckets(pub BucketBits);

impl Default for Buckets {
    fn default() -> Buckets {
        Buckets([0; BUCKETS / 8])
    }
}

impl std::fmt::Debug for Buckets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..BUCKETS).filter(|bucket| self.contains(*bucket))).finish()
    }
}

impl Buckets {
    pub fn insert(&mut self, bucket: usize) {
        self.0[bucket / 8] |= 1 << (bucket % 8);
    }

    pub fn contains(&self, bucket: usize) -> bool {
        self.0[bucket / 8] & (1 << (bucket % 8)) != 0
    }

    pub fn has(&self, key: &str) -> bool {
        self.contains(bucket_of(key))
    }

    pub fn is_empty(&self) -> bool {
        *self == Buckets::default()
    }
}

/// What was mended, for an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Mended {
    /// Rows that were missing.
    pub added: u64,
    /// Rows that were different.
    pub changed: u64,
    /// Rows too many.
    pub removed: u64,
    /// The keys of the first of them.
    pub keys: Vec<String>,
}

impl Mended {
    pub fn rows(&self) -> u64 {
        self.added + self.changed + self.removed
    }

    fn note(&mut self, key: &str) {
        if self.keys.len() < KEYS_SHOWN_MAX {
            self.keys.push(key.chars().take(KEY_SHOWN_CHARS_MAX).collect());
        }
    }

    /// One round after another.
    pub fn and(&mut self, later: Mended) {
        self.added += later.added;
        self.changed += later.changed;
        self.removed += later.removed;
        let room = KEYS_SHOWN_MAX.saturating_sub(self.keys.len());
        self.keys.extend(later.keys.into_iter().take(room));
    }
}

impl std::fmt::Display for Mended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} missing, {} different, {} too many: ", self.added, self.changed, self.removed)?;
        write!(f, "{}", self.keys.join(", "))?;
        if self.rows() > self.keys.len() as u64 { write!(f, " and others") } else { Ok(()) }
    }
}

/// What a node must do so that some buckets of it become those of the node above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    pub put: Vec<Change>,
    /// Keys that the node above has never heard of.
    pub forget: Vec<String>,
    pub mended: Mended,
}

/// Compare all rows of some buckets here with all rows of the same buckets above.
pub fn repair(ours: Vec<Change>, theirs: Vec<Change>) -> Repair {
    let mut ours: BTreeMap<String, Change> = ours.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut repair = Repair::default();
    for row in theirs {
        let old = ours.remove(&row.key);
        if old.as_ref() == Some(&row) {
            continue;
        }
        match (old.is_some_and(|old| !old.deleted), !row.deleted) {
            (false, false) => {}
            (was, is) => {
                let count = match (was, is) {
                    (true, true) => &mut repair.mended.changed,
                    (false, _) => &mut repair.mended.added,
                    (true, false) => &mut repair.mended.removed,
                };
                *count += 1;
                repair.mended.note(&row.key);
            }
        }
        repair.put.push(row);
    }
    for row in ours.into_values().filter(|row| !row.deleted) {
        repair.mended.removed += 1;
        repair.mended.note(&row.key);
        repair.forget.push(row.key);
    }
    repair
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, version: u64, body: &str) -> Change {
        Change { key: key.to_owned(), version, deleted: body.is_empty(), body: body.as_bytes().to_vec() }
    }

    fn sums<'a>(rows: impl IntoIterator<Item = &'a Change>) -> Sums {
        let mut sums = Sums::default();
        rows.into_iter().for_each(|row| sums.add(row));
        sums
    }

    #[test]
    fn a_digest_sees_every_difference_but_the_order() {
        let rows: Vec<Change> = (1..=3_000).map(|n| row(&format!("{n}"), n, "body")).collect();
        let all = sums(&rows);
        assert_eq!(all.total(), sums(rows.iter().rev()).total());
        assert_eq!(all.total(), sums(rows.iter().chain([&row("removed", 3_001, "")])).total());
        assert!(all.wrong(all.buckets(), 1).is_empty());
        for other in [row("7", 7, "bodi"), row("7", 8, "body"), row("07", 7, "body"), row("7", 7, "")] {
            let changed = sums(rows.iter().filter(|row| row.key != "7").chain([&other]));
            assert_ne!(changed.total(), all.total(), "{other:?}");
            assert!(all.wrong(changed.buckets(), usize::MAX).has("7"));
        }
        let nothing = all.wrong(&[], 20_000);
        assert!(nothing.contains(0) && !nothing.contains(BUCKETS - 1));
        let one = all.wrong(&[], 0);
        assert!(one.contains(0) && !one.contains(1), "one bucket at least");
    }

    #[test]
    fn a_repair_names_what_was_wrong() {
        let ours = vec![row("same", 1, "a"), row("old", 2, "b"), row("extra", 9, "c"), row("dead", 3, "d")];
        let theirs = vec![row("same", 1, "a"), row("old", 4, "b"), row("new", 5, "e"), row("dead", 6, "")];
        let done = repair(ours, theirs);
        assert_eq!(done.put, [row("old", 4, "b"), row("new", 5, "e"), row("dead", 6, "")]);
        assert_eq!(done.forget, ["extra"]);
        assert_eq!(done.mended.to_string(), "1 missing, 1 different, 2 too many: old, new, dead, extra");
        let mut many = done.mended;
        many.and(Mended { removed: 40, keys: vec!["x".to_owned(); 20], ..Mended::default() });
        assert_eq!((many.rows(), many.keys.len()), (44, KEYS_SHOWN_MAX));
        assert!(many.to_string().ends_with("x and others"));
    }
}
