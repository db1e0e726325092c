//! What reports of single documents have in common: which rows they read, and how a time, a number and an amount are shown.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset};
use domain::money::Money;
use messages::codec::from_body;
use messages::v1::receipt::{Approved, Receipt};
use migrations::entity::receipt::{Column as ReceiptColumn, Entity as ReceiptEntity, Model};
use migrations::entity::shift;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Arguments, Cell, Column, Kind, ReportError};

/// Documents of one report: each is read whole, and a person reads no more.
pub(super) const DOCUMENTS_MAX: usize = 20_000;
/// Shifts of one report.
pub(super) const SHIFTS_MAX: usize = 5_000;
/// Uids of one question to the database.
const UIDS_MAX: usize = 1_000;

pub(super) const fn text_column(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, summed: false }
}

/// Money whose sum over all rows says something.
pub(super) const fn money_column(name: &'static str) -> Column {
    Column { name, kind: Kind::Money, summed: true }
}

pub(super) fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

pub(super) fn money(minor: i64) -> Cell {
    Cell::Money(Money::from_minor(minor))
}

pub(super) fn maybe_money(minor: Option<i64>) -> Cell {
    minor.map_or_else(|| text(""), money)
}

/// Local time of the till.
pub(super) fn local(at: DateTime<FixedOffset>) -> Cell {
    text(at.format("%Y-%m-%d %H:%M:%S").to_string())
}

pub(super) fn local_ms(at_ms: i64, offset_s: i64) -> Cell {
    let offset = i32::try_from(offset_s).ok().and_then(FixedOffset::east_opt);
    match (DateTime::from_timestamp_millis(at_ms), offset) {
        (Some(at), Some(offset)) => local(at.with_timezone(&offset)),
        (Some(at), None) => local(at.fixed_offset()),
        (None, _) => text(""),
    }
}

/// The days and the store that were asked for.
pub(super) fn within<C: ColumnTrait>(day: C, store: C, arguments: &Arguments) -> Condition {
    Condition::all()
        .add_option(arguments.from.map(|from| day.gte(from)))
        .add_option(arguments.to.map(|to| day.lte(to)))
        .add_option(arguments.store.as_deref().map(|code| store.eq(code)))
}

pub(super) fn not_too_many<T>(rows: Vec<T>, rows_max: usize) -> Result<Vec<T>, ReportError> {
    if rows.len() > rows_max { Err(ReportError::TooLong { rows_max }) } else { Ok(rows) }
}

pub(super) fn read<T: DeserializeOwned>(what: impl FnOnce() -> String, body: &[u8]) -> Result<T, ReportError> {
    from_body(body).map_err(|error| ReportError::Unreadable { what: what(), reason: error.to_string() })
}

/// Receipts of a kind that is no sale, by day, store, till and number.
pub(super) async fn receipts(
    database: &DatabaseConnection,
    kind: &str,
    arguments: &Arguments,
) -> Result<Vec<(Model, Receipt)>, ReportError> {
    let rows = ReceiptEntity::find()
        .filter(within(ReceiptColumn::BusinessDay, ReceiptColumn::Store, arguments))
        .filter(ReceiptColumn::Kind.eq(kind))
        // In these words, for the index of receipts that are no sales is made so.
        .filter(Expr::cust("kind <> 'sale'"))
        .limit(DOCUMENTS_MAX as u64 + 1)
        .all(database)
        .await?;
    let mut rows = not_too_many(rows, DOCUMENTS_MAX)?;
    rows.sort_by(|one, other| key(one).cmp(&key(other)));
    rows.into_iter()
        .map(|row| {
            let receipt = read(|| format!("receipt {}", row.uid), &row.body)?;
            Ok((row, receipt))
        })
        .collect()
}

fn key(row: &Model) -> (chrono::NaiveDate, &str, i64, i64) {
    (row.business_day, &row.store, row.till, row.sequence)
}

/// Where and when a receipt ended: the columns that every report of receipts begins with.
pub(super) const RECEIPT_COLUMNS: [Column; 6] = [
    text_column("day"),
    text_column("store"),
    text_column("till"),
    text_column("number"),
    text_column("at"),
    text_column("operator"),
];

pub(super) fn receipt_cells(row: &Model, receipt: &Receipt) -> Vec<Cell> {
    vec![
        text(row.business_day.to_string()),
        text(row.store.as_str()),
        text(row.till.to_string()),
        text(row.sequence.to_string()),
        local(receipt.at),
        text(receipt.operator.0.as_str()),
    ]
}

/// Who allowed what, and why, of the acts that are named.
pub(super) fn allowed(approvals: &[Approved], rights: &[&str]) -> [Cell; 2] {
    let of: Vec<&Approved> = approvals.iter().filter(|approved| rights.contains(&approved.right.as_str())).collect();
    let joined = |part: fn(&Approved) -> &str| {
        let mut parts: Vec<&str> = of.iter().map(|approved| part(approved)).filter(|part| !part.is_empty()).collect();
        parts.dedup();
        text(parts.join(", "))
    };
    [joined(|approved| &approved.approver.0), joined(|approved| &approved.reason)]
}

/// "S0012/3/1045" by uid, of those that are here.
pub(super) async fn numbers(
    database: &DatabaseConnection,
    uids: Vec<Uuid>,
) -> Result<HashMap<Uuid, String>, ReportError> {
    let mut numbers = HashMap::new();
    for some in uids.chunks(UIDS_MAX) {
        let found: Vec<(Uuid, String, i64, i64)> = ReceiptEntity::find()
            .select_only()
            .columns([ReceiptColumn::Uid, ReceiptColumn::Store, ReceiptColumn::Till, ReceiptColumn::Sequence])
            .filter(ReceiptColumn::Uid.is_in(some.to_vec()))
            .into_tuple()
            .all(database)
            .await?;
        numbers.extend(found.into_iter().map(|(uid, store, till, number)| (uid, format!("{store}/{till}/{number}"))));
    }
    Ok(numbers)
}

/// Shifts by day, store, till and number.
pub(super) async fn shifts(
    database: &DatabaseConnection,
    arguments: &Arguments,
    also: Condition,
) -> Result<Vec<shift::Model>, ReportError> {
    use shift::Column;
    let rows = shift::Entity::find()
        .filter(within(Column::BusinessDay, Column::Store, arguments))
        .filter(also)
        .limit(SHIFTS_MAX as u64 + 1)
        .all(database)
        .await?;
    let mut rows = not_too_many(rows, SHIFTS_MAX)?;
    rows.sort_by(|one, other| {
        let key = |row: &shift::Model| (row.business_day, row.store.clone(), row.till, row.shift);
        key(one).cmp(&key(other))
    });
    Ok(rows)
}

pub(super) const SHIFT_COLUMNS: [Column; 4] =
    [text_column("day"), text_column("store"), text_column("till"), text_column("shift")];

pub(super) fn shift_cells(row: &shift::Model) -> Vec<Cell> {
    vec![
        text(row.business_day.to_string()),
        text(row.store.as_str()),
        text(row.till.to_string()),
        text(row.shift.to_string()),
    ]
}
