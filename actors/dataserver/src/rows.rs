//! Rows of datasets in the database of the head office.

use std::collections::{HashMap, HashSet};

use link::datasets;
use migrations::entity::dataset_head;
use migrations::entity::dataset_row::{Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};

use crate::requests::Published;

/// Keys of one question, well below the 32,766 values that SQLite takes.
const KEYS_ASKED_MAX: usize = 1_000;

/// What a change did to the number of rows that are not removed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) published: Published,
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

/// A row on its way in.
pub(crate) trait Row {
    fn key(&self) -> &str;

    /// What is kept where `old` is kept now: `old` itself if nothing has changed.
    fn body(&self, old: Option<&[u8]>) -> Vec<u8>;
}

impl Row for (String, Vec<u8>) {
    fn key(&self) -> &str {
        &self.0
    }

    fn body(&self, _: Option<&[u8]>) -> Vec<u8> {
        self.1.clone()
    }
}

/// Put those rows that are new or different.
pub(crate) async fn put<R: Row>(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    rows: Vec<R>,
) -> Result<Written, DbErr> {
    hold(transaction, dataset).await?;
    let olds = live(transaction, dataset, rows.iter().map(Row::key)).await?;
    let all = rows.len() as u64;
    // Of a key that comes twice the last row counts.
    let newest: HashMap<&str, &R> = rows.iter().map(|row| (row.key(), row)).collect();
    let mut different = Vec::new();
    let mut seen = HashSet::with_capacity(newest.len());
    for key in rows.iter().map(Row::key).filter(|key| seen.insert(*key)) {
        let old = olds.get(key).map(Vec::as_slice);
        let body = newest[key].body(old);
        if old != Some(&body) {
            different.push((key.to_owned(), body));
        }
    }
    let changed = different.len() as u64;
    let added = different.iter().filter(|(key, _)| !olds.contains_key(key)).count() as u64;
    let version = datasets::put(transaction, dataset, different).await?;
    Ok(Written { published: Published { version, changed, unchanged: all - changed }, added, removed: 0 })
}

/// Remove those rows that are there.
pub(crate) async fn remove(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    keys: Vec<String>,
) -> Result<Written, DbErr> {
    let all = keys.len() as u64;
    hold(transaction, dataset).await?;
    let there = live(transaction, dataset, keys.iter().map(String::as_str)).await?;
    let gone: Vec<String> = there.into_keys().collect();
    let changed = gone.len() as u64;
    let version = datasets::remove(transaction, dataset, gone).await?;
    Ok(Written { published: Published { version, changed, unchanged: all - changed }, added: 0, removed: changed })
}

/// A publisher in another process waits until this transaction ends: what is compared here stays as it is.
async fn hold(transaction: &DatabaseTransaction, dataset: &str) -> Result<(), DbErr> {
    dataset_head::Entity::find_by_id(dataset.to_owned()).lock_exclusive().one(transaction).await?;
    Ok(())
}

/// The bodies of those rows that are there and not removed.
pub(crate) async fn live<'a, C: ConnectionTrait>(
    db: &C,
    dataset: &str,
    keys: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Vec<u8>>, DbErr> {
    let keys: Vec<&str> = keys.collect();
    let mut bodies = HashMap::with_capacity(keys.len());
    for asked in keys.chunks(KEYS_ASKED_MAX) {
        let rows = Entity::find()
            .filter(Column::Dataset.eq(dataset))
            .filter(Column::Key.is_in(asked.iter().copied()))
            .filter(Column::Deleted.eq(false))
            .all(db)
            .await?;
        bodies.extend(rows.into_iter().map(|row| (row.key, row.body)));
    }
    Ok(bodies)
}

/// The bodies of all rows that are there and not removed.
pub(crate) async fn all<C: ConnectionTrait>(db: &C, dataset: &str) -> Result<Vec<Vec<u8>>, DbErr> {
    let rows = Entity::find().filter(Column::Dataset.eq(dataset)).filter(Column::Deleted.eq(false)).all(db).await?;
    Ok(rows.into_iter().map(|row| row.body).collect())
}

pub(crate) async fn count<C: ConnectionTrait>(db: &C, dataset: &str) -> Result<u64, DbErr> {
    Entity::find().filter(Column::Dataset.eq(dataset)).filter(Column::Deleted.eq(false)).count(db).await
}
