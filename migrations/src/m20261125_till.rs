//! Tables of a till: the journal that is only appended to, where the till stands, receipts that ended, what came back.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261125_till"
    }
}

const TABLES: [&str; 4] = [
    "CREATE TABLE journal (
        seq BIGINT NOT NULL PRIMARY KEY,
        at_ms BIGINT NOT NULL,
        kind TEXT NOT NULL,
        body {BYTES} NOT NULL,
        prev {BYTES} NOT NULL,
        hash {BYTES} NOT NULL
    )",
    // One row, written whole with every commit: the head of the journal, the shift, the next number.
    "CREATE TABLE till_state (
        id BIGINT NOT NULL PRIMARY KEY,
        body {BYTES} NOT NULL
    )",
    "CREATE TABLE receipt (
        sequence BIGINT NOT NULL PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        shift BIGINT NOT NULL,
        kind TEXT NOT NULL,
        at_ms BIGINT NOT NULL,
        total BIGINT NOT NULL,
        body {BYTES} NOT NULL
    )",
    "CREATE TABLE returned (
        of_uid TEXT NOT NULL,
        line BIGINT NOT NULL,
        by_uid TEXT NOT NULL,
        quantity BIGINT NOT NULL,
        PRIMARY KEY (of_uid, line, by_uid)
    )",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let bytes = match manager.get_database_backend() {
            sea_orm::DbBackend::Postgres => "BYTEA",
            _ => "BLOB",
        };
        for table in TABLES {
            connection.execute_unprepared(&table.replace("{BYTES}", bytes)).await?;
        }
        Ok(())
    }
}
