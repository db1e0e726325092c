//! Reading what a till keeps, without the till: for reports, tests and whoever doubts.

use domain::ids::ReceiptId;
use domain::journal::{self, Broken, Entry, Head};
use messages::codec::from_body;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::Receipt;
use migrations::database::Database;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::desk::Record;
use crate::store::{self, unreadable};
use crate::wire;

/// Entries or receipts read at once.
const PAGE: u64 = 500;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("the journal cannot be read: {0}")]
    Unreadable(#[from] DbErr),
}

/// A receipt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedReceipt {
    pub receipt: Receipt,
    /// "sale", "return", "cancelled" or "parked".
    pub kind: String,
}

impl EndedReceipt {
    pub fn is_closed(&self) -> bool {
        matches!(self.kind.as_str(), "sale" | "return")
    }
}

/// What a person at the till is told of a database that cannot be opened, and what to do.
pub fn sentence(error: &DbErr) -> String {
    store::sentence(error)
}

/// Check every entry of the journal against its chain and the end of it; answers the head.
pub async fn verify_journal(database: &Database) -> Result<Head, JournalError> {
    let written = store::written_head(&database.reader).await?;
    let mut head = Head::START;
    loop {
        let entries = store::entries(&database.reader, head.sequence + 1, PAGE).await?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            head = journal::verify(head, entry)?;
            if head.sequence == written.sequence {
                journal::verify_end(written, head)?;
            }
        }
    }
    if head.sequence < written.sequence {
        journal::verify_end(written, head)?;
    }
    Ok(head)
}

/// Up to `limit` entries of the journal from number `from` on.
pub async fn journal(database: &Database, from: u64, limit: u64) -> Result<Vec<Entry>, DbErr> {
    store::entries(&database.reader, from, limit).await
}

/// What an entry says.
pub fn record(entry: &Entry) -> Result<Record, DbErr> {
    from_body(&entry.body).map_err(unreadable)
}

/// Up to `limit` ended receipts with a number above `after`, by number.
pub async fn receipts(database: &Database, after: u64, limit: u64) -> Result<Vec<EndedReceipt>, DbErr> {
    let sql = "SELECT kind, body FROM receipt WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    let values = [after, limit].map(|number| i64::try_from(number).unwrap_or(i64::MAX).into());
    let backend = database.reader.get_database_backend();
    let rows = database.reader.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter()
        .map(|row| {
            Ok(EndedReceipt {
                receipt: from_body(&row.try_get::<Vec<u8>>("", "body")?).map_err(unreadable)?,
                kind: row.try_get("", "kind")?,
            })
        })
        .collect()
}

/// The receipt with this id, if this till closed it.
pub async fn receipt(database: &Database, uid: ReceiptId) -> Result<Option<Receipt>, DbErr> {
    store::receipt(&database.reader, uid).await
}

/// The receipt that ended last.
pub async fn last_receipt(database: &Database) -> Result<Option<EndedReceipt>, DbErr> {
    let sql = "SELECT MAX(sequence) AS last FROM receipt";
    let backend = database.reader.get_database_backend();
    let row = database.reader.query_one_raw(Statement::from_string(backend, sql)).await?;
    let last: Option<i64> = row.map(|row| row.try_get("", "last")).transpose()?.flatten();
    match last.and_then(|last| u64::try_from(last).ok()) {
        Some(last) => Ok(receipts(database, last.saturating_sub(1), 1).await?.pop()),
        None => Ok(None),
    }
}

/// Totals of the open shift. None if it is closed.
pub async fn shift(database: &Database) -> Result<Option<ShiftTotals>, DbErr> {
    let (standing, _) = store::load(&database.reader).await?;
    Ok(standing.desk.shift.as_ref().map(|shift| wire::totals(shift, standing.head)))
}
