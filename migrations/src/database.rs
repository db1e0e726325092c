//! Opening a node's database: one writer, a few readers, and settings under which a committed receipt survives a power cut.

use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::{self, Connection};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

/// Readers of one SQLite file: a till needs one, a server's pages a few.
const READERS_MAX: u32 = 4;
/// A writer that waits longer than this has met another process at the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of a connection, in KiB. A till keeps a million barcodes on disk and few of them in memory.
const CACHE_KIB: u32 = 8 * 1024;

/// A node's database. All writes go through the one `writer` connection, one transaction at a time.
#[derive(Clone, Debug)]
pub struct Database {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
}

impl Database {
    /// Open, or make, the SQLite file and bring its schema up to date.
    pub async fn open_sqlite<M: MigratorTrait>(file: &Path) -> Result<Database, DbErr> {
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let writer = sea_orm::Database::connect(sqlite(&url, 1)).await?;
        M::up(&writer, None).await?;
        let reader = sea_orm::Database::connect(sqlite(&url, READERS_MAX)).await?;
        Ok(Database { writer, reader })
    }

    /// Connect to PostgreSQL and bring the schema up to date.
    pub async fn open_postgres<M: MigratorTrait>(url: &str, connections_max: u32) -> Result<Database, DbErr> {
        let mut options = ConnectOptions::new(url);
        options.max_connections(connections_max).sqlx_logging(false);
        let pool = sea_orm::Database::connect(options).await?;
        M::up(&pool, None).await?;
        Ok(Database { writer: pool.clone(), reader: pool })
    }

    /// Begin a transaction that writes. It takes the write lock at once, so that it never fails half-way for want of it.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.drop_stuck_writer().await?;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.writer.begin_with_options(options).await
    }

    /// When a disk is full SQLite may roll back by itself. The driver then takes the connection for one inside a transaction:
    /// it nests what comes in one that nobody commits. Such a connection is closed, and the pool opens another.
    async fn drop_stuck_writer(&self) -> Result<(), DbErr> {
        if !matches!(self.writer.inner, DatabaseConnectionType::SqlxSqlitePoolConnection(_)) {
            return Ok(());
        }
        let lost = |error: sqlx::Error| DbErr::Conn(RuntimeErr::SqlxError(error.into()));
        let mut connection = self.writer.get_sqlite_connection_pool().acquire().await.map_err(lost)?;
        if !connection.is_in_transaction() {
            return Ok(());
        }
        // A rollback may be under way.
        let answers = connection.ping().await.is_ok();
        if answers && !connection.is_in_transaction() {
            return Ok(());
        }
        connection.close().await.map_err(lost)
    }

    pub async fn close(self) -> Result<(), DbErr> {
        self.writer.close().await?;
        self.reader.close().await
    }
}

fn sqlite(url: &str, connections_max: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections_max)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        // A file does not hang up: a ping before each statement would only double the work.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("cache_size", format!("-{CACHE_KIB}"))
        });
    options
}
