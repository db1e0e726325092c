//! The account book as a file that anybody can verify without the database: the same book gives the same bytes, whatever
//! kept it.
//!
//! Layout, little-endian: "OSBOOK01", node (4); each block as its length (4) and its bytes; a length of zero, the count of
//! blocks (8), the hash of the last (32); BLAKE3 of all before (32).

use std::io::{self, Read, Write};

use super::block::{BLOCK_BYTES_MAX, Block, Head};
use super::verify::{Fault, Verified, Verifier};
use super::{Store, StoreError};

const MAGIC: &[u8; 8] = b"OSBOOK01";
/// Blocks that are read at once.
const BLOCKS_AT_ONCE: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the account book could not be read")]
    Store(#[from] StoreError),
    #[error("the export could not be written or read")]
    File(#[from] io::Error),
    #[error("this file is not an export of an account book, or of a version that this program does not know")]
    NotAnExport,
    #[error("the export ends after block {0}, before its end")]
    Short(u64),
    #[error("the export is damaged after block {0}")]
    Damaged(u64),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    pub node: u32,
    pub head: Head,
    /// Of the whole file but itself: what people compare.
    pub hash: [u8; 32],
}

/// Write all blocks that there are now.
pub async fn export(store: &dyn Store, node: u32, out: &mut (dyn Write + Send)) -> Result<Exported, ExportError> {
    let end = store.head().await?;
    let mut out = Hashing { inner: out, hasher: blake3::Hasher::new() };
    out.write_all(MAGIC)?;
    out.write_all(&node.to_le_bytes())?;
    let mut head = Head::default();
    let mut bytes = Vec::new();
    while head.number < end.number {
        let blocks = store.blocks(head.number + 1, BLOCKS_AT_ONCE).await?;
        if blocks.is_empty() {
            return Err(StoreError::damaged(format!("block {} is missing", head.number + 1)).into());
        }
        for block in blocks.into_iter().filter(|block| block.number <= end.number) {
            block.check_follows(head)?;
            bytes.clear();
            block.encode(&mut bytes);
            out.write_all(&(bytes.len() as u32).to_le_bytes())?;
            out.write_all(&bytes)?;
            head = block.head();
        }
    }
    out.write_all(&0_u32.to_le_bytes())?;
    out.write_all(&head.number.to_le_bytes())?;
    out.write_all(&head.hash)?;
    let hash = *out.hasher.finalize().as_bytes();
    out.inner.write_all(&hash)?;
    out.inner.flush()?;
    Ok(Exported { node, head, hash })
}

struct Hashing<T> {
    inner: T,
    hasher: blake3::Hasher,
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(into)?;
        self.hasher.update(&into[..length]);
        Ok(length)
    }
}

/// Reads an export block by block. Give it something buffered.
pub struct Export<R> {
    input: Hashing<R>,
    node: u32,
    head: Head,
    exported: Option<Exported>,
}

impl<R: Read> Export<R> {
    pub fn open(input: R) -> Result<Export<R>, ExportError> {
        let mut export = Export {
            input: Hashing { inner: input, hasher: blake3::Hasher::new() },
            node: 0,
            head: Head::default(),
            exported: None,
        };
        if export.take::<8>().ok().as_ref() != Some(MAGIC) {
            return Err(ExportError::NotAnExport);
        }
        export.node = u32::from_le_bytes(export.take()?);
        Ok(export)
    }

    pub fn node(&self) -> u32 {
        self.node
    }

    /// The next block, which follows the one before; none after the last, when the whole file was right.
    pub fn next_block(&mut self) -> Result<Option<Block>, ExportError> {
        if self.exported.is_some() {
            return Ok(None);
        }
        let length = u32::from_le_bytes(self.take()?) as usize;
        if length == 0 {
            self.end()?;
            return Ok(None);
        }
        let damaged = ExportError::Damaged(self.head.number);
        if length > BLOCK_BYTES_MAX {
            return Err(damaged);
        }
        // A length that nobody vouches for takes no memory before its bytes are there.
        let mut bytes = Vec::new();
        (&mut self.input).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ExportError::Short(self.head.number));
        }
        match Block::decode(&bytes) {
            Ok((block, [])) if block.check_follows(self.head).is_ok() => {
                self.head = block.head();
                Ok(Some(block))
            }
            _ => Err(damaged),
        }
    }

    /// What was read, when it was read to its end.
    pub fn exported(&self) -> Option<Exported> {
        self.exported
    }

    fn end(&mut self) -> Result<(), ExportError> {
        let count = u64::from_le_bytes(self.take()?);
        let last = self.take::<32>()?;
        let hash = *self.input.hasher.finalize().as_bytes();
        let written = self.take::<32>()?;
        let nothing_follows = self.input.read(&mut [0])? == 0;
        if count != self.head.number || last != self.head.hash || written != hash || !nothing_follows {
            return Err(ExportError::Damaged(self.head.number));
        }
        self.exported = Some(Exported { node: self.node, head: self.head, hash });
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ExportError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ExportError::Short(self.head.number),
            _ => error.into(),
        })?;
        Ok(bytes)
    }
}

/// Verify an export without the book it was made from.
pub fn verify_export(input: impl Read) -> Result<(Exported, Verified), ExportError> {
    let mut export = Export::open(input)?;
    let mut verifier = Verifier::new();
    while let Some(block) = export.next_block()? {
        verifier.block(&block)?;
    }
    let exported = export.exported().ok_or(ExportError::Short(export.head.number))?;
    Ok((exported, verifier.finish()?))
}
