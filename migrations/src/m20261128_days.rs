//! Business days that a store has closed, and what was known of each till then.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, date, string};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_days"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(closed_day()).await?;
        manager.create_table(closed_day_till()).await
    }
}

fn closed_day() -> TableCreateStatement {
    Table::create()
        .table("closed_day")
        .col(string("store"))
        .col(date("day"))
        .col(big_integer("closed_ms"))
        .col(string("closed_by"))
        .primary_key(Index::create().col("store").col("day"))
        .to_owned()
}

fn closed_day_till() -> TableCreateStatement {
    Table::create()
        .table("closed_day_till")
        .col(string("store"))
        .col(date("day"))
        .col(big_integer("till"))
        .col(boolean("reported"))
        .col(big_integer("receipts"))
        .col(big_integer("sales"))
        .col(big_integer("returns"))
        .primary_key(Index::create().col("store").col("day").col("till"))
        .to_owned()
}
