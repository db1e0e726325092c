//! The supervised tree of a head office. Reading this is reading what runs.
//!
//! | path | what it is | when it fails |
//! | --- | --- | --- |
//! | `database/months` | on PostgreSQL: the parts of tables for the months to come | restarted; months are made long before |
//! | `catalogue/publisher` | the one writer of items, barcode rules, operators and till settings | restarted; the rest goes on |
//! | `accounts/book` | the root's book of customer accounts | loaded anew; stores go on with the rights they hold |
//! | `accounts/ticks` | what seconds and days bring to accounts | restarted |
//! | `accounts/tiers` | customers go up and down by what they bought | restarted; goes through all customers again |
//! | `processes/bells` | tells the other processes of new datasets | restarted; gateways look by themselves |
//! | `processes/root` | hears questions about accounts of the others' stores | restarted; stores ask again |
//! | `processes/partitions` | the leases of what this process ingests | restarted; others take what expires |
//! | `processes/ingest` | applies what gateways offer | restarted; what was not answered is offered again |
//! | `processes/answers` | hands a gateway the answers to its offers | restarted; cursors are looked at |
//! | `link/down` | the stores' links | restarted; stores dial again by themselves |
//! | `link/processes` | tells other processes of the links: their pages show them, copies of stores are refused | restarted; they show none for a while |
//! | `trade/watch` | reads the trade for the pages | restarted; pages show what they had |
//!
//! They start in this order: what is linked finds its datasets, and the watch finds the links. Those of `processes` are there
//! when a head office has several: `root` in those that may keep the accounts, `partitions` and `ingest` in those that
//! ingest. `catalogue/publisher` and `link/down` do nothing unasked and are in all of them.

use std::sync::Arc;
use std::time::Duration;

use backoffice::answers::TradeAnswers;
use backoffice::ledger::TradeLedger;
use dataserver::publisher::{CataloguePublisher, PublisherPorts};
use dataserver::requests::ImportView;
use link::admit::{Admit, TokenTable};
use link::apply::{Apply, Peer, PeerRole};
use link::bell::Bell;
use link::datasets::table::TableDatasets;
use link::downlinks::{DownlinkSettings, Downlinks};
use link::intake::{Here, Intake};
use link::requests::Answer;
use messages::v1::catalogue::DATASETS;
use migrations::database::Database;
use processing::keeper::{Door, Keeper, Making};
use processing::machine::root::Root;
use processing::root_side::{RootAnswers, RootTicks};
use runtime::clock::Clock;
use runtime::node::{ChildRef, Tree};
use runtime::spec::{ChildSpec, Overflow, Strategy};
use tokio::sync::watch;

use crate::tiers::{TierPorts, TierWatch};
use crate::trade::{Elsewhere, TradeNow, TradePorts, TradeWatch};

/// Requests of people and machines that wait for the publisher; more are told that it is busy.
const PUBLISHER_MAILBOX: usize = 64;
/// Connections that come in at once when the head office starts again and every store dials.
const LINK_MAILBOX: usize = 1_024;
/// A batch that is being committed is let end.
const LINK_STOPS_WITHIN: Duration = Duration::from_secs(10);

/// What a head office, or one process of it, is made from.
pub struct Ground {
    pub name: String,
    pub database: Database,
    pub clock: Clock,
    /// Which stores may link.
    pub admit: Arc<dyn Admit>,
    /// The book of customer accounts; none: this process does not keep it.
    pub accounts: Option<Making<Root>>,
    /// Whether pages are drawn from the trade.
    pub watches: bool,
    #[cfg(feature = "nats")]
    pub processes: Option<Processes>,
}

/// The other processes of the head office, and this one's part of the work.
#[cfg(feature = "nats")]
pub struct Processes {
    pub cluster: crate::cluster::Cluster,
    pub ingests: bool,
}

impl Ground {
    /// A tree for commands: it publishes and keeps no accounts.
    pub fn publishing(database: &Database) -> Ground {
        Ground {
            name: "hq".to_owned(),
            database: database.clone(),
            clock: Clock::system(),
            admit: Arc::new(TokenTable::new(database.clone())),
            accounts: None,
            watches: false,
            #[cfg(feature = "nats")]
            processes: None,
        }
    }
}

/// The children by name, and what they tell.
pub struct Parts {
    pub publisher: ChildRef<CataloguePublisher>,
    pub downlinks: ChildRef<Downlinks>,
    pub imports: watch::Receiver<ImportView>,
    pub trade: watch::Receiver<Arc<TradeNow>>,
    pub accounts: Door<Root>,
}

pub fn tree(ground: Ground) -> (Tree, Parts) {
    let Ground { name, database, clock, accounts, .. } = &ground;
    let mut tree = Tree::new(name);
    let (datasets_bell, published, committed) = (Bell::new(), Bell::new(), Bell::new());
    let (import_view, imports) = watch::channel(ImportView::default());
    let (trade_view, trade) = watch::channel(Arc::new(TradeNow::default()));

    backoffice::months::tend(&mut tree, database);

    tree.group("catalogue", Strategy::OneForOne);
    let ports = PublisherPorts {
        database: database.clone(),
        clock: clock.clone(),
        bell: Arc::new({
            let (here, others) = (datasets_bell.clone(), published.clone());
            move || {
                here.ring();
                others.ring();
            }
        }),
        imports: import_view,
    };
    let publisher = tree.child(
        ChildSpec::new("catalogue/publisher", "publisher", move || {
            std::future::ready(Ok(CataloguePublisher::new(ports.clone())))
        })
        .mailbox(PUBLISHER_MAILBOX, Overflow::Refuse),
    );

    let door = Door::default();
    if let Some(making) = accounts {
        let tiers = TierPorts {
            database: database.clone(),
            clock: clock.clone(),
            accounts: door.clone(),
            committed: committed.clone(),
        };
        accounts_of(&mut tree, making.clone(), tiers);
    }

    let apply: Arc<dyn Apply> = Arc::new(TradeLedger::new(false));
    let trade_answers = Arc::new(TradeAnswers::new(database.clone(), clock.clone()));
    let mut road = Road {
        intake: Arc::new(Here { database: database.clone(), apply: apply.clone() }),
        answer: Arc::new(RootAnswers::new(door.clone(), Some(trade_answers))),
        beside: None,
    };
    #[cfg(feature = "nats")]
    if let Some(processes) = &ground.processes {
        let bells = (published, datasets_bell.clone(), committed.clone());
        road = processes_of(&mut tree, &ground, processes, &door, apply.clone(), road, bells);
    }

    tree.group("link", Strategy::OneForOne);
    let wiring =
        (database.clone(), datasets_bell, committed.clone(), name.clone(), ground.admit.clone(), clock.clone());
    let downlinks = tree.child(
        ChildSpec::new("link/down", "downlinks", move || {
            let (database, datasets_bell, committed, name, admit, clock) = wiring.clone();
            let me = Peer { name, role: PeerRole::Hq };
            let downlinks = Downlinks::new(
                database.clone(),
                DownlinkSettings::new(me).datasets(&DATASETS).clock(clock.clone()),
                admit,
                apply.clone(),
            )
            .taken_by(road.intake.clone())
            .datasets_from(Arc::new(TableDatasets::new(database)), datasets_bell)
            .answers(road.answer.clone())
            .ring(committed);
            std::future::ready(Ok(match &road.beside {
                Some(others) => downlinks.beside(others.clone()),
                None => downlinks,
            }))
        })
        .mailbox(LINK_MAILBOX, Overflow::Refuse)
        .shutdown_timeout(LINK_STOPS_WITHIN),
    );

    let elsewhere = elsewhere(&mut tree, &ground, &downlinks);
    if ground.watches {
        tree.group("trade", Strategy::OneForOne);
        let ports = TradePorts {
            database: database.clone(),
            clock: clock.clone(),
            links: downlinks.reference(),
            elsewhere,
            committed,
            view: trade_view,
        };
        tree.child(ChildSpec::new("trade/watch", "trade_watch", move || {
            std::future::ready(Ok(TradeWatch::new(ports.clone())))
        }));
    }
    (tree, Parts { publisher, downlinks, imports, trade, accounts: door })
}

/// Links that other processes hold.
#[cfg(feature = "nats")]
fn elsewhere(tree: &mut Tree, ground: &Ground, downlinks: &ChildRef<Downlinks>) -> Elsewhere {
    let Some(processes) = &ground.processes else { return Arc::new(Vec::new) };
    let known = processes.cluster.links.clone();
    let telling = (processes.cluster.clone(), downlinks.reference(), downlinks.reference());
    tree.child(ChildSpec::new("link/processes", "links", move || {
        let (cluster, own, lives) = telling.clone();
        std::future::ready(Ok(crate::cluster::links::Links::new(cluster, own, lives)))
    }));
    Arc::new(move || known.peers())
}

#[cfg(not(feature = "nats"))]
fn elsewhere(_: &mut Tree, _: &Ground, _: &ChildRef<Downlinks>) -> Elsewhere {
    Arc::new(Vec::new)
}

/// Where documents and questions of stores go.
struct Road {
    intake: Arc<dyn Intake>,
    answer: Arc<dyn Answer>,
    /// Other processes that may have a store already.
    beside: Option<Arc<dyn link::downlinks::Elsewhere>>,
}

/// Customer accounts: the root's book, its clockwork, and tiers.
fn accounts_of(tree: &mut Tree, making: Making<Root>, tiers: TierPorts) {
    tree.group("accounts", Strategy::OneForOne);
    let (opened, time) = (tiers.accounts.clone(), tiers.clock.clone());
    tree.child(ChildSpec::new("accounts/book", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), time.clone())))
    }));
    let ticking = tiers.accounts.clone();
    tree.child(ChildSpec::new("accounts/ticks", "root_ticks", move || {
        std::future::ready(Ok(RootTicks::new(ticking.clone())))
    }));
    tree.child(ChildSpec::new("accounts/tiers", "tier_watch", move || {
        std::future::ready(Ok(TierWatch::new(tiers.clone())))
    }));
}

/// The ways to the other processes. Answers where documents and questions go by them.
#[cfg(feature = "nats")]
fn processes_of(
    tree: &mut Tree,
    ground: &Ground,
    processes: &Processes,
    door: &Door<Root>,
    apply: Arc<dyn Apply>,
    here: Road,
    (published, changed, committed): (Bell, Bell, Bell),
) -> Road {
    use crate::cluster::bells::Bells;
    use crate::cluster::gateway::{Answers, Courier};
    use crate::cluster::ingest::{Ingest, IngestPorts};
    use crate::cluster::partitions::Partitions;
    use crate::cluster::root::{AnyRoot, RootService};

    let (cluster, database) = (processes.cluster.clone(), ground.database.clone());
    tree.group("processes", Strategy::OneForOne);
    let ringing = (cluster.clone(), published, changed);
    tree.child(ChildSpec::new("processes/bells", "bells", move || {
        let (cluster, published, changed) = ringing.clone();
        std::future::ready(Ok(Bells::new(cluster, published, changed)))
    }));
    if ground.accounts.is_some() {
        let serving = (cluster.clone(), door.clone(), here.answer.clone());
        tree.child(ChildSpec::new("processes/root", "root_service", move || {
            let (cluster, door, answer) = serving.clone();
            std::future::ready(Ok(RootService::new(cluster, door, answer)))
        }));
    }
    if processes.ingests {
        let owning = (database.clone(), cluster.clone());
        tree.child(ChildSpec::new("processes/partitions", "partitions", move || {
            let (database, cluster) = owning.clone();
            std::future::ready(Ok(Partitions::new(database, cluster)))
        }));
        let ports =
            IngestPorts { cluster: cluster.clone(), database: database.clone(), apply: apply.clone(), committed };
        tree.child(ChildSpec::new("processes/ingest", "ingest", move || {
            std::future::ready(Ok(Ingest::new(ports.clone())))
        }));
    }
    let courier = Courier::new(cluster.clone(), database, apply);
    let answering = courier.clone();
    tree.child(ChildSpec::new("processes/answers", "gateway_answers", move || {
        std::future::ready(Ok(Answers::new(answering.clone())))
    }));
    let beside = Some(Arc::new(crate::cluster::links::Others(cluster.clone())) as Arc<dyn link::downlinks::Elsewhere>);
    let answer = Arc::new(AnyRoot::new(cluster, door.clone(), here.answer));
    Road { intake: Arc::new(courier), answer, beside }
}
