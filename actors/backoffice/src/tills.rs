//! The newest that is known of each till, and its shifts.

use migrations::entity::{shift, till_state};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, QueryOrder, QuerySelect};

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TillState {
    pub store: String,
    pub till: i64,
    /// Zero if there was no receipt yet.
    pub last_sequence: i64,
    pub last_receipt_ms: i64,
    pub last_total: i64,
    pub shift: i64,
    pub shift_open: bool,
    pub operator: Option<String>,
}

/// By store and till.
pub async fn states(database: &DatabaseConnection) -> Result<Vec<TillState>, DbErr> {
    let rows = till_state::Entity::find()
        .order_by_asc(till_state::Column::Store)
        .order_by_asc(till_state::Column::Till)
        .all(database)
        .await?;
    Ok(rows.into_iter().map(of_row).collect())
}

fn of_row(row: till_state::Model) -> TillState {
    let till_state::Model { store, till, last_sequence, last_receipt_ms, last_total, shift, shift_open, operator } =
        row;
    TillState { store, till, last_sequence, last_receipt_ms, last_total, shift, shift_open, operator }
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClosedShift {
    pub store: String,
    pub till: i64,
    pub shift: i64,
    pub closed_ms: i64,
    pub operator: String,
    pub sales: i64,
    pub returns: i64,
    /// Counted less expected: below zero is short.
    pub over_short: i64,
}

/// The shifts that were closed last, newest first.
pub async fn closed_shifts(database: &DatabaseConnection, limit: u64) -> Result<Vec<ClosedShift>, DbErr> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let rows = shift::Entity::find()
        .filter(shift::Column::ClosedMs.is_not_null())
        .order_by_desc(shift::Column::ClosedMs)
        .limit(limit)
        .all(database)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ClosedShift {
            store: row.store,
            till: row.till,
            shift: row.shift,
            closed_ms: row.closed_ms.unwrap_or_default(),
            operator: row.operator,
            sales: row.sales.unwrap_or_default(),
            returns: row.returns.unwrap_or_default(),
            over_short: row.over_short.unwrap_or_default(),
        })
        .collect())
}
