//! Tables of a till's catalogue file. SQLite only, and in its own words: a table that is its own index (`WITHOUT ROWID`)
//! and a word index (`fts5`) make a million rows load in the order in which they come. The rules are in `actors/till`.

use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261125_catalogue"
    }
}

const TABLES: [&str; 7] = [
    // `id` is the till's own number of an item; `body` is its row of the dataset as it came.
    "CREATE TABLE item (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL)",
    // By what an item is known: 0 a barcode, 1 its code, 2 the number that scales use. New ones wait in the small table and
    // go to the large one together: one by one each would rewrite a page of it.
    "CREATE TABLE pos_identity (value TEXT NOT NULL, kind INTEGER NOT NULL, item INTEGER NOT NULL,
        PRIMARY KEY (value, kind, item)) WITHOUT ROWID",
    "CREATE TABLE pos_identity_recent (value TEXT NOT NULL, kind INTEGER NOT NULL, item INTEGER NOT NULL,
        PRIMARY KEY (value, kind, item)) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE item_words USING fts5(name, content='', contentless_delete=1, detail=none,
        tokenize='unicode61 remove_diacritics 0')",
    "CREATE TABLE barcode_rule (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE operator (number TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE dataset_cursor (dataset TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.get_connection().execute_unprepared(table).await?;
        }
        Ok(())
    }
}
