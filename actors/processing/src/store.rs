//! The account book on disk: blocks in order, the rows of the machine, and pages of accounts that make the next start quick.
//!
//! Invariants:
//! - Blocks are numbered from 1 without holes, and each carries the hash of the one before it.
//! - A block, its rows and its pages are written all or none, and are durable when [`Store::append`] returns.
//! - Rows are always as of the last block. Pages may be older, each says of which block; they are derived and never asked.
//!
//! Must never: change or remove a block.

pub mod block;
pub mod database;
pub mod disk;
pub mod export;
mod filter;
pub mod index;
pub mod journal;
pub mod memory;
mod record;
pub mod rounds;
pub mod run;
pub mod verify;

use std::io;

use async_trait::async_trait;
use migrations::lease::Fenced;
use sea_orm::{DbErr, RuntimeErr, sqlx};

pub use block::{Block, Head, Page, Row};
pub use database::DatabaseStore;
pub use index::Index;
pub use journal::JournalStore;
pub use memory::MemoryDisk;
pub use rounds::Rounds;
use run::{RunHead, RunPage};

/// Blocks that are read at once: two of the biggest usual ones fit, and a phone's memory would too.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A page as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPage {
    pub page: Page,
    /// The block after which it was saved.
    pub as_of: u64,
}

/// Why the book could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("block {got} does not follow block {head} of the account book")]
    OutOfOrder { head: u64, got: u64 },
    #[error(
        "block {block} was made upon another book than this one: was the book restored, or does another process write to it?"
    )]
    OtherBook { block: u64 },
    #[error("block {block} does not hash to what it says")]
    HashWrong { block: u64 },
    #[error("the account book is damaged: {what}; verify it, and restore it from a copy or from the other nodes")]
    Damaged { what: String },
    #[error("the disk of the account book is full: make room, then go on")]
    Full,
    #[error("it is not known whether block {block} was written: load the account book again")]
    Unsure { block: u64, cause: String },
    #[error("block {block} of {bytes} bytes is too big for the account book")]
    TooBig { block: u64, bytes: usize },
    #[error(transparent)]
    Fenced(#[from] Fenced),
    #[error("the account book is to be opened again after a failed write")]
    Reopen,
    #[error("the account book could not be read or written")]
    Database(#[source] DbErr),
    #[error("the file of the account book could not be read or written")]
    Disk(#[from] io::Error),
    #[error("the account book cannot be loaded: {0}")]
    Refused(String),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> StoreError {
        match &error {
            DbErr::Query(RuntimeErr::SqlxError(cause)) if matches!(**cause, sqlx::Error::ColumnDecode { .. }) => {
                StoreError::damaged(cause.to_string())
            }
            DbErr::Type(_) | DbErr::TryIntoErr { .. } => StoreError::damaged(error.to_string()),
            _ => StoreError::Database(error),
        }
    }
}

impl StoreError {
    pub fn damaged(what: impl Into<String>) -> StoreError {
        StoreError::Damaged { what: what.into() }
    }

    /// The block may be in the book or not. All else means: surely not.
    pub fn is_unsure(&self) -> bool {
        matches!(self, StoreError::Unsure { .. } | StoreError::Reopen)
    }
}

/// Takes what a book holds, in this order: pages, rows, blocks.
pub trait Loading: Send {
    /// Pages come by number.
    fn page(&mut self, page: SavedPage) -> Result<(), StoreError>;
    /// Rows come by space, then key. Their value is always there.
    fn row(&mut self, row: Row) -> Result<(), StoreError>;
    /// The first block that is needed, asked after pages and rows. `oldest` is the oldest `as_of` of the pages.
    ///
    /// Whoever saves pages in turn overrides it: accounts that were opened in a block may be on a page that was never saved,
    /// so it is [`Rounds::replay_from`].
    fn replay_from(&mut self, oldest: Option<u64>) -> u64 {
        oldest.map_or(1, |block| block + 1)
    }
    /// Blocks come in order, up to the last.
    fn block(&mut self, block: Block) -> Result<(), StoreError>;
}

/// One node's account book. It is shared: reading goes on while a block is written.
#[async_trait]
pub trait Store: Send + Sync {
    /// Write the next block, with the pages saved as of it. The same block again, when it is the last, is done already.
    async fn append(&self, block: Block, pages: Vec<Page>) -> Result<(), StoreError>;

    /// Hand over all that is needed to go on from the last block, with little memory.
    async fn load(&self, into: &mut dyn Loading) -> Result<Head, StoreError>;

    /// Rows with `from <= key < to`, by key, at most `limit`.
    async fn rows(&self, space: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, StoreError>;

    /// The spaces that have rows.
    async fn spaces(&self) -> Result<Vec<u16>, StoreError>;

    /// Blocks from number `from`, in order: at most `limit` (fewer when they are big; none only after the last).
    async fn blocks(&self, from: u64, limit: usize) -> Result<Vec<Block>, StoreError>;

    /// Pages from number `from`, in order, at most `limit`.
    async fn pages(&self, from: u32, limit: usize) -> Result<Vec<SavedPage>, StoreError>;

    /// The last block.
    async fn head(&self) -> Result<Head, StoreError>;

    // Runs of the index of old transfers: derived, see [`index`].

    /// Part of a run that is being made. It counts when its head is saved.
    async fn save_run_pages(&self, pages: Vec<RunPage>) -> Result<(), StoreError>;
    async fn save_run(&self, run: RunHead) -> Result<(), StoreError>;
    async fn runs(&self) -> Result<Vec<RunHead>, StoreError>;
    async fn run_page(&self, run: u32, page: u32) -> Result<Option<Vec<u8>>, StoreError>;
    async fn forget_runs(&self) -> Result<(), StoreError>;
}
