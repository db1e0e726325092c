//! Rows that are not as above: changed by hand, or left over from a head office that was set back.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use link::datasets::table::TableDatasets;
use link::datasets::{DatasetSource, put, remove, version};
use link::downlinks::CompareDatasets;
use link::frame::Frame;
use link::transport::memory::MemoryHub;
use messages::v1::catalogue::{ITEMS, OPERATORS};
use migrations::database::Database;
use migrations::entity::incident;
use sea_orm::{ConnectionTrait, EntityTrait};
use tempfile::TempDir;

use crate::datasets::{has, put_items, same};
use crate::tables::only_files;
use crate::world::{Effects, Fate, FaultyDial, Server, Till, memory_way, play, until};

async fn by_hand(database: &Database, sql: &str) {
    assert_eq!(database.writer.execute_unprepared(sql).await.unwrap().rows_affected(), 1, "{sql}");
}

async fn compare(server: &Server) {
    server.downlinks.reference().ask(CompareDatasets).await.unwrap();
}

async fn incidents(database: &Database) -> Vec<String> {
    let rows = incident::Entity::find().all(&database.reader).await.unwrap();
    let mut texts: Vec<String> = rows.into_iter().map(|row| format!("{}: {}", row.kind, row.text)).collect();
    texts.sort();
    texts
}

async fn alike(above: &Database, below: &Database) {
    let all = async |database: &Database| {
        let rows = TableDatasets::new(database.clone()).changes(ITEMS, 0, 100_000).await.unwrap();
        rows.into_iter().filter(|row| !row.deleted).collect::<Vec<_>>()
    };
    until("the rows are alike", async || {
        let (above, below) = (all(above).await, all(below).await);
        (above == below, (above.len(), below.len()))
    })
    .await;
}

#[test]
fn fault_f37_a_wrong_row_is_found_and_mended_and_only_it_comes_again() {
    play(async {
        let dir = TempDir::new().unwrap();
        let (hub, upper) = (MemoryHub::new(), MemoryHub::new());
        let hq = Server::start(&dir, "hq.db").await;
        upper.up("above", hq.acceptor());
        let rows_again = Arc::new(AtomicUsize::new(0));
        let count = rows_again.clone();
        let wire = FaultyDial {
            inner: memory_way(&upper),
            fault: Arc::new(move |_, frame: &mut Vec<u8>| {
                if let Ok(Frame::Anew(anew)) = Frame::decode(frame) {
                    count.fetch_add(anew.rows.len(), Ordering::AcqRel);
                }
                Fate::Pass
            }),
        };
        let shop = Server::start_with(&dir, "store.db", Effects::default(), Some(Arc::new(wire))).await;
        hub.up("above", shop.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        let head = put_items(&hq, 0, 9_000, "bread").await;
        has(&till.database, ITEMS, head).await;

        let wrong = "UPDATE dataset_row SET body = (SELECT body FROM dataset_row WHERE dataset = 'items' AND key = '0000008') \
                     WHERE key = '0000007'";
        by_hand(&shop.database, wrong).await;
        by_hand(&shop.database, "DELETE FROM dataset_row WHERE key = '0000100'").await;
        // The newest row: nothing says any more up to where the dataset goes.
        by_hand(&shop.database, "DELETE FROM dataset_row WHERE key = '0008999'").await;
        let extra = "INSERT INTO dataset_row (dataset, key, version, deleted, body) \
                     SELECT 'items', 'x', 7, false, body FROM dataset_row WHERE dataset = 'items' AND key = '0000001'";
        by_hand(&shop.database, extra).await;
        by_hand(&till.database, "UPDATE dataset_row SET version = 2 WHERE key = '0000200'").await;
        by_hand(&till.database, extra).await;
        compare(&hq).await;
        alike(&hq.database, &shop.database).await;
        until("the store says what was mended", async || {
            let told = incidents(&hq.database).await;
            (!told.is_empty(), told)
        })
        .await;
        let told = incidents(&hq.database).await;
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("dataset_mended: 4 rows of items were not as here and have been mended"),
            "{told:?}"
        );
        for what in ["2 missing, 1 different, 1 too many", "0000007", "0000100", "0008999", "x"] {
            assert!(told[0].contains(what), "{told:?}");
        }
        let sent = rows_again.load(Ordering::Acquire);
        assert!((3..150).contains(&sent), "{sent} rows were sent again for three wrong ones of 9,000");
        // The till compares because its store was mended, without being asked.
        alike(&hq.database, &till.database).await;
        until("an operator sees it", async || {
            let (status, seen) = (till.status().await, shop.status().await.peers);
            (status.mended == 2 && seen[0].mended == 2 && seen[0].compared_ms.is_some(), (status, seen))
        })
        .await;
        same(&hq.database, &till.database).await;
        // Nothing is wrong: nothing is said.
        compare(&hq).await;
        until("compared again", async || {
            let peers = hq.status().await.peers;
            (peers[0].compared_ms.is_some() && peers[0].mended == 4, peers)
        })
        .await;
        assert_eq!(incidents(&hq.database).await.len(), 1);
    });
}

/// A copy of a database as it was.
async fn backup(server: &Server, dir: &TempDir, name: &str) {
    let copy = dir.path().join(name);
    server.database.writer.execute_unprepared(&format!("VACUUM INTO '{}'", copy.display())).await.unwrap();
}

#[test]
fn fault_f23_a_head_office_that_was_set_back_brings_everybody_to_its_truth() {
    let told = set_back(2);
    assert!(told[0].contains("11 rows of items"), "{told:?}");
    for key in ["0000010", "0000014", "0000020", "0005000", "0005002"] {
        assert!(told[0].contains(key), "{key} in {told:?}");
    }
    assert!(told[1].starts_with("dataset_went_back: the items of this database end at version"), "{told:?}");
}

/// Nobody is ahead of it when they meet again, and yet versions say other things: only a comparison shows it.
#[test]
fn fault_f23_a_head_office_that_was_set_back_and_went_on_for_long_is_found_out_too() {
    let told = set_back(300);
    assert!(told[0].contains("18 rows of items"), "{told:?}");
    assert_eq!(told.len(), 1);
}

/// A head office goes back to a copy and changes `changed` items before it is reached again; what its operator is told.
fn set_back(changed: u32) -> Vec<String> {
    let told = Rc::new(RefCell::new(Vec::new()));
    let tells = told.clone();
    play(async move {
        let dir = TempDir::new().unwrap();
        only_files(&dir);
        let (hub, upper) = (MemoryHub::new(), MemoryHub::new());
        let hq = Server::start(&dir, "hq.db").await;
        upper.up("above", hq.acceptor());
        let shop = Server::start_with(&dir, "store.db", Effects::default(), Some(memory_way(&upper))).await;
        hub.up("above", shop.acceptor());
        let till = Till::start(&dir, 1, "one", memory_way(&hub)).await;
        put_items(&hq, 0, 3_000, "bread").await;
        backup(&hq, &dir, "older.db").await;
        // What the backup does not know: five changed, three new, one removed.
        put_items(&hq, 10, 15, "dearer").await;
        put_items(&hq, 5_000, 5_003, "new").await;
        let transaction = hq.database.begin().await.unwrap();
        let lost = remove(&transaction, ITEMS, vec!["0000020".to_owned()]).await.unwrap();
        transaction.commit().await.unwrap();
        hq.datasets.ring();
        has(&till.database, ITEMS, lost).await;

        upper.down("above");
        hq.node.shutdown().await;
        hq.database.close().await.unwrap();
        let hq = Server::start(&dir, "older.db").await;
        // It goes on before anybody has compared: these versions say something else below.
        let head = put_items(&hq, 1_000, 1_000 + changed, "cheaper").await;
        let newest = head.max(lost);
        let watched = till.database.clone();
        let never_empty = tokio::spawn(async move {
            loop {
                let sql = "SELECT COUNT(*) AS n FROM dataset_row WHERE dataset = 'items' AND NOT deleted";
                let statement = sea_orm::Statement::from_string(watched.reader.get_database_backend(), sql);
                let row = watched.reader.query_one_raw(statement).await.unwrap().unwrap();
                assert!(row.try_get::<i64>("", "n").unwrap() >= 2_999, "goods are gone in between");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        upper.up("above", hq.acceptor());
        alike(&hq.database, &shop.database).await;
        alike(&hq.database, &till.database).await;
        let now = version(&hq.database.reader, ITEMS).await.unwrap();
        assert_eq!(now, newest, "versions go on above the highest seen");
        let told = until("the operator is told", async || {
            let told = incidents(&hq.database).await;
            (told.iter().any(|text| text.starts_with("dataset_mended")), told)
        })
        .await;
        *tells.borrow_mut() = told;
        // And it goes on as ever.
        let next = put_items(&hq, 40, 41, "after").await;
        assert_eq!(next, newest + 1);
        has(&till.database, ITEMS, next).await;
        alike(&hq.database, &till.database).await;
        assert!(!never_empty.is_finished(), "goods were gone in between");
        never_empty.abort();
    });
    told.take()
}

#[test]
fn a_head_office_that_was_made_anew_takes_nothing_away() {
    play(async {
        let dir = TempDir::new().unwrap();
        let upper = MemoryHub::new();
        let hq = Server::start(&dir, "hq.db").await;
        upper.up("above", hq.acceptor());
        let shop = Server::start_with(&dir, "store.db", Effects::default(), Some(memory_way(&upper))).await;
        let head = put_items(&hq, 0, 500, "bread").await;
        has(&shop.database, ITEMS, head).await;
        upper.down("above");
        hq.node.shutdown().await;
        let hq = Server::start(&dir, "anew.db").await;
        upper.up("above", hq.acceptor());
        let transaction = hq.database.begin().await.unwrap();
        let people = put(&transaction, OPERATORS, vec![("7".to_owned(), b"Ann".to_vec())]).await.unwrap();
        transaction.commit().await.unwrap();
        hq.datasets.ring();
        has(&shop.database, OPERATORS, people).await;
        assert_eq!(version(&hq.database.reader, ITEMS).await.unwrap(), 0);
        // It is being filled, and has a part of its goods only.
        put_items(&hq, 0, 100, "bread").await;
        compare(&hq).await;
        let told = until("the operator is told", async || {
            let told = incidents(&hq.database).await;
            (told.iter().any(|text| text.contains("cannot be mended")), told)
        })
        .await;
        assert!(told[0].starts_with("dataset_mended: rows of items are not as here and cannot be mended"), "{told:?}");
        let goods = TableDatasets::new(shop.database.clone()).changes(ITEMS, 0, 1_000).await.unwrap();
        assert_eq!(goods.len(), 500, "a shop does not lose its goods");
        put_items(&hq, 100, 400, "bread").await;
        compare(&hq).await;
        alike(&hq.database, &shop.database).await;
    });
}
