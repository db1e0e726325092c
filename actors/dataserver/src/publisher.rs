//! The publisher: the single writer of what the chain sells, by which labels, and by whom.
//!
//! Told by the console, REST and exchange. It keeps DS-1 to DS-4. An import goes on in turns of [`IMPORT_TURN_ROWS`] rows,
//! so that a price mended by hand does not wait for a file of a million. A restart keeps what was published and forgets a
//! running import: import the file again, and only what is missing is published.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use link::datasets;
use messages::codec::{from_body, to_body};
use messages::v1::catalogue::{BARCODE_RULES, DATASETS, ITEMS, OPERATORS, Operator};
use migrations::database::Database;
use runtime::actor::{Actor, Handle, Scope};
use runtime::reference::SendError;
use runtime::spec::StartError;
use sea_orm::DbErr;
use serde::Serialize;
use tokio::sync::watch;

use crate::import::ItemRows;
use crate::pin;
use crate::requests::{
    ImportItems, ImportPhase, ImportView, NewOperator, OPERATORS_MAX, PublishError, Published, PutBarcodeRules,
    PutItems, PutOperators, ROWS_MAX, RemoveBarcodeRules, RemoveItems, RemoveOperators,
};
use crate::rows::{self, Written};
use crate::rules;

/// Rows of one turn of an import: a few hundredths of a second of the database's writer.
const IMPORT_TURN_ROWS: usize = 2_000;
/// Bad rows that are kept word for word; the rest are counted.
const BAD_ROWS_KEPT_MAX: usize = 100;
/// An import whose actor has no room for the next turn tries again after this.
const TURN_RETRY: Duration = Duration::from_millis(50);

/// What the publisher needs of its node.
#[derive(Clone)]
pub struct PublisherPorts {
    pub database: Database,
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

/// A file that is being imported.
struct Import {
    rows: ItemRows,
    skip_bad: bool,
    view: ImportView,
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("view", &self.view).finish_non_exhaustive()
    }
}

/// Go on with the import. Sender: the publisher's own task. Answer: whether there is more. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "bool")]
pub(crate) struct TakeTurn;

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
        let rows = message.items.iter().map(|item| (item.code.0.clone(), to_body(item))).collect();
        self.publish(ITEMS, Change::Put(rows)).await
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

impl Handle<PutOperators> for CataloguePublisher {
    async fn handle(&mut self, message: PutOperators, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.operators.len(), OPERATORS_MAX)?;
        message.operators.iter().try_for_each(rules::refuse_operator)?;
        let numbers = message.operators.iter().map(|operator| operator.number.0.as_str());
        let mut olds = rows::live(&self.ports.database.reader, OPERATORS, numbers).await.map_err(not_stored)?;
        let work = message.operators.into_iter().map(|new| {
            let old = olds.remove(&new.number.0).and_then(|body| from_body(&body).ok());
            (new, old)
        });
        let work: Vec<(NewOperator, Option<Operator>)> = work.collect();
        let hashed = tokio::task::spawn_blocking(|| work.into_iter().map(|(new, old)| hashed(new, old)).collect());
        let operators: Result<Vec<Operator>, PublishError> = hashed.await.map_err(not_stored)?;
        let rows = operators?.iter().map(|operator| (operator.number.0.clone(), to_body(operator))).collect();
        self.publish(OPERATORS, Change::Put(rows)).await
    }
}

impl Handle<RemoveOperators> for CataloguePublisher {
    async fn handle(&mut self, message: RemoveOperators, _: &Scope<Self>) -> Result<Published, PublishError> {
        limit(message.numbers.len(), ROWS_MAX)?;
        self.publish(OPERATORS, Change::Remove(message.numbers.into_iter().map(|number| number.0).collect())).await
    }
}

impl Handle<ImportItems> for CataloguePublisher {
    async fn handle(&mut self, message: ImportItems, scope: &Scope<Self>) -> Result<(), PublishError> {
        if let Some(running) = &self.import {
            return Err(PublishError::Busy(running.view.name.clone()));
        }
        let rows =
            ItemRows::open(&message.file, &message.name).map_err(|error| PublishError::Refused(error.to_string()))?;
        let view = ImportView {
            name: message.name,
            phase: ImportPhase::Checking,
            bytes_total: rows.bytes_total(),
            ..ImportView::default()
        };
        tracing::info!(file = %view.name, bytes = view.bytes_total, "an import begins");
        self.ports.imports.send_replace(view.clone());
        self.import = Some(Import { rows, skip_bad: message.skip_bad, view });
        let me = scope.me::<TakeTurn>();
        scope.spawn(async move {
            loop {
                match me.ask(TakeTurn).await {
                    Ok(true) | Err(SendError::Deadline) => (),
                    Err(SendError::Full) => tokio::time::sleep(TURN_RETRY).await,
                    Ok(false) | Err(_) => break,
                }
            }
        });
        Ok(())
    }
}

impl Handle<TakeTurn> for CataloguePublisher {
    async fn handle(&mut self, _: TakeTurn, _: &Scope<Self>) -> bool {
        let Some(mut import) = self.import.take() else { return false };
        if let Err(failure) = self.turn(&mut import).await {
            import.view.phase = ImportPhase::Failed;
            import.view.failure = Some(failure.to_string());
        }
        self.ports.imports.send_replace(import.view.clone());
        let view = &import.view;
        if view.phase.is_running() {
            self.import = Some(import);
            return true;
        }
        tracing::info!(
            file = %view.name, phase = ?view.phase, rows = view.rows, changed = view.changed, bad_rows = view.bad_rows,
            failure = view.failure.as_deref(), "an import has ended"
        );
        false
    }
}

enum Change {
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
            Change::Put(rows) => rows::put(&transaction, dataset, rows).await?,
            Change::Remove(keys) => rows::remove(&transaction, dataset, keys).await?,
        };
        transaction.commit().await?;
        Ok(written)
    }

    async fn turn(&mut self, import: &mut Import) -> Result<(), PublishError> {
        let mut good = Vec::new();
        let mut at_end = false;
        for _ in 0..IMPORT_TURN_ROWS {
            let row = import.rows.next_row().map_err(|error| PublishError::Refused(error.to_string()))?;
            let Some(row) = row else {
                at_end = true;
                break;
            };
            import.view.rows += 1;
            match (row, import.view.phase) {
                (Ok(item), ImportPhase::Applying) => good.push((item.code.0.clone(), to_body(&item))),
                (Err(bad), ImportPhase::Checking) => import.view.refuse(bad.to_string()),
                _ => (),
            }
        }
        if !good.is_empty() {
            let published = self.publish(ITEMS, Change::Put(good)).await?;
            import.view.changed += published.changed;
            import.view.unchanged += published.unchanged;
        }
        import.view.bytes_done = import.rows.bytes_done();
        if at_end {
            import.end_phase()?;
        }
        Ok(())
    }
}

impl ImportView {
    fn refuse(&mut self, bad: String) {
        self.bad_rows += 1;
        if self.bad.len() < BAD_ROWS_KEPT_MAX {
            self.bad.push(bad);
        }
    }
}

impl Import {
    fn end_phase(&mut self) -> Result<(), PublishError> {
        if self.view.phase == ImportPhase::Applying {
            self.view.phase = ImportPhase::Done;
        } else if self.view.bad_rows > 0 && !self.skip_bad {
            self.view.phase = ImportPhase::Refused;
        } else {
            self.rows.rewind().map_err(|error| PublishError::Refused(error.to_string()))?;
            self.view =
                ImportView { phase: ImportPhase::Applying, rows: 0, bytes_done: 0, ..std::mem::take(&mut self.view) };
        }
        Ok(())
    }
}

/// The operator with a hash in place of the PIN. The old hash stays while it fits the PIN, so that nothing changes.
fn hashed(new: NewOperator, old: Option<Operator>) -> Result<Operator, PublishError> {
    let old_hash = old.map(|old| old.pin_hash);
    let pin_hash = match (new.pin, old_hash) {
        (Some(pin), Some(old_hash)) if pin::verify(&pin, &old_hash) => old_hash,
        (Some(pin), _) => pin::hash(&pin).map_err(|error| PublishError::Refused(error.to_string()))?,
        (None, Some(old_hash)) => old_hash,
        (None, None) => {
            return Err(PublishError::Refused(format!("operator \"{}\" is new and needs a PIN", new.number)));
        }
    };
    Ok(Operator { number: new.number, name: new.name, pin_hash, role: new.role })
}

fn limit(count: usize, count_max: usize) -> Result<(), PublishError> {
    if count > count_max { Err(PublishError::TooMany { count, count_max }) } else { Ok(()) }
}

fn not_stored(error: impl fmt::Display) -> PublishError {
    PublishError::NotStored(error.to_string())
}
