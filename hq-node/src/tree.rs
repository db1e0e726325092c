//! The supervised tree of a head office. Reading this is reading what runs.
//!
//! | path | what it is | when it fails |
//! | --- | --- | --- |
//! | `catalogue/publisher` | the one writer of items, barcode rules, operators and till settings | restarted; the rest goes on |
//! | `accounts/book` | the root's book of customer accounts | loaded anew; stores go on with the rights they hold |
//! | `accounts/ticks` | what seconds and days bring to accounts | restarted |
//! | `accounts/tiers` | customers go up and down by what they bought | restarted; goes through all customers again |
//! | `link/down` | the stores' links | restarted; stores dial again by themselves |
//! | `trade/watch` | reads the trade for the pages | restarted; pages show what they had |
//!
//! They start in this order: what is linked finds its datasets, and the watch finds the links.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backoffice::answers::TradeAnswers;
use backoffice::ledger::TradeLedger;
use dataserver::publisher::{CataloguePublisher, PublisherPorts};
use dataserver::requests::ImportView;
use link::admit::TokenTable;
use link::apply::{Peer, PeerRole};
use link::bell::Bell;
use link::datasets::table::TableDatasets;
use link::downlinks::{DownlinkSettings, Downlinks};
use messages::v1::catalogue::DATASETS;
use migrations::database::Database;
use processing::keeper::{Door, Keeper, Making};
use processing::machine::root::{Policy, Root};
use processing::root_side::{RootAnswers, RootTicks};
use runtime::clock::Clock;
use runtime::node::{ChildRef, Tree};
use runtime::spec::{ChildSpec, Overflow, Strategy};
use tokio::sync::watch;

use crate::tiers::{TierPorts, TierWatch};
use crate::trade::{TradeNow, TradePorts, TradeWatch};

/// Requests of people and machines that wait for the publisher; more are told that it is busy.
const PUBLISHER_MAILBOX: usize = 64;
/// Connections that come in at once when the head office starts again and every store dials.
const LINK_MAILBOX: usize = 1_024;
/// A batch that is being committed is let end.
const LINK_STOPS_WITHIN: Duration = Duration::from_secs(10);

/// The children by name, and what they tell.
pub struct Parts {
    pub publisher: ChildRef<CataloguePublisher>,
    pub downlinks: ChildRef<Downlinks>,
    pub imports: watch::Receiver<ImportView>,
    pub trade: watch::Receiver<Arc<TradeNow>>,
    pub accounts: Door<Root>,
}

/// `accounts`: the file of customer accounts; none: a tree that only publishes keeps none.
pub fn tree(name: &str, database: &Database, accounts: Option<PathBuf>, clock: &Clock) -> (Tree, Parts) {
    let mut tree = Tree::new(name);
    let datasets_bell = Bell::new();
    let committed = Bell::new();
    let (import_view, imports) = watch::channel(ImportView::default());
    let (trade_view, trade) = watch::channel(Arc::new(TradeNow::default()));

    tree.group("catalogue", Strategy::OneForOne);
    let ports = PublisherPorts {
        database: database.clone(),
        clock: clock.clone(),
        bell: Arc::new({
            let bell = datasets_bell.clone();
            move || bell.ring()
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
    if let Some(file) = accounts {
        let tiers = TierPorts {
            database: database.clone(),
            clock: clock.clone(),
            accounts: door.clone(),
            committed: committed.clone(),
        };
        accounts_of(&mut tree, file, tiers);
    }

    tree.group("link", Strategy::OneForOne);
    let answering = door.clone();
    let wiring = (database.clone(), datasets_bell, committed.clone(), name.to_owned(), clock.clone());
    let downlinks = tree.child(
        ChildSpec::new("link/down", "downlinks", move || {
            let (database, datasets_bell, committed, name, clock) = wiring.clone();
            let me = Peer { name, role: PeerRole::Hq };
            let downlinks = Downlinks::new(
                database.clone(),
                DownlinkSettings::new(me).datasets(&DATASETS).clock(clock.clone()),
                Arc::new(TokenTable::new(database.clone())),
                Arc::new(TradeLedger::new(false)),
            )
            .datasets_from(Arc::new(TableDatasets::new(database.clone())), datasets_bell)
            .answers(Arc::new(RootAnswers::new(answering.clone(), Some(Arc::new(TradeAnswers::new(database, clock))))))
            .ring(committed);
            std::future::ready(Ok(downlinks))
        })
        .mailbox(LINK_MAILBOX, Overflow::Refuse)
        .shutdown_timeout(LINK_STOPS_WITHIN),
    );

    tree.group("trade", Strategy::OneForOne);
    let ports = TradePorts {
        database: database.clone(),
        clock: clock.clone(),
        links: downlinks.reference(),
        committed,
        view: trade_view,
    };
    tree.child(ChildSpec::new("trade/watch", "trade_watch", move || {
        std::future::ready(Ok(TradeWatch::new(ports.clone())))
    }));
    (tree, Parts { publisher, downlinks, imports, trade, accounts: door })
}

/// Customer accounts: the root's book, its clockwork, and tiers.
fn accounts_of(tree: &mut Tree, file: PathBuf, tiers: TierPorts) {
    tree.group("accounts", Strategy::OneForOne);
    let making = Making::in_file(file, || Root::new(Policy::default()), Root::restored);
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
