//! Who takes the documents that sessions receive: this process, or one that owns them.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;

use crate::apply::{Apply, Peer};
use crate::chain::Place;
use crate::frame::Numbered;
use crate::inbox::{self, TakeError, Taken};

/// Brings documents into the database of the node.
pub trait Intake: Send + Sync + 'static {
    /// Apply `batch`, which follows directly on `before`, and answer when it is committed. A batch that was offered before
    /// may have been committed meanwhile.
    fn take<'a>(
        &'a self,
        peer: &'a Peer,
        before: Place,
        batch: &'a [Numbered],
    ) -> BoxFuture<'a, Result<Taken, TakeError>>;
}

/// Into the database at once.
pub struct Here {
    pub database: Database,
    pub apply: Arc<dyn Apply>,
}

impl Intake for Here {
    fn take<'a>(
        &'a self,
        peer: &'a Peer,
        before: Place,
        batch: &'a [Numbered],
    ) -> BoxFuture<'a, Result<Taken, TakeError>> {
        inbox::take(&self.database, self.apply.as_ref(), peer, before, batch).boxed()
    }
}
