//! Documents that were received and could not be applied: kept in order, seen by the operator, offered again.

use std::collections::BTreeSet;

use chrono::Utc;
use domain::ids::{StoreId, TillAddress, TillId};
use migrations::database::Database;
use migrations::entity::parked;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use uuid::Uuid;

use super::TillKey;
use crate::apply::{Apply, Origin, Outcome, Peer, PeerRole, Received};
use crate::chain::{hash, number, signed};
use crate::outbox::narrow;

/// Documents that one call of [`retry`] offers again.
pub const RETRY_MAX: usize = 10_000;
/// Rows of one INSERT, fourteen columns each.
const INSERT_ROWS_MAX: usize = 2_000;

/// A parked document as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    pub origin: TillAddress,
    pub sequence: u64,
    pub id: Uuid,
    pub type_id: u32,
    pub peer: String,
    pub reason: String,
    pub parked_ms: i64,
    pub tries: u32,
}

/// What came of offering parked documents again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    pub applied: u64,
    /// Still parked, of all tills.
    pub left: u64,
    /// For each till that is still held up: the document and why.
    pub held_up: Vec<(TillAddress, u64, String)>,
}

pub(super) fn behind() -> String {
    "it waits behind a parked document of the same till".to_owned()
}

pub(super) fn unsupported(document: &Received) -> String {
    format!("document type {} is newer than this version: it is applied after the upgrade", document.type_id)
}

/// Parked documents by till and number.
pub async fn list<C: ConnectionTrait>(db: &C, limit: u64) -> Result<Vec<Parked>, DbErr> {
    let rows = in_order().limit(limit).all(db).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Parked {
                origin: address(&row)?,
                sequence: number(row.sequence)?,
                id: row.id,
                type_id: narrow(row.type_id)?,
                peer: row.peer,
                reason: row.reason,
                parked_ms: row.parked_ms,
                tries: narrow(i64::from(row.tries))?,
            })
        })
        .collect()
}

pub async fn count<C: ConnectionTrait>(db: &C) -> Result<u64, DbErr> {
    parked::Entity::find().count(db).await
}

fn in_order() -> sea_orm::Select<parked::Entity> {
    parked::Entity::find()
        .order_by_asc(parked::Column::Store)
        .order_by_asc(parked::Column::Till)
        .order_by_asc(parked::Column::Sequence)
}

pub(super) async fn tills_with_parked(
    transaction: &DatabaseTransaction,
    tills: impl Iterator<Item = &TillKey>,
) -> Result<BTreeSet<TillKey>, DbErr> {
    let any = tills.fold(Condition::any(), |any, (store, till)| {
        any.add(parked::Column::Store.eq(store.as_str()).and(parked::Column::Till.eq(*till)))
    });
    let rows: Vec<TillKey> = parked::Entity::find()
        .select_only()
        .column(parked::Column::Store)
        .column(parked::Column::Till)
        .distinct()
        .filter(any)
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn park(
    transaction: &DatabaseTransaction,
    peer: &Peer,
    documents: &[(&Received, String)],
) -> Result<(), DbErr> {
    let parked_ms = Utc::now().timestamp_millis();
    for part in documents.chunks(INSERT_ROWS_MAX) {
        let mut rows = Vec::with_capacity(part.len());
        for (document, reason) in part {
            let Origin { store, till, sequence, chain } = &document.origin;
            tracing::warn!(peer = peer.name, origin = %format_args!("{store}/{till}"), sequence, reason, "document parked");
            rows.push(parked::ActiveModel {
                store: Set(store.as_str().to_owned()),
                till: Set(i64::from(till.0)),
                sequence: Set(signed(*sequence)?),
                id: Set(document.id),
                type_id: Set(i64::from(document.type_id)),
                schema: Set(i32::from(document.schema)),
                origin_chain: Set(chain.to_vec()),
                created_ms: Set(document.created_ms),
                body: Set(document.body.clone()),
                peer: Set(peer.name.clone()),
                peer_role: Set(peer.role.as_str().to_owned()),
                reason: Set(reason.clone()),
                parked_ms: Set(parked_ms),
                tries: Set(0),
            });
        }
        parked::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Offer parked documents again, those of each till in order and each in a transaction of its own, until one of them is
/// refused again.
pub async fn retry(database: &Database, apply: &dyn Apply) -> Result<Retried, DbErr> {
    let mut retried = Retried::default();
    let mut offered = 0;
    let tills: Vec<TillKey> = parked::Entity::find()
        .select_only()
        .column(parked::Column::Store)
        .column(parked::Column::Till)
        .distinct()
        .into_tuple()
        .all(&database.reader)
        .await?;
    for till in tills {
        while offered < RETRY_MAX {
            offered += 1;
            match retry_first(database, apply, &till).await? {
                First::Applied => retried.applied += 1,
                First::Refused(held_up) => {
                    retried.held_up.push(held_up);
                    break;
                }
                First::None => break,
            }
        }
    }
    retried.left = count(&database.reader).await?;
    tracing::info!(applied = retried.applied, left = retried.left, "parked documents offered again");
    Ok(retried)
}

enum First {
    Applied,
    Refused((TillAddress, u64, String)),
    None,
}

async fn retry_first(database: &Database, apply: &dyn Apply, till: &TillKey) -> Result<First, DbErr> {
    let transaction = database.begin().await?;
    super::origin_place(&transaction, till).await?;
    let row = of_till(till).order_by_asc(parked::Column::Sequence).limit(1).one(&transaction).await?;
    let Some(row) = row else {
        transaction.rollback().await?;
        return Ok(First::None);
    };
    let (address, sequence) = (address(&row)?, row.sequence);
    let (peer, document) = received(row)?;
    let outcomes = apply.apply(&transaction, &peer, std::slice::from_ref(&document)).await?;
    let reason = match outcomes.into_iter().next() {
        Some(Outcome::Applied | Outcome::Duplicate) => {
            parked::Entity::delete_many().filter(this(till, sequence)).exec(&transaction).await?;
            transaction.commit().await?;
            return Ok(First::Applied);
        }
        Some(Outcome::Park { reason }) => reason,
        Some(Outcome::Unsupported) => unsupported(&document),
        None => "no outcome came for it".to_owned(),
    };
    parked::Entity::update_many()
        .col_expr(parked::Column::Reason, Expr::value(reason.as_str()))
        .col_expr(parked::Column::Tries, Expr::col(parked::Column::Tries).add(1))
        .filter(this(till, sequence))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(First::Refused((address, number(sequence)?, reason)))
}

fn of_till(till: &TillKey) -> sea_orm::Select<parked::Entity> {
    parked::Entity::find().filter(parked::Column::Store.eq(till.0.as_str())).filter(parked::Column::Till.eq(till.1))
}

fn this(till: &TillKey, sequence: i64) -> Condition {
    Condition::all()
        .add(parked::Column::Store.eq(till.0.as_str()))
        .add(parked::Column::Till.eq(till.1))
        .add(parked::Column::Sequence.eq(sequence))
}

fn address(row: &parked::Model) -> Result<TillAddress, DbErr> {
    let store = StoreId::new(&row.store).map_err(|bad| DbErr::Type(bad.to_string()))?;
    Ok(TillAddress { store, till: TillId(narrow(row.till)?) })
}

fn received(row: parked::Model) -> Result<(Peer, Received), DbErr> {
    let TillAddress { store, till } = address(&row)?;
    let role = PeerRole::from_word(&row.peer_role)
        .ok_or_else(|| DbErr::Type(format!("\"{}\" is not a role of a node", row.peer_role)))?;
    let document = Received {
        id: row.id,
        type_id: narrow(row.type_id)?,
        schema: narrow(i64::from(row.schema))?,
        origin: Origin { store, till, sequence: number(row.sequence)?, chain: hash(&row.origin_chain)? },
        created_ms: row.created_ms,
        body: row.body,
    };
    Ok((Peer { name: row.peer, role }, document))
}
