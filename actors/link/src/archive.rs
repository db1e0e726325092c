//! Documents that are done with, kept for a while: what this node sent up and had acknowledged, and what it received. When
//! a database at the other end goes back to an older copy, it gets again from here what it has lost.
//!
//! They lie packed in blocks, in the order of the link. Invariants:
//! - LK-7 A document leaves the outbox in the transaction that puts it in here; one that is received comes in here in the
//!   transaction that applies it.

use chrono::{TimeDelta, Utc};
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

/// Let go of what was kept long enough.
pub(crate) async fn prune_old(database: &Database) {
    let before_ms = (Utc::now() - KEPT_FOR).timestamp_millis();
    let old = document_block::Entity::delete_many().filter(document_block::Column::KeptMs.lt(before_ms));
    if let Err(error) = old.exec(&database.writer).await {
        tracing::warn!(%error, "old documents are not let go of");
    }
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
