//! Tables of who may link: keys of nodes, tokens for their enrolment, and what was refused.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, string, string_null, text};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261128_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(node_key()).await?;
        manager.create_table(enrolment()).await?;
        manager.create_table(link_refusal()).await?;
        for (name, table, column) in
            [("node_key_name", "node_key", "name"), ("node_key_revoked", "node_key", "revoked_ms")]
        {
            manager.create_index(Index::create().name(name).table(table).col(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn node_key() -> TableCreateStatement {
    Table::create()
        .table("node_key")
        .col(string("key").primary_key())
        .col(string("name"))
        .col(string("role"))
        .col(big_integer("issued_ms"))
        .col(big_integer("expires_ms"))
        .col(big_integer_null("revoked_ms"))
        .to_owned()
}

fn enrolment() -> TableCreateStatement {
    Table::create()
        .table("enrolment")
        .col(string("id").primary_key())
        .col(string("name"))
        .col(string("role"))
        .col(blob("secret"))
        .col(big_integer("expires_ms"))
        .col(string_null("used_by"))
        .to_owned()
}

fn link_refusal() -> TableCreateStatement {
    Table::create()
        .table("link_refusal")
        .col(big_integer("minute_ms"))
        .col(string("peer"))
        .col(string("reason"))
        .col(big_integer("count"))
        .col(text("sentence"))
        .primary_key(Index::create().col("minute_ms").col("peer").col("reason"))
        .to_owned()
}
