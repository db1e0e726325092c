//! Datasets: keyed rows, each with the version at which it last changed. "All rows above the version I have, oldest first"
//! is delta and snapshot in one, and can be taken up again wherever it broke off.
//!
//! No two rows of a dataset have the same version, so a version is an exact place to go on from.

pub mod digest;
pub mod table;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use migrations::entity::{dataset_head, dataset_row};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use crate::chain::{number, signed};
use digest::{Buckets, Mended, Sums};

/// The largest row, in bytes: it must fit one frame.
pub const ROW_BYTES_MAX: usize = 480 * 1024;
/// Rows of one INSERT: five columns each, and SQLite takes 32,766 values.
const INSERT_ROWS_MAX: usize = 5_000;

/// A row of a dataset as it travels.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    pub key: String,
    /// Given by the head office; grows with every change of the dataset.
    pub version: u64,
    /// The row is gone; `body` is empty.
    pub deleted: bool,
    pub body: Vec<u8>,
}

/// Where a node takes the datasets that it gives to the nodes below it.
pub trait DatasetSource: Send + Sync + 'static {
    fn head(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>>;

    /// Up to `limit` rows above `after`, by version.
    fn changes(&self, dataset: &'static str, after: u64, limit: u64) -> BoxFuture<'_, Result<Vec<Change>, DbErr>>;

    /// Grows whenever rows may differ from what was given although no version says so: they were mended, or somebody asks
    /// to look again. What was read before is then to be compared.
    fn generation(&self) -> u64;

    /// Somebody asks to look again.
    fn look_again(&self);

    /// The sums at the present version; nothing if that moved meanwhile. May be an hour old, not a generation.
    fn digest(&self, dataset: &'static str) -> BoxFuture<'_, Result<Option<At<Arc<Sums>>>, DbErr>>;

    /// All rows of these buckets, removed ones too; nothing if the dataset is not at this version.
    fn rows_of(
        &self,
        dataset: &'static str,
        version: u64,
        buckets: Buckets,
    ) -> BoxFuture<'_, Result<Option<Vec<Change>>, DbErr>>;

    /// A node below has versions up to `seen`, given by this database before it was set back: count on from there, so that
    /// no version says two things. What became of it: the version before, if rows are there and it was below.
    fn count_on(&self, dataset: &'static str, seen: u64) -> BoxFuture<'_, Result<Option<u64>, DbErr>>;
}

/// Something as it was at a version of its dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub version: u64,
    pub of: T,
}

/// Where a node keeps the datasets that it receives. The version moves in the same transaction as the rows.
pub trait DatasetSink: Send + Sync + 'static {
    fn version(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>>;

    /// Keep `changes`, which bring the dataset to version `upto`. May be offered again after a failure.
    fn keep<'a>(&'a self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> BoxFuture<'a, Result<(), DbErr>>;

    /// The sums of what is committed, read from the rows themselves; nothing if the version moved meanwhile.
    fn own_digest(&self, dataset: &'static str) -> BoxFuture<'_, Result<Option<At<Sums>>, DbErr>>;

    /// Make these buckets equal to `rows`, which are all that they hold at `version`; nothing is done if the dataset is at
    /// another version by now.
    fn mend(
        &self,
        dataset: &'static str,
        version: u64,
        buckets: Buckets,
        rows: Vec<Change>,
    ) -> BoxFuture<'_, Result<Option<Mended>, DbErr>>;
}

/// Put a row at the head office, in the transaction that changes the goods themselves. Answers the new version.
pub async fn put(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    rows: Vec<(String, Vec<u8>)>,
) -> Result<u64, DbErr> {
    change(transaction, dataset, rows.into_iter().map(|(key, body)| (key, Some(body))).collect()).await
}

/// Remove rows: a tombstone travels in their place.
pub async fn remove(transaction: &DatabaseTransaction, dataset: &'static str, keys: Vec<String>) -> Result<u64, DbErr> {
    change(transaction, dataset, keys.into_iter().map(|key| (key, None)).collect()).await
}

/// The version of a dataset in this database; 0 if it has none of it.
pub async fn version<C: ConnectionTrait>(db: &C, dataset: &str) -> Result<u64, DbErr> {
    match dataset_head::Entity::find_by_id(dataset.to_owned()).one(db).await? {
        Some(head) => number(head.version),
        None => Ok(0),
    }
}

async fn change(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    rows: Vec<(String, Option<Vec<u8>>)>,
) -> Result<u64, DbErr> {
    let rows = last_of_each_key(rows);
    if rows.is_empty() {
        return version(transaction, dataset).await;
    }
    for (key, body) in &rows {
        let bytes = key.len() + body.as_ref().map_or(0, Vec::len);
        if bytes > ROW_BYTES_MAX {
            return Err(DbErr::Custom(format!(
                "row \"{key}\" of {dataset} has {bytes} bytes, more than the {ROW_BYTES_MAX} a link carries"
            )));
        }
    }
    let head = take_versions(transaction, dataset, rows.len()).await?;
    let first = head - rows.len() as u64 + 1;
    let changes = rows
        .into_iter()
        .zip(first..)
        .map(|((key, body), version)| Change { key, version, deleted: body.is_none(), body: body.unwrap_or_default() })
        .collect();
    write_rows(transaction, dataset, changes).await?;
    Ok(head)
}

/// One INSERT must not meet a key twice; what was said last holds.
fn last_of_each_key(rows: Vec<(String, Option<Vec<u8>>)>) -> Vec<(String, Option<Vec<u8>>)> {
    let mut place = HashMap::with_capacity(rows.len());
    let mut kept: Vec<(String, Option<Vec<u8>>)> = Vec::with_capacity(rows.len());
    for (key, body) in rows {
        match place.get(&key) {
            Some(&index) => kept[index] = (key, body),
            None => {
                place.insert(key.clone(), kept.len());
                kept.push((key, body));
            }
        }
    }
    kept
}

/// Take `count` versions, the row locked until the commit; answers the last of them.
async fn take_versions(transaction: &DatabaseTransaction, dataset: &str, count: usize) -> Result<u64, DbErr> {
    use dataset_head::Column;
    let count = signed(count as u64)?;
    let add = dataset_head::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(count))
        .filter(Column::Dataset.eq(dataset));
    if let Some(head) = add.clone().exec_with_returning(transaction).await?.first() {
        return number(head.version);
    }
    // The first rows of a dataset. Two writers may meet here: the row is there for both before they add.
    let empty = dataset_head::ActiveModel { dataset: Set(dataset.to_owned()), version: Set(0) };
    let there = OnConflict::column(Column::Dataset).do_nothing().to_owned();
    dataset_head::Entity::insert(empty).on_conflict(there).exec_without_returning(transaction).await?;
    match add.exec_with_returning(transaction).await?.first() {
        Some(head) => number(head.version),
        None => Err(DbErr::RecordNotFound(format!("the head of {dataset} was not kept"))),
    }
}

/// Of a key that was changed twice the newer row; one INSERT must not meet a key twice.
pub fn newest_of_each_key(changes: Vec<Change>) -> Vec<Change> {
    let mut newest: HashMap<String, u64> = HashMap::with_capacity(changes.len());
    for change in &changes {
        let version = newest.entry(change.key.clone()).or_default();
        *version = Ord::max(change.version, *version);
    }
    changes.into_iter().filter(|change| newest.get(&change.key) == Some(&change.version)).collect()
}

pub(crate) async fn write_rows(
    transaction: &DatabaseTransaction,
    dataset: &str,
    changes: Vec<Change>,
) -> Result<(), DbErr> {
    let mut changes = changes.into_iter().peekable();
    while changes.peek().is_some() {
        let mut rows = Vec::with_capacity(INSERT_ROWS_MAX.min(changes.size_hint().0));
        for change in changes.by_ref().take(INSERT_ROWS_MAX) {
            rows.push(dataset_row::ActiveModel {
                dataset: Set(dataset.to_owned()),
                key: Set(change.key),
                version: Set(signed(change.version)?),
                deleted: Set(change.deleted),
                body: Set(change.body),
            });
        }
        let newest = OnConflict::columns([dataset_row::Column::Dataset, dataset_row::Column::Key])
            .update_columns([dataset_row::Column::Version, dataset_row::Column::Deleted, dataset_row::Column::Body])
            .to_owned();
        dataset_row::Entity::insert_many(rows).on_conflict(newest).exec_without_returning(transaction).await?;
    }
    Ok(())
}
