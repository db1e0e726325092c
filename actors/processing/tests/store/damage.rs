//! Whatever bit of a book or an export is turned over, somebody says so; and what a database refuses is not half done.

use std::io;

use migrations::AccountsMigrator;
use migrations::database::Database;
use processing::store::export::{Export, ExportError, export, verify_export};
use processing::store::verify::{VerifyError, verify};
use processing::store::{DatabaseStore, JournalStore, MemoryDisk, Row, Store, StoreError};
use sea_orm::{ConnectionTrait, Statement};

use crate::shop::{Customers, Node, fill, postgres, sqlite};

/// A cell of the book: table, column, its key, its bytes or its number.
struct Cell {
    table: &'static str,
    column: &'static str,
    rowid: String,
    is_number: bool,
}

#[tokio::test]
async fn every_flipped_value_of_a_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.db");
    let (mut node, mut customers) = (Node::default(), Customers::new(4));
    let store = DatabaseStore::open_sqlite(&file).await.unwrap();
    let mut first = None;
    for _ in 0..4 {
        // The first block opens accounts: its many rows are left out here, they are like the others.
        let (mut block, pages, _) = node.batch(&mut customers, 3);
        block.rows.retain(|row| row.space != 2);
        block = processing::store::Block::seal(
            first.unwrap_or_default(),
            block.elapsed_ms,
            block.day,
            block.postings,
            block.posting_count,
            block.rows,
        );
        first = Some(block.head());
        node.head = block.head();
        store.append(block, pages.into_iter().take(1).collect()).await.unwrap();
    }
    verify(&store, |_| ()).await.unwrap();
    store.close().await.unwrap();
    let database = Database::open_sqlite::<AccountsMigrator>(&file).await.unwrap();
    // One connection for all: what it changed is read before it is taken back.
    let database = Database { reader: database.writer.clone(), ..database };
    let mut flips = 0;
    for cell in cells(&database).await {
        flips += flip_each(&database, &cell).await;
    }
    assert!(flips > 1_500, "{flips} values were flipped");
    verify(&DatabaseStore::new(database), |_| ()).await.expect("all was put back");
}

async fn cells(database: &Database) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (table, key, numbers, bytes) in [
        (
            "account_block",
            "number",
            &["number", "elapsed_ms", "day", "posting_count"][..],
            &["previous", "hash", "changes", "postings"][..],
        ),
        ("account_page", "number", &["number", "as_of", "checksum"], &["bytes"]),
        ("account_row", "hex(key) || '/' || space", &["space"], &["key", "value"]),
    ] {
        let keys = format!("SELECT {key} || '' AS name FROM {table}");
        let rows =
            database.writer.query_all_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, keys)).await.unwrap();
        for row in rows {
            let name: String = row.try_get("", "name").unwrap();
            let rowid = format!("{key} || '' = '{name}'");
            let of = |column: &&'static str, is_number| Cell { table, column, rowid: rowid.clone(), is_number };
            cells.extend(numbers.iter().map(|column| of(column, true)));
            cells.extend(bytes.iter().map(|column| of(column, false)));
        }
    }
    cells
}

/// Of a number every fifth bit, of bytes one bit each.
async fn flip_each(database: &Database, cell: &Cell) -> usize {
    let Cell { table, column, rowid, is_number } = cell;
    let ask = |what: &str| {
        let sql = format!("SELECT {what} AS v FROM {table} WHERE {rowid}");
        database.writer.query_one_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql))
    };
    let values: Vec<(String, String)> = if *is_number {
        let value: i64 = ask(column).await.unwrap().unwrap().try_get("", "v").unwrap();
        (0..32).step_by(5).map(|bit| (value.to_string(), (value ^ (1 << bit)).to_string())).collect()
    } else {
        let value: Vec<u8> = ask(column).await.unwrap().unwrap().try_get("", "v").unwrap();
        let hex = |bytes: &[u8]| format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        (0..value.len())
            .map(|at| {
                let mut other = value.clone();
                other[at] ^= 1 << (at * 5 % 8);
                (hex(&value), hex(&other))
            })
            .collect()
    };
    let mut flips = 0;
    for (right, wrong) in values {
        database.writer.execute_unprepared("BEGIN").await.unwrap();
        let update = format!("UPDATE {table} SET {column} = {wrong} WHERE {rowid}");
        // A number that is taken cannot be kept twice.
        let is_kept = database.writer.execute_unprepared(&update).await.is_ok();
        let said = verify(&DatabaseStore::new(database.clone()), |_| ()).await;
        database.writer.execute_unprepared("ROLLBACK").await.unwrap();
        if !is_kept {
            continue;
        }
        match said {
            Err(VerifyError::Fault(fault)) => assert!(!fault.sentence.is_empty()),
            other => panic!("{table}.{column} of {rowid}, {right} made {wrong}: {other:?}"),
        }
        flips += 1;
    }
    flips
}

#[tokio::test]
async fn every_flipped_bit_of_an_export_is_seen() {
    let store = JournalStore::open(MemoryDisk::new()).unwrap();
    fill(&store, 6, 3).await;
    let mut bytes = Vec::new();
    let exported = export(&store, 12, &mut bytes).await.unwrap();
    let (read, verified) = verify_export(&bytes[..]).unwrap();
    assert_eq!((read, read.node, verified.head), (exported, 12, exported.head));
    let read_all = |bytes: &[u8]| -> Result<(), ExportError> {
        let mut export = Export::open(bytes)?;
        while export.next_block()?.is_some() {}
        Ok(())
    };
    for at in 0..bytes.len() {
        for bit in if at < 200 || at + 200 > bytes.len() { 0..8 } else { at % 8..at % 8 + 1 } {
            bytes[at] ^= 1 << bit;
            assert!(read_all(&bytes).is_err(), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
    }
    for length in (0..bytes.len()).step_by(97) {
        assert!(read_all(&bytes[..length]).is_err(), "cut at {length}");
    }
    bytes.push(0);
    assert!(matches!(read_all(&bytes), Err(ExportError::Damaged(3))));
}

#[tokio::test]
async fn an_export_to_a_full_disk_says_so() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let store = JournalStore::open(MemoryDisk::new()).unwrap();
    fill(&store, 6, 3).await;
    assert!(matches!(export(&store, 12, &mut Full).await, Err(ExportError::File(_))));
}

#[tokio::test]
async fn a_full_database_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.db");
    drop(sqlite(folder.path()).await);
    let database = Database::open_sqlite::<AccountsMigrator>(&file).await.unwrap();
    let store = DatabaseStore::new(database.clone());
    let (mut node, mut customers) = (Node::default(), Customers::new(8));
    let (block, pages, _) = node.batch(&mut customers, 400);
    for (rows, pages) in [(block.rows.clone(), pages.clone()), (Vec::new(), Vec::new())] {
        let block = processing::store::Block { rows, ..block.clone() };
        let block = processing::store::Block { hash: block.content_hash(), ..block };
        database.writer.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let error = store.append(block.clone(), pages.clone()).await.unwrap_err();
        assert!(matches!(error, StoreError::Full), "{error}");
        assert_eq!(store.head().await.unwrap().number, 0);
    }
    database.writer.execute_unprepared("PRAGMA max_page_count = 100000").await.unwrap();
    store.append(block.clone(), pages.clone()).await.unwrap();
    store.append(block.clone(), pages).await.expect("the last block again is done already");
    // Another process has written meanwhile.
    let other = DatabaseStore::new(database);
    other.head().await.unwrap();
    let (next, _, _) = node.batch(&mut customers, 1);
    store.append(next.clone(), Vec::new()).await.unwrap();
    let (_, mine, _) = (0, processing::store::Block { day: 77, ..next.clone() }, 0);
    let mine = processing::store::Block { hash: mine.content_hash(), ..mine };
    let error = other.append(mine, Vec::new()).await.unwrap_err();
    assert!(matches!(error, StoreError::OtherBook { block: 2 }), "{error}");
    assert_eq!(other.head().await.unwrap(), next.head());
}

#[tokio::test]
async fn rows_are_read_by_ranges_of_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let journal = JournalStore::open(MemoryDisk::new()).unwrap();
    let sqlite = sqlite(folder.path()).await;
    let row =
        |space, key: &[u8], value: Option<&[u8]>| Row { space, key: key.to_vec(), value: value.map(<[u8]>::to_vec) };
    let rows = vec![
        row(4, b"b", Some(b"1")),
        row(4, b"a", Some(b"2")),
        row(4, b"a\x00", Some(b"")),
        row(4, b"c", Some(b"4")),
        row(5, b"a", Some(b"5")),
        row(4, b"b", Some(b"6")),
        row(4, b"c", None),
    ];
    let block = processing::store::Block::seal(Default::default(), 0, 0, Vec::new(), 0, rows);
    let postgres = match postgres().await {
        Some(url) => Some(DatabaseStore::open_postgres(&url).await.unwrap()),
        None => None,
    };
    let stores = [Some(&journal as &dyn Store), Some(&sqlite), postgres.as_ref().map(|store| store as &dyn Store)];
    for store in stores.into_iter().flatten() {
        store.append(block.clone(), Vec::new()).await.unwrap();
        let all = store.rows(4, b"", &[0xFF], 10).await.unwrap();
        assert_eq!(all, [row(4, b"a", Some(b"2")), row(4, b"a\x00", Some(b"")), row(4, b"b", Some(b"6"))]);
        assert_eq!(store.rows(4, b"a\x00", b"b", 10).await.unwrap(), all[1..2]);
        assert_eq!(store.rows(4, b"", &[0xFF], 1).await.unwrap(), all[..1]);
        assert_eq!(store.rows(4, b"b", b"a", 1).await.unwrap(), []);
        assert_eq!(store.spaces().await.unwrap(), [4, 5]);
    }
}
