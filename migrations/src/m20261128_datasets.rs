//! A till's catalogue file can be compared with its store: every row has its version, and the file says how it is laid out.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_datasets"
    }
}

const CHANGES: [&str; 4] = [
    // Rows of before have none, and get theirs when they are compared.
    "ALTER TABLE barcode_rule ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE operator ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE till_setting ADD COLUMN version INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE dataset_cursor ADD COLUMN layout INTEGER NOT NULL DEFAULT 1",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in CHANGES {
            manager.get_connection().execute_unprepared(change).await?;
        }
        Ok(())
    }
}
