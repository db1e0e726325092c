//! An import in turns: checked to its end, then published a turn at a time (DS-3).

use std::fmt;
use std::time::Duration;

use actix::Message;
use runtime::actor::{Handle, Scope};
use runtime::reference::SendError;

use super::{CataloguePublisher, Change, ITEMS};
use crate::import::ItemRows;
use crate::requests::{ImportItems, ImportPhase, ImportView, PublishError};

/// Rows of one turn of an import: a few hundredths of a second of the database's writer.
const IMPORT_TURN_ROWS: usize = 2_000;
/// Bad rows that are kept word for word; the rest are counted.
const BAD_ROWS_KEPT_MAX: usize = 100;
/// An import whose actor has no room for the next turn tries again after this.
const TURN_RETRY: Duration = Duration::from_millis(50);

/// A file that is being imported.
pub(super) struct Import {
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

impl CataloguePublisher {
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
                (Ok(item), ImportPhase::Applying) => good.push(item),
                (Err(bad), ImportPhase::Checking) => import.view.refuse(bad.to_string()),
                _ => (),
            }
        }
        if !good.is_empty() {
            let published = self.publish(ITEMS, Change::PutItems(good)).await?;
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
