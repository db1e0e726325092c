//! The publisher: the single writer of what the chain sells, by which labels, by whom, and how its tills behave.
//!
//! Told by the console, REST and exchange. It keeps DS-1 to DS-5. An import goes on in turns of a few thousand rows, so
//! that a price mended by hand does not wait for a file of a million. A restart keeps what was published and forgets a
//! running import: import the file again, and only what is missing is published.

mod operators;
mod settings;
mod turns;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use link::datasets;
use messages::codec::to_body;
use messages::v1::catalogue::{BARCODE_RULES, DATASETS, ITEMS, Item};
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::clock::Clock;
use runtime::spec::StartError;
use sea_orm::DbErr;
use serde::Serialize;
use tokio::sync::watch;

use crate::items::PutItem;
use crate::requests::{
    ImportPhase, ImportView, PublishError, Published, PutBarcodeRules, PutItems, ROWS_MAX, RemoveBarcodeRules,
    RemoveItems,
};
use crate::rows::{self, Written};
use crate::rules;
use turns::Import;

/// What the publisher needs of its node.
#[derive(Clone)]
pub struct PublisherPorts {
    pub database: Database,
    /// When a price ends.
    pub clock: Clock,
    /// Tells the link that there is something new.
    pub bell: Arc<dyn Fn() + Send + Sync>,
    /// How far the import is, for everybody who watches.
    pub imports: watch::Sender<ImportView>,
}

impl fmt::Debug for PublisherPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublisherPorts")
    }
}

#[derive(Debug)]
pub struct CataloguePublisher {
    ports: PublisherPorts,
    datasets: BTreeMap<&'static str, DatasetState>,
    import: Option<Import>,
}

/// A dataset as it is published.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct DatasetState {
    pub version: u64,
    /// Rows that are not removed.
    pub rows: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct PublisherState {
    pub datasets: BTreeMap<&'static str, DatasetState>,
    pub import: ImportView,
}

impl CataloguePublisher {
    pub fn new(ports: PublisherPorts) -> CataloguePublisher {
        CataloguePublisher { ports, datasets: BTreeMap::new(), import: None }
    }
}

impl Actor for CataloguePublisher {
    type State = PublisherState;

    async fn started(&mut self, _: &Scope<Self>) -> Result<(), StartError> {
        for dataset in DATASETS {
            let version = datasets::version(&self.ports.database.reader, dataset).await.map_err(StartError::new)?;
            let rows = rows::count(&self.ports.database.reader, dataset).await.map_err(StartError::new)?;
            self.datasets.insert(dataset, DatasetState { version, rows });
        }
        if self.ports.imports.borrow().phase.is_running() {
            self.ports.imports.send_modify(|view| {
                view.phase = ImportPhase::Failed;
                view.failure = Some("the publisher was restarted: import the file again".to_owned());
            });
        }
        Ok(())
    }

    fn observe(&self) -> PublisherState {
        PublisherState { datasets: self.datasets.clone(), import: self.ports.imports.borrow().clone() }
    }
}

impl Handle<PutItems> for CataloguePublisher {
    async fn handle(&mut self, message: PutItems, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.items.len(), ROWS_MAX)?;
        message.items.iter().try_for_each(rules::refuse_item)?;
        self.publish(ITEMS, Change::PutItems(message.items)).await
    }
}

impl Handle<RemoveItems> for CataloguePublisher {
    async fn handle(&mut self, message: RemoveItems, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.codes.len(), ROWS_MAX)?;
        self.publish(ITEMS, Change::Remove(message.codes.into_iter().map(|code| code.0).collect())).await
    }
}

impl Handle<PutBarcodeRules> for CataloguePublisher {
    async fn handle(&mut self, message: PutBarcodeRules, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.rules.len(), ROWS_MAX)?;
        message.rules.iter().try_for_each(rules::refuse_rule)?;
        let rows =
            message.rules.iter().map(|rule| (rules::rule_key(&rule.prefix, rule.length), to_body(rule))).collect();
        self.publish(BARCODE_RULES, Change::Put(rows)).await
    }
}

impl Handle<RemoveBarcodeRules> for CataloguePublisher {
    async fn handle(&mut self, message: RemoveBarcodeRules, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.rules.len(), ROWS_MAX)?;
        let keys = message.rules.iter().map(|(prefix, length)| rules::rule_key(prefix, *length)).collect();
        self.publish(BARCODE_RULES, Change::Remove(keys)).await
    }
}

enum Change {
    PutItems(Vec<Item>),
    Put(Vec<(String, Vec<u8>)>),
    Remove(Vec<String>),
}

impl CataloguePublisher {
    /// Write, commit, remember, ring: the only road by which a dataset changes.
    async fn publish(&mut self, dataset: &'static str, change: Change) -> Result<Published, PublishError> {
        let written = self.write(dataset, change).await.map_err(not_stored)?;
        let state = self.datasets.entry(dataset).or_default();
        state.version = written.published.version;
        state.rows = (state.rows + written.added).saturating_sub(written.removed);
        if written.published.changed > 0 {
            (self.ports.bell)();
        }
        Ok(written.published)
    }

    async fn write(&self, dataset: &'static str, change: Change) -> Result<Written, DbErr> {
        let transaction = self.ports.database.begin().await?;
        let written = match change {
            Change::PutItems(items) => {
                let now = self.ports.clock.now();
                let rows = items.into_iter().map(|item| PutItem { item, now }).collect();
                rows::put(&transaction, dataset, rows).await?
            }
            Change::Put(rows) => rows::put(&transaction, dataset, rows).await?,
            Change::Remove(keys) => rows::remove(&transaction, dataset, keys).await?,
        };
        transaction.commit().await?;
        Ok(written)
    }
}

fn limit(count: usize, count_max: usize) -> Result<(), PublishError> {
    if count > count_max { Err(PublishError::TooMany { count, count_max }) } else { Ok(()) }
}

fn not_stored(error: impl fmt::Display) -> PublishError {
    PublishError::NotStored(error.to_string())
}
