//! The limit of everything durable: bare commits on this disk, with the same settings as every node's database.

use std::path::Path;
use std::time::{Duration, Instant};

use migrations::TillMigrator;
use migrations::database::Database;
use sea_orm::{ConnectionTrait, Statement, Value};

/// A database of nothing but rows of bytes.
pub(crate) struct Bare {
    database: Database,
}

impl Bare {
    pub(crate) async fn open(file: &Path) -> Bare {
        let database = Database::open_sqlite::<TillMigrator>(file).await.expect("a database");
        let table = "CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)";
        database.writer.execute_unprepared(table).await.expect("a table");
        Bare { database }
    }

    /// So many transactions, each of one row of so many bytes.
    pub(crate) async fn commits(&self, count: u64, bytes: usize) -> Duration {
        let body = body(bytes);
        let began = Instant::now();
        for _ in 0..count {
            let transaction = self.database.begin().await.expect("a transaction");
            insert(&transaction, &body).await;
            transaction.commit().await.expect("committed");
        }
        began.elapsed()
    }

    /// The same with each row's statement as a transaction of its own, in one turn of the database's thread.
    pub(crate) async fn statements(&self, count: u64, bytes: usize) -> Duration {
        let body = body(bytes);
        let began = Instant::now();
        for _ in 0..count {
            insert(&self.database.writer, &body).await;
        }
        began.elapsed()
    }

    pub(crate) async fn close(self) {
        self.database.close().await.expect("closed");
    }
}

/// Bytes that differ, as those of a journal do.
fn body(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 31 % 251) as u8).collect()
}

async fn insert(connection: &impl ConnectionTrait, body: &[u8]) {
    let (backend, row) = (connection.get_database_backend(), [Value::from(body.to_vec())]);
    let insert = Statement::from_sql_and_values(backend, "INSERT INTO bare (body) VALUES ($1)", row);
    connection.execute_raw(insert).await.expect("inserted");
}

/// A number from a database.
pub(crate) async fn number(database: &Database, sql: &str) -> u64 {
    let reader = &database.reader;
    let select = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(select).await.expect("an answer").expect("a row");
    u64::try_from(row.try_get_by_index::<i64>(0).expect("a number")).expect("above zero")
}
