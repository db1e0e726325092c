//! What the link delivers, into the catalogue's file: rows and version in one transaction.
//!
//! Invariants:
//! - A delivery is kept whole or not at all. The link delivers a change at once and a first load in parts, each of which
//!   brings the version that it reaches, so a load that breaks off goes on from there.
//! - What is not newer than the version already reached is ignored, so a delivery may be repeated, and a row that was
//!   removed does not come back.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::datasets::{Change, DatasetSink};
use messages::v1::catalogue::{BARCODE_RULES, ITEMS, OPERATORS};
use messages::v1::settings::TILL_SETTINGS;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};

use super::rows::statement;
use super::{Shared, items, rows};

/// Rows of one statement. Only these sizes occur, so that few statements are prepared and kept in memory.
const BATCH_ROWS: [usize; 3] = [256, 16, 1];

/// The writing end of a [`super::Catalogue`].
#[derive(Clone)]
pub struct CatalogueSink {
    shared: Arc<Shared>,
}

impl fmt::Debug for CatalogueSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CatalogueSink")
    }
}

impl DatasetSink for CatalogueSink {
    fn version(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>> {
        async move { rows::cursor(&self.shared.database.reader, dataset).await }.boxed()
    }

    fn keep<'a>(&'a self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> BoxFuture<'a, Result<(), DbErr>> {
        self.keep_delivery(dataset, changes, upto).boxed()
    }
}

impl CatalogueSink {
    pub(super) fn new(shared: Arc<Shared>) -> CatalogueSink {
        CatalogueSink { shared }
    }

    /// Forget a dataset, so that the next delivery is a first load: for a head office that counts its versions anew.
    pub async fn forget(&self, dataset: &'static str) -> Result<(), DbErr> {
        let transaction = self.shared.database.begin().await?;
        let tables: &[&str] = match dataset {
            ITEMS => &["item", "pos_identity", "pos_identity_recent", "item_words"],
            BARCODE_RULES => &["barcode_rule"],
            OPERATORS => &["operator"],
            TILL_SETTINGS => &["till_setting"],
            other => return Err(unknown(other)),
        };
        for table in tables {
            let sql = match *table {
                "item_words" => "INSERT INTO item_words (item_words) VALUES ('delete-all')".to_owned(),
                table => format!("DELETE FROM {table}"),
            };
            transaction.execute_unprepared(&sql).await?;
        }
        transaction.execute_raw(statement("DELETE FROM dataset_cursor WHERE dataset = ?", [dataset.into()])).await?;
        transaction.commit().await?;
        self.changed(dataset, 0).await
    }

    async fn keep_delivery(&self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> Result<(), DbErr> {
        let transaction = self.shared.database.begin().await?;
        let reached = rows::cursor(&transaction, dataset).await?;
        let changes = newest_of_each_key(changes, reached);
        match dataset {
            ITEMS => items::keep(&transaction, changes).await?,
            BARCODE_RULES => keep_bodies(&transaction, "barcode_rule", "key", changes).await?,
            OPERATORS => keep_bodies(&transaction, "operator", "number", changes).await?,
            TILL_SETTINGS => keep_bodies(&transaction, "till_setting", "key", changes).await?,
            other => return Err(unknown(other)),
        }
        let reached = reached.max(upto);
        let move_cursor = "INSERT INTO dataset_cursor (dataset, version) VALUES (?, ?)
            ON CONFLICT (dataset) DO UPDATE SET version = excluded.version";
        transaction.execute_raw(statement(move_cursor, [dataset.into(), signed(reached)?.into()])).await?;
        transaction.commit().await?;
        self.changed(dataset, reached).await
    }

    /// After the commit: what is held in memory follows.
    async fn changed(&self, dataset: &'static str, reached: u64) -> Result<(), DbErr> {
        match dataset {
            ITEMS => self.shared.items_version.store(reached, Ordering::Release),
            BARCODE_RULES => self.shared.reload_rules().await?,
            TILL_SETTINGS => self.shared.reload_settings().await?,
            _ => (),
        }
        Ok(())
    }
}

fn unknown(dataset: &str) -> DbErr {
    DbErr::Custom(format!("a till keeps no dataset \"{dataset}\""))
}

pub(super) fn signed(version: u64) -> Result<i64, DbErr> {
    i64::try_from(version).map_err(|_| DbErr::Custom(format!("version {version} is too large")))
}

fn newest_of_each_key(changes: Vec<Change>, reached: u64) -> Vec<Change> {
    let mut newest: HashMap<String, u64> = HashMap::with_capacity(changes.len());
    for change in &changes {
        let version = newest.entry(change.key.clone()).or_default();
        *version = change.version.max(*version);
    }
    changes
        .into_iter()
        .filter(|change| change.version > reached && newest.get(&change.key) == Some(&change.version))
        .collect()
}

async fn keep_bodies(
    transaction: &DatabaseTransaction,
    table: &str,
    key: &str,
    changes: Vec<Change>,
) -> Result<(), DbErr> {
    let mut kept = Vec::with_capacity(changes.len());
    for change in changes {
        if change.deleted {
            let delete = format!("DELETE FROM {table} WHERE {key} = ?");
            transaction.execute_raw(statement(&delete, [change.key.into()])).await?;
        } else {
            kept.push([change.key.into(), change.body.into()]);
        }
    }
    insert(transaction, &format!("INSERT OR REPLACE INTO {table} ({key}, body)"), kept, "").await
}

/// Insert `rows` in statements of few sizes.
pub(super) async fn insert<const COLUMNS: usize>(
    transaction: &DatabaseTransaction,
    into: &str,
    rows: Vec<[Value; COLUMNS]>,
    on_conflict: &str,
) -> Result<(), DbErr> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for size in BATCH_ROWS {
        if left < size {
            continue;
        }
        let row = format!("({})", ["?"; COLUMNS].join(", "));
        let sql = format!("{into} VALUES {} {on_conflict}", vec![row.as_str(); size].join(", "));
        while left >= size {
            transaction.execute_raw(statement(&sql, rows.by_ref().take(size).flatten())).await?;
            left -= size;
        }
    }
    Ok(())
}

/// The sizes of [`insert`], for a list of `count` that is asked for with `IN`.
pub(super) fn batch_of(count: usize) -> usize {
    BATCH_ROWS.into_iter().find(|size| *size <= count).unwrap_or(count)
}
