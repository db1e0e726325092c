//! A block of the account book: what one commit wrote, chained to the one before, and its layout in bytes.
//!
//! The layout is fixed and little-endian, the same in a file, a database and an export, and is what the hash is of.

use super::StoreError;

/// Of a block, in bytes: batch of 8,189 postings with many lots, and its rows. Longer ones are damage, not data.
pub const BLOCK_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Number, time, day, count, length of postings, hash of the block before.
const HEAD_BYTES: usize = 8 + 8 + 4 + 4 + 4 + 32;
/// A row that is removed has no value: its length says so.
const REMOVED: u32 = u32::MAX;

/// The last block: its number and its hash. An empty book has number 0 and a hash of zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub number: u64,
    pub hash: [u8; 32],
}

/// A piece of the machine's state besides the ledger. `None`: removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub space: u16,
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

/// 32 accounts of the ledger, as of the block they are appended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub number: u32,
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// From 1, without holes.
    pub number: u64,
    /// Monotonic milliseconds of the node.
    pub elapsed_ms: u64,
    /// The business day, in days since 1970-01-01.
    pub day: i32,
    /// Postings in their encoding, back to back.
    pub postings: Vec<u8>,
    pub posting_count: u32,
    pub rows: Vec<Row>,
    pub previous: [u8; 32],
    pub hash: [u8; 32],
}

impl Block {
    /// The block after `head`.
    pub fn seal(head: Head, elapsed_ms: u64, day: i32, postings: Vec<u8>, posting_count: u32, rows: Vec<Row>) -> Block {
        let mut block = Block {
            number: head.number + 1,
            elapsed_ms,
            day,
            postings,
            posting_count,
            rows,
            previous: head.hash,
            hash: [0; 32],
        };
        block.hash = block.content_hash();
        block
    }

    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash }
    }

    /// Roughly, in bytes: for limits.
    pub fn size(&self) -> usize {
        let rows: usize = self.rows.iter().map(|row| row.key.len() + row.value.as_ref().map_or(0, Vec::len)).sum();
        HEAD_BYTES + self.postings.len() + rows
    }

    /// Refused, unless it is the next one and its content is what its hash says.
    pub fn check_follows(&self, head: Head) -> Result<(), StoreError> {
        if self.number != head.number + 1 {
            return Err(StoreError::OutOfOrder { head: head.number, got: self.number });
        }
        if self.previous != head.hash {
            return Err(StoreError::OtherBook { block: self.number });
        }
        if self.hash != self.content_hash() {
            return Err(StoreError::HashWrong { block: self.number });
        }
        Ok(())
    }

    pub fn content_hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.head_bytes());
        hasher.update(&self.postings);
        hasher.update(&encode_rows(&self.rows));
        *hasher.finalize().as_bytes()
    }

    fn head_bytes(&self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&self.number.to_le_bytes());
        head[8..16].copy_from_slice(&self.elapsed_ms.to_le_bytes());
        head[16..20].copy_from_slice(&self.day.to_le_bytes());
        head[20..24].copy_from_slice(&self.posting_count.to_le_bytes());
        head[24..28].copy_from_slice(&(self.postings.len() as u32).to_le_bytes());
        head[28..].copy_from_slice(&self.previous);
        head
    }

    /// Head, postings, rows, hash.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head_bytes());
        out.extend_from_slice(&self.postings);
        out.extend_from_slice(&encode_rows(&self.rows));
        out.extend_from_slice(&self.hash);
    }

    /// The first block in the bytes, and the bytes after it. Its hash is read, not checked.
    pub fn decode(bytes: &[u8]) -> Result<(Block, &[u8]), StoreError> {
        let mut bytes = Bytes { rest: bytes };
        let number = bytes.u64()?;
        let elapsed_ms = bytes.u64()?;
        let day = bytes.u32()? as i32;
        let posting_count = bytes.u32()?;
        let postings_length = bytes.u32()? as usize;
        let previous = bytes.hash()?;
        let postings = bytes.take(postings_length)?.to_vec();
        let rows = bytes.rows()?;
        let hash = bytes.hash()?;
        Ok((Block { number, elapsed_ms, day, postings, posting_count, rows, previous, hash }, bytes.rest))
    }
}

/// Count, then space, key and value of each.
pub(super) fn encode_rows(rows: &[Row]) -> Vec<u8> {
    let length: usize = rows.iter().map(|row| 10 + row.key.len() + row.value.as_ref().map_or(0, Vec::len)).sum();
    let mut out = Vec::with_capacity(4 + length);
    out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    for row in rows {
        out.extend_from_slice(&row.space.to_le_bytes());
        out.extend_from_slice(&(row.key.len() as u32).to_le_bytes());
        out.extend_from_slice(&row.value.as_ref().map_or(REMOVED, |value| value.len() as u32).to_le_bytes());
        out.extend_from_slice(&row.key);
        out.extend_from_slice(row.value.as_deref().unwrap_or_default());
    }
    out
}

/// Rows that fill these bytes wholly.
pub(super) fn decode_rows(bytes: &[u8]) -> Result<Vec<Row>, StoreError> {
    let mut bytes = Bytes { rest: bytes };
    let rows = bytes.rows()?;
    if !bytes.rest.is_empty() {
        return Err(StoreError::damaged("there are bytes after the rows of a block"));
    }
    Ok(rows)
}

/// Reads little-endian values off the front of bytes that nobody vouches for.
pub(super) struct Bytes<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| StoreError::damaged("a block ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        Ok(self.take(N)?.try_into().expect("as many bytes were taken"))
    }

    pub(super) fn u16(&mut self) -> Result<u16, StoreError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        self.array()
    }

    fn rows(&mut self) -> Result<Vec<Row>, StoreError> {
        let count = self.u32()?;
        let mut rows = Vec::new();
        for _ in 0..count {
            let space = self.u16()?;
            let key_length = self.u32()? as usize;
            let value_length = self.u32()?;
            let key = self.take(key_length)?.to_vec();
            let value = match value_length {
                REMOVED => None,
                length => Some(self.take(length as usize)?.to_vec()),
            };
            rows.push(Row { space, key, value });
        }
        Ok(rows)
    }
}
