//! A disk in memory that fails as disks do: for simulations and tests of what a book survives.
//!
//! A clone is the same disk: it outlives the node that wrote to it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::disk::{Disk, SECTOR_BYTES};

#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    platter: Arc<Mutex<Platter>>,
}

#[derive(Debug, Default)]
struct Platter {
    bytes: Vec<u8>,
    synced: usize,
    syncs: u64,
    failing_syncs: u32,
    bytes_max: Option<usize>,
}

impl MemoryDisk {
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// A disk that holds these bytes.
    pub fn of(bytes: Vec<u8>) -> MemoryDisk {
        let disk = MemoryDisk::new();
        disk.put_back(bytes);
        disk
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().expect("nothing panics while it holds the platter")
    }

    /// The power fails. What was synced stays; after it, `seed` decides whether all was written, nothing, or each sector by
    /// itself. A sector that was not is zeros, or the file ends before it.
    pub fn crash(&self, seed: u64) {
        let mut platter = self.platter();
        let (synced, length) = (platter.synced, platter.bytes.len());
        let mut random = seed;
        let all_or_none = match next(&mut random) & 3 {
            0 => Some(true),
            1 => Some(false),
            _ => None,
        };
        let mut end = synced;
        let mut start = synced;
        while start < length {
            let sector_end = ((start as u64 / SECTOR_BYTES + 1) * SECTOR_BYTES) as usize;
            let stop = sector_end.min(length);
            let written = all_or_none.unwrap_or(next(&mut random) & 1 == 0);
            if !written {
                platter.bytes[start..stop].fill(0);
            } else {
                end = stop;
            }
            start = stop;
        }
        if next(&mut random) & 1 == 0 {
            platter.bytes.truncate(end);
        }
        platter.synced = platter.bytes.len();
    }

    /// The next `count` syncs fail, and nothing is known of what they were to write.
    pub fn fail_syncs(&self, count: u32) {
        self.platter().failing_syncs = count;
    }

    /// No more than so many bytes fit. `None`: there is room again.
    pub fn limit(&self, bytes_max: Option<usize>) {
        self.platter().bytes_max = bytes_max;
    }

    /// Turn one bit over, counted from the start of the file.
    pub fn flip(&self, bit: usize) {
        let mut platter = self.platter();
        if let Some(byte) = platter.bytes.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// A backup.
    pub fn copy(&self) -> Vec<u8> {
        self.platter().bytes.clone()
    }

    /// The disk holds what a backup held.
    pub fn put_back(&self, bytes: Vec<u8>) {
        let mut platter = self.platter();
        platter.synced = bytes.len();
        platter.bytes = bytes;
    }

    /// How many syncs were asked for.
    pub fn syncs(&self) -> u64 {
        self.platter().syncs
    }
}

/// SplitMix64: no randomness but the seed's.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Disk for MemoryDisk {
    fn length(&mut self) -> io::Result<u64> {
        Ok(self.platter().bytes.len() as u64)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.platter();
        let room = platter.bytes_max.map_or(bytes.len(), |max| max.saturating_sub(platter.bytes.len()));
        platter.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if room < bytes.len() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut platter = self.platter();
        platter.syncs += 1;
        if platter.failing_syncs > 0 {
            platter.failing_syncs -= 1;
            return Err(io::Error::other("the disk did not write"));
        }
        platter.synced = platter.bytes.len();
        Ok(())
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let platter = self.platter();
        let start = offset as usize;
        let bytes = platter.bytes.get(start..start + into.len());
        into.copy_from_slice(bytes.ok_or(io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut platter = self.platter();
        platter.bytes.truncate(length as usize);
        platter.synced = platter.synced.min(length as usize);
        Ok(())
    }
}
