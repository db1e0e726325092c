//! The account book in a database: a SQLite file of its own, or PostgreSQL.
//!
//! A block of postings alone is one statement, which commits by itself; with rows or pages it is one transaction. Statements
//! come in few sizes, so that the driver has them prepared.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use migrations::AccountsMigrator;
use migrations::database::Database;
use migrations::entity::{account_block, account_page, account_row, account_run, account_run_page};
use migrations::lease::{Fence, FenceError};
use sea_orm::sea_query::{Expr, Func, OnConflict};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, RuntimeErr,
};
use tokio::sync::Mutex;

use super::block::{decode_rows, encode_rows};
use super::run::{RunHead, RunPage};
use super::{Block, Head, Loading, Page, READ_BYTES_MAX, Row, SavedPage, Store, StoreError};

/// Of a new SQLite file: a block is a megabyte in one row, which in the usual 4 KiB is a chain of 256 pages.
const PAGE_BYTES: u32 = 16 * 1024;
/// A WAL of so many pages (64 MB) is copied into the file: seldom enough that commits seldom wait for it.
const CHECKPOINT_PAGES: u32 = 4096;
/// Rows of one statement. Four columns of the most are 2,048 values: SQLite takes 32,766 and PostgreSQL 65,535.
const ROWS_A_STATEMENT: [usize; 4] = [512, 64, 8, 1];
/// Blocks that loading asks for at once.
const LOAD_BLOCKS: usize = 1024;
/// Pages of runs are numbered within their run below this.
const RUN_PAGES: i64 = 65_536;
/// Connections to PostgreSQL: one writes, the others answer questions.
pub(crate) const POSTGRES_CONNECTIONS_MAX: u32 = 4;

pub struct DatabaseStore {
    database: Database,
    /// None: to be read. Who holds it writes.
    head: Mutex<Option<Head>>,
    /// Checked in every transaction that writes, where several processes could.
    fence: Option<Fence>,
}

impl DatabaseStore {
    /// In a database that has [`AccountsMigrator`]'s tables.
    pub fn new(database: Database) -> DatabaseStore {
        DatabaseStore { database, head: Mutex::new(None), fence: None }
    }

    /// Written only for as long as nobody else has taken the lease.
    pub fn fenced(self, fence: Fence) -> DatabaseStore {
        DatabaseStore { fence: Some(fence), ..self }
    }

    /// Open, or make, the SQLite file.
    pub async fn open_sqlite(file: &Path) -> Result<DatabaseStore, StoreError> {
        if !file.exists() {
            make_file(file).await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        }
        let database = Database::open_sqlite::<AccountsMigrator>(file).await?;
        database.writer.execute_unprepared(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")).await?;
        Ok(DatabaseStore::new(database))
    }

    pub async fn open_postgres(url: &str) -> Result<DatabaseStore, StoreError> {
        let database = Database::open_postgres::<AccountsMigrator>(url, POSTGRES_CONNECTIONS_MAX).await?;
        Ok(DatabaseStore::new(database))
    }

    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.database.close().await?)
    }

    async fn read_head(&self) -> Result<Head, StoreError> {
        let last = account_block::Entity::find()
            .select_only()
            .columns([account_block::Column::Number, account_block::Column::Hash])
            .order_by_desc(account_block::Column::Number)
            .into_tuple::<(i64, Vec<u8>)>()
            .one(&self.database.writer)
            .await?;
        last.map_or(Ok(Head::default()), |(number, bytes)| {
            Ok(Head { number: number as u64, hash: hash(number, bytes)? })
        })
    }

    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let transaction = self.database.begin().await?;
        if let Some(fence) = &self.fence {
            fence.check(&transaction).await.map_err(|error| match error {
                FenceError::Fenced(fenced) => StoreError::Fenced(fenced),
                FenceError::Database(error) => error.into(),
            })?;
        }
        Ok(transaction)
    }

    async fn write(&self, block: Block, pages: Vec<Page>) -> Result<(), StoreError> {
        let as_of = block.number as i64;
        let failed = |error| sort_out(as_of as u64, error);
        let changes = account_block::ActiveModel {
            number: Set(as_of),
            elapsed_ms: Set(block.elapsed_ms as i64),
            day: Set(block.day),
            posting_count: Set(block.posting_count.into()),
            previous: Set(block.previous.to_vec()),
            hash: Set(block.hash.to_vec()),
            changes: Set(encode_rows(&block.rows)),
            postings: Set(block.postings),
        };
        let insert = account_block::Entity::insert(changes);
        if block.rows.is_empty() && pages.is_empty() && self.fence.is_none() {
            insert.exec_without_returning(&self.database.writer).await.map_err(failed)?;
            return Ok(());
        }
        let transaction = self.begin().await?;
        insert.exec_without_returning(&transaction).await.map_err(failed)?;
        write_rows(&transaction, block.rows).await.map_err(failed)?;
        write_pages(&transaction, as_of, pages).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// How many blocks from `from` on are small enough to be read at once; at least one.
    async fn fitting(&self, from: u64, limit: usize) -> Result<usize, StoreError> {
        use sea_orm::sea_query::ExprTrait;
        let length = |column| Expr::expr(Func::cust("octet_length").arg(Expr::col(column))).cast_as("bigint");
        let sizes: Vec<i64> = account_block::Entity::find()
            .select_only()
            .expr_as(length(account_block::Column::Postings).add(length(account_block::Column::Changes)), "size")
            .filter(account_block::Column::Number.gte(from as i64))
            .order_by_asc(account_block::Column::Number)
            .limit(limit as u64)
            .into_tuple()
            .all(&self.database.reader)
            .await?;
        let within = sizes.iter().scan(0, |sum, size| {
            *sum += *size as usize;
            Some(*sum)
        });
        Ok(within.take_while(|sum| *sum <= READ_BYTES_MAX).count().max(1))
    }
}

/// A new file's page size can be chosen only before anything is in it.
async fn make_file(file: &Path) -> Result<(), sqlx::Error> {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .disable_statement_logging();
    options.connect().await?.close().await
}

/// In parts of few sizes.
fn parts<T>(mut items: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let size = ROWS_A_STATEMENT.into_iter().find(|size| *size <= items.len())?;
        Some(items.split_off(items.len() - size))
    })
}

async fn write_rows(database: &impl ConnectionTrait, rows: Vec<Row>) -> Result<(), DbErr> {
    // The last write of a key is the one that counts, and PostgreSQL takes one of each.
    let last: BTreeMap<(u16, Vec<u8>), Option<Vec<u8>>> =
        rows.into_iter().map(|row| ((row.space, row.key), row.value)).collect();
    let mut written = Vec::new();
    let mut removed: BTreeMap<u16, Vec<Vec<u8>>> = BTreeMap::new();
    for ((space, key), value) in last {
        match value {
            Some(value) => {
                written.push(account_row::ActiveModel { space: Set(space.into()), key: Set(key), value: Set(value) });
            }
            None => removed.entry(space).or_default().push(key),
        }
    }
    for part in parts(written) {
        account_row::Entity::insert_many(part)
            .on_conflict(
                OnConflict::columns([account_row::Column::Space, account_row::Column::Key])
                    .update_column(account_row::Column::Value)
                    .to_owned(),
            )
            .exec_without_returning(database)
            .await?;
    }
    for (space, keys) in removed {
        for part in parts(keys) {
            account_row::Entity::delete_many()
                .filter(account_row::Column::Space.eq(i32::from(space)))
                .filter(account_row::Column::Key.is_in(part))
                .exec(database)
                .await?;
        }
    }
    Ok(())
}

async fn write_pages(database: &impl ConnectionTrait, as_of: i64, pages: Vec<Page>) -> Result<(), DbErr> {
    let last: BTreeMap<u32, Vec<u8>> = pages.into_iter().map(|page| (page.number, page.bytes)).collect();
    let of = |(number, bytes): (u32, Vec<u8>)| account_page::ActiveModel {
        number: Set(number.into()),
        as_of: Set(as_of),
        checksum: Set(page_checksum(number.into(), as_of, &bytes).into()),
        bytes: Set(bytes),
    };
    for part in parts(last.into_iter().map(of).collect()) {
        use account_page::Column;
        account_page::Entity::insert_many(part)
            .on_conflict(
                OnConflict::column(Column::Number)
                    .update_columns([Column::AsOf, Column::Checksum, Column::Bytes])
                    .to_owned(),
            )
            .exec_without_returning(database)
            .await?;
    }
    Ok(())
}

fn page_checksum(number: i64, as_of: i64, bytes: &[u8]) -> u32 {
    let place = crc32c::crc32c(&[number.to_le_bytes(), as_of.to_le_bytes()].concat());
    crc32c::crc32c_append(place, bytes)
}

fn saved_page(model: account_page::Model) -> Result<SavedPage, StoreError> {
    let number = u32::try_from(model.number);
    match number {
        Ok(number) if model.checksum == i64::from(page_checksum(model.number, model.as_of, &model.bytes)) => {
            Ok(SavedPage { page: Page { number, bytes: model.bytes }, as_of: model.as_of as u64 })
        }
        _ => Err(StoreError::damaged(format!("page {} of the accounts", model.number))),
    }
}

fn saved_row(model: account_row::Model) -> Result<Row, StoreError> {
    Ok(Row { space: space(model.space)?, key: model.key, value: Some(model.value) })
}

fn space(number: i32) -> Result<u16, StoreError> {
    u16::try_from(number).map_err(|_| StoreError::damaged(format!("a row of a space {number} that cannot be")))
}

fn saved_block(model: account_block::Model) -> Result<Block, StoreError> {
    let number = model.number;
    let count = u32::try_from(model.posting_count);
    Ok(Block {
        number: number as u64,
        elapsed_ms: model.elapsed_ms as u64,
        day: model.day,
        postings: model.postings,
        posting_count: count.map_err(|_| StoreError::damaged(format!("the count of block {number}")))?,
        rows: decode_rows(&model.changes)
            .map_err(|_| StoreError::damaged(format!("the rows that block {number} wrote")))?,
        previous: hash(number, model.previous)?,
        hash: hash(number, model.hash)?,
    })
}

fn hash(number: i64, bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::damaged(format!("a hash of block {number}")))
}

/// Is it certain that nothing was written?
fn sort_out(block: u64, error: DbErr) -> StoreError {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return StoreError::Database(error);
    }
    let code = match &error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            cause.as_database_error().and_then(|cause| cause.code())
        }
        _ => None,
    };
    match code.as_deref() {
        // Disk full, of SQLite and of PostgreSQL.
        Some("13" | "53100") => StoreError::Full,
        // The number is taken: another process wrote it.
        Some("1555" | "2067" | "23505") => StoreError::OtherBook { block },
        _ => StoreError::Unsure { block, cause: error.to_string() },
    }
}

#[async_trait]
impl Store for DatabaseStore {
    async fn append(&self, block: Block, pages: Vec<Page>) -> Result<(), StoreError> {
        let mut head = self.head.lock().await;
        let before = match *head {
            Some(before) => before,
            None => self.read_head().await?,
        };
        let after = block.head();
        if after == before {
            *head = Some(before);
            return Ok(());
        }
        block.check_follows(before)?;
        *head = None;
        self.write(block, pages).await?;
        *head = Some(after);
        Ok(())
    }

    async fn load(&self, into: &mut dyn Loading) -> Result<Head, StoreError> {
        let mut oldest: Option<u64> = None;
        let mut pages = account_page::Entity::find()
            .order_by_asc(account_page::Column::Number)
            .stream(&self.database.reader)
            .await?;
        while let Some(model) = pages.try_next().await? {
            let page = saved_page(model)?;
            oldest = Some(oldest.map_or(page.as_of, |oldest| oldest.min(page.as_of)));
            into.page(page)?;
        }
        drop(pages);
        let mut rows = account_row::Entity::find()
            .order_by_asc(account_row::Column::Space)
            .order_by_asc(account_row::Column::Key)
            .stream(&self.database.reader)
            .await?;
        while let Some(model) = rows.try_next().await? {
            into.row(saved_row(model)?)?;
        }
        drop(rows);
        let head = self.head().await?;
        let mut next = into.replay_from(oldest).max(1);
        while next <= head.number {
            let blocks = self.blocks(next, LOAD_BLOCKS).await?;
            if blocks.is_empty() {
                return Err(StoreError::damaged(format!("block {next} is missing")));
            }
            for block in blocks {
                if block.number != next {
                    return Err(StoreError::damaged(format!("block {next} is missing")));
                }
                next += 1;
                into.block(block)?;
            }
        }
        Ok(head)
    }

    async fn rows(&self, space: u16, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Row>, StoreError> {
        let rows = account_row::Entity::find()
            .filter(account_row::Column::Space.eq(i32::from(space)))
            .filter(account_row::Column::Key.gte(from.to_vec()))
            .filter(account_row::Column::Key.lt(to.to_vec()))
            .order_by_asc(account_row::Column::Key)
            .limit(limit as u64)
            .all(&self.database.reader)
            .await?;
        rows.into_iter().map(saved_row).collect()
    }

    async fn spaces(&self) -> Result<Vec<u16>, StoreError> {
        let spaces: Vec<i32> = account_row::Entity::find()
            .select_only()
            .column(account_row::Column::Space)
            .distinct()
            .order_by_asc(account_row::Column::Space)
            .into_tuple()
            .all(&self.database.reader)
            .await?;
        spaces.into_iter().map(space).collect()
    }

    async fn blocks(&self, from: u64, limit: usize) -> Result<Vec<Block>, StoreError> {
        let limit = if limit > 1 { self.fitting(from, limit).await? } else { limit };
        let blocks = account_block::Entity::find()
            .filter(account_block::Column::Number.gte(from as i64))
            .order_by_asc(account_block::Column::Number)
            .limit(limit as u64)
            .all(&self.database.reader)
            .await?;
        blocks.into_iter().map(saved_block).collect()
    }

    async fn pages(&self, from: u32, limit: usize) -> Result<Vec<SavedPage>, StoreError> {
        let pages = account_page::Entity::find()
            .filter(account_page::Column::Number.gte(i64::from(from)))
            .order_by_asc(account_page::Column::Number)
            .limit(limit as u64)
            .all(&self.database.reader)
            .await?;
        pages.into_iter().map(saved_page).collect()
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let mut head = self.head.lock().await;
        if head.is_none() {
            *head = Some(self.read_head().await?);
        }
        Ok(head.unwrap_or_default())
    }

    async fn save_run_pages(&self, pages: Vec<RunPage>) -> Result<(), StoreError> {
        let of = |page: RunPage| account_run_page::ActiveModel {
            number: Set(i64::from(page.run) * RUN_PAGES + i64::from(page.page)),
            bytes: Set(page.bytes),
        };
        let transaction = self.begin().await?;
        for part in parts(pages.into_iter().map(of).collect()) {
            use account_run_page::Column;
            account_run_page::Entity::insert_many(part)
                .on_conflict(OnConflict::column(Column::Number).update_column(Column::Bytes).to_owned())
                .exec_without_returning(&transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn save_run(&self, run: RunHead) -> Result<(), StoreError> {
        let run = account_run::ActiveModel {
            number: Set(run.number.into()),
            first_block: Set(run.first_block as i64),
            last_block: Set(run.last_block as i64),
            bytes: Set(run.bytes),
        };
        let transaction = self.begin().await?;
        account_run::Entity::insert(run).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn runs(&self) -> Result<Vec<RunHead>, StoreError> {
        let runs =
            account_run::Entity::find().order_by_asc(account_run::Column::Number).all(&self.database.reader).await?;
        let head = |run: account_run::Model| RunHead {
            number: run.number as u32,
            first_block: run.first_block as u64,
            last_block: run.last_block as u64,
            bytes: run.bytes,
        };
        Ok(runs.into_iter().map(head).collect())
    }

    async fn run_page(&self, run: u32, page: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let number = i64::from(run) * RUN_PAGES + i64::from(page);
        let page = account_run_page::Entity::find_by_id(number).one(&self.database.reader).await?;
        Ok(page.map(|page| page.bytes))
    }

    async fn forget_runs(&self) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        account_run::Entity::delete_many().exec(&transaction).await?;
        account_run_page::Entity::delete_many().exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}
