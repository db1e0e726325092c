//! How far the book was, written beside it: a book that ends before that was brought back from a backup.
//!
//! It helps only as far as a backup leaves this file out. What it misses the tills and the root find.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::blocks::Blocks;

/// The file is written at most so often: a restored book is older than that.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub struct Seen {
    file: PathBuf,
}

impl Seen {
    pub fn beside(book: &Path) -> Seen {
        Seen { file: book.with_extension("seen") }
    }

    /// Does a book whose last block is `head` end before what was seen of it?
    pub fn is_older(&self, head: u64) -> bool {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => text.trim().parse::<u64>().is_ok_and(|seen| seen > head),
            Err(_) => false,
        }
    }

    fn write(&self, block: u64) -> io::Result<()> {
        let new = self.file.with_extension("new");
        std::fs::write(&new, block.to_string())?;
        std::fs::rename(new, &self.file)
    }

    /// Write down each second how far the book is.
    pub async fn keep(self, blocks: Blocks) {
        let mut ear = blocks.ear();
        loop {
            ear.heard().await;
            if let Err(error) = self.write(blocks.last()) {
                tracing::warn!(%error, file = %self.file.display(), "how far the account book is could not be noted");
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
