//! A record of a journal: a block and the pages saved with it, and how a torn end is told from damage.
//!
//! A write that the power cut off leaves sectors that are missing or zero, and only at the end of the file. Whatever else is
//! not right was right once and answered for, so it is damage and never cut away.

use super::block::{BLOCK_BYTES_MAX, Block, Bytes, Page};
use super::disk::SECTOR_BYTES;
use super::{StoreError, disk::Disk};

/// "OSJ1": the layout's version is in it.
const MAGIC: u32 = 0x314A_534F;
/// Magic, length of the body, its checksum, checksum of these three.
pub(super) const HEAD_BYTES: usize = 16;
/// Pages of one commit come on top of its block.
const BODY_BYTES_MAX: usize = 2 * BLOCK_BYTES_MAX;
/// Ends a record. It is not zero, so that a last sector that was not written shows.
const END: u8 = 0xA5;

pub(super) struct Record {
    pub(super) block: Block,
    pub(super) pages: Vec<Page>,
}

/// What stands at a place in the file.
pub(super) enum Found {
    /// A record, and where the next one begins.
    Record(Box<Record>, u64),
    /// The file ends here: what follows, if anything, is a write that was cut off.
    End,
}

pub(super) fn encode(block: &Block, pages: &[Page]) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![0; HEAD_BYTES];
    block.encode(&mut out);
    out.extend_from_slice(&(pages.len() as u32).to_le_bytes());
    for page in pages {
        out.extend_from_slice(&page.number.to_le_bytes());
        out.extend_from_slice(&(page.bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&page.bytes);
    }
    out.push(END);
    let body = out.len() - HEAD_BYTES;
    if body > BODY_BYTES_MAX {
        return Err(StoreError::TooBig { block: block.number, bytes: body });
    }
    let checksum = crc32c::crc32c(&out[HEAD_BYTES..]);
    out[..4].copy_from_slice(&MAGIC.to_le_bytes());
    out[4..8].copy_from_slice(&(body as u32).to_le_bytes());
    out[8..12].copy_from_slice(&checksum.to_le_bytes());
    let head_checksum = crc32c::crc32c(&out[..12]);
    out[12..16].copy_from_slice(&head_checksum.to_le_bytes());
    Ok(out)
}

fn decode(body: &[u8]) -> Result<Record, StoreError> {
    let (block, rest) = Block::decode(body)?;
    let mut bytes = Bytes { rest };
    let mut pages = Vec::new();
    for _ in 0..bytes.u32()? {
        let number = bytes.u32()?;
        let length = bytes.u32()? as usize;
        pages.push(Page { number, bytes: bytes.take(length)?.to_vec() });
    }
    if bytes.rest != [END] {
        return Err(StoreError::damaged(format!("the record of block {} does not end where it says", block.number)));
    }
    Ok(Record { block, pages })
}

/// Length and checksum of the body.
fn head(bytes: &[u8]) -> Option<(usize, u32)> {
    let bytes = bytes.get(..HEAD_BYTES)?;
    let at = |start: usize| u32::from_le_bytes(bytes[start..start + 4].try_into().expect("four bytes"));
    let sound = at(0) == MAGIC && at(12) == crc32c::crc32c(&bytes[..12]) && at(4) as usize <= BODY_BYTES_MAX;
    sound.then(|| (at(4) as usize, at(8)))
}

/// The record at `offset` of a file of `length` bytes. `after` is the last block before it.
pub(super) fn read(disk: &mut dyn Disk, offset: u64, length: u64, after: u64) -> Result<Found, StoreError> {
    let damaged = || StoreError::damaged(format!("the record after block {after}, at byte {offset} of the file"));
    let left = length - offset;
    if left == 0 {
        return Ok(Found::End);
    }
    let mut bytes = vec![0; left.min(HEAD_BYTES as u64) as usize];
    disk.read(offset, &mut bytes)?;
    let Some((body_length, checksum)) = head(&bytes) else {
        let torn = is_torn_head(disk, offset, left, &bytes)?;
        return if torn { Ok(Found::End) } else { Err(damaged()) };
    };
    let whole = (HEAD_BYTES + body_length) as u64;
    if whole > left {
        return Ok(Found::End);
    }
    let mut body = vec![0; body_length];
    disk.read(offset + HEAD_BYTES as u64, &mut body)?;
    if crc32c::crc32c(&body) == checksum {
        return Ok(Found::Record(Box::new(decode(&body)?), offset + whole));
    }
    bytes.extend_from_slice(&body);
    let is_last = whole == left;
    if is_last && has_lost_sector(offset, &bytes) { Ok(Found::End) } else { Err(damaged()) }
}

/// The head is not one: was its sector never written, with nothing sound behind it?
fn is_torn_head(disk: &mut dyn Disk, offset: u64, left: u64, start: &[u8]) -> Result<bool, StoreError> {
    if (left as usize) < HEAD_BYTES {
        return Ok(true);
    }
    if left > (HEAD_BYTES + BODY_BYTES_MAX) as u64 {
        return Ok(false);
    }
    let mut rest = vec![0; left as usize];
    disk.read(offset, &mut rest)?;
    let sectors_of_head = sectors(offset, &rest).take_while(|(begin, _)| *begin < start.len());
    let lost = sectors_of_head.into_iter().any(|(_, bytes)| bytes.iter().all(|byte| *byte == 0));
    let sound_behind = || {
        (1..rest.len()).any(|begin| {
            head(&rest[begin..]).is_some_and(|(body_length, checksum)| {
                let body = rest.get(begin + HEAD_BYTES..begin + HEAD_BYTES + body_length);
                body.is_some_and(|body| crc32c::crc32c(body) == checksum)
            })
        })
    };
    Ok(lost && !sound_behind())
}

fn has_lost_sector(offset: u64, bytes: &[u8]) -> bool {
    sectors(offset, bytes).any(|(_, sector)| sector.iter().all(|byte| *byte == 0))
}

/// The bytes, which begin at `offset` of the file, by its sectors: where each part begins in `bytes`, and the part.
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        if begin >= bytes.len() {
            return None;
        }
        let to_boundary = SECTOR_BYTES - (offset + begin as u64) % SECTOR_BYTES;
        let end = (begin + to_boundary as usize).min(bytes.len());
        let part = (begin, &bytes[begin..end]);
        begin = end;
        Some(part)
    })
}
