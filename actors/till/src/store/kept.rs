//! Reading what a till keeps beside its journal: closed receipts, parked ones, sold units and what came back.

use chrono::{Days, NaiveDate, NaiveTime};
use domain::ids::ReceiptId;
use domain::quantity::Quantity;
use messages::codec::from_body;
use messages::v1::receipt as v1;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use super::{signed, unreadable};

/// A receipt's business day is at most so many days after its clock.
const BUSINESS_DAY_AHEAD_MAX: u64 = 2;

/// A receipt of this till that was closed.
pub(crate) async fn receipt(connection: &impl ConnectionTrait, uid: ReceiptId) -> Result<Option<v1::Receipt>, DbErr> {
    closed(connection, "uid = $1", [uid.to_string().into()]).await
}

pub(crate) async fn receipt_by_number(
    connection: &impl ConnectionTrait,
    sequence: u64,
) -> Result<Option<v1::Receipt>, DbErr> {
    closed(connection, "sequence = $1", [signed(sequence)?.into()]).await
}

pub(crate) async fn receipt_by_fiscal(
    connection: &impl ConnectionTrait,
    device: &str,
    number: u32,
) -> Result<Option<v1::Receipt>, DbErr> {
    closed(connection, "fiscal_number = $1 AND fiscal_device = $2", [i64::from(number).into(), device.into()]).await
}

async fn closed(
    connection: &impl ConnectionTrait,
    by: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<v1::Receipt>, DbErr> {
    let sql = format!("SELECT body FROM receipt WHERE {by} AND kind IN ('sale', 'return')");
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    row.map(|row| from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)).transpose()
}

/// The last fiscal document that is known here: its storage and its number.
pub(crate) async fn last_fiscal(connection: &impl ConnectionTrait) -> Result<Option<(String, u32)>, DbErr> {
    let sql = "SELECT fiscal_device, fiscal_number FROM receipt WHERE fiscal_number IS NOT NULL \
               ORDER BY sequence DESC LIMIT 1";
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    row.map(|row| {
        let number = u32::try_from(row.try_get::<i64>("", "fiscal_number")?).map_err(unreadable)?;
        Ok((row.try_get("", "fiscal_device")?, number))
    })
    .transpose()
}

/// The receipts that were closed last, newest first.
pub(crate) async fn last_closed(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<v1::Receipt>, DbErr> {
    let sql = "SELECT body FROM receipt WHERE kind IN ('sale', 'return') ORDER BY sequence DESC LIMIT $1";
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [signed(limit)?.into()])).await?;
    rows.iter().map(|row| from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)).collect()
}

/// Receipts that were closed after this number, oldest first.
pub(crate) async fn closed_after(
    connection: &impl ConnectionTrait,
    sequence: u64,
    limit: u64,
) -> Result<Vec<v1::Receipt>, DbErr> {
    let sql = "SELECT body FROM receipt WHERE kind IN ('sale', 'return') AND sequence > $1 ORDER BY sequence LIMIT $2";
    let values = [signed(sequence)?.into(), signed(limit)?.into()];
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)).collect()
}

/// A receipt before all of this business day. A shift that began late, and the hour of the day, are no matter: some days
/// are looked at in vain.
pub(crate) async fn last_before(connection: &impl ConnectionTrait, day: NaiveDate) -> Result<u64, DbErr> {
    let before = day - Days::new(BUSINESS_DAY_AHEAD_MAX);
    let sql = "SELECT COALESCE(MAX(sequence), 0) AS last FROM receipt WHERE at_ms < $1";
    let before_ms = before.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [before_ms.into()])).await?;
    row.map_or(Ok(0), |row| u64::try_from(row.try_get::<i64>("", "last")?).map_err(unreadable))
}

/// How often a receipt was printed again.
pub(crate) async fn copies(connection: &impl ConnectionTrait, sequence: u64) -> Result<u32, DbErr> {
    let sql = "SELECT copies FROM receipt WHERE sequence = $1";
    let backend = connection.get_database_backend();
    let row =
        connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [signed(sequence)?.into()])).await?;
    row.map_or(Ok(0), |row| u32::try_from(row.try_get::<i64>("", "copies")?).map_err(unreadable))
}

/// Receipts that were put aside here and not taken up, oldest first, with their names.
pub(crate) async fn parked(connection: &impl ConnectionTrait) -> Result<Vec<(String, v1::Receipt)>, DbErr> {
    let sql = "SELECT name, body FROM put_aside WHERE taken = 0 ORDER BY at_ms";
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "name")?, from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)?)))
        .collect()
}

/// Was this parked receipt taken up at this till?
pub(crate) async fn taken_up(connection: &impl ConnectionTrait, uid: ReceiptId) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM put_aside WHERE uid = $1 AND taken = 1";
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [uid.to_string().into()])).await?;
    Ok(row.is_some())
}

/// The receipt by which this till sold the unit.
pub(crate) async fn mark_sold(connection: &impl ConnectionTrait, identity: &str) -> Result<Option<String>, DbErr> {
    let sql = "SELECT receipt FROM mark_sold WHERE identity = $1";
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [identity.into()])).await?;
    row.map(|row| row.try_get("", "receipt")).transpose()
}

/// What came back of a receipt at this till: line, quantity, and the receipt by which it came.
pub(crate) async fn returned(connection: &impl ConnectionTrait, of: ReceiptId) -> Result<Vec<v1::ReturnedLine>, DbErr> {
    let sql = "SELECT line, by_uid, quantity FROM returned WHERE of_uid = $1";
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [of.to_string().into()])).await?;
    rows.iter()
        .map(|row| {
            let by: String = row.try_get("", "by_uid")?;
            Ok(v1::ReturnedLine {
                line: u32::try_from(row.try_get::<i64>("", "line")?).map_err(unreadable)?,
                quantity: Quantity::from_thousandths(row.try_get("", "quantity")?),
                by: ReceiptId(by.parse().map_err(unreadable)?),
            })
        })
        .collect()
}
