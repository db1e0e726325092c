//! Datasets: keyed rows, each with the version at which it last changed. "All rows above the version I have, oldest first"
//! is delta and snapshot in one, and can be taken up again wherever it broke off.

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr};

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
}

/// Where a node keeps the datasets that it receives. The version moves in the same transaction as the rows.
pub trait DatasetSink: Send + Sync + 'static {
    fn version(&self, dataset: &'static str) -> BoxFuture<'_, Result<u64, DbErr>>;

    /// Keep `changes`, which bring the dataset to version `upto`. May be offered again after a failure.
    fn keep<'a>(&'a self, dataset: &'static str, changes: Vec<Change>, upto: u64) -> BoxFuture<'a, Result<(), DbErr>>;
}

/// Put a row at the head office, in the transaction that changes the goods themselves. Answers the new version.
pub async fn put(
    transaction: &DatabaseTransaction,
    dataset: &'static str,
    rows: Vec<(String, Vec<u8>)>,
) -> Result<u64, DbErr> {
    let _ = (transaction, dataset, rows);
    Err(DbErr::Custom("not built yet".to_owned()))
}

/// Remove rows: a tombstone travels in their place.
pub async fn remove(transaction: &DatabaseTransaction, dataset: &'static str, keys: Vec<String>) -> Result<u64, DbErr> {
    let _ = (transaction, dataset, keys);
    Err(DbErr::Custom("not built yet".to_owned()))
}
