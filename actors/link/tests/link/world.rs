//! Nodes for tests: a till and a store server with real databases, and a wire between them that can be spoilt.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use domain::ids::{StoreId, TillId};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::admit::StaticTokens;
use link::apply::{Apply, Outcome, Peer, PeerRole, Received};
use link::bell::Bell;
use link::datasets::DatasetSink;
use link::datasets::table::TableDatasets;
use link::downlinks::{self, DownlinkSettings, Downlinks, DownlinksStatus};
use link::inbox::ApplyAgain;
use link::outbox;
use link::recovery::Restore;
use link::requests::Answer;
use link::transport::memory::{self, MemoryHub};
use link::transport::websocket;
use link::transport::{Acceptor, Dial, DialError, Duplex};
use link::uplink::{self, Uplink, UplinkSettings, UplinkStatus};
use messages::v1::catalogue::DATASETS;
use migrations::database::Database;
use runtime::node::{ChildRef, Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::tables::{cash, server_database, till_database};

const DEADLINE: Duration = Duration::from_secs(30);
/// When documents here were made, unless a test says otherwise.
pub const MADE_MS: i64 = 1_000;

thread_local! {
    /// Every node that a test started.
    static NODES: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
}

/// Run a test and stop its nodes in order, however it ended.
pub fn play(body: impl Future<Output = ()>) {
    actix_web::rt::System::new().block_on(async {
        let done = AssertUnwindSafe(body).catch_unwind().await;
        for node in NODES.take() {
            node.shutdown().await;
        }
        if let Err(panic) = done {
            resume_unwind(panic);
        }
    });
}

pub fn started(node: Node) -> Node {
    NODES.with_borrow_mut(|nodes| nodes.push(node.clone()));
    node
}

/// Wait until `look` sees what it wants; fail with what it saw last.
pub async fn until<T: std::fmt::Debug>(what: &str, mut look: impl AsyncFnMut() -> (bool, T)) -> T {
    let begun = Instant::now();
    loop {
        let (seen, state) = look().await;
        if seen {
            return state;
        }
        assert!(begun.elapsed() < DEADLINE, "{what}: not within {DEADLINE:?}, last seen {state:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn store() -> StoreId {
    StoreId::new("S1").unwrap()
}

pub fn till_peer(till: u32) -> Peer {
    Peer { name: format!("S1/{till}"), role: PeerRole::Till }
}

pub fn store_peer() -> Peer {
    Peer { name: "S1".to_owned(), role: PeerRole::Store }
}

pub fn hq_peer() -> Peer {
    Peer { name: "hq".to_owned(), role: PeerRole::Hq }
}

/// Effects that show every application: a row each, nothing that would hide a double.
#[derive(Debug, Default)]
pub struct Effects {
    /// Sequences that cannot be applied for now.
    pub bad: Mutex<BTreeSet<u64>>,
    /// Sequences of a kind that is not known.
    pub unknown: Mutex<BTreeSet<u64>>,
    /// Batches that the database will refuse.
    pub failures: AtomicU32,
    /// Batches that will stop half-way and never go on.
    pub hangs: AtomicU32,
    pub batches: AtomicU64,
    /// Questions that came.
    pub asked: AtomicU32,
    pub relays: bool,
}

impl Effects {
    async fn apply_all(&self, transaction: &DatabaseTransaction, batch: &[Received]) -> Result<Vec<Outcome>, DbErr> {
        self.batches.fetch_add(1, Ordering::AcqRel);
        let mut outcomes = Vec::new();
        for document in batch {
            let origin = &document.origin;
            if self.bad.lock().unwrap().contains(&origin.sequence) {
                outcomes.push(Outcome::Park { reason: "the goods are not known".to_owned() });
                continue;
            }
            if self.unknown.lock().unwrap().contains(&origin.sequence) {
                outcomes.push(Outcome::Unsupported);
                continue;
            }
            let sql = "INSERT INTO effect (store, till, sequence) VALUES ($1, $2, $3)";
            let values = [origin.store.as_str().into(), origin.till.0.into(), (origin.sequence as i64).into()];
            transaction
                .execute_raw(Statement::from_sql_and_values(transaction.get_database_backend(), sql, values))
                .await?;
            if self.relays {
                outbox::relay(transaction, &[document]).await?;
            }
            outcomes.push(Outcome::Applied);
        }
        if counts_down(&self.hangs) {
            std::future::pending::<()>().await;
        }
        if counts_down(&self.failures) {
            Err(DbErr::Custom("disk full (by the test)".to_owned()))
        } else {
            Ok(outcomes)
        }
    }
}

fn counts_down(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

impl Apply for Effects {
    fn apply<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        _: &'a Peer,
        batch: &'a [Received],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, DbErr>> {
        self.apply_all(transaction, batch).boxed()
    }
}

pub async fn effect_table(database: &Database) {
    let number = match database.writer.get_database_backend() {
        DbBackend::Postgres => "BIGSERIAL PRIMARY KEY",
        _ => "INTEGER PRIMARY KEY AUTOINCREMENT",
    };
    let sql = format!("CREATE TABLE IF NOT EXISTS effect (n {number}, store TEXT, till BIGINT, sequence BIGINT)");
    database.writer.execute_unprepared(&sql).await.unwrap();
}

/// Everything that was applied, in order.
pub async fn effects(database: &Database, till: u32) -> Vec<u64> {
    let sql = format!("SELECT sequence FROM effect WHERE till = {till} ORDER BY n");
    let rows = database
        .reader
        .query_all_raw(Statement::from_string(database.reader.get_database_backend(), sql))
        .await
        .unwrap();
    rows.iter().map(|row| u64::try_from(row.try_get::<i64>("", "sequence").unwrap()).unwrap()).collect()
}

pub fn upto(last: u64) -> Vec<u64> {
    (1..=last).collect()
}

struct Echo(Arc<Effects>);

impl Answer for Echo {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        self.0.asked.fetch_add(1, Ordering::AcqRel);
        async move {
            match type_id {
                1 => Ok([from.name.as_bytes(), b": ", &body].concat()),
                2 => std::future::pending().await,
                _ => Err("no such question".to_owned()),
            }
        }
        .boxed()
    }
}

pub struct Server {
    pub database: Database,
    pub node: Node,
    pub downlinks: ChildRef<Downlinks>,
    pub effects: Arc<Effects>,
    pub datasets: Bell,
    file: String,
}

impl Server {
    pub async fn start(dir: &TempDir, file: &str) -> Server {
        Server::start_with(dir, file, Effects::default(), None).await
    }

    /// With `above`, it relays what it applies over a dial of its own.
    pub async fn start_with(dir: &TempDir, file: &str, effects: Effects, above: Option<Arc<dyn Dial>>) -> Server {
        Server::tuned(dir, file, effects, above, |settings| settings).await
    }

    /// With settings of the ways down that `tune` changes.
    pub async fn tuned(
        dir: &TempDir,
        file: &str,
        effects: Effects,
        above: Option<Arc<dyn Dial>>,
        tune: impl Fn(DownlinkSettings) -> DownlinkSettings + 'static,
    ) -> Server {
        let database = server_database(dir, file).await;
        effect_table(&database).await;
        let effects = Arc::new(Effects { relays: above.is_some(), ..effects });
        let tokens = Arc::new(StaticTokens::new([
            (till_peer(1), "one".to_owned()),
            (till_peer(2), "two".to_owned()),
            (store_peer(), "store".to_owned()),
        ]));
        let (datasets, relayed) = (Bell::new(), Bell::new());
        let mut tree = Tree::new(file);
        tree.group("link", Strategy::OneForOne);
        let me = if above.is_some() { store_peer() } else { hq_peer() };
        let tables = Arc::new(TableDatasets::new(database.clone()));
        let (d, a, bell, ring, down_me) =
            (database.clone(), effects.clone(), datasets.clone(), relayed.clone(), me.clone());
        let source = tables.clone();
        let downlinks = tree.child(ChildSpec::new("link/down", "downlinks", move || {
            let settings = DownlinkSettings::new(down_me.clone()).datasets(&DATASETS).compare_within(Duration::ZERO);
            let built = Downlinks::new(d.clone(), tune(settings), tokens.clone(), a.clone())
                .datasets_from(source.clone(), bell.clone())
                .answers(Arc::new(Echo(a.clone())))
                .ring(ring.clone());
            std::future::ready(Ok(built))
        }));
        if let Some(dial) = above {
            let alone = Arc::new(Effects::default());
            let again = Arc::new(ApplyAgain { me: me.clone(), apply: alone });
            let note = dir.path().join(format!("{file}.state"));
            let (d, bell) = (database.clone(), datasets.clone());
            tree.child(ChildSpec::new("link/up", "uplink", move || {
                let settings = settings(me.clone(), "store");
                let sink: Arc<dyn DatasetSink> = tables.clone();
                let up = Uplink::new(d.clone(), dial.clone(), settings, Some(sink), relayed.clone(), bell.clone())
                    .restores(again.clone())
                    .notes_in(note.clone());
                std::future::ready(Ok(up))
            }));
        }
        let node = started(tree.start().await);
        Server { database, node, downlinks, effects, datasets, file: file.to_owned() }
    }

    pub fn acceptor(&self) -> Acceptor {
        self.downlinks.reference()
    }

    pub async fn status(&self) -> DownlinksStatus {
        self.downlinks.reference().ask(downlinks::Status).await.unwrap()
    }

    /// Everything in memory is gone; the file is opened again.
    pub async fn restart(self, dir: &TempDir) -> Server {
        let Server { database, node, effects, file, .. } = self;
        node.shutdown().await;
        database.close().await.unwrap();
        let bad = effects.bad.lock().unwrap().clone();
        Server::start_with(dir, &file, Effects { bad: Mutex::new(bad), ..Effects::default() }, None).await
    }
}

fn settings(me: Peer, token: &str) -> UplinkSettings {
    UplinkSettings::new(me, token).datasets(&DATASETS).reconnect(Duration::from_millis(2), Duration::from_millis(40))
}

pub struct Till {
    pub database: Database,
    pub node: Node,
    pub uplink: ChildRef<Uplink>,
    pub number: u32,
    bell: Bell,
    dial: Arc<dyn Dial>,
    token: String,
    /// Sequences that came back from above.
    pub back: Arc<Back>,
}

/// A till that has nothing but its outbox: what it takes back it only remembers.
#[derive(Debug, Default)]
pub struct Back(pub Mutex<Vec<u64>>);

impl Restore for Back {
    fn restore<'a>(
        &'a self,
        _: &'a DatabaseTransaction,
        documents: &'a [Received],
    ) -> BoxFuture<'a, Result<(), DbErr>> {
        self.0.lock().unwrap().extend(documents.iter().map(|document| document.origin.sequence));
        std::future::ready(Ok(())).boxed()
    }
}

impl Till {
    pub async fn start(dir: &TempDir, number: u32, token: &str, dial: Arc<dyn Dial>) -> Till {
        let database = till_database(dir, &format!("till{number}.db")).await;
        let note = dir.path().join(format!("till{number}.state"));
        Till::made(database, number, token, dial, Some(note), |settings| settings).await
    }

    /// With settings of the way up that `tune` changes.
    pub async fn tuned(
        database: Database,
        number: u32,
        token: &str,
        dial: Arc<dyn Dial>,
        tune: impl Fn(UplinkSettings) -> UplinkSettings + 'static,
    ) -> Till {
        Till::made(database, number, token, dial, None, tune).await
    }

    async fn made(
        database: Database,
        number: u32,
        token: &str,
        dial: Arc<dyn Dial>,
        note: Option<PathBuf>,
        tune: impl Fn(UplinkSettings) -> UplinkSettings + 'static,
    ) -> Till {
        let bell = Bell::new();
        let mut tree = Tree::new(format!("till {number}"));
        tree.group("link", Strategy::OneForOne);
        let back = Arc::new(Back::default());
        let (d, b, way, secret, again) = (database.clone(), bell.clone(), dial.clone(), token.to_owned(), back.clone());
        let uplink = tree.child(ChildSpec::new("link/up", "uplink", move || {
            let sink: Arc<dyn DatasetSink> = Arc::new(TableDatasets::new(d.clone()));
            let settings = tune(settings(till_peer(number), &secret));
            let up = Uplink::new(d.clone(), way.clone(), settings, Some(sink), b.clone(), Bell::new());
            let up = up.restores(again.clone());
            std::future::ready(Ok(match &note {
                Some(note) => up.notes_in(note.clone()),
                None => up,
            }))
        }));
        let node = started(tree.start().await);
        Till { database, node, uplink, number, bell, dial, token: token.to_owned(), back }
    }

    /// `count` documents, each in a transaction of its own as at a till.
    pub async fn sell(&self, count: u64) {
        self.sell_at(MADE_MS, count).await;
    }

    /// By a clock that shows `created_ms`.
    pub async fn sell_at(&self, created_ms: i64, count: u64) {
        sell_at(&self.database, self.number, created_ms, count).await;
        self.bell.ring();
    }

    pub async fn status(&self) -> UplinkStatus {
        self.uplink.reference().ask(uplink::Status).await.unwrap()
    }

    pub async fn restart(self, dir: &TempDir) -> Till {
        let Till { database, node, number, dial, token, .. } = self;
        node.shutdown().await;
        database.close().await.unwrap();
        Till::start(dir, number, &token, dial).await
    }
}

pub async fn sell(database: &Database, number: u32, count: u64) {
    sell_at(database, number, MADE_MS, count).await;
}

async fn sell_at(database: &Database, number: u32, created_ms: i64, count: u64) {
    for kopecks in 0..count {
        let transaction = database.begin().await.unwrap();
        let document = cash(&store(), TillId(number), kopecks as i64);
        outbox::append(&transaction, &store(), TillId(number), created_ms, &document).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// Many documents in one transaction, where it does not matter how they came.
pub async fn sell_at_once(database: &Database, number: u32, count: u64) {
    let transaction = database.begin().await.unwrap();
    for kopecks in 0..count {
        let document = cash(&store(), TillId(number), kopecks as i64);
        outbox::append(&transaction, &store(), TillId(number), MADE_MS, &document).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

/// Serve the web socket of an upper node.
pub fn serve(acceptor: Acceptor) -> (SocketAddr, ServerHandle) {
    let http = HttpServer::new(move || {
        let acceptor = acceptor.clone();
        App::new().configure(move |config| websocket::configure(config, acceptor))
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .unwrap();
    let address = http.addrs()[0];
    let running = http.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    (address, handle)
}

pub fn memory_way(hub: &MemoryHub) -> Arc<dyn Dial> {
    Arc::new(hub.way_to("above"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pass,
    Lose,
    Cut,
}

type Fault = dyn Fn(Way, &mut Vec<u8>) -> Fate + Send + Sync;

/// A dial whose wire does to every frame what `fault` says.
pub struct FaultyDial {
    pub inner: Arc<dyn Dial>,
    pub fault: Arc<Fault>,
}

impl Dial for FaultyDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        async move {
            let far = self.inner.dial().await?;
            let (ours, near) = memory::pair();
            let cut = near.cut.clone();
            let far_cut = far.cut.clone();
            tokio::spawn(async move {
                cut.cancelled().await;
                far_cut.cancel();
            });
            tokio::spawn(pump(near.receiver, far.sender, Way::Up, self.fault.clone(), near.cut.clone()));
            tokio::spawn(pump(far.receiver, near.sender, Way::Down, self.fault.clone(), near.cut));
            Ok(ours)
        }
        .boxed()
    }

    fn to(&self) -> String {
        self.inner.to()
    }
}

async fn pump(
    mut from: mpsc::Receiver<Vec<u8>>,
    to: mpsc::Sender<Vec<u8>>,
    way: Way,
    fault: Arc<Fault>,
    cut: tokio_util::sync::CancellationToken,
) {
    while let Some(mut frame) = from.recv().await {
        match fault(way, &mut frame) {
            Fate::Pass => {
                if to.send(frame).await.is_err() {
                    return;
                }
            }
            Fate::Lose => {}
            Fate::Cut => return cut.cancel(),
        }
    }
}
