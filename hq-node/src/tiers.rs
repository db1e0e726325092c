//! Tiers follow from what customers bought: a customer goes up as soon as the receipt is here, and down on the day after the
//! tier's keep period, when the head office goes through all customers once a day. Beside it the root is told what the
//! programmes say of campaigns ([`crate::campaigns`]).
//!
//! The programme is the chain's: of those that count today the one with the lowest number that has tiers.
//! Owns nothing durable: sums are the trade's, tiers are the customers'. A restart goes through all customers again.
//! Must never: change a tier by anything but the documents.

use std::collections::BTreeMap;
use std::time::Duration;

use backoffice::customers::{self, MONEY};
use chrono::NaiveDate;
use dataserver::{browse, sections};
use domain::loyalty::{Programme, TierBasis, TierNow, Tiers, programme_on, tier};
use domain::money::Money;
use link::bell::Bell;
use messages::v1::settings::{Loyalty, Section};
use migrations::database::Database;
use processing::keeper::{Door, DoorError};
use processing::machine::customer::Customer;
use processing::machine::day_of;
use processing::machine::root::Root;
use runtime::actor::{Actor, Scope};
use runtime::clock::Clock;
use runtime::spec::StartError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use serde::Serialize;
use tokio::sync::watch;

use crate::campaigns::{self, campaigns};

/// Looked at without a ring, so that a day begins also where nobody sells.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a ring so much is gathered before the next look.
const GATHER: Duration = Duration::from_millis(500);
/// Customers, or changed sums, of one turn: so many numbers fit into one statement.
const AT_ONCE: usize = 1_000;
/// Customers that one question passes: millions of gift cards between two of them keep nobody waiting.
const SCAN_MAX: usize = 20_000;

#[derive(Clone)]
pub struct TierPorts {
    pub database: Database,
    pub clock: Clock,
    pub accounts: Door<Root>,
    pub committed: Bell,
}

#[derive(Debug, thiserror::Error)]
pub enum TierError {
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error("the published programmes cannot be read: {0}")]
    Programmes(#[from] serde_json::Error),
}

/// Tiers that count today, and of which sums they are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiersToday {
    pub tiers: Tiers,
    /// [`MONEY`], or the programme whose points count.
    pub asset: i64,
    pub day: NaiveDate,
}

/// All versions of the chain's programmes.
async fn published(database: &DatabaseConnection) -> Result<Vec<Programme>, TierError> {
    let section = sections::find(Loyalty::NAME).expect("it is one of the sections");
    let Some(published) = browse::till_section(database, section, None).await? else { return Ok(Vec::new()) };
    Ok(serde_json::from_value::<Loyalty>(published)?.programmes)
}

/// None: no programme of the chain has tiers today.
pub async fn tiers_of(database: &DatabaseConnection, day: NaiveDate) -> Result<Option<TiersToday>, TierError> {
    Ok(tiers_among(&published(database).await?, day))
}

fn tiers_among(programmes: &[Programme], day: NaiveDate) -> Option<TiersToday> {
    let mut assets: Vec<u32> = programmes.iter().map(|programme| programme.asset).collect();
    assets.sort_unstable();
    let today = assets.into_iter().filter_map(|asset| programme_on(programmes, asset, day));
    let with_tiers = |Programme { asset, tiers, .. }: &Programme| TiersToday {
        asset: if tiers.by == TierBasis::Turnover { MONEY } else { i64::from(*asset) },
        tiers: tiers.clone(),
        day,
    };
    today.filter(|programme| !programme.tiers.levels.is_empty()).map(with_tiers).next()
}

/// What the customers have today, in their order.
pub async fn tiers_now(
    database: &impl ConnectionTrait,
    today: &TiersToday,
    customers: &[Customer],
) -> Result<Vec<TierNow>, DbErr> {
    let from = today.day - chrono::Days::new(u64::from(today.tiers.history_days()));
    let owners: BTreeMap<&str, usize> = customers
        .iter()
        .enumerate()
        .flat_map(|(at, customer)| customer.cards.iter().map(move |card| (card.number.as_str(), at)))
        .collect();
    let numbers = owners.keys().map(|number| (*number).to_owned()).collect();
    let mut histories: Vec<Vec<(NaiveDate, Money)>> = vec![Vec::new(); customers.len()];
    for sum in customers::by_day(database, numbers, today.asset, from).await? {
        if let Some(at) = owners.get(sum.number.as_str()) {
            histories[*at].push((sum.business_day, sum.money()));
        }
    }
    Ok(histories.iter().map(|history| tier(&today.tiers, history, today.day, None)).collect())
}

/// In a sentence: what the customer has, until when, and what is missing for more.
pub fn sentence(now: &TierNow) -> String {
    let mut text = now.current.clone().unwrap_or_else(|| "none".to_owned());
    if let Some(until) = now.keeps_until {
        text.push_str(&format!(" until {until}"));
        if now.projected != now.current {
            text.push_str(&format!(", then {}", now.projected.as_deref().unwrap_or("none")));
        }
    }
    if let Some(next) = &now.next {
        text.push_str(&format!("; {} more for {}", next.missing, next.tier));
    }
    text
}

/// What one customer has today. None: there are no tiers.
pub async fn tier_now(
    database: &DatabaseConnection,
    day: NaiveDate,
    customer: &Customer,
) -> Result<Option<TierNow>, TierError> {
    let Some(today) = tiers_of(database, day).await? else { return Ok(None) };
    Ok(tiers_now(database, &today, std::slice::from_ref(customer)).await?.pop())
}

/// For operators.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TierWatchState {
    /// The day for which all customers were gone through.
    pub done: Option<NaiveDate>,
    pub looked_at: u64,
    pub changed: u64,
    pub last_error: Option<String>,
}

pub struct TierWatch {
    ports: TierPorts,
    state: watch::Sender<TierWatchState>,
}

impl TierWatch {
    pub fn new(ports: TierPorts) -> TierWatch {
        TierWatch { ports, state: watch::Sender::default() }
    }
}

impl Actor for TierWatch {
    type State = TierWatchState;

    async fn started(&mut self, scope: &Scope<TierWatch>) -> Result<(), StartError> {
        let mut looking = Looking { ports: self.ports.clone(), state: self.state.clone(), done: None };
        let mut ear = self.ports.committed.ear();
        scope.spawn(async move {
            loop {
                if let Err(error) = looking.look().await {
                    tracing::warn!(%error, "tiers could not be looked at");
                    looking.state.send_modify(|state| state.last_error = Some(error.to_string()));
                }
                tokio::time::sleep(GATHER).await;
                tokio::time::timeout(LOOK_EVERY, ear.heard()).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> TierWatchState {
        self.state.borrow().clone()
    }
}

struct Looking {
    ports: TierPorts,
    state: watch::Sender<TierWatchState>,
    /// For these rules, on this day, all customers were gone through.
    done: Option<TiersToday>,
}

impl Looking {
    async fn look(&mut self) -> Result<(), TierError> {
        if !self.ports.accounts.is_open() {
            // Another process keeps the accounts, or nobody just now: what is done there is not known here.
            self.done = None;
            return Ok(());
        }
        let day = self.ports.clock.now().date_naive();
        let programmes = published(&self.ports.database.reader).await?;
        let campaigns = campaigns(&programmes, day);
        self.ports.accounts.ask(Vec::new(), move |root, _| campaigns::tell(root, &campaigns)).await?;
        let Some(today) = tiers_among(&programmes, day) else { return Ok(()) };
        if self.done.as_ref() != Some(&today) {
            self.all(&today).await?;
            self.state.send_modify(|state| state.done = Some(day));
            self.done = Some(today.clone());
        }
        self.due(&today).await?;
        self.state.send_modify(|state| state.last_error = None);
        Ok(())
    }

    async fn all(&self, today: &TiersToday) -> Result<(), TierError> {
        let mut next = Some(0);
        while let Some(from) = next {
            let part = move |root: &mut Root, _| root.in_order(from, SCAN_MAX, AT_ONCE);
            let (customers, then) = self.ports.accounts.ask(Vec::new(), part).await?;
            self.judge(today, customers).await?;
            next = then;
        }
        Ok(())
    }

    /// Whose receipts came in since the last time.
    async fn due(&self, today: &TiersToday) -> Result<(), TierError> {
        loop {
            let rows = customers::due(&self.ports.database.reader, AT_ONCE as u64).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let numbers: Vec<String> = rows.iter().map(|row| row.number.clone()).collect();
            let whose = move |root: &mut Root, _| {
                let known = numbers.iter().filter_map(|number| root.whose(number));
                known.map(|customer| (customer.owner, customer.clone())).collect::<BTreeMap<_, _>>()
            };
            let customers = self.ports.accounts.ask(Vec::new(), whose).await?;
            self.judge(today, customers.into_values().collect()).await?;
            customers::looked_at(&self.ports.database.writer, &rows).await?;
        }
    }

    async fn judge(&self, today: &TiersToday, customers: Vec<Customer>) -> Result<(), TierError> {
        let looked_at = customers.len() as u64;
        let now = tiers_now(&self.ports.database.reader, today, &customers).await?;
        let tiers = customers.into_iter().zip(now).map(|(customer, now)| {
            let tier = now.current.unwrap_or_default();
            (customer.tier != tier).then_some((customer.owner, tier))
        });
        let changes: Vec<(u64, String)> = tiers.flatten().collect();
        let mut changed = 0;
        if !changes.is_empty() {
            let day = day_of(today.day);
            let set = move |root: &mut Root, _| {
                changes.iter().filter(|(owner, tier)| root.set_tier(*owner, tier, day)).count() as u64
            };
            changed = self.ports.accounts.ask(Vec::new(), set).await?;
        }
        self.state.send_modify(|state| {
            state.looked_at += looked_at;
            state.changed += changed;
        });
        Ok(())
    }
}
