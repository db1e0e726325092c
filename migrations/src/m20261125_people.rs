//! Tables of people: who may sign in to the pages, and the sessions that are open.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, boolean, string};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261125_people"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("user_account")
                    .col(string("name").primary_key())
                    .col(string("role"))
                    .col(string("password_hash"))
                    .col(boolean("enabled"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("session")
                    // The SHA-256 of the cookie: who reads the database cannot sign in with what is found.
                    .col(blob("token_hash").primary_key())
                    .col(string("user_name"))
                    .col(big_integer("created_ms"))
                    .col(big_integer("expires_ms"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(Index::create().name("session_user").table("session").col("user_name").to_owned()).await
    }
}
