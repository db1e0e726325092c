//! The outbox: documents that wait for the other node, appended in the transaction of the change they report.
//!
//! The number is taken by an UPDATE that holds the head row until the commit, so numbers follow commits and have no gaps.
//! A till appends its own documents: its place in the outbox *is* its place in the till's chain. A server relays those of
//! its tills under numbers of its own and leaves origin, id and body as they are. One database does one of the two.

use std::collections::BTreeSet;

use domain::ids::{StoreId, TillId};
use messages::v1::document::Document;
use migrations::entity::{out_head, outbox};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, StreamTrait,
};
use uuid::Uuid;

use crate::apply::{Origin, Received};
use crate::archive;
use crate::chain::{self, Chain, Place, number, signed};
use crate::frame::Numbered;
use crate::frame::batch::ENVELOPE_BYTES_MAX;
use crate::session::sending::{BATCH_BYTES_MAX, BATCH_DOCUMENTS_MAX};

/// The channel of documents. Others (commands down, audit) get numbers of their own when something uses them.
pub const DOCUMENTS: u16 = 1;
/// The largest body of a document, in bytes: with its envelope it must fit one frame. A receipt of 4,000 lines fits.
pub const DOCUMENT_BYTES_MAX: usize = 960 * 1024;
/// The form of the bodies this version writes.
const SCHEMA: u16 = 1;
/// Rows of one INSERT: twelve columns each, and SQLite takes 32,766 values.
const INSERT_ROWS_MAX: usize = 2_000;
/// Blocks that are put aside in one transaction.
const BLOCKS_AT_ONCE_MAX: usize = 4;

/// Append a document of this till: takes its place in the till's chain and in the outbox to the store.
pub async fn append(
    transaction: &DatabaseTransaction,
    store: &StoreId,
    till: TillId,
    created_ms: i64,
    document: &Document,
) -> Result<Origin, DbErr> {
    let body = document.to_body();
    if body.len() > DOCUMENT_BYTES_MAX {
        return Err(DbErr::Custom(format!(
            "the document has {} bytes, more than the {DOCUMENT_BYTES_MAX} a link carries",
            body.len()
        )));
    }
    let head = take(transaction, 1, Some((store, till))).await?;
    let mine = (Some(store.as_str()), Some(i64::from(till.0)));
    if (head.store.as_deref(), head.till) != mine {
        return Err(DbErr::Custom(format!(
            "this database holds the documents of {}, not of {store}/{till}: every till has a database of its own",
            whose(&head)
        )));
    }
    let id = Uuid::now_v7();
    let place = before(&head, 1)?.next(id, &body);
    let row = outbox::ActiveModel {
        channel: Set(i32::from(DOCUMENTS)),
        seq: Set(signed(place.sequence)?),
        id: Set(id),
        type_id: Set(i64::from(document.type_id())),
        schema: Set(i32::from(SCHEMA)),
        store: Set(store.as_str().to_owned()),
        till: Set(i64::from(till.0)),
        sequence: Set(signed(place.sequence)?),
        origin_chain: Set(place.chain.to_vec()),
        created_ms: Set(created_ms),
        body: Set(body),
        chain: Set(place.chain.to_vec()),
    };
    outbox::Entity::insert(row).exec_without_returning(transaction).await?;
    keep_chain(transaction, place.chain).await?;
    Ok(Origin { store: store.clone(), till, sequence: place.sequence, chain: place.chain })
}

/// Pass received documents on to the node above, in the transaction that applies them.
pub async fn relay(transaction: &DatabaseTransaction, documents: &[&Received]) -> Result<(), DbErr> {
    if documents.is_empty() {
        return Ok(());
    }
    let head = take(transaction, documents.len(), None).await?;
    if head.store.is_some() {
        return Err(DbErr::Custom(format!(
            "this database holds the documents of {}: a till passes nothing on",
            whose(&head)
        )));
    }
    let mut place = before(&head, documents.len())?;
    for part in documents.chunks(INSERT_ROWS_MAX) {
        let mut rows = Vec::with_capacity(part.len());
        for document in part {
            place = place.next(document.id, &document.body);
            rows.push(outbox::ActiveModel {
                channel: Set(i32::from(DOCUMENTS)),
                seq: Set(signed(place.sequence)?),
                id: Set(document.id),
                type_id: Set(i64::from(document.type_id)),
                schema: Set(i32::from(document.schema)),
                store: Set(document.origin.store.as_str().to_owned()),
                till: Set(i64::from(document.origin.till.0)),
                sequence: Set(signed(document.origin.sequence)?),
                origin_chain: Set(document.origin.chain.to_vec()),
                created_ms: Set(document.created_ms),
                body: Set(document.body.clone()),
                chain: Set(place.chain.to_vec()),
            });
        }
        outbox::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    keep_chain(transaction, place.chain).await
}

/// What waits, for the cashier's eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Unsent {
    pub count: u64,
    pub oldest_created_ms: Option<i64>,
}

/// What the node above has not acknowledged. Two look-ups by key, however much waits.
pub async fn unsent<C: ConnectionTrait>(db: &C) -> Result<Unsent, DbErr> {
    let heads = heads(db).await?;
    let count = heads.last.sequence.saturating_sub(heads.acked.sequence);
    if count == 0 {
        return Ok(Unsent::default());
    }
    let oldest_created_ms = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::CreatedMs)
        .filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(outbox::Column::Seq.gt(signed(heads.acked.sequence)?))
        .order_by_asc(outbox::Column::Seq)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(Unsent { count, oldest_created_ms })
}

/// The last document of this till and its chain; `None` if it has made none, or the database is another's.
pub async fn chain_head<C: ConnectionTrait>(
    db: &C,
    store: &StoreId,
    till: TillId,
) -> Result<Option<(u64, Chain)>, DbErr> {
    let head = out_head::Entity::find_by_id(i32::from(DOCUMENTS)).one(db).await?;
    let Some(head) = head else { return Ok(None) };
    if head.store.as_deref() != Some(store.as_str()) || head.till != Some(i64::from(till.0)) {
        return Ok(None);
    }
    let place = Place::from_row(head.seq, &head.chain)?;
    Ok((place.sequence > 0).then_some((place.sequence, place.chain)))
}

/// Where the outbox ends and how far it has been acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) last: Place,
    pub(crate) acked: Place,
}

pub(crate) async fn heads<C: ConnectionTrait>(db: &C) -> Result<Heads, DbErr> {
    match out_head::Entity::find_by_id(i32::from(DOCUMENTS)).one(db).await? {
        None => Ok(Heads::default()),
        Some(row) => Ok(Heads {
            last: Place::from_row(row.seq, &row.chain)?,
            acked: Place::from_row(row.acked_seq, &row.acked_chain)?,
        }),
    }
}

/// The documents after `sequence`, in order: as many as stay within both limits, and at least one if there is any. Those up
/// to `archived` come from the archive: a node above that was set back wants them again.
pub(crate) async fn after(
    db: &DatabaseConnection,
    sequence: u64,
    archived: u64,
    documents_max: usize,
    bytes_max: usize,
) -> Result<Vec<Numbered>, DbErr> {
    let waiting = waiting(db, sequence, documents_max, bytes_max).await?;
    if sequence >= archived || waiting.first().is_some_and(|first| first.place.sequence == sequence + 1) {
        return Ok(waiting);
    }
    let mut kept = archive::after(db, archive::OWN, sequence).await?;
    if kept.is_empty() {
        return Ok(waiting);
    }
    kept.truncate(documents_max);
    Ok(kept)
}

async fn waiting<C: ConnectionTrait + StreamTrait>(
    db: &C,
    sequence: u64,
    documents_max: usize,
    bytes_max: usize,
) -> Result<Vec<Numbered>, DbErr> {
    use futures_util::TryStreamExt;
    let query = outbox::Entity::find()
        .filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(outbox::Column::Seq.gt(signed(sequence)?))
        .order_by_asc(outbox::Column::Seq)
        .limit(documents_max as u64);
    let mut rows = query.stream(db).await?;
    let mut queued = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.try_next().await? {
        bytes += row.body.len() + ENVELOPE_BYTES_MAX;
        if bytes > bytes_max && !queued.is_empty() {
            break;
        }
        queued.push(numbered_from(row)?);
    }
    Ok(queued)
}

fn numbered_from(row: outbox::Model) -> Result<Numbered, DbErr> {
    Ok(Numbered {
        place: Place::from_row(row.seq, &row.chain)?,
        document: Received {
            id: row.id,
            type_id: narrow(row.type_id)?,
            schema: narrow(i64::from(row.schema))?,
            origin: Origin {
                store: StoreId::new(&row.store).map_err(|bad| DbErr::Type(bad.to_string()))?,
                till: TillId(narrow(row.till)?),
                sequence: number(row.sequence)?,
                chain: chain::hash(&row.origin_chain)?,
            },
            created_ms: row.created_ms,
            body: row.body,
        },
    })
}

/// The chain at `sequence`, if that document is still here.
pub(crate) async fn chain_at(db: &DatabaseConnection, sequence: u64) -> Result<Option<Chain>, DbErr> {
    let waiting: Option<Vec<u8>> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Chain)
        .filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(outbox::Column::Seq.eq(signed(sequence)?))
        .into_tuple()
        .one(db)
        .await?;
    match waiting {
        Some(chain) => chain::hash(&chain).map(Some),
        None => archive::chain_at(db, archive::OWN, sequence).await,
    }
}

/// The node above has committed everything up to `acked`: note it, and put the documents aside. Many are put aside in
/// several turns, so that a receipt never waits long; the answer is how far this one came.
pub(crate) async fn acknowledge(transaction: &DatabaseTransaction, acked: Place, now_ms: i64) -> Result<Place, DbErr> {
    let heads = heads(transaction).await?;
    let mut noted = heads.acked;
    for _ in 0..BLOCKS_AT_ONCE_MAX {
        let mut block = waiting(transaction, noted.sequence, BATCH_DOCUMENTS_MAX, BATCH_BYTES_MAX).await?;
        block.retain(|numbered| numbered.place.sequence <= acked.sequence);
        let Some(last) = block.last() else { break };
        noted = last.place;
        archive::keep(transaction, archive::OWN, &block, now_ms).await?;
    }
    let sequence = signed(noted.sequence)?;
    out_head::Entity::update_many()
        .col_expr(out_head::Column::AckedSeq, Expr::value(sequence))
        .col_expr(out_head::Column::AckedChain, Expr::value(noted.chain.to_vec()))
        .filter(out_head::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(out_head::Column::AckedSeq.lt(sequence))
        .exec(transaction)
        .await?;
    outbox::Entity::delete_many()
        .filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS)))
        .filter(outbox::Column::Seq.lte(sequence))
        .exec(transaction)
        .await?;
    Ok(noted)
}

/// Set this outbox on what the node above has: `place` is the end of our own history there. What waits here and is not in
/// it goes on after it under new numbers; of a till, new places in its own chain too.
pub(crate) async fn rebase(
    transaction: &DatabaseTransaction,
    place: Place,
    till: Option<(&StoreId, TillId)>,
) -> Result<u64, DbErr> {
    let rows = outbox::Entity::find()
        .filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS)))
        .order_by_asc(outbox::Column::Seq)
        .all(transaction)
        .await?;
    // A database that was made anew has no head yet.
    take(transaction, 0, till).await?;
    outbox::Entity::delete_many().filter(outbox::Column::Channel.eq(i32::from(DOCUMENTS))).exec(transaction).await?;
    let mut last = place;
    let count = rows.len() as u64;
    let mut renumbered = Vec::with_capacity(rows.len());
    for row in rows {
        last = last.next(row.id, &row.body);
        let mut row =
            outbox::ActiveModel { seq: Set(signed(last.sequence)?), chain: Set(last.chain.to_vec()), ..row.into() };
        if till.is_some() {
            (row.sequence, row.origin_chain) = (Set(signed(last.sequence)?), Set(last.chain.to_vec()));
        }
        renumbered.push(row);
    }
    for part in renumbered.chunks(INSERT_ROWS_MAX) {
        outbox::Entity::insert_many(part.to_vec()).exec_without_returning(transaction).await?;
    }
    out_head::Entity::update_many()
        .col_expr(out_head::Column::Seq, Expr::value(signed(last.sequence)?))
        .col_expr(out_head::Column::Chain, Expr::value(last.chain.to_vec()))
        .col_expr(out_head::Column::AckedSeq, Expr::value(signed(place.sequence)?))
        .col_expr(out_head::Column::AckedChain, Expr::value(place.chain.to_vec()))
        .filter(out_head::Column::Channel.eq(i32::from(DOCUMENTS)))
        .exec(transaction)
        .await?;
    Ok(count)
}

/// Of these documents, those that wait here too: they arrived above, so they wait no longer.
pub(crate) async fn forget(transaction: &DatabaseTransaction, arrived: &[Numbered]) -> Result<BTreeSet<Uuid>, DbErr> {
    let these = outbox::Column::Id.is_in(arrived.iter().map(|numbered| numbered.document.id));
    let here: Vec<Uuid> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::Id)
        .filter(these.clone())
        .into_tuple()
        .all(transaction)
        .await?;
    outbox::Entity::delete_many().filter(these).exec(transaction).await?;
    Ok(here.into_iter().collect())
}

pub(crate) fn narrow<N: TryFrom<i64>>(value: i64) -> Result<N, DbErr> {
    N::try_from(value).map_err(|_| DbErr::Type(format!("a number out of its range in the link's tables: {value}")))
}

/// Take `count` numbers. The row is locked until the commit; its chain is still that of the document before.
async fn take(
    transaction: &DatabaseTransaction,
    count: usize,
    till: Option<(&StoreId, TillId)>,
) -> Result<out_head::Model, DbErr> {
    let count = i64::try_from(count).map_err(|_| DbErr::Type("too many documents at once".to_owned()))?;
    let add = out_head::Entity::update_many()
        .col_expr(out_head::Column::Seq, Expr::col(out_head::Column::Seq).add(count))
        .filter(out_head::Column::Channel.eq(i32::from(DOCUMENTS)));
    if let Some(head) = add.clone().exec_with_returning(transaction).await?.into_iter().next() {
        return Ok(head);
    }
    // The first document. Two writers may meet here: the row is there for both before they add.
    let empty = out_head::ActiveModel {
        channel: Set(i32::from(DOCUMENTS)),
        seq: Set(0),
        chain: Set(chain::START.to_vec()),
        acked_seq: Set(0),
        acked_chain: Set(chain::START.to_vec()),
        store: Set(till.map(|(store, _)| store.as_str().to_owned())),
        till: Set(till.map(|(_, till)| i64::from(till.0))),
    };
    let there = OnConflict::column(out_head::Column::Channel).do_nothing().to_owned();
    out_head::Entity::insert(empty).on_conflict(there).exec_without_returning(transaction).await?;
    let head = add.exec_with_returning(transaction).await?.into_iter().next();
    head.ok_or_else(|| DbErr::RecordNotFound("the head of the outbox was not kept".to_owned()))
}

async fn keep_chain(transaction: &DatabaseTransaction, chain: Chain) -> Result<(), DbErr> {
    out_head::Entity::update_many()
        .col_expr(out_head::Column::Chain, Expr::value(chain.to_vec()))
        .filter(out_head::Column::Channel.eq(i32::from(DOCUMENTS)))
        .exec(transaction)
        .await?;
    Ok(())
}

fn before(head: &out_head::Model, taken: usize) -> Result<Place, DbErr> {
    let last = number(head.seq)?;
    let sequence = last
        .checked_sub(taken as u64)
        .ok_or_else(|| DbErr::Type("the head of the outbox is below the numbers it gave".to_owned()))?;
    Ok(Place { sequence, chain: chain::hash(&head.chain)? })
}

fn whose(head: &out_head::Model) -> String {
    match (&head.store, head.till) {
        (Some(store), Some(till)) => format!("{store}/{till}"),
        _ => "the tills of a store".to_owned(),
    }
}
