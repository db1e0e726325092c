//! The tables of the trade that grow, on PostgreSQL: a part for each month of business days, receipts within it by store.
//!
//! A report reads the months it speaks of, a batch writes into one small index instead of one that grows for ever, and an
//! old month is put away whole. Months are made before they come. What a wrong clock dates elsewhere lies in `_other` and
//! moves when its month is made. In a file every table is one.
//!
//! A key of a table in parts has the day in it. So two receipts of different days may have the same uid or number as far as
//! the schema is concerned: that is held by whoever writes them, under the lock of their store's cursor.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, Months, NaiveDate};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait, TryGetable};

/// Before and after the month of today. What a store sends again is 35 days old at most.
const BEHIND: u32 = 2;
const AHEAD: u32 = 2;
/// Parts of a month by store.
const STORE_PARTS: u32 = 4;
/// The oldest months that get parts of their own when a database is converted.
const CONVERTED_MAX: u32 = 120;
/// Writers are not kept waiting for longer: the next look tries again.
const LOCK_WITHIN: &str = "SET LOCAL lock_timeout = '5s'";

struct Table {
    name: &'static str,
    key: &'static str,
    by_store: bool,
    /// Name, what comes between CREATE and INDEX, and what it is of.
    indexes: &'static [(&'static str, &'static str, &'static str)],
}

const TABLES: [Table; 6] = [
    Table {
        name: "receipt",
        key: "uid, store, business_day",
        by_store: true,
        indexes: &[
            ("receipt_number", "UNIQUE", "(store, till, sequence, business_day)"),
            ("receipt_shift", "", "(store, till, shift)"),
            ("receipt_fiscal", "", "(fiscal_device, fiscal_number)"),
            ("receipt_no_sale", "", "(kind, business_day) WHERE kind <> 'sale'"),
        ],
    },
    sums("sales_hour", "business_day, store, till, hour"),
    sums("sales_item", "business_day, store, code"),
    sums("sales_tender", "business_day, store, tender"),
    sums("sales_vat", "business_day, store, rate"),
    sums("sales_customer", "number, asset, business_day, store"),
];

const fn sums(name: &'static str, key: &'static str) -> Table {
    Table { name, key, by_store: false, indexes: &[] }
}

/// Put tables that are in one piece into parts, with all that they hold.
pub async fn convert(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let today = today(connection).await?;
    for table in &TABLES {
        let Table { name, key, indexes, .. } = table;
        let mut steps = vec![
            format!("ALTER TABLE {name} RENAME TO {name}_before"),
            format!("ALTER TABLE {name}_before DROP CONSTRAINT {name}_pkey"),
        ];
        steps.extend(indexes.iter().map(|(index, ..)| format!("DROP INDEX {index}")));
        steps.push(format!(
            "CREATE TABLE {name} (LIKE {name}_before INCLUDING DEFAULTS, PRIMARY KEY ({key})) PARTITION BY RANGE (business_day)"
        ));
        steps.extend(indexes.iter().map(|(index, kind, of)| format!("CREATE {kind} INDEX {index} ON {name} {of}")));
        steps.extend(part(table, "other", "DEFAULT"));
        run(connection, &steps).await?;
        let oldest = today - Months::new(CONVERTED_MAX);
        let used = format!(
            "SELECT DISTINCT date_trunc('month', business_day)::date FROM {name}_before \
             WHERE business_day BETWEEN '{oldest}' AND '{}'",
            today + Months::new(AHEAD)
        );
        let mut months: BTreeSet<NaiveDate> = around(today).collect();
        for row in connection.query_all_raw(Statement::from_string(DbBackend::Postgres, used)).await? {
            months.insert(row.try_get_by_index(0)?);
        }
        for month in months {
            run(connection, &month_part(table, month)).await?;
        }
        let moved = [format!("INSERT INTO {name} SELECT * FROM {name}_before"), format!("DROP TABLE {name}_before")];
        run(connection, &moved).await?;
    }
    Ok(())
}

/// Make the months around today that are missing. How many parts were made.
pub async fn keep(database: &DatabaseConnection) -> Result<u32, DbErr> {
    if database.get_database_backend() != DbBackend::Postgres {
        return Ok(0);
    }
    let today = today(database).await?;
    keep_around(database, today).await
}

/// The same as if it were `today`.
pub async fn keep_around(database: &DatabaseConnection, today: NaiveDate) -> Result<u32, DbErr> {
    let mut made = 0;
    for table in &TABLES {
        for month in around(today) {
            if !is_there(database, table, month).await? {
                made += u32::from(make(database, table, month).await?);
            }
        }
    }
    Ok(made)
}

async fn make(database: &DatabaseConnection, table: &Table, month: NaiveDate) -> Result<bool, DbErr> {
    let name = table.name;
    let transaction = database.begin().await?;
    // One process at a time, and in the order in which writers lock.
    run(&transaction, &[LOCK_WITHIN.to_owned(), format!("LOCK TABLE ONLY {name} IN ACCESS EXCLUSIVE MODE")]).await?;
    if is_there(&transaction, table, month).await? {
        return Ok(false);
    }
    let theirs = format!("business_day >= '{month}' AND business_day < '{}'", month + Months::new(1));
    let mut steps = vec![
        format!("LOCK TABLE {name}_other IN ACCESS EXCLUSIVE MODE"),
        format!("CREATE TEMPORARY TABLE moved ON COMMIT DROP AS SELECT * FROM {name}_other WHERE {theirs}"),
        format!("DELETE FROM {name}_other WHERE {theirs}"),
    ];
    steps.extend(month_part(table, month));
    steps.push(format!("INSERT INTO {name} SELECT * FROM moved"));
    run(&transaction, &steps).await?;
    transaction.commit().await?;
    Ok(true)
}

/// First days of the months that are to be there.
fn around(today: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let first = today - Days::new(u64::from(today.day0())) - Months::new(BEHIND);
    (0..=BEHIND + AHEAD).map(move |number| first + Months::new(number))
}

/// As it stands in the names of parts.
fn word(month: NaiveDate) -> String {
    format!("{:04}_{:02}", month.year(), month.month())
}

fn month_part(table: &Table, month: NaiveDate) -> Vec<String> {
    let bounds = format!("FOR VALUES FROM ('{month}') TO ('{}')", month + Months::new(1));
    part(table, &word(month), &bounds)
}

fn part(table: &Table, which: &str, bounds: &str) -> Vec<String> {
    let Table { name, by_store, .. } = table;
    if !by_store {
        return vec![format!("CREATE TABLE {name}_{which} PARTITION OF {name} {bounds}")];
    }
    let whole = format!("CREATE TABLE {name}_{which} PARTITION OF {name} {bounds} PARTITION BY HASH (store)");
    let by_store = (0..STORE_PARTS).map(|rest| {
        format!(
            "CREATE TABLE {name}_{which}_{rest} PARTITION OF {name}_{which} \
             FOR VALUES WITH (MODULUS {STORE_PARTS}, REMAINDER {rest})"
        )
    });
    std::iter::once(whole).chain(by_store).collect()
}

async fn is_there(connection: &impl ConnectionTrait, table: &Table, month: NaiveDate) -> Result<bool, DbErr> {
    let asked = format!("SELECT to_regclass('{}_{}') IS NOT NULL", table.name, word(month));
    one(connection, &asked).await
}

/// By the clock of the database, as everything on which processes must agree.
async fn today(connection: &impl ConnectionTrait) -> Result<NaiveDate, DbErr> {
    one(connection, "SELECT CURRENT_DATE").await
}

async fn one<T: TryGetable>(connection: &impl ConnectionTrait, asked: &str) -> Result<T, DbErr> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(asked.to_owned()))?.try_get_by_index(0)
}

async fn run(connection: &impl ConnectionTrait, steps: &[String]) -> Result<(), DbErr> {
    for step in steps {
        connection.execute_unprepared(step).await?;
    }
    Ok(())
}
