//! A till's parked receipts, marked units that it has sold, and the fiscal number and copies of each receipt.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_till"
    }
}

const STEPS: [&str; 6] = [
    "ALTER TABLE receipt ADD COLUMN fiscal_device TEXT",
    "ALTER TABLE receipt ADD COLUMN fiscal_number BIGINT",
    "ALTER TABLE receipt ADD COLUMN copies BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX receipt_fiscal ON receipt (fiscal_number, fiscal_device)",
    // `taken` is 1 from the moment another receipt goes on with it.
    "CREATE TABLE put_aside (
        uid TEXT NOT NULL PRIMARY KEY,
        taken BIGINT NOT NULL,
        at_ms BIGINT NOT NULL,
        name TEXT NOT NULL,
        body {BYTES} NOT NULL
    )",
    // Units that this till sold and did not take back.
    "CREATE TABLE mark_sold (
        identity TEXT NOT NULL PRIMARY KEY,
        receipt TEXT NOT NULL
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
        for step in STEPS {
            connection.execute_unprepared(&step.replace("{BYTES}", bytes)).await?;
        }
        Ok(())
    }
}
