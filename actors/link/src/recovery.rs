//! A database that went back takes again from the node above what it had sent up and lost.
//!
//! It begins at what was acknowledged before and ends where the node above stands. Each batch is taken back in one
//! transaction with the note of how far it came, so that a recovery that is cut goes on where it was. What waits in the
//! outbox and is not among it follows at the end, under new numbers: numbers are never given twice.

use std::time::Duration;

use domain::ids::{StoreId, TillId};
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::recovery;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait};

use crate::apply::{Peer, PeerRole, Received};
use crate::archive;
use crate::chain::{Place, signed};
use crate::frame::Numbered;
use crate::identity;
use crate::outbox::{self, DOCUMENTS};
use crate::session::Incident;
use crate::session::meeting::Own;

/// The node above has so long to send the next of what was lost.
pub(crate) const BACKFILL_WITHIN: Duration = Duration::from_secs(30);

/// Takes back what this node had sent up and lost.
pub trait Restore: Send + Sync + 'static {
    /// `documents` are those that this database has not made, in the order of the link; none at all if it was compared and
    /// nothing was missing. No effect may leave this database: what they did outside was done. An error aborts the batch,
    /// which is then asked for again.
    fn restore<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        documents: &'a [Received],
    ) -> BoxFuture<'a, Result<(), DbErr>>;
}

/// This database was new or an old copy, and the node above has nothing that is not here.
pub(crate) async fn nothing_is_missing(database: &Database, restore: Option<&dyn Restore>) -> Result<(), DbErr> {
    let transaction = database.begin().await?;
    if let Some(restore) = restore {
        restore.restore(&transaction, &[]).await?;
    }
    identity::compared(&transaction).await?;
    transaction.commit().await
}

/// How far a recovery has come.
pub(crate) struct Recovery {
    peer: String,
    pub(crate) place: Place,
    upto: Place,
    /// Nothing was ever here: what the node above no longer keeps need not come.
    from_nothing: bool,
    documents: u64,
}

impl Recovery {
    /// Begin, or go on where an earlier session was cut.
    pub(crate) async fn begin(database: &Database, peer: &str, own: Own, upto: Place) -> Result<Recovery, DbErr> {
        let row = recovery::Entity::find_by_id(i32::from(DOCUMENTS)).one(&database.reader).await?;
        let (place, documents) = match row {
            Some(row) => (Place::from_row(row.seq, &row.chain)?, row.documents.unsigned_abs()),
            None => (own.acked, 0),
        };
        tracing::warn!(
            above = peer,
            from = place.sequence,
            upto = upto.sequence,
            "this database went back: what it had sent is taken back from the node above"
        );
        Ok(Recovery { peer: peer.to_owned(), place, upto, from_nothing: own.acked.sequence == 0, documents })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.place == self.upto
    }

    /// Take back a batch that the node above sent.
    pub(crate) async fn take(
        &mut self,
        database: &Database,
        restore: &dyn Restore,
        batch: &[Numbered],
        now_ms: i64,
    ) -> Result<(), RecoverError> {
        let last = self.follow(batch)?;
        let transaction = database.begin().await?;
        let here = outbox::forget(&transaction, batch).await?;
        let lost = batch.iter().map(|numbered| &numbered.document).filter(|document| !here.contains(&document.id));
        let documents: Vec<Received> = lost.cloned().collect();
        restore.restore(&transaction, &documents).await?;
        archive::keep(&transaction, archive::OWN, batch, now_ms).await?;
        let documents = self.documents + batch.len() as u64;
        let row = recovery::ActiveModel {
            channel: Set(i32::from(DOCUMENTS)),
            seq: Set(signed(last.sequence)?),
            chain: Set(last.chain.to_vec()),
            documents: Set(signed(documents)?),
        };
        let further = OnConflict::column(recovery::Column::Channel)
            .update_columns([recovery::Column::Seq, recovery::Column::Chain, recovery::Column::Documents])
            .to_owned();
        recovery::Entity::insert(row).on_conflict(further).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        (self.place, self.documents) = (last, documents);
        Ok(())
    }

    /// Everything is here again: what still waits goes on after it, and this database is as good as another.
    pub(crate) async fn finish(self, database: &Database, me: &Peer) -> Result<(), RecoverError> {
        let till = own_till(me);
        let transaction = database.begin().await?;
        let waiting =
            outbox::rebase(&transaction, self.upto, till.as_ref().map(|(store, till)| (store, *till))).await?;
        recovery::Entity::delete_by_id(i32::from(DOCUMENTS)).exec(&transaction).await?;
        identity::compared(&transaction).await?;
        transaction.commit().await?;
        tracing::warn!(documents = self.documents, waiting, "what was lost is here again");
        Ok(())
    }

    /// Each must be the next; a database in which nothing ever was takes the first that is still kept for the next.
    fn follow(&self, batch: &[Numbered]) -> Result<Place, Incident> {
        let mut place = self.place;
        for numbered in batch {
            let theirs = numbered.place;
            let begins = self.from_nothing && self.documents == 0 && place == self.place;
            let next = place.next(numbered.document.id, &numbered.document.body);
            place = if next == theirs || (begins && theirs.sequence > next.sequence) {
                theirs
            } else if theirs.sequence != next.sequence {
                let (expected, theirs) = (next.sequence, theirs.sequence);
                return Err(Incident::Hole { whose: self.peer.clone(), expected, theirs });
            } else {
                return Err(super::session::fork(&self.peer, next, theirs));
            };
        }
        if place.sequence > self.upto.sequence || batch.is_empty() {
            let what = format!("it gives back up to document {}, where it had {}", place.sequence, self.upto.sequence);
            return Err(Incident::Protocol { whose: self.peer.clone(), what });
        }
        Ok(place)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoverError {
    #[error(transparent)]
    Incident(#[from] Incident),
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// A till's place in the outbox is its place in its own chain.
fn own_till(me: &Peer) -> Option<(StoreId, TillId)> {
    let (store, till) = me.name.rsplit_once('/').filter(|_| me.role == PeerRole::Till)?;
    Some((StoreId::new(store).ok()?, TillId(till.parse().ok()?)))
}
