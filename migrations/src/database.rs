//! Opening a node's database: a SQLite file with one writer and a few readers, or PostgreSQL; and settings under which a
//! committed receipt survives a power cut.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, Connection};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbErr,
    RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use crate::lease;

/// Readers of one SQLite file: a till needs one, a server's pages a few.
const READERS_MAX: u32 = 4;
/// A writer that waits longer than this has met another process at the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of a connection, in KiB. A till keeps a million barcodes on disk and few of them in memory.
const CACHE_KIB: u32 = 8 * 1024;

/// Connections of a node to PostgreSQL: documents of so many peers are committed at once.
pub const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// A process that stops in a transaction, and will perhaps go on for ever, must not hold its locks for longer.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);
/// The lease under which the schema is brought up to date.
const MIGRATE: &str = "migrate";
/// A process that died while it held the lease is waited for so long.
const MIGRATE_LEASE: Duration = Duration::from_secs(10);
/// How long a start waits while another process brings the schema up to date.
const MIGRATE_WITHIN: Duration = Duration::from_secs(120);
const MIGRATE_LOOKS: Duration = Duration::from_millis(200);

/// Where a node's database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    File(PathBuf),
    /// By its address, which may hold a password.
    Postgres(String),
}

/// An address is not one of PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"database\" must be an address as postgres://user:password@host:5432/name; leave it out for a file in the data folder"
)]
pub struct NotPostgres;

impl Location {
    /// At `address`, or without one in `file`.
    pub fn of(address: Option<&str>, file: PathBuf) -> Result<Location, NotPostgres> {
        match address {
            None => Ok(Location::File(file)),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Location::Postgres(url.to_owned()))
            }
            Some(_) => Err(NotPostgres),
        }
    }
}

impl fmt::Display for Location {
    /// For operators: without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(file) => write!(f, "{}", file.display()),
            Location::Postgres(url) => {
                let after = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let place = after.rsplit_once('@').map_or(after, |(_, place)| place);
                write!(f, "postgres://{}", place.split('?').next().unwrap_or(place))
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// A node's database. In a file all writes go through the one `writer` connection, one transaction at a time.
#[derive(Clone, Debug)]
pub struct Database {
    pub writer: DatabaseConnection,
    pub reader: DatabaseConnection,
}

impl Database {
    pub async fn open<M: MigratorTrait>(at: &Location) -> Result<Database, DbErr> {
        match at {
            Location::File(file) => Database::open_sqlite::<M>(file).await,
            Location::Postgres(url) => Database::open_postgres::<M>(url, POSTGRES_CONNECTIONS_MAX).await,
        }
    }

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
        let pool = sea_orm::Database::connect(postgres(url, connections_max)).await?;
        migrate::<M>(&pool).await?;
        Ok(Database { writer: pool.clone(), reader: pool })
    }

    /// The same, with the tables in a schema of their own beside others in that database.
    pub async fn open_postgres_schema<M: MigratorTrait>(
        url: &str,
        schema: &'static str,
        connections_max: u32,
    ) -> Result<Database, DbErr> {
        let mut options = postgres(url, connections_max);
        options.set_schema_search_path(schema);
        let pool = sea_orm::Database::connect(options).await?;
        let made = pool.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await;
        if made.is_err() {
            // Another process made it at the same moment.
            pool.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        }
        migrate::<M>(&pool).await?;
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

fn postgres(url: &str, connections_max: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| {
            let idle_max = IDLE_IN_TRANSACTION_MAX.as_millis().to_string();
            postgres.application_name("openstore").options([("idle_in_transaction_session_timeout", idle_max)])
        });
    options
}

/// Bring the schema up to date, one process at a time: the others wait, and find it done.
async fn migrate<M: MigratorTrait>(pool: &DatabaseConnection) -> Result<(), DbErr> {
    lease::make_table(pool).await?;
    lease::offer(pool, &[MIGRATE.to_owned()]).await?;
    let holder = format!("process {} ({:016x})", std::process::id(), rand::random::<u64>());
    let until = Instant::now() + MIGRATE_WITHIN;
    loop {
        if let Some(fence) = lease::take(pool, MIGRATE, &holder, MIGRATE_LEASE, 1).await?.into_iter().next() {
            let done = migrate_under::<M>(pool, &fence).await;
            lease::release(pool, &[fence]).await?;
            return done;
        }
        if Instant::now() >= until {
            let held = lease::all(pool).await?.into_iter().find(|lease| lease.role == MIGRATE);
            let holder = held.map_or_else(String::new, |lease| lease.holder);
            return Err(DbErr::Custom(format!(
                "{holder} has been bringing the database up to date for {} seconds: see what it waits for, then start again",
                MIGRATE_WITHIN.as_secs()
            )));
        }
        tokio::time::sleep(MIGRATE_LOOKS).await;
    }
}

/// All of it in one transaction: a process that dies half-way leaves nothing.
async fn migrate_under<M: MigratorTrait>(pool: &DatabaseConnection, fence: &lease::Fence) -> Result<(), DbErr> {
    let transaction = pool.begin().await?;
    fence.check(&transaction).await.map_err(|error| DbErr::Custom(error.to_string()))?;
    M::up(&transaction, None).await?;
    transaction.commit().await
}
