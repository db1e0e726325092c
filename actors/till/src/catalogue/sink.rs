//! What the link delivers, into the catalogue's file: rows and version in one transaction.
//!
//! Invariants:
//! - A delivery is kept whole or not at all. The link delivers a change at once and a first load in parts, each of which
//!   brings the version that it reaches, so a load that breaks off goes on from there.
//! - What is not newer than the version already reached is ignored, so a delivery may be repeated, and a row that was
//!   removed does not come back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::datasets::digest::{Buckets, Mended, Sums, repair};
use link::datasets::{At, Change, DatasetSink, newest_of_each_key};
use messages::v1::catalogue::{BARCODE_RULES, ITEMS, OPERATORS};
use messages::v1::settings::TILL_SETTINGS;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};

use super::rows::statement;
use super::{LAYOUT, Shared, items, mending, rows};

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

    fn own_digest(&self, dataset: &'static str) -> BoxFuture<'_, Result<Option<At<Sums>>, DbErr>> {
        self.read_sums(dataset).boxed()
    }

    fn mend(
        &self,
        dataset: &'static str,
        version: u64,
        buckets: Buckets,
        rows: Vec<Change>,
    ) -> BoxFuture<'_, Result<Option<Mended>, DbErr>> {
        self.mend_rows(dataset, version, buckets, rows).boxed()
    }
}

impl CatalogueSink {
    pub(super) fn new(shared: Arc<Shared>) -> CatalogueSink {
        CatalogueSink { shared }
    }

    async fn keep_delivery(&self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> Result<(), DbErr> {
        let transaction = self.shared.database.begin().await?;
        let reached = rows::cursor(&transaction, dataset).await?;
        let newer = changes.into_iter().filter(|change| change.version > reached).collect();
        let changes = newest_of_each_key(newer);
        match table_of(dataset)? {
            None => items::keep(&transaction, changes).await?,
            Some(table) => keep_bodies(&transaction, table, changes).await?,
        }
        let reached = reached.max(upto);
        let move_cursor = "INSERT INTO dataset_cursor (dataset, version, layout) VALUES (?, ?, ?)
            ON CONFLICT (dataset) DO UPDATE SET version = excluded.version";
        let cursor = [dataset.into(), signed(reached)?.into(), LAYOUT.into()];
        transaction.execute_raw(statement(move_cursor, cursor)).await?;
        transaction.commit().await?;
        self.changed(dataset, reached).await
    }

    async fn read_sums(&self, dataset: &str) -> Result<Option<At<Sums>>, DbErr> {
        let reader = &self.shared.database.reader;
        let version = rows::cursor(reader, dataset).await?;
        let mut sums = Sums::default();
        mending::look_through(reader, table_of(dataset)?, |_, row| sums.add(&row)).await?;
        let steady = rows::cursor(reader, dataset).await? == version;
        Ok(steady.then_some(At { version, of: sums }))
    }

    async fn mend_rows(
        &self,
        dataset: &'static str,
        version: u64,
        buckets: Buckets,
        theirs: Vec<Change>,
    ) -> Result<Option<Mended>, DbErr> {
        let table = table_of(dataset)?;
        let own = mending::Own::read(&self.shared.database.reader, table, buckets).await?;
        let transaction = self.shared.database.begin().await?;
        if rows::cursor(&transaction, dataset).await? != version {
            return Ok(None);
        }
        let repair = repair(own.rows, theirs);
        match table {
            None => mending::items(&transaction, repair.put, &repair.forget, &own.ids, own.broken).await?,
            Some(table) => {
                let gone =
                    repair.forget.into_iter().map(|key| Change { key, version, deleted: true, body: Vec::new() });
                keep_bodies(&transaction, table, repair.put.into_iter().chain(gone).collect()).await?;
            }
        }
        transaction.commit().await?;
        self.changed(dataset, version).await?;
        Ok(Some(repair.mended))
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

/// A table of bodies by key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bodies {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
}

/// Where a dataset lies; items have tables of their own.
fn table_of(dataset: &str) -> Result<Option<Bodies>, DbErr> {
    match dataset {
        ITEMS => Ok(None),
        BARCODE_RULES => Ok(Some(Bodies { table: "barcode_rule", key: "key" })),
        OPERATORS => Ok(Some(Bodies { table: "operator", key: "number" })),
        TILL_SETTINGS => Ok(Some(Bodies { table: "till_setting", key: "key" })),
        other => Err(DbErr::Custom(format!("a till keeps no dataset \"{other}\""))),
    }
}

pub(super) fn signed(version: u64) -> Result<i64, DbErr> {
    i64::try_from(version).map_err(|_| DbErr::Custom(format!("version {version} is too large")))
}

async fn keep_bodies(
    transaction: &DatabaseTransaction,
    Bodies { table, key }: Bodies,
    changes: Vec<Change>,
) -> Result<(), DbErr> {
    let mut kept = Vec::with_capacity(changes.len());
    for change in changes {
        if change.deleted {
            let delete = format!("DELETE FROM {table} WHERE {key} = ?");
            transaction.execute_raw(statement(&delete, [change.key.into()])).await?;
        } else {
            kept.push([change.key.into(), signed(change.version)?.into(), change.body.into()]);
        }
    }
    insert(transaction, &format!("INSERT OR REPLACE INTO {table} ({key}, version, body)"), kept, "").await
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
