//! A till as it stands in a shop, for measuring: the whole node on files of its own, with goods, an open shift and an
//! emulated fiscal device, whose share of the time is counted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backoffice::ledger::TradeLedger;
use devices::fiscal::shtrih::Shtrih;
use devices::fiscal::{
    FiscalDevice, FiscalDocument, FiscalError, FiscalReceipt, FiscalSign, FiscalState, FiscalTotals,
};
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use domain::barcode::expected_check_digit;
use domain::ids::{ItemCode, OperatorNumber, StoreId, TillId};
use domain::money::Money;
use domain::vat::VatRate;
use futures_util::future::BoxFuture;
use link::admit::StaticTokens;
use link::apply::{Peer, PeerRole};
use link::datasets::{Change, DatasetSink};
use link::downlinks::{DownlinkSettings, Downlinks};
use link::transport::Acceptor;
use link::transport::memory::MemoryHub;
use messages::codec::to_body;
use messages::v1::catalogue::{ITEMS, Item};
use messages::v1::receipt::TenderType;
use messages::v1::till::{TillCommand, TillReply};
use migrations::ServerMigrator;
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use store_node::nodes::{TILL_RECONNECT, TillNode, TillParts};
use till::catalogue::Catalogue;
use till::{TillSettings, UnknownOperators};

use crate::bare::number;

const STORE: &str = "S1";
const TOKEN: &str = "a token";
/// Rows of one delivery, as the link sends them.
const DELIVERY_ROWS: u64 = 2_000;

pub(crate) fn barcode(number: u64) -> String {
    let payload = format!("46{number:010}");
    let check = expected_check_digit(&format!("{payload}0")).expect("digits");
    format!("{payload}{check}")
}

pub(crate) fn name(number: u64) -> String {
    format!("Goods {number:07}")
}

pub(crate) fn item(number: u64, barcode: String, name: String) -> Item {
    let code = ItemCode(format!("{:08}", number * 48_271 % 99_999_989));
    let price = Money::from_minor(i64::try_from(990 + number % 9_973 * 10).expect("small"));
    Item { barcodes: vec![barcode], ..Item::new(code, name, price, VatRate::percent(22)) }
}

/// Load goods into a catalogue in deliveries; the time that the catalogue took of it.
pub(crate) async fn load(catalogue: &Catalogue, mut goods: impl Iterator<Item = Item>) -> Duration {
    let sink = catalogue.sink();
    let (mut version, mut took) = (0, Duration::ZERO);
    loop {
        let delivery: Vec<Change> = (version + 1..=version + DELIVERY_ROWS)
            .zip(&mut goods)
            .map(|(version, item)| Change { key: item.code.0.clone(), version, deleted: false, body: to_body(&item) })
            .collect();
        let Some(last) = delivery.last() else { return took };
        version = last.version;
        let began = Instant::now();
        sink.keep(ITEMS, delivery, version).await.expect("rows kept");
        took += began.elapsed();
    }
}

/// A store that has never heard of its till: a new till asks it before it sells.
struct NewStore {
    node: Node,
    acceptor: Acceptor,
}

async fn store(folder: &Path) -> NewStore {
    let database = Database::open_sqlite::<ServerMigrator>(&folder.join("store.sqlite")).await.expect("a database");
    let till = Peer { name: format!("{STORE}/1"), role: PeerRole::Till };
    let admit = Arc::new(StaticTokens::new([(till, TOKEN.to_owned())]));
    let mut tree = Tree::new(STORE);
    tree.group("link", Strategy::OneForOne);
    let downlinks = tree.child(ChildSpec::new("link/down", "downlinks", move || {
        let settings = DownlinkSettings::new(Peer { name: STORE.to_owned(), role: PeerRole::Store });
        let ledger = Arc::new(TradeLedger::new(false));
        std::future::ready(Ok(Downlinks::new(database.clone(), settings, admit.clone(), ledger)))
    }));
    NewStore { acceptor: downlinks.reference(), node: tree.start().await }
}

/// A till with goods from 1 to `goods`.
pub(crate) struct Counter {
    pub(crate) till: TillNode,
    /// Nanoseconds that the till waited for its device.
    in_device: Arc<AtomicU64>,
}

impl Counter {
    pub(crate) async fn open(folder: &Path, goods: u64) -> Counter {
        let mut settings = TillSettings::new(StoreId::new(STORE).expect("a code"), TillId(1));
        settings.unknown_operators = UnknownOperators::Allow;
        let emulator = EmulatorHandle::new(EmulatorSettings::default());
        let in_device = Arc::new(AtomicU64::new(0));
        let spent = in_device.clone();
        let (hub, store) = (MemoryHub::new(), store(folder).await);
        hub.up(STORE, store.acceptor.clone());
        let till = TillNode::start(TillParts {
            settings,
            data: folder.to_owned(),
            clock: Clock::system(),
            disk: Disk::default(),
            device: Arc::new(move || {
                let inner = Shtrih::new(emulator.connector());
                Box::new(TimedDevice { inner: Box::new(inner), spent: spent.clone() })
            }),
            counter: Default::default(),
            display: None,
            scanner: None,
            dial: Arc::new(hub.way_to(STORE)),
            token: TOKEN.to_owned(),
            credentials: None,
            reconnect: TILL_RECONNECT,
            screen: None,
        });
        let counter = Counter { till: till.await.expect("a till"), in_device };
        let mut compared = counter.till.compared.clone();
        compared.wait_for(|compared| *compared).await.expect("a till that asks its store");
        // From here on there is nobody to call: the till sells alone.
        hub.down(STORE);
        store.node.shutdown().await;
        load(&counter.till.catalogue, (1..=goods).map(|number| item(number, barcode(number), name(number)))).await;
        let open = TillCommand::OpenShift {
            operator: OperatorNumber("7".to_owned()),
            pin: "1234".to_owned(),
            float: Money::from_minor(100_000),
        };
        counter.give(open).await;
        counter
    }

    pub(crate) async fn give(&self, command: TillCommand) -> TillReply {
        let answer = self.till.commands.ask_within(Duration::from_secs(60), command).await;
        answer.expect("a till that answers").expect("a command that is right")
    }

    pub(crate) async fn scan(&self, number: u64) -> TillReply {
        self.give(TillCommand::Scan { data: barcode(number), quantity: None }).await
    }

    pub(crate) async fn pay(&self, amount: Money) {
        let paid = self.give(TillCommand::Pay { tender: TenderType::Cash, amount, number: None }).await;
        assert!(paid.receipt.is_some(), "a receipt that is paid closes");
    }

    pub(crate) fn in_device(&self) -> Duration {
        Duration::from_nanos(self.in_device.load(Ordering::Relaxed))
    }

    /// Commits of this till, as an operator sees them.
    pub(crate) async fn commits(&self) -> u64 {
        commits(&self.till).await
    }

    pub(crate) async fn close(self) {
        self.till.node.shutdown().await;
    }
}

pub(crate) async fn commits(till: &TillNode) -> u64 {
    let tree = till.node.look().await.expect("the tree");
    let state = tree.children.iter().find(|child| child.path == "sales/till").and_then(|child| child.state.clone());
    state.expect("a till that shows its state")["commits"].as_u64().expect("a number")
}

/// Bytes of the rows that a till has written: journal, receipts, and their documents for the store, which have the same
/// bodies and may have been delivered and deleted. The row that says where it stands is written over, and is left out.
pub(crate) async fn bytes_written(database: &Database) -> u64 {
    let journal = "SELECT SUM(length(kind) + length(body) + length(prev) + length(hash) + 16) FROM journal";
    let receipts = "SELECT COALESCE(SUM(length(uid) + 2 * length(body) + 128), 0) FROM receipt";
    number(database, journal).await + number(database, receipts).await
}

/// A device that counts how long it is waited for.
struct TimedDevice {
    inner: Box<dyn FiscalDevice>,
    spent: Arc<AtomicU64>,
}

impl TimedDevice {
    fn timed<'a, T>(
        &'a mut self,
        work: impl FnOnce(&'a mut dyn FiscalDevice) -> BoxFuture<'a, T> + Send + 'a,
    ) -> BoxFuture<'a, T>
    where
        T: Send + 'a,
    {
        let TimedDevice { inner, spent } = self;
        Box::pin(async move {
            let began = Instant::now();
            let done = work(&mut **inner).await;
            spent.fetch_add(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            done
        })
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, FiscalError>>;

impl FiscalDevice for TimedDevice {
    fn state(&mut self) -> Answer<'_, FiscalState> {
        self.timed(|device| device.state())
    }

    fn open_shift<'a>(&'a mut self, operator: &'a str) -> Answer<'a, FiscalSign> {
        self.timed(move |device| device.open_shift(operator))
    }

    fn register<'a>(&'a mut self, receipt: &'a FiscalReceipt) -> Answer<'a, FiscalSign> {
        self.timed(move |device| device.register(receipt))
    }

    fn find_document(&mut self, number: u32) -> Answer<'_, Option<FiscalDocument>> {
        self.timed(move |device| device.find_document(number))
    }

    fn cancel_document(&mut self) -> Answer<'_, ()> {
        self.timed(|device| device.cancel_document())
    }

    fn close_shift<'a>(&'a mut self, operator: &'a str) -> Answer<'a, FiscalSign> {
        self.timed(move |device| device.close_shift(operator))
    }

    fn report_x(&mut self) -> Answer<'_, ()> {
        self.timed(|device| device.report_x())
    }

    fn cash_in(&mut self, amount: Money) -> Answer<'_, ()> {
        self.timed(move |device| device.cash_in(amount))
    }

    fn cash_out(&mut self, amount: Money) -> Answer<'_, ()> {
        self.timed(move |device| device.cash_out(amount))
    }

    fn totals(&mut self) -> Answer<'_, FiscalTotals> {
        self.timed(|device| device.totals())
    }

    fn open_drawer(&mut self) -> Answer<'_, ()> {
        self.timed(|device| device.open_drawer())
    }

    fn print_text<'a>(&'a mut self, lines: &'a [String]) -> Answer<'a, ()> {
        self.timed(move |device| device.print_text(lines))
    }
}
