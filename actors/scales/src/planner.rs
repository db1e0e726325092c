//! The planner: reads of the store's datasets what concerns scales and labels on shelves, and shows it to the keepers.
//!
//! Owns the notes about labels; everything else is read again at a restart. The keepers look at a [`Goods`] that never
//! changes; a new one takes its place when something came down the link.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use domain::barcode::in_store::InStoreRules;
use domain::ids::{ItemCode, StoreId};
use link::bell::{Bell, LOOK_EVERY};
use link::datasets::{Change, DatasetSource};
use messages::codec::from_body;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeRule, ITEMS, Item};
use messages::v1::scales::Scales;
use messages::v1::settings::{Section, TILL_SETTINGS};
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::spec::StartError;
use sea_orm::DbErr;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::goods::Goods;
use crate::requests::{CloseChange, HangLabels, LabelsChangedSince, OutdatedLabels};
use crate::shelf_labels::{LabelCount, ShelfLabels};

/// Rows read at once: a few milliseconds of the node's thread.
const ROWS_MAX: u64 = 2_000;
/// What comes down in one go is shown in one go.
const GATHER: Duration = Duration::from_millis(100);
/// When the goods of a new store have not changed for so long, they have all come.
const FIRST_GOODS_QUIET: Duration = Duration::from_secs(3);
/// The datasets that concern scales.
const DATASETS: [&str; 3] = [TILL_SETTINGS, BARCODE_RULES, ITEMS];

pub struct Planner {
    store: StoreId,
    source: Arc<dyn DatasetSource>,
    generation: u64,
    bell: Bell,
    shown: watch::Sender<Arc<Goods>>,
    /// Up to which version each dataset was read.
    read: [u64; DATASETS.len()],
    goods: Goods,
    /// The section of the chain and that of the store.
    plans: [Option<Scales>; 2],
    rules: BTreeMap<String, BarcodeRule>,
    labels: ShelfLabels,
    label_count: watch::Sender<LabelCount>,
    /// Something was read that is not shown yet.
    is_new: bool,
    /// When something was last read.
    changed: Instant,
}

/// What a planner is built from.
#[derive(Clone)]
pub struct PlannerPorts {
    pub store: StoreId,
    /// Of the scales server.
    pub database: Database,
    pub source: Arc<dyn DatasetSource>,
    /// Rung when a dataset changes.
    pub bell: Bell,
    pub goods: watch::Sender<Arc<Goods>>,
    pub labels: watch::Sender<LabelCount>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlannerState {
    pub version: u64,
    /// Items that have a scale number.
    pub items: usize,
    pub departments: usize,
    /// What hung when the store began is known, and changes of it are noted.
    pub labels_known: bool,
}

/// Datasets may have changed. Sender: its own task. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Look;

impl Planner {
    pub async fn new(ports: PlannerPorts) -> Result<Planner, StartError> {
        let PlannerPorts { store, database, source, bell, goods, labels } = ports;
        Ok(Planner {
            store,
            generation: source.generation(),
            source,
            bell,
            shown: goods,
            read: [0; DATASETS.len()],
            goods: Goods::default(),
            plans: [None, None],
            rules: BTreeMap::new(),
            labels: ShelfLabels::open(database).await.map_err(StartError::new)?,
            label_count: labels,
            is_new: true,
            changed: Instant::now(),
        })
    }

    /// Read what is new and show it.
    async fn look(&mut self) -> Result<(), DbErr> {
        let generation = self.source.generation();
        if std::mem::replace(&mut self.generation, generation) != generation {
            // Rows were mended, and no version says which.
            self.read = [0; DATASETS.len()];
            DATASETS.into_iter().for_each(|dataset| self.forget(dataset));
        }
        for (index, dataset) in DATASETS.into_iter().enumerate() {
            let head = self.source.head(dataset).await?;
            if head < self.read[index] {
                // The database is an older one now.
                tracing::warn!(dataset, head, "the dataset went back: it is read again");
                self.read[index] = 0;
                self.forget(dataset);
            }
            while self.read[index] < head {
                let changes = self.source.changes(dataset, self.read[index], ROWS_MAX).await?;
                let Some(last) = changes.last().map(|change| change.version) else {
                    self.read[index] = head;
                    break;
                };
                self.read[index] = last;
                changes.into_iter().for_each(|change| self.take(dataset, change));
                self.is_new = true;
                self.changed = Instant::now();
            }
        }
        let version = self.read[DATASETS.len() - 1];
        if self.is_new {
            self.goods.version = version;
            self.show();
            self.is_new = false;
        }
        // The first goods of a store come in pieces, and all of them have their labels already.
        if version > 0 && (self.labels.has_begun() || self.changed.elapsed() > FIRST_GOODS_QUIET) {
            self.labels.keep(version).await?;
            self.count_labels().await?;
        }
        Ok(())
    }

    fn forget(&mut self, dataset: &str) {
        match dataset {
            ITEMS => self.goods.items.clear(),
            BARCODE_RULES => self.rules.clear(),
            _ => self.plans = [None, None],
        }
    }

    /// A row that cannot be read changes nothing: what it was before is nearer to the truth than that it is gone.
    fn take(&mut self, dataset: &str, change: Change) {
        let key = change.key.clone();
        let taken = match dataset {
            ITEMS => read::<Item>(&change).map(|item| {
                self.labels.see(&change.key, change.version, item.as_ref());
                match item.filter(|item| item.plu.is_some()) {
                    Some(item) => self.goods.items.insert(item.code.clone(), Arc::new(item)),
                    None => self.goods.items.remove(&ItemCode(change.key)),
                };
            }),
            BARCODE_RULES => read::<BarcodeRule>(&change).map(|rule| {
                match rule {
                    Some(rule) => self.rules.insert(change.key, rule),
                    None => self.rules.remove(&change.key),
                };
            }),
            _ if change.key == Scales::NAME => read(&change).map(|plan| self.plans[0] = plan),
            _ if change.key == format!("{}/{}", Scales::NAME, self.store) => {
                read(&change).map(|plan| self.plans[1] = plan)
            }
            _ => Ok(()),
        };
        if let Err(error) = taken {
            tracing::error!(dataset, key, error, "a row of a dataset cannot be read: what was before stays");
        }
    }

    async fn count_labels(&self) -> Result<(), DbErr> {
        let count = self.labels.count().await?;
        self.label_count.send_if_modified(|shown| std::mem::replace(shown, count) != count);
        Ok(())
    }

    fn show(&mut self) {
        let rules = self.rules.values().filter_map(|rule| rule.checked().ok());
        self.goods.rules = InStoreRules::new(rules.collect());
        let [chain, own] = &self.plans;
        self.goods.plan = own.clone().or_else(|| chain.clone()).unwrap_or_default();
        self.goods.find_shared_numbers();
        self.shown.send_replace(Arc::new(self.goods.clone()));
    }
}

/// Nothing if the row is gone; the error is a sentence.
fn read<T: DeserializeOwned>(change: &Change) -> Result<Option<T>, String> {
    if change.deleted {
        return Ok(None);
    }
    from_body(&change.body).map(Some).map_err(|error| error.to_string())
}

impl Actor for Planner {
    type State = PlannerState;

    async fn started(&mut self, scope: &Scope<Planner>) -> Result<(), StartError> {
        let mut ear = self.bell.ear();
        self.look().await.map_err(StartError::new)?;
        let me = scope.me::<Look>();
        scope.spawn(async move {
            loop {
                tokio::time::timeout(LOOK_EVERY, ear.heard()).await.ok();
                tokio::time::sleep(GATHER).await;
                me.ask(Look).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> PlannerState {
        PlannerState {
            version: self.goods.version,
            items: self.goods.items.len(),
            departments: self.goods.plan.departments.len(),
            labels_known: self.labels.has_begun(),
        }
    }
}

impl Handle<Look> for Planner {
    async fn handle(&mut self, _: Look, _: &Scope<Planner>) {
        if let Err(error) = self.look().await {
            tracing::error!(%error, "what scales should have cannot be read");
        }
    }
}

impl Handle<OutdatedLabels> for Planner {
    async fn handle(&mut self, message: OutdatedLabels, _: &Scope<Planner>) -> Result<Vec<ItemCode>, String> {
        self.labels.outdated(&message.after, message.limit).await.map_err(|error| error.to_string())
    }
}

impl Handle<HangLabels> for Planner {
    async fn handle(&mut self, message: HangLabels, _: &Scope<Planner>) -> Result<(), String> {
        let hung = self.labels.hang(&message.items, message.version).await;
        hung.map_err(|error| error.to_string())?;
        self.count_labels().await.map_err(|error| error.to_string())
    }
}

impl Handle<CloseChange> for Planner {
    async fn handle(&mut self, message: CloseChange, _: &Scope<Planner>) -> Result<(), String> {
        self.labels.close(message.version).await.map_err(|error| error.to_string())?;
        self.count_labels().await.map_err(|error| error.to_string())
    }
}

impl Handle<LabelsChangedSince> for Planner {
    async fn handle(&mut self, message: LabelsChangedSince, _: &Scope<Planner>) -> Result<bool, String> {
        self.labels.changed_since(&message.items, message.version).await.map_err(|error| error.to_string())
    }
}
