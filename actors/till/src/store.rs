//! The till's tables: the journal, the desk as it last changed, and the receipts that ended.

use chrono::{DateTime, FixedOffset};
use domain::ids::ReceiptId;
use domain::journal::{Entry, Hash, Head};
use domain::quantity::Quantity;
use domain::receipt::{Event, Receipt};
use link::outbox;
use messages::codec::{from_body, to_body};
use messages::v1::document::Document;
use messages::v1::receipt as v1;
use migrations::database::Database;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, RuntimeErr, Statement, Value};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, Record};
use crate::recovery::TakenBack;
use crate::settings::TillSettings;

mod kept;

pub(crate) use kept::*;

/// SQLite's code for a disk that failed: what was being written may be there or not.
const SQLITE_IOERR: i32 = 10;
const SQLITE_READONLY: i32 = 8;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;
/// Entries of one INSERT; a receipt that is paid in cash has three.
const INSERT_ROWS_MAX: usize = 8;

/// Where the till stands. The row is written when more than the head changes; the head is that of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) head: Head,
    /// The entry at which the open receipt begins.
    pub(crate) receipt_from: Option<u64>,
    pub(crate) desk: Desk,
    /// The latest time of any entry, in milliseconds since 1970: the clock is not before it.
    pub(crate) latest_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct StandingRow {
    sequence: u64,
    hash: [u8; 32],
    receipt_from: Option<u64>,
    desk: Desk,
    #[serde(default)]
    latest_ms: Option<i64>,
}

/// A receipt that ended, with its place in the shift.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) receipt: v1::Receipt,
    pub(crate) how: How,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Closed,
    Cancelled,
    /// Put aside under this name.
    Parked(String),
}

/// All that one command stores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) records: Vec<Record>,
    pub(crate) ended: Option<Ended>,
    pub(crate) documents: Vec<Document>,
    /// A receipt that was put aside here and goes on in another one.
    pub(crate) taken: Option<ReceiptId>,
    /// A closed receipt that is printed once more.
    pub(crate) copied: Option<u64>,
}

impl Changes {
    pub(crate) fn of(records: Vec<Record>) -> Changes {
        Changes { records, ..Changes::default() }
    }

    /// These, and then those.
    pub(crate) fn and(mut self, then: Changes) -> Changes {
        self.records.extend(then.records);
        self.documents.extend(then.documents);
        Changes {
            records: self.records,
            documents: self.documents,
            ended: then.ended.or(self.ended),
            taken: then.taken.or(self.taken),
            copied: then.copied.or(self.copied),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CommitError {
    /// Nothing was stored.
    #[error("{0}")]
    Aborted(DbErr),
    /// The database did not say whether it stored it.
    #[error("{0}")]
    Unknown(DbErr),
}

/// The time of the journal's last entry, in milliseconds since 1970.
async fn last_at_ms(connection: &impl ConnectionTrait) -> Result<Option<i64>, DbErr> {
    let sql = "SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1";
    let backend = connection.get_database_backend();
    connection
        .query_one_raw(Statement::from_string(backend, sql))
        .await?
        .map(|row| row.try_get("", "at_ms"))
        .transpose()
}

pub(crate) async fn load(connection: &impl ConnectionTrait) -> Result<(Standing, Option<Receipt>), DbErr> {
    let head = last_head(connection).await?;
    let last_ms = last_at_ms(connection).await?;
    // The journal may have begun with entries that moved nothing else: a device's shift that was not ours, for one.
    let Some(row) = standing_row(connection).await? else {
        return Ok((Standing { head, receipt_from: None, desk: Desk::new(), latest_ms: last_ms }, None));
    };
    let latest_ms = row.latest_ms.max(last_ms);
    let standing = Standing { head, receipt_from: row.receipt_from, desk: row.desk, latest_ms };
    let receipt = match standing.receipt_from {
        Some(from) => Some(rebuild(connection, from).await?),
        None => None,
    };
    Ok((standing, receipt))
}

async fn rebuild(connection: &impl ConnectionTrait, from: u64) -> Result<Receipt, DbErr> {
    let mut receipt = None;
    for entry in entries(connection, from, u64::MAX).await? {
        if let Record::Receipt(event) = from_body(&entry.body).map_err(unreadable)? {
            match (&event, &mut receipt) {
                (Event::Opened(opening), _) => receipt = Some(Receipt::new(opening.clone())),
                (event, Some(receipt)) => receipt.apply(event),
                (_, None) => {}
            }
        }
    }
    receipt.ok_or_else(|| DbErr::Custom(format!("the journal does not open a receipt at entry {from}")))
}

/// Journal, standing, receipt and documents in one transaction. `standing` is given if more than its head changed.
pub(crate) async fn commit(
    database: &Database,
    settings: &TillSettings,
    at: DateTime<FixedOffset>,
    entries: &[Entry],
    standing: Option<&Standing>,
    changes: &Changes,
) -> Result<(), CommitError> {
    let more = standing.is_some()
        || changes.ended.is_some()
        || changes.taken.is_some()
        || changes.copied.is_some()
        || !changes.documents.is_empty();
    if !more && (1..=INSERT_ROWS_MAX).contains(&entries.len()) {
        // One statement is a transaction by itself, in one turn of the database's thread instead of three.
        let insert = insert_entries(database, entries).map_err(CommitError::Aborted)?;
        let stored = database.writer.execute_raw(insert).await;
        return stored.map(|_| ()).map_err(|error| match primary_code(&error) {
            Some(code) if code != SQLITE_IOERR => CommitError::Aborted(error),
            _ => CommitError::Unknown(error),
        });
    }
    let transaction = database.begin().await.map_err(CommitError::Aborted)?;
    let written = write(&transaction, database, settings, at, entries, standing, changes).await;
    if let Err(error) = written {
        transaction.rollback().await.ok();
        return Err(CommitError::Aborted(error));
    }
    transaction.commit().await.map_err(|error| match primary_code(&error) {
        // Without its last page in the log a transaction is not there.
        Some(SQLITE_FULL) => CommitError::Aborted(error),
        _ => CommitError::Unknown(error),
    })
}

async fn write(
    transaction: &DatabaseTransaction,
    database: &Database,
    settings: &TillSettings,
    at: DateTime<FixedOffset>,
    entries: &[Entry],
    standing: Option<&Standing>,
    changes: &Changes,
) -> Result<(), DbErr> {
    for rows in entries.chunks(INSERT_ROWS_MAX) {
        transaction.execute_raw(insert_entries(database, rows)?).await?;
    }
    if let Some(ended) = &changes.ended {
        write_ended(transaction, database, ended).await?;
    }
    if let Some(taken) = changes.taken {
        take_up(transaction, database, taken, at.timestamp_millis()).await?;
    }
    if changes.records.iter().any(|record| matches!(record, Record::TakenBack { .. })) {
        transaction.execute_raw(statement(database, "DELETE FROM till_state WHERE id = 2", [])).await?;
    }
    if let Some(sequence) = changes.copied {
        let sql = "UPDATE receipt SET copies = copies + 1 WHERE sequence = $1";
        transaction.execute_raw(statement(database, sql, [signed(sequence)?.into()])).await?;
    }
    if let Some(standing) = standing {
        write_standing(transaction, database, standing).await?;
    }
    for document in &changes.documents {
        outbox::append(transaction, &settings.store, settings.till, at.timestamp_millis(), document).await?;
    }
    Ok(())
}

pub(crate) async fn write_standing(
    transaction: &DatabaseTransaction,
    database: &Database,
    standing: &Standing,
) -> Result<(), DbErr> {
    let row = StandingRow {
        sequence: standing.head.sequence,
        hash: standing.head.hash.0,
        receipt_from: standing.receipt_from,
        desk: standing.desk.clone(),
        latest_ms: standing.latest_ms,
    };
    write_state(transaction, database, 1, to_body(&row)).await
}

/// A note for the till: it was given back documents and has not looked at its registrar yet.
pub(crate) async fn keep_taken_back(
    transaction: &DatabaseTransaction,
    database: &Database,
    taken: &TakenBack,
) -> Result<(), DbErr> {
    write_state(transaction, database, 2, to_body(taken)).await
}

pub(crate) async fn taken_back(connection: &impl ConnectionTrait) -> Result<Option<TakenBack>, DbErr> {
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, "SELECT body FROM till_state WHERE id = 2"));
    row.await?.map(|row| from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)).transpose()
}

async fn write_state(
    transaction: &DatabaseTransaction,
    database: &Database,
    id: i64,
    body: Vec<u8>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO till_state (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
    let values: [Value; 2] = [id.into(), body.into()];
    transaction.execute_raw(statement(database, sql, values)).await.map(|_| ())
}

/// A parked receipt goes on in another. One of another till has no row here yet: it is remembered, so that nobody takes it
/// up here a second time.
pub(crate) async fn take_up(
    transaction: &DatabaseTransaction,
    database: &Database,
    taken: ReceiptId,
    at_ms: i64,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO put_aside (uid, taken, at_ms, name, body) VALUES ($1, 1, $2, '', $3) \
               ON CONFLICT (uid) DO UPDATE SET taken = 1";
    let values: [Value; 3] = [taken.to_string().into(), at_ms.into(), Vec::<u8>::new().into()];
    transaction.execute_raw(statement(database, sql, values)).await.map(|_| ())
}

/// What a person at the till is told of a database that fails, and what to do.
pub(crate) fn sentence(error: &DbErr) -> String {
    match primary_code(error) {
        Some(SQLITE_FULL) => {
            "the disk of this till is full: call support to free space; what was stored is safe".to_owned()
        }
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => {
            "the memory of this till is damaged: sell at another till and call support; do not delete anything"
                .to_owned()
        }
        Some(SQLITE_READONLY) => {
            "the disk of this till cannot be written: call support; what was stored is safe".to_owned()
        }
        Some(SQLITE_IOERR) => "the disk of this till fails: sell at another till and call support".to_owned(),
        _ => error.to_string(),
    }
}

/// The first byte of SQLite's answer, if it was SQLite that refused.
fn primary_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

fn insert_entries(database: &Database, rows: &[Entry]) -> Result<Statement, DbErr> {
    let places: Vec<String> = (0..rows.len())
        .map(|row| {
            let first = row * 6;
            format!("(${}, ${}, ${}, ${}, ${}, ${})", first + 1, first + 2, first + 3, first + 4, first + 5, first + 6)
        })
        .collect();
    let sql = format!("INSERT INTO journal (seq, at_ms, kind, body, prev, hash) VALUES {}", places.join(", "));
    let mut values: Vec<Value> = Vec::with_capacity(rows.len() * 6);
    for entry in rows {
        values.extend([
            signed(entry.sequence)?.into(),
            entry.at_ms.into(),
            entry.kind.as_ref().into(),
            entry.body.clone().into(),
            entry.previous.0.to_vec().into(),
            entry.hash.0.to_vec().into(),
        ]);
    }
    Ok(statement(database, &sql, values))
}

pub(crate) async fn write_ended(
    transaction: &DatabaseTransaction,
    database: &Database,
    ended: &Ended,
) -> Result<(), DbErr> {
    let receipt = &ended.receipt;
    let kind = match (&ended.how, receipt.kind) {
        (How::Cancelled, _) => "cancelled",
        (How::Parked(_), _) => "parked",
        (How::Closed, v1::ReceiptKind::Sale) => "sale",
        (How::Closed, v1::ReceiptKind::Return) => "return",
    };
    let sql = "INSERT INTO receipt (sequence, uid, shift, kind, at_ms, total, body, fiscal_device, fiscal_number) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let fiscal = receipt.fiscal.as_ref();
    let values: [Value; 9] = [
        signed(receipt.sequence)?.into(),
        receipt.uid.to_string().into(),
        i64::from(receipt.shift).into(),
        kind.into(),
        receipt.at.timestamp_millis().into(),
        receipt.total.minor().into(),
        to_body(receipt).into(),
        fiscal.map(|fiscal| fiscal.device.clone()).into(),
        fiscal.map(|fiscal| i64::from(fiscal.number)).into(),
    ];
    transaction.execute_raw(statement(database, sql, values)).await?;
    match &ended.how {
        How::Closed => write_marks(transaction, database, receipt).await?,
        How::Cancelled => return Ok(()),
        How::Parked(name) => {
            let sql = "INSERT INTO put_aside (uid, taken, at_ms, name, body) VALUES ($1, 0, $2, $3, $4)";
            let values: [Value; 4] = [
                receipt.uid.to_string().into(),
                receipt.at.timestamp_millis().into(),
                name.as_str().into(),
                to_body(receipt).into(),
            ];
            transaction.execute_raw(statement(database, sql, values)).await?;
            return Ok(());
        }
    }
    let Some(of) = receipt.of else { return Ok(()) };
    let mut returned = std::collections::BTreeMap::new();
    for line in receipt.lines.iter().filter(|line| !line.voided) {
        if let Some(of_line) = line.of_line {
            let sum = returned.entry(of_line).or_insert(Quantity::ZERO);
            *sum = *sum + line.quantity;
        }
    }
    for (line, quantity) in returned {
        let sql = "INSERT INTO returned (of_uid, line, by_uid, quantity) VALUES ($1, $2, $3, $4)";
        let values: [Value; 4] = [
            of.to_string().into(),
            i64::from(line).into(),
            receipt.uid.to_string().into(),
            quantity.thousandths().into(),
        ];
        transaction.execute_raw(statement(database, sql, values)).await?;
    }
    Ok(())
}

/// Units that are gone with a sale, or are back with a return.
async fn write_marks(
    transaction: &DatabaseTransaction,
    database: &Database,
    receipt: &v1::Receipt,
) -> Result<(), DbErr> {
    for mark in receipt.lines.iter().filter(|line| !line.voided).filter_map(|line| line.mark.as_ref()) {
        let written = match receipt.kind {
            v1::ReceiptKind::Sale => {
                let sql = "INSERT INTO mark_sold (identity, receipt) VALUES ($1, $2) \
                           ON CONFLICT (identity) DO UPDATE SET receipt = excluded.receipt";
                statement(database, sql, [mark.as_str().into(), receipt.uid.to_string().into()])
            }
            v1::ReceiptKind::Return => {
                statement(database, "DELETE FROM mark_sold WHERE identity = $1", [mark.as_str().into()])
            }
        };
        transaction.execute_raw(written).await?;
    }
    Ok(())
}

/// Entries from number `from` on, `limit` at most.
pub(crate) async fn entries(connection: &impl ConnectionTrait, from: u64, limit: u64) -> Result<Vec<Entry>, DbErr> {
    let sql = "SELECT seq, at_ms, kind, body, prev, hash FROM journal WHERE seq >= $1 ORDER BY seq LIMIT $2";
    let values = [signed(from)?.into(), signed(limit.min(1 << 40))?.into()];
    let backend = connection.get_database_backend();
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    Ok(Entry {
        sequence: unsigned(row.try_get("", "seq")?)?,
        at_ms: row.try_get("", "at_ms")?,
        kind: row.try_get::<String>("", "kind")?.into(),
        body: row.try_get("", "body")?,
        previous: hash(row.try_get("", "prev")?)?,
        hash: hash(row.try_get("", "hash")?)?,
    })
}

/// The end of the journal as it lies there.
async fn last_head(connection: &impl ConnectionTrait) -> Result<Head, DbErr> {
    let sql = "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1";
    let backend = connection.get_database_backend();
    let Some(row) = connection.query_one_raw(Statement::from_string(backend, sql)).await? else {
        return Ok(Head::START);
    };
    Ok(Head { sequence: unsigned(row.try_get("", "seq")?)?, hash: hash(row.try_get("", "hash")?)? })
}

/// A head that the journal had at least, as the standing has it: an end that was cut off is missed.
pub(crate) async fn written_head(connection: &impl ConnectionTrait) -> Result<Head, DbErr> {
    let row = standing_row(connection).await?;
    Ok(row.map_or(Head::START, |row| Head { sequence: row.sequence, hash: Hash(row.hash) }))
}

async fn standing_row(connection: &impl ConnectionTrait) -> Result<Option<StandingRow>, DbErr> {
    let sql = "SELECT body FROM till_state WHERE id = 1";
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    row.map(|row| from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)).transpose()
}

fn statement(database: &Database, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(database.writer.get_database_backend(), sql, values)
}

fn signed(number: u64) -> Result<i64, DbErr> {
    i64::try_from(number).map_err(unreadable)
}

fn unsigned(number: i64) -> Result<u64, DbErr> {
    u64::try_from(number).map_err(unreadable)
}

fn hash(bytes: Vec<u8>) -> Result<Hash, DbErr> {
    bytes.try_into().map(Hash).map_err(|_| unreadable("a hash of another length"))
}

pub(crate) fn unreadable(error: impl std::fmt::Display) -> DbErr {
    DbErr::Custom(format!("a stored row cannot be read: {error}"))
}
