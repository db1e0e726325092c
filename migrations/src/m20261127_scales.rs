//! Tables of the scales server: what is surely known of each scale and of the articles in its memory; and the price labels
//! on shelves that are to be hung anew.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, string};

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261127_scales"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(scale()).await?;
        manager.create_table(scale_article()).await?;
        manager.create_table(shelf_label()).await?;
        manager.create_table(shelf_label_head()).await
    }
}

fn scale() -> TableCreateStatement {
    Table::create()
        .table("scale")
        .col(string("name").primary_key())
        .col(string("device"))
        .col(boolean("begun"))
        .col(boolean("paused"))
        .col(big_integer_null("keys_digest"))
        .col(big_integer_null("checked_ms"))
        .to_owned()
}

fn scale_article() -> TableCreateStatement {
    Table::create()
        .table("scale_article")
        .col(string("scale"))
        .col(big_integer("plu"))
        .col(big_integer_null("digest"))
        .primary_key(Index::create().col("scale").col("plu"))
        .to_owned()
}

fn shelf_label() -> TableCreateStatement {
    Table::create()
        .table("shelf_label")
        .col(string("item").primary_key())
        .col(big_integer("version"))
        .col(boolean("hung"))
        .to_owned()
}

fn shelf_label_head() -> TableCreateStatement {
    Table::create()
        .table("shelf_label_head")
        .col(string("dataset").primary_key())
        .col(big_integer("version"))
        .to_owned()
}
