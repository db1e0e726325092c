//! The outbox and the datasets in a real file.

use chrono::DateTime;
use domain::ids::{OperatorNumber, StoreId, TillId};
use domain::money::Money;
use link::chain::Place;
use link::datasets::table::TableDatasets;
use link::datasets::{DatasetSink, DatasetSource};
use link::{datasets, outbox};
use messages::v1::document::{CashMoved, Document};
use migrations::database::Database;
use migrations::{ServerMigrator, TillMigrator, scratch};
use tempfile::TempDir;

pub fn cash(store: &StoreId, till: TillId, kopecks: i64) -> Document {
    Document::CashMoved(CashMoved {
        store: store.clone(),
        till,
        shift: 1,
        at: DateTime::from_timestamp_millis(1_790_000_000_000).unwrap().fixed_offset(),
        operator: OperatorNumber("7".to_owned()),
        amount: Money::from_minor(kopecks),
        reason: "change".to_owned(),
        kind: Default::default(),
    })
}

pub async fn till_database(dir: &TempDir, name: &str) -> Database {
    Database::open_sqlite::<TillMigrator>(&dir.path().join(name)).await.unwrap()
}

/// The mark of a folder in which servers are on files too: for tests that put back copies of them.
const ONLY_FILES: &str = "only-files";

pub fn only_files(dir: &TempDir) {
    std::fs::write(dir.path().join(ONLY_FILES), "").unwrap();
}

pub async fn server_database(dir: &TempDir, name: &str) -> Database {
    if dir.path().join(ONLY_FILES).exists() {
        return Database::open_sqlite::<ServerMigrator>(&dir.path().join(name)).await.unwrap();
    }
    scratch::open::<ServerMigrator>(dir.path(), name).await
}

#[tokio::test]
async fn appended_documents_are_numbered_and_chained() {
    let dir = TempDir::new().unwrap();
    let database = till_database(&dir, "till.db").await;
    let (store, till) = (StoreId::new("S1").unwrap(), TillId(3));
    assert_eq!(outbox::chain_head(&database.reader, &store, till).await.unwrap(), None);

    let mut last = Place::default();
    for kopecks in 1..=3 {
        let transaction = database.begin().await.unwrap();
        let document = cash(&store, till, kopecks);
        let origin = outbox::append(&transaction, &store, till, 1_000 + kopecks, &document).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(origin.sequence, last.sequence + 1);
        assert_ne!(origin.chain, last.chain);
        last = Place { sequence: origin.sequence, chain: origin.chain };
    }
    let head = outbox::chain_head(&database.reader, &store, till).await.unwrap();
    assert_eq!(head, Some((3, last.chain)));
    let unsent = outbox::unsent(&database.reader).await.unwrap();
    assert_eq!((unsent.count, unsent.oldest_created_ms), (3, Some(1_001)));

    let transaction = database.begin().await.unwrap();
    let other = outbox::append(&transaction, &store, TillId(4), 0, &cash(&store, TillId(4), 1)).await;
    assert!(other.unwrap_err().to_string().contains("S1/3"));
}

#[tokio::test]
async fn a_rolled_back_document_leaves_no_gap() {
    let dir = TempDir::new().unwrap();
    let database = till_database(&dir, "till.db").await;
    let (store, till) = (StoreId::new("S1").unwrap(), TillId(3));
    let transaction = database.begin().await.unwrap();
    outbox::append(&transaction, &store, till, 1, &cash(&store, till, 1)).await.unwrap();
    transaction.rollback().await.unwrap();
    let transaction = database.begin().await.unwrap();
    let origin = outbox::append(&transaction, &store, till, 2, &cash(&store, till, 2)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(origin.sequence, 1);
    assert_eq!(outbox::unsent(&database.reader).await.unwrap().count, 1);
}

#[tokio::test]
async fn every_row_of_a_dataset_has_a_version_of_its_own() {
    let dir = TempDir::new().unwrap();
    let database = server_database(&dir, "hq.db").await;
    let tables = TableDatasets::new(database.clone());
    let rows = (0..12_000).map(|n| (format!("{n}"), vec![1])).collect();
    let transaction = database.begin().await.unwrap();
    assert_eq!(datasets::put(&transaction, "items", rows).await.unwrap(), 12_000);
    let twice = vec![("7".to_owned(), vec![2]), ("7".to_owned(), vec![3])];
    assert_eq!(datasets::put(&transaction, "items", twice).await.unwrap(), 12_001);
    assert_eq!(datasets::remove(&transaction, "items", vec!["8".to_owned()]).await.unwrap(), 12_002);
    transaction.commit().await.unwrap();

    assert_eq!(tables.head("items").await.unwrap(), 12_002);
    let newest = tables.changes("items", 12_000, 10).await.unwrap();
    assert_eq!(
        newest.iter().map(|row| (row.key.as_str(), row.deleted)).collect::<Vec<_>>(),
        [("7", false), ("8", true)]
    );
    assert_eq!(newest[0].body, [3]);

    let below = server_database(&dir, "store.db").await;
    let kept = TableDatasets::new(below.clone());
    let all = tables.changes("items", 0, 20_000).await.unwrap();
    assert_eq!(all.len(), 12_000);
    kept.keep("items", all.clone(), 12_002).await.unwrap();
    kept.keep("items", all, 12_001).await.unwrap();
    assert_eq!(kept.version("items").await.unwrap(), 12_002);
    assert_eq!(kept.changes("items", 12_000, 10).await.unwrap(), newest);
}
