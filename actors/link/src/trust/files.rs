//! Files of keys: whole or not at all, and for nobody else to read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::TrustError;

const OWNER_ONLY: u32 = 0o600;

/// The text of `file`; none if it is not there.
pub(super) fn read(file: &Path) -> Result<Option<String>, TrustError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TrustError::File { file: file.to_owned(), source }),
    }
}

/// Put `text` in the place of what was there.
pub(super) fn replace(file: &Path, text: &str) -> Result<(), TrustError> {
    let written = beside(file, text).and_then(|fresh| fs::rename(fresh, file));
    written.map_err(|source| TrustError::File { file: file.to_owned(), source })
}

/// Write `text` unless somebody else was first; what counts is then what is in the file.
pub(super) fn create(file: &Path, text: &str) -> Result<(), TrustError> {
    let written = beside(file, text).and_then(|fresh| {
        let linked = fs::hard_link(&fresh, file);
        fs::remove_file(&fresh)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    });
    written.map_err(|source| TrustError::File { file: file.to_owned(), source })
}

/// A new file with `text` beside `file`, on the disk.
fn beside(file: &Path, text: &str) -> io::Result<PathBuf> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = file.with_extension(format!("{:08x}", rand::random::<u32>()));
    let mut options = OpenOptions::new();
    let mut writing = options.write(true).create_new(true).mode(OWNER_ONLY).open(&fresh)?;
    writing.write_all(text.as_bytes())?;
    writing.sync_all()?;
    Ok(fresh)
}
