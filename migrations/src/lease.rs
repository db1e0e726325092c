//! Leases: what only one process at a time may do, as rows of the database that it is done to.
//!
//! A lease has a holder until it expires by the clock of the database, and a fence that grows with every holder. Whoever
//! writes as a holder checks the fence in the transaction that writes: a process that slept past its lease finds a newer
//! fence there, however sure it is. A transaction that has checked keeps others from taking the lease until it ends.
//!
//! Invariants:
//! - LE-1 No two processes hold the same role and fence.
//! - LE-2 What was committed under a fence was committed before the next holder began.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

/// Two processes that make the table at once meet in the catalogue of PostgreSQL: one of them tries again.
const MAKE_TRIES_MAX: u32 = 5;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS lease (role TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, \
                     fence BIGINT NOT NULL, expires_ms BIGINT NOT NULL)";

/// A lease as its holder knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    pub role: String,
    pub fence: i64,
}

/// A lease as anybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub role: String,
    /// Empty: nobody's.
    pub holder: String,
    pub fence: i64,
    /// Of the time that the holder said; 0 or less: it has expired.
    pub left_ms: i64,
}

/// Another process holds the lease by now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease \"{role}\" has gone to another process: nothing is written under the old one")]
pub struct Fenced {
    pub role: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    #[error(transparent)]
    Fenced(#[from] Fenced),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Fence {
    /// Nobody takes this lease from here to the end of `transaction`; an error if somebody has.
    pub async fn check(&self, transaction: &DatabaseTransaction) -> Result<(), FenceError> {
        let backend = transaction.get_database_backend();
        // The lock lets renewals pass and keeps takers out. SQLite has one writer anyway.
        let lock = if backend == DbBackend::Postgres { " FOR KEY SHARE" } else { "" };
        let sql = format!("SELECT 1 AS one FROM lease WHERE role = $1 AND fence = $2{lock}");
        let values = [Value::from(self.role.as_str()), self.fence.into()];
        let held = transaction.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        held.map(|_| ()).ok_or_else(|| Fenced { role: self.role.clone() }.into())
    }
}

/// Make the table, also if another process does so at this moment.
pub async fn make_table(database: &DatabaseConnection) -> Result<(), DbErr> {
    let mut tries = 0;
    loop {
        match database.execute_unprepared(TABLE).await {
            Ok(_) => return Ok(()),
            Err(error) if tries == MAKE_TRIES_MAX || database.get_database_backend() == DbBackend::Sqlite => {
                return Err(error);
            }
            Err(_) => tries += 1,
        }
    }
}

/// Let these roles be taken; those that are known stay as they are.
pub async fn offer(database: &DatabaseConnection, roles: &[String]) -> Result<(), DbErr> {
    let backend = database.get_database_backend();
    for role in roles {
        let sql =
            "INSERT INTO lease (role, holder, fence, expires_ms) VALUES ($1, '', 0, 0) ON CONFLICT (role) DO NOTHING";
        database.execute_raw(Statement::from_sql_and_values(backend, sql, [Value::from(role.as_str())])).await?;
    }
    Ok(())
}

/// Take up to `max` of the roles that begin with `prefix` and are nobody's. One in which the holder of before still
/// writes is left for the next time.
pub async fn take(
    database: &DatabaseConnection,
    prefix: &str,
    holder: &str,
    for_time: Duration,
    max: u64,
) -> Result<Vec<Fence>, DbErr> {
    let backend = database.get_database_backend();
    let (now, lock) = (now(backend), if backend == DbBackend::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" });
    let sql = format!(
        "UPDATE lease SET holder = $1, fence = fence + 1, expires_ms = {now} + $2 WHERE role IN (SELECT role FROM lease \
         WHERE substr(role, 1, {length}) = $3 AND expires_ms <= {now} ORDER BY role LIMIT {max}{lock}) \
         RETURNING role, fence",
        length = prefix.chars().count(),
    );
    let values = [Value::from(holder), whole_ms(for_time).into(), prefix.into()];
    fences(database.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?)
}

/// Hold all that `holder` has for longer. Answers what that is: what is missing was taken by another.
pub async fn renew(database: &DatabaseConnection, holder: &str, for_time: Duration) -> Result<Vec<Fence>, DbErr> {
    let backend = database.get_database_backend();
    let now = now(backend);
    let sql = format!("UPDATE lease SET expires_ms = {now} + $2 WHERE holder = $1 RETURNING role, fence");
    let values = [Value::from(holder), whole_ms(for_time).into()];
    fences(database.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?)
}

/// Give leases back. What is still being written under them is refused from here on.
pub async fn release(database: &DatabaseConnection, fences: &[Fence]) -> Result<(), DbErr> {
    let backend = database.get_database_backend();
    for Fence { role, fence } in fences {
        // The fence grows, so that the one who gave it back cannot write either.
        let sql = "UPDATE lease SET holder = '', expires_ms = 0, fence = fence + 1 WHERE role = $1 AND fence = $2";
        let values = [Value::from(role.as_str()), (*fence).into()];
        database.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// Remove the roles that begin with `prefix` and were nobody's for so long.
pub async fn forget(database: &DatabaseConnection, prefix: &str, after: Duration) -> Result<(), DbErr> {
    let backend = database.get_database_backend();
    let sql = format!(
        "DELETE FROM lease WHERE substr(role, 1, {length}) = $1 AND expires_ms < {now} - $2",
        length = prefix.chars().count(),
        now = now(backend),
    );
    let values = [Value::from(prefix), whole_ms(after).into()];
    database.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Every lease there is.
pub async fn all(database: &DatabaseConnection) -> Result<Vec<Lease>, DbErr> {
    let backend = database.get_database_backend();
    let sql = format!("SELECT role, holder, fence, expires_ms - {} AS left_ms FROM lease ORDER BY role", now(backend));
    let rows = database.query_all_raw(Statement::from_string(backend, sql)).await?;
    rows.iter()
        .map(|row| {
            Ok(Lease {
                role: row.try_get("", "role")?,
                holder: row.try_get("", "holder")?,
                fence: row.try_get("", "fence")?,
                left_ms: row.try_get("", "left_ms")?,
            })
        })
        .collect()
}

fn fences(rows: Vec<sea_orm::QueryResult>) -> Result<Vec<Fence>, DbErr> {
    rows.iter().map(|row| Ok(Fence { role: row.try_get("", "role")?, fence: row.try_get("", "fence")? })).collect()
}

/// The clock of the database, in milliseconds: those of two machines differ.
fn now(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
    }
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
