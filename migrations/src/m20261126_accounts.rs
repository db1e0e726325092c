//! Tables of the account book: blocks, the rows and pages as of them, and runs of the index of old transfers.
//!
//! They are a database of their own: the book is restored, copied and verified apart from the trade.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_accounts"
    }
}

/// Numbers before bytes: SQLite then answers questions about numbers without reading a block.
const TABLES: [&str; 5] = [
    "CREATE TABLE account_block (number {KEY} PRIMARY KEY, elapsed_ms BIGINT NOT NULL, day INTEGER NOT NULL, \
     posting_count BIGINT NOT NULL, previous {BYTES} NOT NULL, hash {BYTES} NOT NULL, changes {BYTES} NOT NULL, \
     postings {BYTES} NOT NULL)",
    "CREATE TABLE account_row (space INTEGER NOT NULL, key {BYTES} NOT NULL, value {BYTES} NOT NULL, \
     PRIMARY KEY (space, key)) {CLUSTERED}",
    "CREATE TABLE account_page (number {KEY} PRIMARY KEY, as_of BIGINT NOT NULL, checksum BIGINT NOT NULL, \
     bytes {BYTES} NOT NULL)",
    "CREATE TABLE account_run (number {KEY} PRIMARY KEY, first_block BIGINT NOT NULL, last_block BIGINT NOT NULL, \
     bytes {BYTES} NOT NULL)",
    // A run and a page of it in one number: the run times 65,536 and the page.
    "CREATE TABLE account_run_page (number {KEY} PRIMARY KEY, bytes {BYTES} NOT NULL)",
];

/// What is in blocks does not become smaller, and trying costs more than writing it.
const POSTGRES_UNCOMPRESSED: [&str; 4] = [
    "ALTER TABLE account_block ALTER COLUMN postings SET STORAGE EXTERNAL",
    "ALTER TABLE account_page ALTER COLUMN bytes SET STORAGE EXTERNAL",
    "ALTER TABLE account_run ALTER COLUMN bytes SET STORAGE EXTERNAL",
    "ALTER TABLE account_run_page ALTER COLUMN bytes SET STORAGE EXTERNAL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == sea_orm::DbBackend::Sqlite;
        let words = if is_sqlite { ["INTEGER", "BLOB", "WITHOUT ROWID"] } else { ["BIGINT", "BYTEA", ""] };
        for table in TABLES {
            let [key, bytes, clustered] = words;
            let table = table.replace("{KEY}", key).replace("{BYTES}", bytes).replace("{CLUSTERED}", clustered);
            manager.get_connection().execute_unprepared(&table).await?;
        }
        if !is_sqlite {
            for statement in POSTGRES_UNCOMPRESSED {
                manager.get_connection().execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }
}
