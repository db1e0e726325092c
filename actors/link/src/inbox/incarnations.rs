//! Which databases a peer has had, as this node saw them.

use chrono::Utc;
use migrations::entity::peer_incarnation::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use crate::session::meeting::Known;

/// What is remembered of `peer`, whose Hello names `incarnation`.
pub(crate) async fn known<C: ConnectionTrait>(db: &C, peer: &str, incarnation: u64) -> Result<Known, DbErr> {
    let named = Entity::find_by_id((peer.to_owned(), incarnation.cast_signed())).one(db).await?;
    let replaced = named.as_ref().map(|row| row.replaced_ms.is_some());
    Ok(Known {
        applied: super::cursor(db, peer).await?,
        counts: replaced == Some(false),
        replaced: replaced == Some(true),
    })
}

/// From now on this incarnation counts; another one that did has lost its place.
pub(crate) async fn adopt(transaction: &DatabaseTransaction, peer: &str, incarnation: u64) -> Result<(), DbErr> {
    let now_ms = Utc::now().timestamp_millis();
    replace(transaction, Column::Peer.eq(peer).and(Column::Incarnation.ne(incarnation.cast_signed())), now_ms).await?;
    let row = ActiveModel {
        peer: Set(peer.to_owned()),
        incarnation: Set(incarnation.cast_signed()),
        since_ms: Set(now_ms),
        replaced_ms: Set(None),
    };
    let there = OnConflict::columns([Column::Peer, Column::Incarnation]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(transaction).await?;
    Ok(())
}

/// An operator says that a machine which was refused is the right one: those that lost their place are forgotten, and the one
/// that has it loses it. Whoever of `peer` comes next and is not that one is taken.
pub(crate) async fn trust_another(transaction: &DatabaseTransaction, peer: &str) -> Result<(), DbErr> {
    let lost = Entity::delete_many().filter(Column::Peer.eq(peer)).filter(Column::ReplacedMs.is_not_null());
    lost.exec(transaction).await?;
    replace(transaction, Column::Peer.eq(peer), Utc::now().timestamp_millis()).await
}

async fn replace(
    transaction: &DatabaseTransaction,
    which: sea_orm::sea_query::SimpleExpr,
    now_ms: i64,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ReplacedMs, Expr::value(now_ms))
        .filter(which)
        .filter(Column::ReplacedMs.is_null())
        .exec(transaction)
        .await?;
    Ok(())
}
