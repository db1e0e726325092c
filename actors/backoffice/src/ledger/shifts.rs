//! Shifts and cash movements. They are few, so each is written by itself.

use chrono::{DateTime, FixedOffset};
use link::apply::Outcome;
use messages::codec::to_body;
use messages::v1::document::{CashMoved, ShiftClosed, ShiftOpened};
use migrations::entity::{cash_movement, shift};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Set};
use uuid::Uuid;

use crate::word::word;

fn key(store: &str, till: u32, shift: u32) -> (String, i64, i64) {
    (store.to_owned(), i64::from(till), i64::from(shift))
}

fn offset(at: DateTime<FixedOffset>) -> i64 {
    i64::from(at.offset().local_minus_utc())
}

pub(super) async fn opened(transaction: &DatabaseTransaction, opened: ShiftOpened) -> Result<Outcome, DbErr> {
    let (store, till, number) = key(opened.store.as_str(), opened.till.0, opened.shift);
    let found = shift::Entity::find_by_id((store.clone(), till, number)).one(transaction).await?;
    if found.as_ref().is_some_and(|row| row.opened_ms.is_some()) {
        return Ok(Outcome::Duplicate);
    }
    if let Some(row) = found {
        let mut row = row.into_active_model();
        row.opened_ms = Set(Some(opened.at.timestamp_millis()));
        row.offset_s = Set(offset(opened.at));
        row.drawer_float = Set(opened.float.minor());
        row.update(transaction).await?;
        return Ok(Outcome::Applied);
    }
    let row = shift::ActiveModel {
        store: Set(store),
        till: Set(till),
        shift: Set(number),
        business_day: Set(opened.business_day),
        operator: Set(opened.operator.0),
        opened_ms: Set(Some(opened.at.timestamp_millis())),
        closed_ms: Set(None),
        drawer_float: Set(opened.float.minor()),
        counted: Set(None),
        over_short: Set(None),
        sales: Set(None),
        returns: Set(None),
        totals: Set(None),
        offset_s: Set(offset(opened.at)),
        closing: Set(None),
    };
    shift::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Outcome::Applied)
}

pub(super) async fn closed(transaction: &DatabaseTransaction, closed: ShiftClosed) -> Result<Outcome, DbErr> {
    let totals = &closed.totals;
    let (store, till, number) = key(closed.store.as_str(), closed.till.0, totals.shift);
    let found = shift::Entity::find_by_id((store.clone(), till, number)).one(transaction).await?;
    if found.as_ref().is_some_and(|row| row.closed_ms.is_some()) {
        return Ok(Outcome::Duplicate);
    }
    let is_new = found.is_none();
    let row = shift::ActiveModel {
        store: Set(store),
        till: Set(till),
        shift: Set(number),
        business_day: Set(totals.business_day),
        operator: Set(closed.operator.0.clone()),
        opened_ms: Set(Some(totals.opened_at.timestamp_millis())),
        closed_ms: Set(Some(closed.at.timestamp_millis())),
        drawer_float: Set(totals.float.minor()),
        counted: Set(Some(closed.counted.minor())),
        over_short: Set(Some(closed.over_short.minor())),
        sales: Set(Some(totals.sales.minor())),
        returns: Set(Some(totals.returns.minor())),
        totals: Set(Some(to_body(totals))),
        offset_s: Set(offset(closed.at)),
        closing: Set(Some(to_body(&closed))),
    };
    if is_new {
        shift::Entity::insert(row).exec_without_returning(transaction).await?;
    } else {
        row.update(transaction).await?;
    }
    Ok(Outcome::Applied)
}

/// A movement has no number of its own: the id of its document is its key.
pub(super) async fn cash_moved(
    transaction: &DatabaseTransaction,
    document: Uuid,
    moved: CashMoved,
) -> Result<Outcome, DbErr> {
    if cash_movement::Entity::find_by_id(document).one(transaction).await?.is_some() {
        return Ok(Outcome::Duplicate);
    }
    let (store, till, number) = key(moved.store.as_str(), moved.till.0, moved.shift);
    let row = cash_movement::ActiveModel {
        document: Set(document),
        store: Set(store),
        till: Set(till),
        shift: Set(number),
        at_ms: Set(moved.at.timestamp_millis()),
        operator: Set(moved.operator.0),
        amount: Set(moved.amount.minor()),
        reason: Set(moved.reason),
        kind: Set(word(&moved.kind)),
        offset_s: Set(offset(moved.at)),
    };
    cash_movement::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(Outcome::Applied)
}
