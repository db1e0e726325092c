//! Datasets kept as they travel, in the node's own tables: what a store passes on to its tills and the head office to all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use migrations::database::Database;
use migrations::entity::{dataset_head, dataset_row};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::time::Instant;

use super::digest::{Buckets, Mended, Sums, repair};
use super::{At, Change, DatasetSink, DatasetSource, newest_of_each_key, write_rows};
use crate::chain::{number, signed};

/// Rows that are read at once when all are looked through.
const PAGE_ROWS: u64 = 2_000;
/// Sums of a dataset that does not change serve so long: thousands of nodes below compare in one night.
const SUMS_SERVE: Duration = Duration::from_secs(60 * 60);
/// Rows of one DELETE, well below the 32,766 values that SQLite takes.
const FORGET_ROWS_MAX: usize = 1_000;

/// Source and sink over `dataset_row` and `dataset_head`. Clones know the same.
#[derive(Clone, Debug)]
pub struct TableDatasets {
    database: Database,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    generation: AtomicU64,
    sums: Mutex<HashMap<&'static str, Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    at: Instant,
    generation: u64,
    sums: At<Arc<Sums>>,
}

impl TableDatasets {
    pub fn new(database: Database) -> TableDatasets {
        TableDatasets { database, shared: Arc::default() }
    }

    async fn version_of(&self, dataset: &str) -> Result<u64, DbErr> {
        super::version(&self.database.reader, dataset).await
    }

    /// Up to a page of rows with keys above `after`. By key, because no hand that changes a row can hide it there.
    async fn page(&self, dataset: &str, after: Option<&str>) -> Result<Vec<Change>, DbErr> {
        let mut rows = dataset_row::Entity::find().filter(dataset_row::Column::Dataset.eq(dataset));
        if let Some(after) = after {
            rows = rows.filter(dataset_row::Column::Key.gt(after));
        }
        let rows = rows.order_by_asc(dataset_row::Column::Key).limit(PAGE_ROWS).all(&self.database.reader).await?;
        rows.into_iter().map(change).collect()
    }

    /// Show all rows to `look`; false if the version moved meanwhile.
    async fn look_through(&self, dataset: &str, version: u64, mut look: impl FnMut(Change)) -> Result<bool, DbErr> {
        let mut after: Option<String> = None;
        loop {
            let page = self.page(dataset, after.as_deref()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            page.into_iter().for_each(&mut look);
        }
        Ok(self.version_of(dataset).await? == version)
    }

    async fn read_sums(&self, dataset: &str) -> Result<Option<At<Sums>>, DbErr> {
        let version = self.version_of(dataset).await?;
        let mut sums = Sums::default();
        let steady = self.look_through(dataset, version, |row| sums.add(&row)).await?;
        Ok(steady.then_some(At { version, of: sums }))
    }

    async fn read_rows(&self, dataset: &str, version: u64, buckets: Buckets) -> Result<Option<Vec<Change>>, DbErr> {
        if self.version_of(dataset).await? != version {
            return Ok(None);
        }
        let mut rows = Vec::new();
        let mut choose = |row: Change| {
            if buckets.has(&row.key) {
                rows.push(row);
            }
        };
        let steady = self.look_through(dataset, version, &mut choose).await?;
        Ok(steady.then_some(rows))
    }

    async fn known_sums(&self, dataset: &'static str) -> Result<Option<At<Arc<Sums>>>, DbErr> {
        let (generation, version) = (self.generation(), self.version_of(dataset).await?);
        if let Some(known) = self.known(dataset)
            && (known.generation, known.sums.version) == (generation, version)
            && known.at.elapsed() < SUMS_SERVE
        {
            return Ok(Some(known.sums));
        }
        let Some(At { version, of }) = self.read_sums(dataset).await? else { return Ok(None) };
        let sums = At { version, of: Arc::new(of) };
        let known = Known { at: Instant::now(), generation, sums: sums.clone() };
        self.shared.sums.lock().unwrap_or_else(PoisonError::into_inner).insert(dataset, known);
        Ok(Some(sums))
    }

    fn known(&self, dataset: &str) -> Option<Known> {
        self.shared.sums.lock().unwrap_or_else(PoisonError::into_inner).get(dataset).cloned()
    }

    async fn mend_rows(
        &self,
        dataset: &str,
        version: u64,
        buckets: Buckets,
        theirs: Vec<Change>,
    ) -> Result<Option<Mended>, DbErr> {
        let Some(ours) = self.read_rows(dataset, version, buckets).await? else { return Ok(None) };
        let repair = repair(ours, theirs);
        let transaction = self.database.begin().await?;
        if super::version(&transaction, dataset).await? != version {
            return Ok(None);
        }
        write_rows(&transaction, dataset, repair.put).await?;
        for keys in repair.forget.chunks(FORGET_ROWS_MAX) {
            dataset_row::Entity::delete_many()
                .filter(dataset_row::Column::Dataset.eq(dataset))
                .filter(dataset_row::Column::Key.is_in(keys))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        self.look_again();
        Ok(Some(repair.mended))
    }

    /// A database that has no row of the dataset was made anew: it is no truth to which others are brought.
    async fn count_on_from(&self, dataset: &'static str, seen: u64) -> Result<Option<u64>, DbErr> {
        let transaction = self.database.begin().await?;
        let before = super::version(&transaction, dataset).await?;
        if before == 0 || before >= seen {
            return Ok(None);
        }
        move_head(&transaction, dataset, seen).await?;
        transaction.commit().await?;
        self.look_again();
        Ok(Some(before))
    }
}

fn change(row: dataset_row::Model) -> Result<Change, DbErr> {
    Ok(Change { key: row.key, version: number(row.version)?, deleted: row.deleted, body: row.body })
}

impl DatasetSource for TableDatasets {
    fn head(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>> {
        self.version_of(dataset).boxed()
    }

    fn changes(&self, dataset: &'static str, after: u64, limit: u64) -> BoxFuture<'_, Result<Vec<Change>, DbErr>> {
        async move {
            let rows = dataset_row::Entity::find()
                .filter(dataset_row::Column::Dataset.eq(dataset))
                .filter(dataset_row::Column::Version.gt(signed(after)?))
                .order_by_asc(dataset_row::Column::Version)
                .limit(limit)
                .all(&self.database.reader)
                .await?;
            rows.into_iter().map(change).collect()
        }
        .boxed()
    }

    fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    fn look_again(&self) {
        self.shared.generation.fetch_add(1, Ordering::AcqRel);
    }

    fn digest(&self, dataset: &'static str) -> BoxFuture<'_, Result<Option<At<Arc<Sums>>>, DbErr>> {
        self.known_sums(dataset).boxed()
    }

    fn rows_of(
        &self,
        dataset: &'static str,
        version: u64,
        buckets: Buckets,
    ) -> BoxFuture<'_, Result<Option<Vec<Change>>, DbErr>> {
        self.read_rows(dataset, version, buckets).boxed()
    }

    fn count_on(&self, dataset: &'static str, seen: u64) -> BoxFuture<'_, Result<Option<u64>, DbErr>> {
        self.count_on_from(dataset, seen).boxed()
    }
}

impl DatasetSink for TableDatasets {
    fn version(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>> {
        self.version_of(dataset).boxed()
    }

    fn keep<'a>(&'a self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            let transaction = self.database.begin().await?;
            write_rows(&transaction, dataset, newest_of_each_key(changes)).await?;
            move_head(&transaction, dataset, upto).await?;
            transaction.commit().await
        }
        .boxed()
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

/// Move the version forward, never back: what is offered again after a failure may be behind.
async fn move_head(transaction: &DatabaseTransaction, dataset: &str, upto: u64) -> Result<(), DbErr> {
    let upto = signed(upto)?;
    match dataset_head::Entity::find_by_id(dataset.to_owned()).one(transaction).await? {
        Some(head) if head.version >= upto => Ok(()),
        Some(_) => {
            dataset_head::Entity::update_many()
                .col_expr(dataset_head::Column::Version, Expr::value(upto))
                .filter(dataset_head::Column::Dataset.eq(dataset))
                .filter(dataset_head::Column::Version.lt(upto))
                .exec(transaction)
                .await?;
            Ok(())
        }
        None => {
            let first = dataset_head::ActiveModel { dataset: Set(dataset.to_owned()), version: Set(upto) };
            dataset_head::Entity::insert(first).exec_without_returning(transaction).await?;
            Ok(())
        }
    }
}
