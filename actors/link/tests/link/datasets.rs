//! Datasets go down: whole, in pieces, changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use link::datasets::table::TableDatasets;
use link::datasets::{DatasetSource, put, remove, version};
use link::frame::Frame;
use link::session::giving::CHUNK_ROWS_MAX;
use link::session::pace::CHUNKS_IN_FLIGHT_MAX;
use link::transport::Dial;
use link::transport::memory::MemoryHub;
use messages::v1::catalogue::{ITEMS, OPERATORS};
use migrations::database::Database;
use tempfile::TempDir;

use crate::world::{Effects, Fate, FaultyDial, Server, Till, Way, memory_way, play, until};

pub async fn put_items(server: &Server, from: u32, to: u32, text: &str) -> u64 {
    let rows = (from..to).map(|n| (format!("{n:07}"), format!("{text} {n}").into_bytes())).collect();
    let transaction = server.database.begin().await.unwrap();
    let head = put(&transaction, ITEMS, rows).await.unwrap();
    transaction.commit().await.unwrap();
    server.datasets.ring();
    head
}

pub async fn has(database: &Database, dataset: &'static str, wanted: u64) {
    until("the dataset is there", async || {
        let version = version(&database.reader, dataset).await.unwrap();
        (version == wanted, version)
    })
    .await;
}

pub async fn same(above: &Database, below: &Database) {
    let all = |database: &Database| {
        let tables = TableDatasets::new(database.clone());
        async move { tables.changes(ITEMS, 0, 1_000_000).await.unwrap() }
    };
    assert!(all(above).await == all(below).await, "the rows differ");
}

#[test]
fn a_dataset_goes_down_two_steps_and_changes_follow() {
    play(async {
        let dir = TempDir::new().unwrap();
        let (hub, upper) = (MemoryHub::new(), MemoryHub::new());
        let hq = Server::start(&dir, "hq.db").await;
        upper.up("above", hq.acceptor());
        let shop = Server::start_with(&dir, "store.db", Effects::default(), Some(memory_way(&upper))).await;
        hub.up("above", shop.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let head = put_items(&hq, 0, 9_000, "bread").await;
        has(&till.database, ITEMS, head).await;
        same(&hq.database, &till.database).await;

        put_items(&hq, 100, 200, "milk").await;
        let transaction = hq.database.begin().await.unwrap();
        let head = remove(&transaction, ITEMS, vec!["0000007".to_owned()]).await.unwrap();
        let people = put(&transaction, OPERATORS, vec![("7".to_owned(), b"Ann".to_vec())]).await.unwrap();
        transaction.commit().await.unwrap();
        hq.datasets.ring();
        has(&till.database, ITEMS, head).await;
        has(&till.database, OPERATORS, people).await;
        same(&hq.database, &till.database).await;
        let gone = TableDatasets::new(till.database.clone()).changes(ITEMS, head - 1, 10).await.unwrap();
        assert!(gone[0].deleted && gone[0].key == "0000007" && gone[0].body.is_empty());
        assert_eq!(till.status().await.datasets[ITEMS], head);
    });
}

/// A wire that is cut once, when `cut_at` rows have gone down it; how many went in all.
fn cut_once(hub: &MemoryHub, cut_at: usize) -> (Arc<dyn Dial>, Arc<AtomicUsize>) {
    let rows = Arc::new(AtomicUsize::new(0));
    let (counted, whole) = (rows.clone(), AtomicBool::new(true));
    let fault = move |way: Way, frame: &mut Vec<u8>| match Frame::decode(frame) {
        Ok(Frame::DatasetChunk(chunk)) if way == Way::Down => {
            let sent = counted.fetch_add(chunk.rows.len(), Ordering::AcqRel);
            if sent >= cut_at && whole.swap(false, Ordering::AcqRel) { Fate::Cut } else { Fate::Pass }
        }
        _ => Fate::Pass,
    };
    (Arc::new(FaultyDial { inner: memory_way(hub), fault: Arc::new(fault) }), rows)
}

/// What may be on the way when a line is cut.
const ROWS_ON_THE_WAY_MAX: usize = CHUNKS_IN_FLIGHT_MAX * CHUNK_ROWS_MAX;

#[test]
fn fault_f36_a_first_load_cut_at_70_percent_goes_on_where_it_broke_off() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "hq.db").await;
        let head = put_items(&server, 0, 60_000, "item").await;
        hub.up("above", server.acceptor());
        let (wire, rows) = cut_once(&hub, 42_000);
        let till = Till::start(&dir, 1, "one", wire).await;
        has(&till.database, ITEMS, head).await;
        same(&server.database, &till.database).await;
        assert_eq!(till.status().await.sessions, 2);
        let rows = rows.load(Ordering::Acquire);
        assert!((60_000..60_000 + ROWS_ON_THE_WAY_MAX).contains(&rows), "{rows} rows for 60,000");
    });
}

#[test]
fn fault_f36_a_change_cut_at_70_percent_is_seen_whole_and_what_had_come_does_not_come_again() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "hq.db").await;
        let first = put_items(&server, 0, 40_000, "old").await;
        hub.up("above", server.acceptor());
        let (wire, rows) = cut_once(&hub, 40_000 + 28_000);
        let till = Till::start(&dir, 1, "one", wire).await;
        has(&till.database, ITEMS, first).await;
        let head = put_items(&server, 0, 40_000, "new").await;
        until("the change is there", async || {
            let now = version(&till.database.reader, ITEMS).await.unwrap();
            assert!(now == first || now == head, "half of a change is to be seen: version {now}");
            (now == head, now)
        })
        .await;
        same(&server.database, &till.database).await;
        assert_eq!(till.status().await.sessions, 2);
        let rows = rows.load(Ordering::Acquire);
        assert!((80_000..80_000 + ROWS_ON_THE_WAY_MAX).contains(&rows), "{rows} rows for 80,000");
    });
}

#[test]
fn a_first_load_over_a_line_that_breaks_again_and_again_gets_there() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "hq.db").await;
        let head = put_items(&server, 0, 500, "item").await;
        hub.up("above", server.acceptor());
        // Each connection is cut after its sixth chunk.
        let chunks = Arc::new(AtomicU32::new(0));
        let counted = chunks.clone();
        let fault = move |way: Way, frame: &mut Vec<u8>| match Frame::decode(frame) {
            Ok(Frame::DatasetChunk(_)) if way == Way::Down => {
                if counted.fetch_add(1, Ordering::AcqRel) % 7 == 6 {
                    Fate::Cut
                } else {
                    Fate::Pass
                }
            }
            _ => Fate::Pass,
        };
        let till =
            Till::start(&dir, 1, "one", Arc::new(FaultyDial { inner: memory_way(&hub), fault: Arc::new(fault) })).await;
        has(&till.database, ITEMS, head).await;
        same(&server.database, &till.database).await;
        assert!(till.status().await.sessions >= 3);
    });
}

#[test]
fn a_change_is_seen_whole_or_not_at_all() {
    play(async {
        let dir = TempDir::new().unwrap();
        let hub = MemoryHub::new();
        let server = Server::start(&dir, "hq.db").await;
        let first = put_items(&server, 0, 100, "old").await;
        hub.up("above", server.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        has(&till.database, ITEMS, first).await;
        let head = put_items(&server, 0, 12_000, "new").await;
        until("the change is there", async || {
            let now = version(&till.database.reader, ITEMS).await.unwrap();
            assert!(now == first || now == head, "half of a change is to be seen: version {now}");
            (now == head, now)
        })
        .await;
        same(&server.database, &till.database).await;
    });
}
