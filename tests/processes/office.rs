//! The processes of a head office with their database and their NATS server, looked at from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hq_node::cluster::partition_of;
use link::apply::origin_heads;
use migrations::ServerMigrator;
use migrations::database::Database;
use migrations::lease::{self, Lease};
use migrations::scratch;
use nix::sys::signal::Signal;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use super::PATIENCE;
use super::linked_store::Store;
use super::program::{Program, free_port};

const LOOK_EVERY: Duration = Duration::from_millis(100);
const OPS_TOKEN: &str = "a token of operators with more than 24 characters";
/// All roles in one process, without NATS.
pub(crate) const ALONE: &str = "";
const MACHINE_TOKEN: &str = "a long token of the exchange";

struct Process {
    roles: String,
    port: u16,
    program: Option<Program>,
}

pub(crate) struct Office {
    folder: tempfile::TempDir,
    url: String,
    pub(crate) database: Database,
    nats_port: u16,
    nats: Option<Program>,
    processes: BTreeMap<String, Process>,
}

/// Wait until `look` gives something; if nothing comes, the last reason why not is told.
pub(crate) async fn comes<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let mut last = String::new();
    let found = async {
        loop {
            match look().await {
                Ok(found) => return found,
                Err(why) => last = why,
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(found) => found,
        Err(_) => panic!("{what} did not come: {last}"),
    }
}

/// A server of NATS with its streams in `folder`.
pub(super) async fn nats_server(port: u16, folder: &Path) -> Program {
    let (number, streams) = (port.to_string(), folder.join("nats"));
    let args = ["-js", "-a", "127.0.0.1", "-p", &number, "-sd", &streams.to_string_lossy()];
    let mut nats = Program::begin("nats-server".as_ref(), &args, folder.join("nats.log"));
    nats.listens(port).await;
    nats
}

impl Office {
    pub(crate) async fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let url = scratch::address(folder.path(), "hq.sqlite").await.expect("OPENSTORE_TEST_POSTGRES is set");
        let database = Database::open_postgres::<ServerMigrator>(&url, 4).await.unwrap();
        let mut office =
            Office { folder, url, database, nats_port: free_port(), nats: None, processes: BTreeMap::new() };
        office.start_nats().await;
        office
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn start_nats(&mut self) {
        self.nats = Some(nats_server(self.nats_port, self.folder.path()).await);
    }

    pub(crate) async fn start(&mut self, name: &str, roles: &str) {
        let process = Process { roles: roles.to_owned(), port: free_port(), program: None };
        self.processes.insert(name.to_owned(), process);
        self.start_again(name).await;
    }

    /// All at the same moment, on a database that has no tables yet. How many migrations it has then.
    pub(crate) async fn start_together_on_a_new_database(&mut self, names: &[&str], roles: &str) -> usize {
        self.url = scratch::address(self.folder.path(), "new.sqlite").await.expect("OPENSTORE_TEST_POSTGRES is set");
        for name in names {
            let process = Process { roles: roles.to_owned(), port: free_port(), program: None };
            self.processes.insert((*name).to_owned(), process);
            self.begin(name);
        }
        for name in names {
            self.listens(name).await;
        }
        self.database = Database::open_postgres::<ServerMigrator>(&self.url, 4).await.unwrap();
        usize::try_from(self.number("SELECT count(*) AS n FROM seaql_migrations").await).unwrap()
    }

    pub(crate) async fn start_again(&mut self, name: &str) {
        self.begin(name);
        self.listens(name).await;
    }

    async fn listens(&mut self, name: &str) {
        let Process { port, program, .. } = self.processes.get_mut(name).unwrap();
        program.as_mut().unwrap().listens(*port).await;
    }

    fn begin(&mut self, name: &str) {
        let Process { roles, port, .. } = &self.processes[name];
        let part = match roles.as_str() {
            ALONE => String::new(),
            roles => format!("nats = \"nats://127.0.0.1:{}\"\nroles = {roles:?}\n", self.nats_port),
        };
        let settings = format!(
            "data = {:?}\nlisten = \"127.0.0.1:{port}\"\ndatabase = {:?}\n{part}\
             ops_token = {OPS_TOKEN:?}\nadmin_password = \"not for a shop\"\n\
             machines = [{{ machine = \"exchange\", token = {MACHINE_TOKEN:?}, role = \"hq_admin\" }}]\n",
            self.path(name),
            self.url,
        );
        let file = self.path(&format!("{name}.toml"));
        std::fs::write(&file, settings).unwrap();
        let args = ["serve", "--config", &file.to_string_lossy()];
        let log = self.path(&format!("{name}.log"));
        let program = Program::start("hq-node", &args, log);
        self.processes.get_mut(name).unwrap().program = Some(program);
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self, name: &str) {
        drop(self.processes.get_mut(name).unwrap().program.take());
    }

    pub(crate) fn signal(&self, name: &str, signal: Signal) {
        self.processes[name].program.as_ref().unwrap().signal(signal);
    }

    pub(crate) fn link_url(&self, name: &str) -> String {
        format!("ws://127.0.0.1:{}/link", self.processes[name].port)
    }

    pub(crate) fn nats_dies(&mut self) {
        self.nats = None;
        std::fs::remove_dir_all(self.path("nats")).unwrap();
    }

    pub(crate) async fn nats_comes_back_empty(&mut self) {
        self.start_nats().await;
    }

    fn said(&self) -> String {
        let programs = self.processes.iter().filter_map(|(name, process)| Some((name, process.program.as_ref()?)));
        programs.map(|(name, program)| format!("== {name}\n{}\n", program.said())).collect()
    }

    /// Sessions that are open go on as they were, so they are ended.
    pub(crate) async fn database_is_read_only(&self, is_read_only: bool) {
        let name = self.url.rsplit('/').next().unwrap();
        let server = self.url.trim_end_matches(name);
        let maker = sea_orm::Database::connect(format!("{server}postgres")).await.unwrap();
        let word = if is_read_only { "on" } else { "off" };
        maker
            .execute_unprepared(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {word}"))
            .await
            .unwrap();
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        maker.execute_unprepared(&end).await.unwrap();
    }

    /// A second for every transaction that takes documents, or as fast as it is.
    pub(crate) async fn database_is_slow(&self, is_slow: bool) {
        let sql = if is_slow {
            "CREATE FUNCTION wait_a_second() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_sleep(1); RETURN NULL; END'; \
             CREATE TRIGGER slow AFTER INSERT OR UPDATE ON inbox_cursor EXECUTE FUNCTION wait_a_second()"
        } else {
            "DROP TRIGGER slow ON inbox_cursor"
        };
        self.database.writer.execute_unprepared(sql).await.unwrap();
    }

    /// Memory of a process, in MiB.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        self.processes[name].program.as_ref().unwrap().memory_mib()
    }

    /// The smallest window that its gateway gives to a store now.
    pub(crate) async fn smallest_window(&self, name: &str) -> u64 {
        let state = self.ops(name, "link/down").await;
        let peers = state["peers"].as_array().cloned().unwrap_or_default();
        peers.iter().filter_map(|peer| peer["window_documents"].as_u64()).min().unwrap_or(u64::MAX)
    }

    async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        self.database.reader.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
    }

    /// Every receipt of these stores is in the database once, the sums are theirs, and the chains are the same.
    pub(crate) async fn has_all_of(&self, stores: &[Store]) {
        comes("receipts", async || {
            for store in stores {
                let unsent = store.unsent().await;
                if unsent > 0 {
                    return Err(format!("{} has {unsent} unsent\n{}", store.name, self.said()));
                }
            }
            Ok(())
        })
        .await;
        let mut heads = origin_heads(&self.database.reader).await.unwrap();
        heads.retain(|(address, ..)| stores.iter().any(|store| store.name == address.store.as_str()));
        assert_eq!(heads.len(), stores.len());
        for (address, sequence, chain) in heads {
            let store = stores.iter().find(|store| store.name == address.store.as_str()).unwrap();
            assert_eq!((sequence, chain), store.head(), "{address:?}");
            let name = &store.name;
            let receipts = self.number(&format!("SELECT count(*) AS n FROM receipt WHERE store = '{name}'")).await;
            assert_eq!(u64::try_from(receipts).unwrap(), store.sold(), "receipts of {name}");
            let sums = "SELECT CAST(sum(receipts) AS BIGINT) AS n FROM sales_hour WHERE store";
            assert_eq!(self.number(&format!("{sums} = '{name}'")).await, receipts, "sums of {name}");
        }
    }

    async fn leases(&self) -> Vec<Lease> {
        lease::all(&self.database.reader).await.unwrap()
    }

    /// These processes own so many partitions each, in any order.
    pub(crate) async fn shares_are(&self, names: &str, shares: [usize; 2]) {
        let ports: Vec<String> = names.split(' ').map(|name| format!(":{} ", self.processes[name].port)).collect();
        comes("shares of partitions", async || {
            let leases = self.leases().await;
            let live = leases.iter().filter(|lease| lease.role.starts_with("partition/") && lease.left_ms > 0);
            let live: Vec<&Lease> = live.collect();
            let owned: Vec<usize> =
                ports.iter().map(|port| live.iter().filter(|lease| lease.holder.contains(port)).count()).collect();
            if owned == shares { Ok(()) } else { Err(format!("{owned:?}\n{}", self.said())) }
        })
        .await;
    }

    pub(crate) async fn fences(&self) -> i64 {
        self.leases().await.iter().map(|lease| lease.fence).sum()
    }

    pub(crate) async fn root_is(&self, name: &str) {
        let port = format!(":{} ", self.processes[name].port);
        comes("the root", async || {
            let sql = "SELECT count(*) AS n FROM accounts.lease WHERE role = 'root' AND holder LIKE";
            let there = Statement::from_string(DbBackend::Postgres, format!("{sql} '%{port}%'"));
            match self.database.reader.query_one_raw(there).await {
                Ok(Some(row)) if row.try_get::<i64>("", "n") == Ok(1) => {}
                other => return Err(format!("{other:?}\n{}", self.said())),
            }
            let opened = self.ops(name, "accounts/book").await["loaded_in_ms"].is_number();
            if opened { Ok(()) } else { Err("the book is not loaded".to_owned()) }
        })
        .await;
    }

    pub(crate) async fn blocks(&self) -> i64 {
        self.number("SELECT CAST(coalesce(max(number), 0) AS BIGINT) AS n FROM accounts.account_block").await
    }

    /// A gateway has heard of so many links of others.
    pub(crate) async fn knows_links_of_others(&self, name: &str, count: usize) {
        comes("links of other gateways", async || {
            let known = self.ops(name, "link/processes").await["elsewhere"].as_u64();
            if known == Some(count as u64) { Ok(()) } else { Err(format!("{name} knows {known:?}")) }
        })
        .await;
    }

    /// What an operator sees of an actor.
    async fn ops(&self, name: &str, path: &str) -> Value {
        let port = self.processes[name].port;
        let url = format!("http://127.0.0.1:{port}/ops/tree");
        let answer = reqwest::Client::new().get(url).bearer_auth(OPS_TOKEN).send().await;
        let Ok(answer) = answer else { return Value::Null };
        let tree: Value = answer.json().await.unwrap_or_default();
        let children = tree["children"].as_array().cloned().unwrap_or_default();
        children.into_iter().find(|child| child["path"] == path).map(|child| child["state"].clone()).unwrap_or_default()
    }

    pub(crate) async fn shows_online(&self, name: &str, count: usize) {
        comes("stores online on the pages", async || {
            let state = self.ops(name, "trade/watch").await;
            if state["online"] == count { Ok(()) } else { Err(state.to_string()) }
        })
        .await;
    }

    pub(crate) async fn gateway_says(&self, name: &str, sentence: &str) {
        comes("what the gateway says", async || {
            let state = self.ops(name, "link/down").await;
            let peers = state["peers"].as_array().cloned().unwrap_or_default();
            let told = peers.iter().any(|peer| peer["last_error"].as_str().is_some_and(|told| told.contains(sentence)));
            if told { Ok(()) } else { Err(state.to_string()) }
        })
        .await;
    }

    pub(crate) async fn add_customer(&self, name: &str, phone: &str) -> Result<(), String> {
        let port = self.processes[name].port;
        let form = [("name", "Anna"), ("numbers", phone)];
        let body: String = form.map(|(key, value)| format!("{key}={value}")).join("&");
        let url = format!("http://127.0.0.1:{port}/accounts");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = client
            .post(url)
            .bearer_auth(MACHINE_TOKEN)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        if status.is_redirection() { Ok(()) } else { Err(format!("{status}: {}", answer.text().await.unwrap())) }
    }

    pub(crate) async fn publish_item(&self, name: &str, code: &str) {
        let port = self.processes[name].port;
        let item = json!([{ "code": code, "name": code, "price": "89.90", "vat": "10" }]);
        let url = format!("http://127.0.0.1:{port}/api/v1/items");
        let answer = reqwest::Client::new().post(url).bearer_auth(MACHINE_TOKEN).json(&item).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap());
    }

    async fn stream(&self) -> async_nats::jetstream::stream::Stream {
        let client = async_nats::connect(format!("nats://127.0.0.1:{}", self.nats_port)).await.unwrap();
        let context = async_nats::jetstream::new(client);
        comes("the stream", async || context.get_stream("OS_UP").await.map_err(|error| error.to_string())).await
    }

    pub(crate) async fn messages_in_stream(&self) -> u64 {
        let mut stream = self.stream().await;
        comes("messages in the stream", async || {
            let messages = stream.info().await.map_err(|error| error.to_string())?.state.messages;
            if messages > 1 { Ok(messages) } else { Err(format!("{messages} messages")) }
        })
        .await
    }

    /// Every second message is gone, as if the broker had lost it.
    pub(crate) async fn lose_messages(&self) {
        let mut stream = self.stream().await;
        let state = stream.info().await.unwrap().state.clone();
        for sequence in (state.first_sequence..=state.last_sequence).step_by(2) {
            stream.delete_message(sequence).await.ok();
        }
    }

    /// Stores of different partitions, so that both who ingest have work.
    pub(crate) fn names(&self, count: usize) -> Vec<String> {
        let mut taken = Vec::new();
        let mut names = Vec::new();
        for name in (1..).map(|n| format!("S{n}")) {
            let half = partition_of(&name) / 32;
            if taken.iter().filter(|other| **other == half).count() < count.div_ceil(2) {
                taken.push(half);
                names.push(name);
            }
            if names.len() == count {
                return names;
            }
        }
        unreachable!("there is no end of names")
    }
}
