//! Rows of datasets in the database of the head office.

use std::collections::HashMap;

use link::datasets;
use migrations::entity::dataset_row::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter};

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

/// Put those rows that are new or different.
pub(crate) async fn put(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    rows: Vec<(String, Vec<u8>)>,
) -> Result<Written, DbErr> {
    let olds = live(transaction, dataset, rows.iter().map(|(key, _)| key.as_str())).await?;
    let all = rows.len() as u64;
    // Of a key that comes twice the last row counts.
    let newest: HashMap<String, Vec<u8>> = rows.iter().cloned().collect();
    let mut different = Vec::new();
    let mut seen = std::collections::HashSet::with_capacity(newest.len());
    for (key, _) in rows {
        let body = &newest[&key];
        if seen.insert(key.clone()) && olds.get(&key) != Some(body) {
            different.push((key, body.clone()));
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
    let there = live(transaction, dataset, keys.iter().map(String::as_str)).await?;
    let gone: Vec<String> = there.into_keys().collect();
    let changed = gone.len() as u64;
    let version = datasets::remove(transaction, dataset, gone).await?;
    Ok(Written { published: Published { version, changed, unchanged: all - changed }, added: 0, removed: changed })
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

pub(crate) async fn count<C: ConnectionTrait>(db: &C, dataset: &str) -> Result<u64, DbErr> {
    Entity::find().filter(Column::Dataset.eq(dataset)).filter(Column::Deleted.eq(false)).count(db).await
}
