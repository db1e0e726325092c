//! A disk: a real SQLite database in memory behind a connection of sea-orm that answers at once, so that simulated time never
//! waits for it. Its power may fail at any statement or commit, and it may refuse what is written to it.
//!
//! A transaction is never interrupted by another task, so one connection serves all of a node. A life that has ended gets no
//! answer any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use migrations::database::Database;
use migrations::{ServerMigrator, TillMigrator};
use rusqlite::backup::Backup;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Connection, params_from_iter};
use sea_orm::{
    DatabaseConnection, DatabaseConnectionType, DbBackend, DbErr, ExecResult, MockDatabase, MockDatabaseConnection,
    MockDatabaseTrait, MockExecResult, QueryResult, RuntimeErr, Statement, Transaction, Value,
};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::random::Random;

/// Statements that are kept prepared.
const PREPARED_MAX: usize = 1_024;
/// Columns of the link's tables that are read as `i32`; SQLite calls every number an integer.
const NARROW: [&str; 5] = ["channel", "schema", "tries", "raw_bytes", "id"];
const FLAGS: [&str; 3] = ["compared", "deleted", "revoked"];

/// What a till did in a transaction that is not committed yet, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    pub serial: u64,
    pub number: u64,
}

/// What goes wrong, and after how many writes from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// So many statements are refused.
    Refuses { after: u64, count: u64 },
    /// The power fails; at a commit, before or after it is on the disk.
    PowerFails { after: u64, committed: bool },
}

struct Inside {
    connection: Connection,
    life: u64,
    in_transaction: bool,
    off: bool,
    fault: Option<Fault>,
    random: Random,
    pending: Vec<Sale>,
    sold: Vec<Sale>,
    /// Commits that are only said to be: a mutant.
    lies_per_mille: u64,
}

/// Cheap to clone: the same disk.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Inside>>);

/// Empty databases with the schema of a release, as they are copied to new machines.
pub struct Templates {
    dir: TempDir,
}

impl Templates {
    pub fn make() -> Templates {
        let dir = TempDir::new().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let till = Database::open_sqlite::<TillMigrator>(&dir.path().join("till")).await.unwrap();
            let server = Database::open_sqlite::<ServerMigrator>(&dir.path().join("server")).await.unwrap();
            till.close().await.unwrap();
            server.close().await.unwrap();
        });
        let sold = "CREATE TABLE sim_till (row INTEGER PRIMARY KEY, number INTEGER NOT NULL); INSERT INTO sim_till VALUES (1, 0);
            CREATE TABLE sim_sold (serial INTEGER PRIMARY KEY, number INTEGER NOT NULL)";
        let effect =
            "CREATE TABLE sim_effect (n INTEGER PRIMARY KEY AUTOINCREMENT, store TEXT NOT NULL, till INTEGER NOT NULL,
            sequence INTEGER NOT NULL, serial INTEGER NOT NULL, number INTEGER NOT NULL)";
        for (name, sql) in [("till", sold), ("server", effect)] {
            Connection::open(dir.path().join(name)).unwrap().execute_batch(sql).unwrap();
        }
        Templates { dir }
    }

    pub fn open(&self, name: &str) -> Connection {
        copy(&Connection::open(self.dir.path().join(name)).unwrap())
    }
}

pub fn copy(from: &Connection) -> Connection {
    let mut to = Connection::open_in_memory().unwrap();
    Backup::new(from, &mut to).unwrap().step(-1).unwrap();
    to.set_prepared_statement_cache_capacity(PREPARED_MAX);
    to
}

impl Disk {
    pub fn new(connection: Connection, random: Random) -> Disk {
        Disk(Arc::new(Mutex::new(Inside {
            connection,
            life: 0,
            in_transaction: false,
            off: false,
            fault: None,
            random,
            pending: Vec::new(),
            sold: Vec::new(),
            lies_per_mille: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().expect("nobody panics with it")
    }

    /// A life begins: its database, and what tells that its power failed.
    pub fn begin(&self, failed: Arc<Notify>) -> Database {
        let mut inside = self.lock();
        inside.life += 1;
        inside.off = false;
        drop(inside);
        self.database(failed)
    }

    /// The database of the life that goes on.
    pub fn database(&self, failed: Arc<Notify>) -> Database {
        let powered = Powered { disk: self.clone(), life: self.life(), failed };
        let mock = DatabaseConnectionType::MockDatabaseConnection(Arc::new(MockDatabaseConnection::new(powered)));
        let connection = DatabaseConnection::from(mock);
        Database { writer: connection.clone(), reader: connection }
    }

    /// The life ends here; what was not committed is gone.
    pub fn end(&self) {
        let mut inside = self.lock();
        inside.life += 1;
        inside.roll_back();
        inside.fault = None;
    }

    pub fn life(&self) -> u64 {
        self.lock().life
    }

    pub fn is_off(&self) -> bool {
        self.lock().off
    }

    /// That life goes on.
    pub fn runs(&self, life: u64) -> bool {
        let inside = self.lock();
        inside.life == life && !inside.off
    }

    pub fn fails(&self, fault: Option<Fault>) {
        self.lock().fault = fault;
    }

    pub fn lies(&self, per_mille: u64) {
        self.lock().lies_per_mille = per_mille;
    }

    pub fn will_sell(&self, sale: Sale) {
        self.lock().pending.push(sale);
    }

    /// What was sold and committed since it was last asked for.
    pub fn take_sold(&self) -> Vec<Sale> {
        std::mem::take(&mut self.lock().sold)
    }

    pub fn saved(&self) -> Connection {
        copy(&self.lock().connection)
    }

    pub fn put_back(&self, connection: Connection) {
        let mut inside = self.lock();
        inside.connection = connection;
        inside.in_transaction = false;
    }

    pub fn in_transaction(&self) -> bool {
        self.lock().in_transaction
    }

    /// What lies on the disk, row by row.
    pub fn rows<T>(&self, sql: &str, read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let inside = self.lock();
        let mut statement = inside.connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map([], |row| read(row)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub fn number(&self, sql: &str) -> u64 {
        self.rows(sql, |row| row.get::<_, i64>(0))[0].unsigned_abs()
    }
}

impl Inside {
    fn roll_back(&mut self) {
        if self.in_transaction {
            self.connection.execute_batch("ROLLBACK").unwrap();
            self.in_transaction = false;
        }
        self.pending.clear();
    }

    /// Another write is at hand. What goes wrong with it now, if anything.
    fn goes_wrong(&mut self) -> Option<Fault> {
        match &mut self.fault {
            Some(Fault::Refuses { after, .. } | Fault::PowerFails { after, .. }) if *after > 0 => {
                *after -= 1;
                None
            }
            Some(Fault::Refuses { count, .. }) => {
                let fault = Fault::Refuses { after: 0, count: *count };
                *count -= 1;
                if *count == 0 {
                    self.fault = None;
                }
                Some(fault)
            }
            _ => self.fault.take(),
        }
    }

    fn run(&mut self, statement: &Statement) -> Result<(Vec<BTreeMap<String, Value>>, u64), DbErr> {
        let values = statement.values.iter().flat_map(|values| values.0.iter().map(cell));
        let mut prepared = self.connection.prepare_cached(&statement.sql).map_err(failed)?;
        let names: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
        if names.is_empty() {
            let changed = prepared.execute(params_from_iter(values)).map_err(failed)?;
            return Ok((Vec::new(), changed as u64));
        }
        let mut found = Vec::new();
        let mut rows = prepared.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut values = BTreeMap::new();
            for (index, name) in names.iter().enumerate() {
                values.insert(name.clone(), value(name, row.get_ref(index).map_err(failed)?));
            }
            found.push(values);
        }
        Ok((found, 0))
    }
}

fn failed(error: rusqlite::Error) -> DbErr {
    DbErr::Query(RuntimeErr::Internal(error.to_string()))
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Bool(value) => value.map_or(Cell::Null, |is| Cell::Integer(i64::from(is))),
        Value::Int(value) => value.map_or(Cell::Null, |number| Cell::Integer(i64::from(number))),
        Value::BigInt(value) => value.map_or(Cell::Null, Cell::Integer),
        Value::Unsigned(value) => value.map_or(Cell::Null, |number| Cell::Integer(i64::from(number))),
        Value::BigUnsigned(value) => value.map_or(Cell::Null, |number| Cell::Integer(number.cast_signed())),
        Value::String(value) => value.clone().map_or(Cell::Null, Cell::Text),
        Value::Bytes(value) => value.clone().map_or(Cell::Null, Cell::Blob),
        Value::Uuid(value) => value.map_or(Cell::Null, |id| Cell::Blob(id.as_bytes().to_vec())),
        other => panic!("the link binds no {other:?}"),
    }
}

fn value(name: &str, cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Integer(number) if NARROW.contains(&name) => Value::Int(Some(number as i32)),
        ValueRef::Integer(number) if FLAGS.contains(&name) => Value::Bool(Some(number != 0)),
        ValueRef::Integer(number) => Value::BigInt(Some(number)),
        ValueRef::Text(text) => Value::String(Some(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(bytes) if name == "id" => Value::Uuid(uuid::Uuid::from_slice(bytes).ok()),
        ValueRef::Blob(bytes) => Value::Bytes(Some(bytes.to_vec())),
        ValueRef::Null if name == "store" => Value::String(None),
        ValueRef::Null => Value::BigInt(None),
        ValueRef::Real(_) => panic!("the link keeps no fractions, but there is one in {name}"),
    }
}

/// The disk as one life sees it. When its power has failed, or the life has ended, nothing that it says is heard any more: the
/// disk refuses, and the wire is silent.
struct Powered {
    disk: Disk,
    life: u64,
    failed: Arc<Notify>,
}

impl std::fmt::Debug for Powered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Powered").field("life", &self.life).finish_non_exhaustive()
    }
}

impl Powered {
    fn on(&self) -> Option<MutexGuard<'_, Inside>> {
        self.disk.runs(self.life).then(|| self.disk.lock())
    }

    fn power_fails(&self, inside: &mut Inside) {
        inside.off = true;
        self.failed.notify_one();
    }

    fn run(&self, statement: &Statement) -> Result<(Vec<BTreeMap<String, Value>>, u64), DbErr> {
        let refused = |why: &str| DbErr::Exec(RuntimeErr::Internal(format!("{why} (by the simulator)")));
        let Some(mut inside) = self.on() else { return Err(refused("no power")) };
        let writes = !statement.sql.starts_with("SELECT");
        match writes.then(|| inside.goes_wrong()).flatten() {
            Some(Fault::Refuses { .. }) => Err(refused("disk full")),
            Some(Fault::PowerFails { .. }) => {
                self.power_fails(&mut inside);
                Err(refused("no power"))
            }
            None => inside.run(statement),
        }
    }
}

/// The mock of sea-orm is the one of its connections that answers at once and can be made by others. It makes the rows too.
impl MockDatabaseTrait for Powered {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        let (_, rows_affected) = self.run(&statement)?;
        let result = MockExecResult { last_insert_id: 0, rows_affected };
        MockDatabase::new(DbBackend::Sqlite).append_exec_results([result]).execute(0, statement)
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (rows, _) = self.run(&statement)?;
        MockDatabase::new(DbBackend::Sqlite).append_query_results([rows]).query(0, statement)
    }

    fn begin(&mut self) {
        let Some(mut inside) = self.on() else { return };
        assert!(!inside.in_transaction, "a transaction was left open while another began");
        inside.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        inside.in_transaction = true;
    }

    /// It cannot be refused here; the statement before it can.
    fn commit(&mut self) {
        let Some(mut inside) = self.on() else { return };
        let fails = match inside.goes_wrong() {
            Some(Fault::PowerFails { committed, .. }) => Some(committed),
            Some(Fault::Refuses { .. }) | None => None,
        };
        let lies = inside.lies_per_mille;
        if fails == Some(false) || (lies > 0 && inside.random.chance(lies)) {
            inside.roll_back();
        } else {
            inside.connection.execute_batch("COMMIT").unwrap();
            inside.in_transaction = false;
            let done = std::mem::take(&mut inside.pending);
            inside.sold.extend(done);
        }
        if fails.is_some() {
            self.power_fails(&mut inside);
        }
    }

    fn rollback(&mut self) {
        if let Some(mut inside) = self.on() {
            inside.roll_back();
        }
    }

    fn drain_transaction_log(&mut self) -> Vec<Transaction> {
        Vec::new()
    }

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn ping(&self) -> Result<(), DbErr> {
        Ok(())
    }
}
