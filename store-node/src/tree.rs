//! Every supervised child of a store's machines, in the order in which they start. Reading it is reading the system.
//!
//! Till and server are two nodes, each with its own database and tree, also when one process runs both: a store server
//! that fails must not stop the till beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backoffice::answers::TradeAnswers;
use backoffice::ledger::TradeLedger;
use devices::port::Connector;
use domain::ids::{StoreId, TillAddress, TillId};
use link::admit::Admit;
use link::apply::{Peer, PeerRole};
use link::bell::Bell;
use link::datasets::table::TableDatasets;
use link::downlinks::{DownlinkSettings, Downlinks};
use link::inbox::ApplyAgain;
use link::transport::Dial;
use link::trust::credentials::Credentials;
use link::uplink::{Uplink, UplinkSettings};
use messages::v1::catalogue::DATASETS;
use messages::v1::view::TillView;
use migrations::database::Database;
use processing::keeper::{Door, Keeper, Making};
use processing::line::Talk;
use processing::machine::subordinate::{Policy, Subordinate};
use processing::store_side::{Feed, StoreAnswers, StoreTalk};
use runtime::clock::Clock;
use runtime::disk::Disk;
use runtime::node::{ChildRef, Tree};
use runtime::reference::ActorRef;
use runtime::spec::{ChildSpec, Overflow, Strategy};
use scales::goods::Goods;
use scales::keeper::{KeeperPorts, ScaleKeeper, ScaleSettings};
use scales::planner::{Planner, PlannerPorts};
use scales::requests::{Do, HangLabels, LabelsChangedSince, OutdatedLabels, ReadBack, ShowShelf, Totals};
use scales::shelf_labels::LabelCount;
use scales::view::{Board, ScaleView};
use till::catalogue::Catalogue;
use till::{Counter, DeviceFactory, Till, TillPorts, TillSettings};
use tokio::sync::watch;

use crate::pole::{DisplayFactory, Pole};
use crate::scanner::Scanner;
use crate::shop::{ShopNow, ShopPorts, ShopWatch};
use crate::tui::{CashierScreen, ScreenOptions};
use crate::window::{self, Window};

/// Scans that may wait while a receipt is being fiscalised.
const TILL_MAILBOX: usize = 64;
/// A fiscal device may take this long over the receipt at hand.
const TILL_SHUTDOWN: Duration = Duration::from_secs(60);

/// A scale may take this long over the articles at hand.
const SCALE_SHUTDOWN: Duration = Duration::from_secs(10);

/// What the tree of a till is grown from.
pub struct TillGround {
    pub settings: TillSettings,
    pub database: Database,
    pub catalogue: Catalogue,
    pub clock: Clock,
    pub disk: Disk,
    pub device: DeviceFactory,
    pub counter: Counter,
    pub display: Option<DisplayFactory>,
    /// For the screen, if there is one.
    pub scanner: Option<Connector>,
    pub dial: Arc<dyn Dial>,
    pub token: String,
    /// Where it is noted how far the database came, beside it.
    pub note: PathBuf,
    pub credentials: Option<Arc<Credentials>>,
    /// How soon a lost line is dialled again, at least and at most.
    pub reconnect: (Duration, Duration),
    pub shown: watch::Sender<Arc<TillView>>,
    /// Why the till cannot start, for whoever looks on.
    pub trouble: watch::Sender<Option<String>>,
    /// The cashier's screen on this process's terminal, and who is told when the cashier leaves.
    pub screen: Option<(ScreenOptions, watch::Sender<bool>)>,
}

pub struct TillRefs {
    pub till: ChildRef<Till>,
    pub uplink: ChildRef<Uplink>,
    /// Whether the store knows where the till's database stands: before that it does not sell.
    pub compared: watch::Receiver<bool>,
}

/// A till: the line to its store, the till itself, what its screens look at, and the screen.
pub fn till(ground: TillGround) -> (Tree, TillRefs) {
    let TillGround {
        settings,
        database,
        catalogue,
        clock,
        disk,
        device,
        counter,
        display,
        scanner,
        dial,
        token,
        note,
        credentials,
        reconnect,
        shown,
        trouble,
        screen,
    } = ground;
    let (store, number) = (settings.store.clone(), settings.till);
    let mut tree = Tree::new(till_peer(&store, number).name);
    let outbox_bell = Bell::new();

    // The line fails alone: selling does not need it.
    tree.group("line", Strategy::OneForOne);
    let uplink_settings =
        UplinkSettings::new(till_peer(&store, number), token).datasets(&DATASETS).reconnect(reconnect.0, reconnect.1);
    let uplink_settings = uplink_settings.credentials(credentials);
    let (line_database, bell, sink) = (database.clone(), outbox_bell.clone(), catalogue.sink());
    let back = Arc::new(till::TillRestore::new(database.clone()));
    let (tell, compared) = watch::channel(false);
    let uplink = tree.child(ChildSpec::new("line/uplink", "uplink", move || {
        let sink = Some(Arc::new(sink.clone()) as Arc<dyn link::datasets::DatasetSink>);
        let uplink =
            Uplink::new(line_database.clone(), dial.clone(), uplink_settings.clone(), sink, bell.clone(), Bell::new());
        let uplink = uplink.restores(back.clone()).notes_in(note.clone()).tells(tell.clone());
        async move { Ok(uplink) }
    }));

    // A till that fails comes back on the same open receipt.
    tree.group("sales", Strategy::OneForOne);
    let (views, raw) = till::views();
    let ports = TillPorts {
        database,
        catalogue,
        clock: clock.clone(),
        disk,
        device,
        above: Some(uplink.reference()),
        views: Some(views),
        outbox_bell: Some(outbox_bell),
        compared: Some(compared.clone()),
        counter,
    };
    let till = tree.child(
        ChildSpec::new("sales/till", "till", window::telling(Till::factory(settings, ports), trouble))
            .mailbox(TILL_MAILBOX, Overflow::Refuse)
            .shutdown_timeout(TILL_SHUTDOWN),
    );
    // What people look at: it stays up while the till cannot start, and says why.
    tree.group("screen", Strategy::RestForOne);
    let (show, status, commands) = (till.reference(), uplink.reference(), till.reference());
    let (seen, shown_to_pole) = (shown.subscribe(), shown.subscribe());
    tree.child(ChildSpec::new("screen/window", "window", move || {
        let window = Window::new(show.clone(), status.clone(), raw.clone(), shown.clone(), clock.clone());
        async move { Ok(window) }
    }));
    // A display that is broken stops nobody.
    if let Some(display) = display {
        let seen = shown_to_pole.clone();
        tree.child(ChildSpec::new("screen/display", "display", move || {
            let pole = Pole::new(display(), seen.clone());
            async move { Ok(pole) }
        }));
    }
    if let Some((options, quit)) = screen {
        let codes = options.scanner.clone();
        let cashier = tree.child(CashierScreen::spec("screen/cashier", commands, seen, options, quit));
        // After the screen, which does not fall with it.
        if let Some(connector) = scanner {
            tree.child(ChildSpec::new("screen/scanner", "scanner", move || {
                let scanner = Scanner::new(connector.clone(), codes.clone(), cashier.reference());
                async move { Ok(scanner) }
            }));
        }
    }
    (tree, TillRefs { till, uplink, compared })
}

/// What the tree of a store server is grown from.
pub struct ServerGround {
    pub store: StoreId,
    pub database: Database,
    /// The file of customer accounts.
    pub accounts: PathBuf,
    /// What is known of scales and labels on shelves.
    pub scales_database: Database,
    pub scales: Vec<ScaleSettings>,
    /// The tills of the store, as far as its settings name them.
    pub tills: Vec<String>,
    pub clock: Clock,
    pub dial: Arc<dyn Dial>,
    pub token: String,
    /// Where it is noted how far the database came, beside it.
    pub note: PathBuf,
    pub credentials: Option<Arc<Credentials>>,
    pub admit: Arc<dyn Admit>,
    /// How soon a lost line is dialled again, at least and at most.
    pub reconnect: (Duration, Duration),
}

pub struct ServerRefs {
    pub uplink: ChildRef<Uplink>,
    pub downlinks: ChildRef<Downlinks>,
    pub accounts: Door<Subordinate>,
    pub scales: StoreScales,
    pub shop: watch::Receiver<Arc<ShopNow>>,
}

/// How the scales of a store and the labels on its shelves are reached.
#[derive(Clone, Debug)]
pub struct StoreScales {
    pub keepers: Arc<BTreeMap<String, ScaleRefs>>,
    pub goods: watch::Receiver<Arc<Goods>>,
    pub outdated_labels: ActorRef<OutdatedLabels>,
    pub hang_labels: ActorRef<HangLabels>,
    pub changed_labels: ActorRef<LabelsChangedSince>,
}

/// How one scale is reached.
#[derive(Clone, Debug)]
pub struct ScaleRefs {
    pub act: ActorRef<Do>,
    pub read_back: ActorRef<ReadBack>,
    pub totals: ActorRef<Totals>,
    pub shelf: ActorRef<ShowShelf>,
}

/// A store server: the line to the head office, customer accounts, the lines to its tills, and its scales. Documents go up
/// and datasets down in between.
pub fn server(ground: ServerGround) -> (Tree, ServerRefs) {
    let ServerGround {
        store,
        database,
        accounts,
        scales_database,
        scales,
        tills,
        clock,
        dial,
        token,
        note,
        credentials,
        admit,
        reconnect,
    } = ground;
    let me = Peer { name: store.to_string(), role: PeerRole::Store };
    let mut tree = Tree::new(me.name.clone());
    let (outbox_bell, datasets_bell) = (Bell::new(), Bell::new());
    let datasets = Arc::new(TableDatasets::new(database.clone()));
    backoffice::months::tend(&mut tree, &database);

    tree.group("hq", Strategy::OneForOne);
    let settings = UplinkSettings::new(me.clone(), token).datasets(&DATASETS).reconnect(reconnect.0, reconnect.1);
    // What the head office gives back is there already above: it is applied and not passed on.
    let back = Arc::new(ApplyAgain { me: me.clone(), apply: Arc::new(TradeLedger::new(false)) });
    let settings = settings.credentials(credentials);
    let (line, up, down, sink) = (database.clone(), outbox_bell.clone(), datasets_bell.clone(), datasets.clone());
    let (tell, compared) = watch::channel(false);
    let uplink = tree.child(ChildSpec::new("hq/uplink", "uplink", move || {
        let sink = Some(sink.clone() as Arc<dyn link::datasets::DatasetSink>);
        let uplink = Uplink::new(line.clone(), dial.clone(), settings.clone(), sink, up.clone(), down.clone())
            .restores(back.clone())
            .notes_in(note.clone())
            .tells(tell.clone());
        async move { Ok(uplink) }
    }));

    // Accounts that fail stop nobody from paying in cash.
    tree.group("accounts", Strategy::OneForOne);
    let above = Arc::new(uplink.reference::<link::requests::Question>());
    let door = Door::default();
    let making = Making::in_file(accounts, || Subordinate::new(0, Policy::default(), false), Subordinate::restored);
    let (opened, time) = (door.clone(), clock.clone());
    tree.child(ChildSpec::new("accounts/book", "keeper", move || {
        let keeper = Keeper::new(making.clone(), opened.clone(), time.clone());
        async move { Ok(keeper) }
    }));
    let talk = Talk { door: door.clone(), line: above.clone() };
    let talking = talk.clone();
    tree.child(ChildSpec::new("accounts/talk", "store_talk", move || {
        let talk = StoreTalk::new(talking.clone());
        async move { Ok(talk) }
    }));
    let feeding = (store.to_string(), database.clone(), door.clone(), outbox_bell.clone());
    tree.child(ChildSpec::new("accounts/feed", "feed", move || {
        let (store, database, door, committed) = feeding.clone();
        async move { Ok(Feed::new(store, database, door, committed)) }
    }));

    tree.group("tills", Strategy::OneForOne);
    let (relayed, rung, shop_clock, store_code) = (datasets.clone(), datasets_bell.clone(), clock.clone(), store);
    let downlinks = tree.child(ChildSpec::new("tills/downlinks", "downlinks", move || {
        let settings = DownlinkSettings::new(me.clone()).datasets(&DATASETS).clock(clock.clone());
        let ledger = Arc::new(TradeLedger::new(true));
        let trade = Arc::new(TradeAnswers::new(database.clone(), clock.clone()).asks(above.clone()));
        let downlinks = Downlinks::new(database.clone(), settings, admit.clone(), ledger)
            .datasets_from(datasets.clone(), datasets_bell.clone())
            .answers(Arc::new(StoreAnswers::new(talk.clone(), trade)))
            .waits_for(compared.clone())
            .ring(outbox_bell.clone());
        async move { Ok(downlinks) }
    }));

    let (goods, goods_seen) = watch::channel(Arc::default());
    let (labels, labels_seen) = watch::channel(LabelCount::default());
    let ports = PlannerPorts {
        store: store_code,
        database: scales_database.clone(),
        source: relayed,
        bell: rung,
        goods,
        labels,
    };
    let keeping = KeeperPorts {
        database: scales_database,
        goods: goods_seen.clone(),
        board: Board::default(),
        clock: shop_clock,
    };
    let (planner, keepers) = scales_of(&mut tree, ports, &keeping, scales);
    let (view, shop) = watch::channel(Arc::default());
    let watching = ShopPorts {
        links: downlinks.reference(),
        tills,
        board: keeping.board,
        goods: goods_seen.clone(),
        labels: labels_seen,
        close: planner.reference(),
        view,
    };
    tree.group("shop", Strategy::OneForOne);
    tree.child(ChildSpec::new("shop/watch", "shop_watch", move || {
        std::future::ready(Ok(ShopWatch::new(watching.clone())))
    }));
    let scales = StoreScales {
        keepers: Arc::new(keepers),
        goods: goods_seen,
        outdated_labels: planner.reference(),
        hang_labels: planner.reference(),
        changed_labels: planner.reference(),
    };
    (tree, ServerRefs { uplink, downlinks, accounts: door, scales, shop })
}

/// The scales server: what should lie on scales, and a keeper for each.
fn scales_of(
    tree: &mut Tree,
    ports: PlannerPorts,
    keeping: &KeeperPorts,
    scales: Vec<ScaleSettings>,
) -> (ChildRef<Planner>, BTreeMap<String, ScaleRefs>) {
    tree.group("scales", Strategy::OneForOne);
    let planner = tree.child(ChildSpec::new("scales/planner", "planner", move || Planner::new(ports.clone())));
    let keepers = scales.into_iter().map(|settings| {
        let (name, keeping) = (settings.name.clone(), keeping.clone());
        // A scale whose keeper cannot start is behind, and not away.
        keeping
            .board
            .put(&name, ScaleView { department: settings.department.clone(), sells: true, ..ScaleView::default() });
        // One that fails again and again takes no other with it.
        tree.group(format!("scale-{name}"), Strategy::OneForOne);
        let keeper = tree.child(
            ChildSpec::new(format!("scale-{name}/keeper"), "scale_keeper", move || {
                ScaleKeeper::new(settings.clone(), keeping.clone())
            })
            .shutdown_timeout(SCALE_SHUTDOWN),
        );
        let refs = ScaleRefs {
            act: keeper.reference(),
            read_back: keeper.reference(),
            totals: keeper.reference(),
            shelf: keeper.reference(),
        };
        (name, refs)
    });
    (planner, keepers.collect())
}

/// A till as its store knows it.
pub fn till_peer(store: &StoreId, till: TillId) -> Peer {
    Peer { name: TillAddress { store: store.clone(), till }.to_string(), role: PeerRole::Till }
}
