//! Settings of the till in its catalogue file.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_catalogue"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = "CREATE TABLE till_setting (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID";
        manager.get_connection().execute_unprepared(table).await?;
        Ok(())
    }
}
