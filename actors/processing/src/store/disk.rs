//! What a journal needs of a disk, and a real file that gives it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The least that a disk writes all or none.
pub const SECTOR_BYTES: u64 = 512;

/// One append-only file. Not async: a simulation has no other thread to wait for, and a journal is one writer.
pub trait Disk: Send {
    fn length(&mut self) -> io::Result<u64>;
    /// At the end; may be lost, or torn at a sector, until `sync` returns.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
    /// All of `into`, from `offset`.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Cut to a length; durable when it returns.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A file of the operating system. It is locked: two processes never write one book.
#[derive(Debug)]
pub struct FileDisk {
    file: File,
}

impl FileDisk {
    pub fn open(path: &Path) -> io::Result<FileDisk> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock()?;
        // A new file is there after a power cut only if its directory was written.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()?;
        Ok(FileDisk { file })
    }
}

impl Disk for FileDisk {
    fn length(&mut self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(into)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.sync_all()
    }
}
