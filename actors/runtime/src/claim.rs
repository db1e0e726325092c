//! One process at a database: two tills that number receipts from one file would number two receipts alike.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Held for as long as the node runs; the system gives it up for a process that dies.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

/// Why a database could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("{} is already open in another process: stop that one first", database.display())]
    Taken { database: PathBuf },
    #[error("{} cannot be written", file.display())]
    Unwritable { file: PathBuf, source: std::io::Error },
}

impl Claim {
    /// Claim the file `database`, whether it is there already or not, by a lock file beside it. Its folder is made.
    pub fn take(database: &Path) -> Result<Claim, ClaimError> {
        let file = database.with_extension("lock");
        let opened = database.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(&file));
        let failed = |source| ClaimError::Unwritable { file: file.clone(), source };
        let opened = opened.map_err(failed)?;
        match opened.try_lock() {
            Ok(()) => Ok(Claim { _file: opened }),
            Err(TryLockError::WouldBlock) => Err(ClaimError::Taken { database: database.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
