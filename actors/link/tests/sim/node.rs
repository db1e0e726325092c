//! A machine and its lives: the actors of production over a disk and a wire, on tasks of their own, so that a life ends as a
//! process does, at once and with all that it had in mind. What tills and servers do with documents is a model.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};
use domain::ids::{OperatorNumber, StoreId, TillId};
use domain::money::Money;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::admit::Admit;
use link::apply::{Apply, Outcome, Peer, PeerRole, Received};
use link::bell::Bell;
use link::downlinks::{DownlinkSettings, Downlinks};
use link::identity::NotePlace;
use link::inbox::ApplyAgain;
use link::outbox;
use link::recovery::Restore;
use link::session::Window;
use link::transport::Dial;
use link::uplink::{Uplink, UplinkSettings};
use messages::v1::document::{CashMoved, Document};
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::node::{ChildRef, Tree};
use runtime::spec::{Backoff, ChildSpec, Strategy};
use rusqlite::Connection;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, LocalSet};

use crate::disk::{Disk, Sale};
use crate::random::Random;
use crate::seen::{Seen, node_of};

/// A defect that is put into the model on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A server says that it applied a document, and did not.
    Forgets,
    /// A server has the effects of a document twice.
    AppliesTwice,
    /// A till that takes its documents back goes on with the number it had.
    KeepsItsNumber,
    /// A disk says that it committed, and did not.
    Lies,
    /// A wire acknowledges what was only sent.
    Forges,
}

pub fn peer(name: &str) -> Peer {
    let role = match name {
        "hq" => PeerRole::Hq,
        store if !store.contains('/') => PeerRole::Store,
        _ => PeerRole::Till,
    };
    Peer { name: name.to_owned(), role }
}

/// The till of this name.
pub fn till(name: &str) -> (StoreId, TillId) {
    let (store, till) = name.rsplit_once('/').expect("it is a till's name");
    (StoreId::new(store).unwrap(), TillId(till.parse().unwrap()))
}

fn document(store: &StoreId, till: TillId, sale: Sale) -> Document {
    Document::CashMoved(CashMoved {
        store: store.clone(),
        till,
        shift: sale.number as u32,
        at: at_ms(BEGAN_MS),
        operator: OperatorNumber("7".to_owned()),
        amount: Money::from_minor(sale.serial as i64),
        reason: "change".to_owned(),
        kind: Default::default(),
    })
}

fn sale(document: &Received) -> Sale {
    match Document::from_body(document.type_id, &document.body) {
        Ok(Document::CashMoved(moved)) => {
            Sale { serial: moved.amount.minor().unsigned_abs(), number: u64::from(moved.shift) }
        }
        other => panic!("no till of this world made {other:?}"),
    }
}

fn sql(text: &str, values: impl IntoIterator<Item = sea_orm::Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, text, values)
}

/// Effects of which each can be counted: a row a document, nothing that would hide a double.
struct Effects {
    relays: bool,
    mutant: Option<Mutant>,
}

impl Apply for Effects {
    fn apply<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        _: &'a Peer,
        batch: &'a [Received],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, DbErr>> {
        async move {
            let insert = "INSERT INTO sim_effect (store, till, sequence, serial, number) VALUES (?, ?, ?, ?, ?)";
            for document in batch {
                let (origin, sale) = (&document.origin, sale(document));
                let times = match self.mutant {
                    Some(Mutant::Forgets) if sale.serial % 31 == 0 => 0,
                    Some(Mutant::AppliesTwice) if sale.serial % 31 == 0 => 2,
                    _ => 1,
                };
                for _ in 0..times {
                    let numbers = [u64::from(origin.till.0), origin.sequence, sale.serial, sale.number];
                    let values = numbers.map(|number| sea_orm::Value::from(number as i64));
                    let values = [origin.store.as_str().into()].into_iter().chain(values);
                    transaction.execute_raw(sql(insert, values)).await?;
                }
                if self.relays {
                    outbox::relay(transaction, &[document]).await?;
                }
            }
            Ok(vec![Outcome::Applied; batch.len()])
        }
        .boxed()
    }
}

/// A till's memory: which numbers it gave.
struct Memory {
    mutant: Option<Mutant>,
}

impl Restore for Memory {
    fn restore<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        documents: &'a [Received],
    ) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            for document in documents {
                let Sale { serial, number } = sale(document);
                let values = [serial, number].map(|number| sea_orm::Value::from(number as i64));
                transaction.execute_raw(sql("INSERT INTO sim_sold (serial, number) VALUES (?, ?)", values)).await?;
                if self.mutant != Some(Mutant::KeepsItsNumber) {
                    let raise = "UPDATE sim_till SET number = MAX(number, ?)";
                    transaction.execute_raw(sql(raise, [sea_orm::Value::from(number as i64)])).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

/// Everybody of this world is known.
struct Everybody;

impl Admit for Everybody {
    fn admit<'a>(&'a self, _: &'a Peer, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        std::future::ready(Ok(())).boxed()
    }
}

/// The note beside the database, kept apart from it.
#[derive(Clone, Default)]
pub struct NoteFile(pub Arc<Mutex<Option<String>>>);

/// The note as one life writes it.
struct NoteOf {
    file: NoteFile,
    disk: Disk,
    life: u64,
}

impl NotePlace for NoteOf {
    fn read(&self) -> Option<String> {
        self.file.0.lock().unwrap().clone()
    }

    fn write(&self, text: String) -> BoxFuture<'_, io::Result<()>> {
        let written = match self.disk.runs(self.life) {
            true => {
                *self.file.0.lock().unwrap() = Some(text);
                Ok(())
            }
            false => Err(io::Error::other("no power")),
        };
        std::future::ready(written).boxed()
    }
}

/// An old copy of a disk.
pub struct Backup {
    pub disk: Connection,
    pub note: Option<String>,
}

/// What is the same for all machines of a run.
#[derive(Clone)]
pub struct Common {
    pub seen: Seen,
    /// The world looks again: a power failed, or somebody agreed.
    pub wakes: Arc<Notify>,
    pub serials: Arc<AtomicU64>,
    pub mutant: Option<Mutant>,
    /// Tills sell now.
    pub sells: Rc<Cell<bool>>,
    pub sell_every_ms: u64,
    pub window: Window,
}

/// A computer in a shop. Its name may be that of another, from which it was copied.
pub struct Machine {
    pub label: String,
    pub disk: Disk,
    pub note: NoteFile,
    pub saved: Vec<Backup>,
    pub life: Option<Life>,
    /// Its till knows which numbers it gave, as far as anybody can know.
    pub is_sure: bool,
    pub clock: Clock,
    /// How wrong its clock is.
    pub ahead_ms: i64,
}

/// When all of it began, by a clock that is right.
const BEGAN_MS: i64 = 1_790_000_000_000;

fn at_ms(ms: i64) -> DateTime<FixedOffset> {
    DateTime::from_timestamp_millis(ms).unwrap().fixed_offset()
}

/// From a start to a crash.
pub struct Life {
    pub downlinks: Option<ChildRef<Downlinks>>,
    tasks: JoinHandle<()>,
}

impl Life {
    pub async fn end(self) {
        self.tasks.abort();
        self.tasks.await.ok();
    }
}

impl Machine {
    pub fn new(label: &str, connection: Connection, random: Random) -> Machine {
        Machine {
            label: label.to_owned(),
            disk: Disk::new(connection, random),
            note: NoteFile::default(),
            saved: Vec::new(),
            life: None,
            is_sure: true,
            clock: Clock::by_hand(at_ms(BEGAN_MS)),
            ahead_ms: 0,
        }
    }

    /// It is so long after the beginning.
    pub fn tick(&self, now_ms: u64) {
        self.clock.set(at_ms(BEGAN_MS + now_ms as i64 + self.ahead_ms));
    }

    pub fn name(&self) -> &str {
        node_of(&self.label)
    }

    pub fn is_till(&self) -> bool {
        self.label.contains('/')
    }

    pub fn backup(&self) -> Backup {
        Backup { disk: self.disk.saved(), note: self.note.0.lock().unwrap().clone() }
    }

    /// `dial` leads to the node above; `up` is told when connections from below are taken.
    pub fn boot(
        &mut self,
        common: &Common,
        dial: Option<Arc<dyn Dial>>,
        wait: Duration,
        random: Random,
        up: impl FnOnce(&ChildRef<Downlinks>) + 'static,
    ) {
        let database = self.disk.begin(common.wakes.clone());
        let me = peer(self.name());
        let mut tree = Tree::new(self.label.as_str());
        tree.group("link", Strategy::OneForOne);
        let (relayed, sold) = (Bell::new(), Bell::new());
        let (relays, mutant) = (me.role == PeerRole::Store, common.mutant);
        let compared = watch::Sender::new(false);
        let mut downlinks = None;
        if !self.is_till() {
            let (d, ring, below, window) = (database.clone(), relayed.clone(), me.clone(), common.window);
            let waits_for = relays.then(|| compared.subscribe());
            let clock = self.clock.clone();
            downlinks = Some(tree.child(steady(ChildSpec::new("link/down", "downlinks", move || {
                let settings = DownlinkSettings::new(below.clone()).window(window).clock(clock.clone());
                let effects = Arc::new(Effects { relays, mutant });
                let built = Downlinks::new(d.clone(), settings, Arc::new(Everybody), effects).ring(ring.clone());
                std::future::ready(Ok(match &waits_for {
                    Some(compared) => built.waits_for(compared.clone()),
                    None => built,
                }))
            }))));
        }
        if let Some(dial) = dial {
            let restore: Arc<dyn Restore> = match me.role {
                PeerRole::Till => Arc::new(Memory { mutant }),
                _ => Arc::new(ApplyAgain { me: me.clone(), apply: Arc::new(Effects { relays: false, mutant: None }) }),
            };
            let (file, disk, life) = (self.note.clone(), self.disk.clone(), self.disk.life());
            let (d, tell, above) = (database.clone(), compared.clone(), me.clone());
            let bell = if self.is_till() { sold.clone() } else { relayed };
            tree.child(steady(ChildSpec::new("link/up", "uplink", move || {
                let settings = UplinkSettings::new(above.clone(), "token").reconnect(wait, wait);
                let note = NoteOf { file: file.clone(), disk: disk.clone(), life };
                let built = Uplink::new(d.clone(), dial.clone(), settings, None, bell.clone(), Bell::new())
                    .restores(restore.clone())
                    .notes_in(note)
                    .tells(tell.clone());
                std::future::ready(Ok(built))
            })));
        }
        let set = LocalSet::new();
        let told = downlinks.clone();
        let seller = self.is_till().then(|| Seller {
            label: self.label.clone(),
            common: common.clone(),
            disk: self.disk.clone(),
            database,
            compared: compared.subscribe(),
            bell: sold,
            clock: self.clock.clone(),
            random,
        });
        set.spawn_local(async move {
            let _node = tree.start().await;
            if let Some(downlinks) = &told {
                up(downlinks);
            }
            match seller {
                Some(seller) => seller.works().await,
                None => std::future::pending().await,
            }
        });
        self.life = Some(Life { downlinks, tasks: tokio::task::spawn_local(set) });
    }
}

/// No chance but the seed's, and nobody gives up while a disk is full.
fn steady<A: 'static>(spec: ChildSpec<A>) -> ChildSpec<A> {
    let backoff = Backoff { jitter_percent: 0, max: Duration::from_secs(5), ..Backoff::default() };
    spec.backoff(backoff).intensity(1_000, Duration::from_secs(60))
}

/// A cashier.
struct Seller {
    label: String,
    common: Common,
    disk: Disk,
    database: Database,
    compared: watch::Receiver<bool>,
    bell: Bell,
    clock: Clock,
    random: Random,
}

impl Seller {
    async fn works(mut self) {
        loop {
            tokio::time::sleep(Duration::from_millis(self.random.about(self.common.sell_every_ms))).await;
            if !self.common.sells.get() || !*self.compared.borrow() {
                continue;
            }
            for _ in 0..self.random.between(1, 4) {
                if let Err(error) = self.sells().await {
                    self.common.seen.note(|| format!("{} does not sell: {error}", self.label));
                    break;
                }
            }
            self.bell.ring();
        }
    }

    async fn sells(&self) -> Result<(), DbErr> {
        let (store, till) = till(node_of(&self.label));
        let transaction = self.database.begin().await?;
        let next = sql("UPDATE sim_till SET number = number + 1 RETURNING number", []);
        let row = transaction.query_one_raw(next).await?;
        let number: i64 = row.ok_or_else(|| DbErr::RecordNotFound("sim_till".to_owned()))?.try_get("", "number")?;
        let serial = self.common.serials.fetch_add(1, Ordering::Relaxed);
        let sale = Sale { serial, number: number.unsigned_abs() };
        let values = [sale.serial, sale.number].map(|number| sea_orm::Value::from(number as i64));
        transaction.execute_raw(sql("INSERT INTO sim_sold (serial, number) VALUES (?, ?)", values)).await?;
        let made_ms = self.clock.now_ms();
        outbox::append(&transaction, &store, till, made_ms, &document(&store, till, sale)).await?;
        self.disk.will_sell(sale);
        transaction.commit().await
    }
}
