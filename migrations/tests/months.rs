//! The tables of the trade in months, on a PostgreSQL server of tests; without one, in a file, nothing is in parts.

#![allow(clippy::unwrap_used, reason = "a test binary: a failed step is a failed test")]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use migrations::database::{Database, Location};
use migrations::{ServerMigrator, months, scratch};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A database whose tables are in one piece, as before there were months; none in a file.
async fn of_before(folder: &tempfile::TempDir) -> Option<DatabaseConnection> {
    let at = scratch::location(folder.path(), "months.sqlite").await;
    let Location::Postgres(url) = &at else {
        println!("{} is not set: there are no months in a file", scratch::SERVER);
        return None;
    };
    let database = sea_orm::Database::connect(url).await.unwrap();
    let all = ServerMigrator::migrations();
    let before = all.iter().position(|step| step.name() == "m20261129_months").unwrap();
    ServerMigrator::up(&database, Some(u32::try_from(before).unwrap())).await.unwrap();
    Some(database)
}

/// A database whose tables are in months; none in a file.
async fn in_months(folder: &tempfile::TempDir) -> Option<DatabaseConnection> {
    let database = of_before(folder).await?;
    ServerMigrator::up(&database, None).await.unwrap();
    Some(database)
}

async fn sell(database: &DatabaseConnection, store: &str, sequence: i64, day: &str) {
    let sql = format!(
        "INSERT INTO receipt (uid, store, till, sequence, business_day, hour, kind, total, at_ms, body) \
         VALUES (gen_random_uuid(), '{store}', 1, {sequence}, '{day}', 9, 'sale', 100, 0, '')"
    );
    database.execute_unprepared(&sql).await.unwrap();
}

/// How many receipts lie in which month.
async fn lie(database: &DatabaseConnection) -> String {
    let sql = "SELECT tableoid::regclass::text, count(*) FROM receipt GROUP BY 1";
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for row in database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap() {
        let part: String = row.try_get_by_index(0).unwrap();
        let (month, _by_store) = part.rsplit_once('_').unwrap();
        *counts.entry(month.to_owned()).or_default() += row.try_get_by_index::<i64>(1).unwrap();
    }
    counts.iter().map(|(month, count)| format!("{month} {count}\n")).collect()
}

#[tokio::test]
async fn what_was_in_one_piece_is_put_into_months_and_what_comes_later_finds_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = of_before(&folder).await else { return };
    for (number, day) in (1..).zip(["2025-12-31", "2026-01-01", "2026-01-31", "2099-05-01"]) {
        sell(&database, "S1", number, day).await;
    }
    ServerMigrator::up(&database, None).await.unwrap();
    assert_eq!(lie(&database).await, "receipt_2025_12 1\nreceipt_2026_01 2\nreceipt_other 1\n");

    // A till whose clock is wrong, and then the month comes.
    sell(&database, "S2", 1, "2099-06-30").await;
    sell(&database, "S2", 2, "2099-08-01").await;
    assert_eq!(months::keep_around(&database, day("2099-04-30")).await.unwrap(), 6 * 5);
    assert_eq!(months::keep_around(&database, day("2099-04-30")).await.unwrap(), 0, "they are there");
    let moved = "receipt_2025_12 1\nreceipt_2026_01 2\nreceipt_2099_05 1\nreceipt_2099_06 1\nreceipt_other 1\n";
    assert_eq!(lie(&database).await, moved);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_day_is_read_from_its_month_and_a_store_from_its_part() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = in_months(&folder).await else { return };
    months::keep_around(&database, day("2026-03-15")).await.unwrap();
    let read = async |condition: &str| {
        let sql = format!("EXPLAIN SELECT count(*) FROM receipt WHERE {condition}");
        let plan = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        let lines = plan.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());
        // The scan of a bitmap names its index, not a part.
        lines.filter(|line| line.contains(" on receipt_") && !line.contains("Bitmap Index Scan")).count()
    };
    assert_eq!(read("business_day = '2026-03-02'").await, 4);
    assert_eq!(read("business_day = '2026-03-02' AND store = 'S1'").await, 1);
    assert_eq!(read("business_day BETWEEN '2026-03-02' AND '2026-04-02'").await, 8);
    database.close().await.unwrap();
}

#[tokio::test]
async fn processes_that_make_months_together_make_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(database) = in_months(&folder).await else { return };
    let today = day("2031-07-31");
    let (one, two) = tokio::join!(months::keep_around(&database, today), months::keep_around(&database, today));
    assert_eq!(one.unwrap() + two.unwrap(), 6 * 5);
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_file_has_no_months() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite::<ServerMigrator>(&folder.path().join("file.sqlite")).await.unwrap();
    assert_eq!(months::keep(&database.writer).await.unwrap(), 0);
    database.close().await.unwrap();
}
