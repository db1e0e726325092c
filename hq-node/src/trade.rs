//! The trade as it is now: today's sales, the stores and their links, what needs a look. One actor reads it for all pages.
//!
//! Owns nothing durable: a restart reads everything again. It is woken by the link after each commit and looks anyway
//! every few seconds; whoever watches gets the newest view and misses nothing but what was overtaken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use backoffice::incidents;
use backoffice::reports::{self, Arguments, Cell, Table};
use backoffice::tills::{self, TillState};
use chrono::{FixedOffset, NaiveDate};
use domain::money::Money;
use link::admit::TokenTable;
use link::bell::Bell;
use link::downlinks::{PeerStatus, Status};
use link::gate::nodes::NodeTable;
use link::inbox::parked;
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::reference::ActorRef;
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::watch;

/// Looked at without a ring, so that a store that went away is seen.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After a ring this much is gathered before the next look: a replay commits hundreds of times a second.
const GATHER: Duration = Duration::from_millis(500);
/// A link actor that is busy is shown as it was last.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// A store as the head office sees it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreNow {
    pub code: String,
    pub link: Option<PeerStatus>,
    pub tills: Vec<TillState>,
    /// Today's net sales.
    pub net: Money,
    pub receipts: i64,
}

impl StoreNow {
    pub fn is_online(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.connected)
    }

    /// Documents that it has and this database has not, as far as it is known.
    pub fn unsent(&self) -> u64 {
        self.link.as_ref().map_or(0, |link| link.lag + link.pending)
    }
}

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeNow {
    pub day: NaiveDate,
    pub offset_s: i32,
    pub receipts: i64,
    pub sales: Money,
    pub returns: Money,
    pub net: Money,
    pub by_hour: Table,
    pub stores: Vec<StoreNow>,
    pub incidents: u64,
    pub parked: u64,
}

impl TradeNow {
    pub fn online(&self) -> usize {
        self.stores.iter().filter(|store| store.is_online()).count()
    }

    pub fn unsent(&self) -> u64 {
        self.stores.iter().map(StoreNow::unsent).sum()
    }

    pub fn offset(&self) -> FixedOffset {
        FixedOffset::east_opt(self.offset_s).unwrap_or(FixedOffset::east_opt(0).expect("zero is an offset"))
    }
}

/// Tells the links that other processes of the head office hold.
pub type Elsewhere = Arc<dyn Fn() -> Vec<PeerStatus> + Send + Sync>;

/// What it reads from.
#[derive(Clone)]
pub struct TradePorts {
    pub database: Database,
    pub clock: Clock,
    pub links: ActorRef<Status>,
    /// Links of other processes of this head office.
    pub elsewhere: Elsewhere,
    pub committed: Bell,
    pub view: watch::Sender<Arc<TradeNow>>,
}

pub struct TradeWatch {
    ports: TradePorts,
    looks: u64,
    last_error: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TradeWatchState {
    pub looks: u64,
    pub viewers: usize,
    pub stores: usize,
    pub online: usize,
    pub unsent: u64,
    pub last_error: Option<String>,
}

/// Look again. Sender: its own timer and bell. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Look;

impl TradeWatch {
    pub fn new(ports: TradePorts) -> TradeWatch {
        TradeWatch { ports, looks: 0, last_error: None }
    }
}

impl Actor for TradeWatch {
    type State = TradeWatchState;

    async fn started(&mut self, scope: &Scope<TradeWatch>) -> Result<(), StartError> {
        let me = scope.me::<Look>();
        let mut ear = self.ports.committed.ear();
        scope.spawn(async move {
            loop {
                me.nudge(Look);
                tokio::time::sleep(GATHER).await;
                tokio::time::timeout(LOOK_EVERY, ear.heard()).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> TradeWatchState {
        let now = self.ports.view.borrow().clone();
        TradeWatchState {
            looks: self.looks,
            viewers: self.ports.view.receiver_count(),
            stores: now.stores.len(),
            online: now.online(),
            unsent: now.unsent(),
            last_error: self.last_error.clone(),
        }
    }
}

impl Handle<Look> for TradeWatch {
    async fn handle(&mut self, _: Look, _: &Scope<TradeWatch>) {
        self.looks += 1;
        let links = match self.ports.links.ask_within(ASK_WITHIN, Status).await {
            Ok(status) => status.peers,
            Err(_) => self.ports.view.borrow().stores.iter().filter_map(|store| store.link.clone()).collect(),
        };
        let links = links.into_iter().chain((self.ports.elsewhere)()).collect();
        match look(&self.ports.database, &self.ports.clock, links).await {
            Ok(now) => {
                self.last_error = None;
                self.ports.view.send_if_modified(|seen| {
                    let is_new = **seen != now;
                    if is_new {
                        *seen = Arc::new(now);
                    }
                    is_new
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "the trade could not be looked at");
                self.last_error = Some(error.to_string());
            }
        }
    }
}

/// Read everything once.
pub async fn look(database: &Database, clock: &Clock, links: Vec<PeerStatus>) -> anyhow::Result<TradeNow> {
    let reader = &database.reader;
    let now = clock.now();
    let day = now.date_naive();
    let today =
        |by: &str| Arguments { by: Some(by.to_owned()), from: Some(day), to: Some(day), ..Arguments::default() };
    let sales = reports::find("sales")?;
    let by_hour = sales.run(reader, &today("hour")).await?;
    let by_store = sales.run(reader, &today("store")).await?;

    let mut stores: BTreeMap<String, StoreNow> = BTreeMap::new();
    let by_token = TokenTable::new(database.clone()).peers().await?;
    for peer in by_token.into_iter().chain(NodeTable::new(database.clone()).peers().await?) {
        stores.entry(peer.name).or_default();
    }
    for state in tills::states(reader).await? {
        stores.entry(state.store.clone()).or_default().tills.push(state);
    }
    for link in links {
        let store = stores.entry(link.name.clone()).or_default();
        // A store that went to another gateway is known to both.
        let newest = |link: &PeerStatus| (link.connected, link.since_ms);
        if store.link.as_ref().is_none_or(|known| newest(known) < newest(&link)) {
            store.link = Some(link);
        }
    }
    for row in &by_store.rows {
        if let [Cell::Text(code), Cell::Count(receipts), _, _, Cell::Money(net), ..] = row.as_slice() {
            let store = stores.entry(code.clone()).or_default();
            (store.receipts, store.net) = (*receipts, *net);
        }
    }
    let money = |name: &str| match by_hour.column(name).and_then(|index| by_hour.totals().swap_remove(index)) {
        Some(Cell::Money(amount)) => amount,
        _ => Money::ZERO,
    };
    let receipts = match by_hour.column("receipts").and_then(|index| by_hour.totals().swap_remove(index)) {
        Some(Cell::Count(count)) => count,
        _ => 0,
    };
    Ok(TradeNow {
        day,
        offset_s: now.offset().local_minus_utc(),
        receipts,
        sales: money("sales"),
        returns: money("returns"),
        net: money("net"),
        stores: stores.into_iter().map(|(code, store)| StoreNow { code, ..store }).collect(),
        incidents: incidents::count(reader).await?,
        parked: parked::count(reader).await?,
        by_hour,
    })
}
