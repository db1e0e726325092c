//! Documents that are done with, kept for a while: what this node sent up and had acknowledged, and what it received. When
//! a database at the other end goes back to an older copy, it gets again from here what it has lost.
//!
//! They lie packed in blocks, in the order of the link. Invariants:
//! - LK-7 A document leaves the outbox in the transaction that puts it in here; one that is received comes in here in the
//!   transaction that applies it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use migrations::database::Database;
use migrations::entity::document_block;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::chain::{Chain, signed};
use crate::frame::batch::{self, ENVELOPE_BYTES_MAX, Numbered};
use crate::outbox::DOCUMENTS;
use crate::session::sending::{BATCH_BYTES_MAX, BATCH_DOCUMENTS_MAX};

/// What this node sent up itself.
pub(crate) const OWN: &str = "";
/// The oldest backup that may be restored is four weeks old; a week more is for finding out.
pub(crate) const KEPT_FOR: TimeDelta = TimeDelta::days(35);
const LET_GO_EVERY: Duration = Duration::from_secs(3_600);
/// Twice what time brings, so that a node that was switched off for long catches up.
const LET_GO_AT_ONCE: TimeDelta = TimeDelta::hours(2);
const ZSTD_LEVEL: i32 = 3;

/// Keep `documents`, which follow one another, as `peer`'s.
pub(crate) async fn keep<C: ConnectionTrait>(
    db: &C,
    peer: &str,
    documents: &[Numbered],
    now_ms: i64,
) -> Result<(), DbErr> {
    let (Some(first), Some(last)) = (documents.first(), documents.last()) else { return Ok(()) };
    let raw = batch::documents_to_bytes(documents);
    let packed = zstd::bulk::compress(&raw, ZSTD_LEVEL).map_err(|error| DbErr::Custom(error.to_string()))?;
    let block = document_block::ActiveModel {
        peer: Set(peer.to_owned()),
        channel: Set(i32::from(DOCUMENTS)),
        seq_to: Set(signed(last.place.sequence)?),
        seq_from: Set(signed(first.place.sequence)?),
        kept_ms: Set(now_ms),
        raw_bytes: Set(
            i32::try_from(raw.len()).map_err(|_| DbErr::Type("a block of documents is too large".to_owned()))?
        ),
        body: Set(packed),
    };
    document_block::Entity::insert(block).exec_without_returning(db).await?;
    Ok(())
}

/// What is kept of `peer` after `sequence`, in order: as many as fit a frame, and at least one if there is any. The first
/// need not be the next: what came before it may be gone.
pub(crate) async fn after<C: ConnectionTrait>(db: &C, peer: &str, sequence: u64) -> Result<Vec<Numbered>, DbErr> {
    let mut found = Vec::new();
    let (mut from, mut bytes) = (sequence, 0);
    while let Some(block) = first_after(db, peer, from).await? {
        for numbered in unpacked(&block)? {
            if numbered.place.sequence <= sequence {
                continue;
            }
            bytes += numbered.document.body.len() + ENVELOPE_BYTES_MAX;
            if found.len() >= BATCH_DOCUMENTS_MAX || (bytes > BATCH_BYTES_MAX && !found.is_empty()) {
                return Ok(found);
            }
            from = numbered.place.sequence;
            found.push(numbered);
        }
    }
    Ok(found)
}

/// The chain at `sequence`, if that document is still kept.
pub(crate) async fn chain_at<C: ConnectionTrait>(db: &C, peer: &str, sequence: u64) -> Result<Option<Chain>, DbErr> {
    let Some(before) = sequence.checked_sub(1) else { return Ok(Some(crate::chain::START)) };
    let Some(block) = first_after(db, peer, before).await? else { return Ok(None) };
    let found = unpacked(&block)?.into_iter().find(|numbered| numbered.place.sequence == sequence);
    Ok(found.map(|numbered| numbered.place.chain))
}

/// Whose documents an actor keeps, and lets go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those that this node sent up.
    Own,
    /// Those that it received.
    Received,
}

/// Let go of what was kept long enough, for ever. Begins after an hour, so that a node that starts again and again keeps what
/// it has.
pub(crate) async fn let_go_of_old(database: Database, whose: Whose) {
    loop {
        tokio::time::sleep(LET_GO_EVERY).await;
        if let Err(error) = let_go(&database, whose, Utc::now()).await {
            tracing::warn!(%error, "old documents are not let go of");
        }
    }
}

/// A clock that is ahead must not empty the archive: of one turn to the next only what was kept in the oldest hours goes.
async fn let_go(database: &Database, whose: Whose, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let theirs = match whose {
        Whose::Own => document_block::Column::Peer.eq(OWN),
        Whose::Received => document_block::Column::Peer.ne(OWN),
    };
    let oldest: Option<Option<i64>> = document_block::Entity::find()
        .select_only()
        .column_as(document_block::Column::KeptMs.min(), "oldest")
        .filter(theirs.clone())
        .into_tuple()
        .one(&database.reader)
        .await?;
    let Some(oldest_ms) = oldest.flatten() else { return Ok(0) };
    let old_ms = (now - KEPT_FOR).timestamp_millis();
    let before_ms = old_ms.min(oldest_ms.saturating_add(LET_GO_AT_ONCE.num_milliseconds()));
    let old = document_block::Entity::delete_many().filter(theirs).filter(document_block::Column::KeptMs.lt(before_ms));
    Ok(old.exec(&database.writer).await?.rows_affected)
}

async fn first_after<C: ConnectionTrait>(
    db: &C,
    peer: &str,
    sequence: u64,
) -> Result<Option<document_block::Model>, DbErr> {
    document_block::Entity::find()
        .filter(document_block::Column::Peer.eq(peer))
        .filter(document_block::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(document_block::Column::SeqTo.gt(signed(sequence)?))
        .order_by_asc(document_block::Column::SeqTo)
        .limit(1)
        .one(db)
        .await
}

fn unpacked(block: &document_block::Model) -> Result<Vec<Numbered>, DbErr> {
    let damaged = |error: &dyn std::fmt::Display| {
        let (from, to) = (block.seq_from, block.seq_to);
        DbErr::Type(format!("the kept documents {from} to {to} of \"{}\" cannot be read: {error}", block.peer))
    };
    let raw_bytes = usize::try_from(block.raw_bytes).map_err(|error| damaged(&error))?;
    let raw = zstd::bulk::decompress(&block.body, raw_bytes).map_err(|error| damaged(&error))?;
    let count = u32::try_from(block.seq_to - block.seq_from + 1).map_err(|error| damaged(&error))?;
    batch::documents_from_bytes(&raw, count).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use migrations::ServerMigrator;

    use super::*;

    /// A block of nothing for each hour of `hours`, sent up by this node or received by it.
    async fn kept(database: &Database, peer: &str, hours: std::ops::Range<i64>) {
        for hour in hours {
            let block = document_block::ActiveModel {
                peer: Set(peer.to_owned()),
                channel: Set(i32::from(DOCUMENTS)),
                seq_to: Set(hour + 1),
                seq_from: Set(hour + 1),
                kept_ms: Set(TimeDelta::hours(hour).num_milliseconds()),
                raw_bytes: Set(0),
                body: Set(Vec::new()),
            };
            document_block::Entity::insert(block).exec_without_returning(&database.writer).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_old_is_let_go_of_and_a_clock_ahead_takes_little() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite::<ServerMigrator>(&dir.path().join("server.db")).await.unwrap();
        kept(&database, "S1", 0..48).await;
        kept(&database, OWN, 10..20).await;
        let at = |days: i64, hours: i64| DateTime::UNIX_EPOCH + TimeDelta::days(days) + TimeDelta::hours(hours);
        for (now, whose, expected) in [
            (at(35, 0), Whose::Received, 0),
            (at(35, 1), Whose::Received, 1),
            // Switched off for ten days.
            (at(45, 0), Whose::Received, 2),
            // A year ahead.
            (at(400, 0), Whose::Received, 2),
            (at(400, 0), Whose::Own, 2),
        ] {
            assert_eq!(let_go(&database, whose, now).await.unwrap(), expected, "{whose:?} at {now}");
        }
    }
}
