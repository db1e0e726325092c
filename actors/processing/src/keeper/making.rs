//! Where an account book is kept and how an empty machine is made.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::seen::Seen;
use crate::store::{DatabaseStore, Store, StoreError};
use crate::turn::Queue;

pub type Opening = dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> + Send + Sync;

/// Where a book is kept.
#[derive(Clone)]
pub enum Book {
    /// No other process opens it.
    Own(Arc<Opening>),
    /// By whoever's turn it is.
    InTurn(Queue),
}

/// How a store is opened and an empty machine made: for every start anew.
pub struct Making<M> {
    pub book: Book,
    pub machine: Arc<dyn Fn() -> M + Send + Sync>,
    /// The book was brought back from a backup: the machine is told before the first question.
    pub restored: Arc<dyn Fn(&mut M) + Send + Sync>,
    pub seen: Option<Seen>,
}

impl<M> Making<M> {
    /// A book in a SQLite file.
    pub fn in_file(
        file: PathBuf,
        machine: impl Fn() -> M + Send + Sync + 'static,
        restored: impl Fn(&mut M) + Send + Sync + 'static,
    ) -> Making<M> {
        let seen = Some(Seen::beside(&file));
        let store = move || {
            let file = file.clone();
            async move { DatabaseStore::open_sqlite(&file).await }
        };
        Making { book: Book::Own(opening(store)), machine: Arc::new(machine), restored: Arc::new(restored), seen }
    }

    /// A book in a PostgreSQL database. Whether it was set back is not noticed by itself: whoever restores says so.
    pub fn in_postgres(
        url: String,
        machine: impl Fn() -> M + Send + Sync + 'static,
        restored: impl Fn(&mut M) + Send + Sync + 'static,
    ) -> Making<M> {
        let store = move || {
            let url = url.clone();
            async move { DatabaseStore::open_postgres(&url).await }
        };
        let book = Book::Own(opening(store));
        Making { book, machine: Arc::new(machine), restored: Arc::new(restored), seen: None }
    }

    /// A book that several processes could keep: each waits until it is its turn, and loads it then.
    pub fn in_turn(
        queue: Queue,
        machine: impl Fn() -> M + Send + Sync + 'static,
        restored: impl Fn(&mut M) + Send + Sync + 'static,
    ) -> Making<M> {
        let book = Book::InTurn(queue);
        Making { book, machine: Arc::new(machine), restored: Arc::new(restored), seen: None }
    }
}

fn opening<F>(open: impl Fn() -> F + Send + Sync + 'static) -> Arc<Opening>
where
    F: Future<Output = Result<DatabaseStore, StoreError>> + Send + 'static,
{
    Arc::new(move || {
        let opened = open();
        Box::pin(async move { Ok(Arc::new(opened.await?) as Arc<dyn Store>) })
    })
}

impl<M> Clone for Making<M> {
    fn clone(&self) -> Making<M> {
        Making {
            book: self.book.clone(),
            machine: self.machine.clone(),
            restored: self.restored.clone(),
            seen: self.seen.clone(),
        }
    }
}
