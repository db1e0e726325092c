//! A counter of simulated scales with their keepers, on real files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use devices::label_scale::{self, ScaleItem, Timing, Wire};
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use domain::barcode::in_store::InStoreRules;
use domain::ids::ItemCode;
use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Unit};
use migrations::ScalesMigrator;
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::reference::ActorRef;
use runtime::spec::{ChildSpec, Strategy};
use scales::goods::Goods;
use scales::keeper::{KeeperPorts, ScaleKeeper, ScaleSettings};
use scales::requests::{Command, Do, ReadBack, ShowShelf};
use scales::view::{Board, Phase, ScaleView};
use tokio::sync::watch;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing {
    answer: Duration::from_millis(300),
    busy: Duration::from_millis(10),
    poll: Duration::from_millis(10),
    clear: Duration::from_secs(20),
};
/// However busy the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Every protocol with a simulator and the wire it goes over.
pub(crate) const PROTOCOLS: [(&str, LabelScaleKind, Wire); 5] = [
    ("shtrih-print", LabelScaleKind::ShtrihPrint, Wire::Datagram),
    ("shtrih-print-serial", LabelScaleKind::ShtrihPrint, Wire::Serial),
    ("massak-vpm", LabelScaleKind::MassakVpm, Wire::Tcp),
    ("mertech", LabelScaleKind::Mertech, Wire::Tcp),
    ("cas-cl5000", LabelScaleKind::CasCl5000, Wire::Tcp),
];

pub(crate) struct Place {
    pub(crate) device: LabelScaleHandle,
    pub(crate) settings: ScaleSettings,
}

/// A scale called `name` that speaks the protocol with this number.
pub(crate) fn place(name: &str, protocol: usize) -> Place {
    let (protocol, kind, wire) = PROTOCOLS[protocol];
    let settings = LabelScaleSettings { clear_time: Duration::from_millis(20), ..LabelScaleSettings::default() };
    let device = LabelScaleHandle::new(kind, settings);
    let settings = ScaleSettings {
        name: name.to_owned(),
        department: String::new(),
        protocol: label_scale::find(protocol).expect("it is spoken"),
        address: "memory".to_owned(),
        connector: device.connector(wire),
        password: None,
        articles_per_second_max: None,
        timing: QUICK,
    };
    Place { device, settings }
}

pub(crate) fn item(number: u32, price: i64) -> Item {
    let code = ItemCode(format!("I{number:05}"));
    Item {
        plu: Some(number),
        unit: Unit::Kilogram,
        ..Item::new(code, format!("Goods {number}"), Money::from_minor(price), VatRate::percent(10))
    }
}

pub(crate) fn rule(prefix: &str, kind: BarcodeKind) -> BarcodeRule {
    let decimals = if kind == BarcodeKind::Weight { 3 } else { 0 };
    BarcodeRule { prefix: prefix.to_owned(), length: 13, item: [2, 5], value: [7, 5], decimals, kind }
}

pub(crate) fn rules() -> InStoreRules {
    let rules = [rule("22", BarcodeKind::Weight), rule("23", BarcodeKind::Pieces)];
    InStoreRules::new(rules.iter().map(|rule| rule.checked().expect("it makes sense")).collect())
}

pub(crate) fn goods(version: u64, items: impl IntoIterator<Item = Item>) -> Goods {
    let items = items.into_iter().map(|item| (item.code.clone(), Arc::new(item))).collect();
    let mut goods = Goods { version, items, rules: rules(), ..Goods::default() };
    goods.find_shared_numbers();
    goods
}

/// The same price for all of so many goods.
pub(crate) fn priced(version: u64, count: u32, price: i64) -> Goods {
    goods(version, (1..=count).map(|number| item(number, price)))
}

pub(crate) struct Refs {
    pub(crate) act: ActorRef<Do>,
    pub(crate) read_back: ActorRef<ReadBack>,
    pub(crate) shelf: ActorRef<ShowShelf>,
}

/// The keepers of a store, running.
pub(crate) struct Counter {
    pub(crate) node: Node,
    pub(crate) goods: watch::Sender<Arc<Goods>>,
    pub(crate) board: Board,
    pub(crate) refs: BTreeMap<String, Refs>,
}

impl Counter {
    pub(crate) async fn open(folder: &tempfile::TempDir, places: &[Place], goods: Goods) -> Counter {
        let file = folder.path().join("scales.sqlite");
        let database = Database::open_sqlite::<ScalesMigrator>(&file).await.expect("a database");
        let (goods, seen) = watch::channel(Arc::new(goods));
        let ports = KeeperPorts { database, goods: seen, board: Board::default(), clock: Clock::system() };
        let mut tree = Tree::new("store");
        tree.group("scales", Strategy::OneForOne);
        let mut refs = BTreeMap::new();
        for Place { settings, .. } in places {
            let (name, settings, ports) = (settings.name.clone(), settings.clone(), ports.clone());
            let keeper = tree.child(ChildSpec::new(format!("scales/{name}"), "scale_keeper", move || {
                ScaleKeeper::new(settings.clone(), ports.clone())
            }));
            let reached = Refs { act: keeper.reference(), read_back: keeper.reference(), shelf: keeper.reference() };
            refs.insert(name, reached);
        }
        Counter { node: tree.start().await, goods, board: ports.board, refs }
    }

    pub(crate) async fn act(&self, scale: &str, command: Command) {
        self.refs[scale].act.ask(Do { command }).await.expect("it listens").expect("it is done");
    }

    /// Wait until the views are so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&BTreeMap<String, ScaleView>) -> bool) {
        let mut watched = self.board.watch();
        let reached = tokio::time::timeout(PATIENCE, watched.wait_for(|views| is_so(views))).await;
        if reached.is_err() {
            panic!("{what} was not reached: {:#?}", self.board.now());
        }
    }

    /// Wait until every scale has this version of the catalogue and it is read back.
    pub(crate) async fn all_equal(&self, version: u64) {
        self.until("all equal", |views| views.values().all(|view| is_equal(view, version))).await;
    }
}

pub(crate) fn is_equal(view: &ScaleView, version: u64) -> bool {
    view.phase == Phase::Equal && view.version >= version
}

/// What lies on a scale: numbers and prices.
pub(crate) fn prices(device: &LabelScaleHandle) -> Vec<(u32, i64)> {
    device.items().iter().map(|item: &ScaleItem| (item.plu, item.price.minor())).collect()
}

pub(crate) fn all_priced(count: u32, price: i64) -> Vec<(u32, i64)> {
    (1..=count).map(|number| (number, price)).collect()
}
