//! The limit: SQLite transactions (WAL, FULL) of the same rows, and of the same bytes as one row.

use std::path::Path;
use std::time::{Duration, Instant};

use migrations::AccountsMigrator;
use migrations::database::Database;
use sea_orm::{ConnectionTrait, Statement, Value};

/// Values of a row: as many as a transfer has.
const COLUMNS: usize = 8;
/// Rows of one statement, so that it is prepared once: SQLite takes 32,766 values.
const ROWS_A_STATEMENT: usize = 1_024;
const BYTES_A_TRANSFER: usize = 128;

pub(crate) struct Bare {
    database: Database,
}

impl Bare {
    pub(crate) async fn open(file: &Path) -> Bare {
        let database = Database::open_sqlite::<AccountsMigrator>(file).await.expect("a database");
        for table in [
            "CREATE TABLE bare (id BLOB PRIMARY KEY, debit BLOB, credit BLOB, amount INT, pending BLOB, code INT, flags INT, reference BLOB) WITHOUT ROWID",
            "CREATE TABLE block (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        ] {
            database.writer.execute_unprepared(table).await.expect("a table");
        }
        Bare { database }
    }

    /// Rows a second, `size` of them a transaction.
    pub(crate) async fn rows(&self, size: usize, time: Duration) -> f64 {
        let began = Instant::now();
        let mut rows = 0u64;
        let mut next = began.elapsed().as_nanos() as u64 ^ u64::from(std::process::id()) << 40 ^ now() << 20;
        while began.elapsed() < time {
            let transaction = self.database.begin().await.expect("a transaction");
            let mut left = size;
            while left > 0 {
                let part = left.min(ROWS_A_STATEMENT);
                let places = vec![format!("({})", ["?"; COLUMNS].join(",")); part].join(",");
                let mut values = Vec::with_capacity(part * COLUMNS);
                for _ in 0..part {
                    next += 1;
                    let id = [&now().to_be_bytes()[..], &next.to_be_bytes()[..]].concat();
                    let blob = |text: &[u8]| Value::from(text.to_vec());
                    values.extend([
                        blob(&id),
                        blob(&[1; 16]),
                        blob(&[2; 16]),
                        Value::from(17i64),
                        blob(&[0; 16]),
                        Value::from(210i64),
                        Value::from(0i64),
                        blob(&[3; 16]),
                    ]);
                }
                let sql = format!("INSERT INTO bare VALUES {places}");
                let insert = Statement::from_sql_and_values(transaction.get_database_backend(), sql, values);
                transaction.execute_raw(insert).await.expect("inserted");
                left -= part;
            }
            transaction.commit().await.expect("committed");
            rows += size as u64;
        }
        rows as f64 / began.elapsed().as_secs_f64()
    }

    /// The same bytes as one row a transaction: transfers a second.
    pub(crate) async fn blocks(&self, size: usize, time: Duration) -> f64 {
        let body: Vec<u8> = (0..size * BYTES_A_TRANSFER).map(|at| (at * 31 % 251) as u8).collect();
        let began = Instant::now();
        let mut rows = 0u64;
        while began.elapsed() < time {
            let insert = Statement::from_sql_and_values(
                self.database.writer.get_database_backend(),
                "INSERT INTO block (body) VALUES (?)",
                [Value::from(body.clone())],
            );
            self.database.writer.execute_raw(insert).await.expect("inserted");
            rows += size as u64;
        }
        rows as f64 / began.elapsed().as_secs_f64()
    }

    /// One commit after another: how long each takes.
    pub(crate) async fn commits(&self, count: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let began = Instant::now();
            let insert = Statement::from_sql_and_values(
                self.database.writer.get_database_backend(),
                "INSERT INTO block (body) VALUES (?)",
                [Value::from(vec![7u8; 512])],
            );
            self.database.writer.execute_raw(insert).await.expect("inserted");
            times.push(began.elapsed());
        }
        times
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
