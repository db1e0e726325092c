//! What leaves a root after a commit, as bytes for the line: entries are read from the book, where they stand for good.

use crate::machine::book::{log_key, space};
use crate::machine::log::{Entry, Range};
use crate::machine::root::Out;
use crate::machine::wire::Reply;
use crate::store::{Row, Store, StoreError};

/// The replies of a root, with the entries that they name.
pub async fn replies(out: Vec<Out>, store: &dyn Store) -> Result<Vec<Reply>, StoreError> {
    let mut replies = Vec::with_capacity(out.len());
    for out in out {
        replies.push(match out {
            Out::Reply(reply) => reply,
            Out::Entries { epoch, ups, downs } => Reply::Downs {
                epoch,
                ups: entries(store, space::UP, ups).await?,
                downs: entries(store, space::DOWN, downs).await?,
            },
        });
    }
    Ok(replies)
}

async fn entries(store: &dyn Store, space: u16, range: Range) -> Result<Vec<Entry>, StoreError> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let (from, to) = (log_key(range.peer, range.from), log_key(range.peer, range.to));
    let limit = usize::try_from(range.to - range.from).unwrap_or(usize::MAX);
    read(store.rows(space, &from, &to, limit).await?)
}

/// Entries of rows, in order.
pub fn read(rows: Vec<Row>) -> Result<Vec<Entry>, StoreError> {
    rows.iter().map(|row| crate::machine::book::read(row).map_err(StoreError::damaged)).collect()
}
