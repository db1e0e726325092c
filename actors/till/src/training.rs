//! Playing shop: a till within the till, with a database and devices that are not real. Nothing of it is sent or kept.
//!
//! A till that dies while it trains comes back as the real one: training is not restored.

use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use messages::v1::document::AuditKind;
use messages::v1::till::{TillCommand, TillError, TillReply};
use migrations::TillMigrator;
use migrations::database::Database;

use crate::desk::Record;
use crate::settings::{Counter, TillPorts, TillSettings, TrainingGround};
use crate::store::Changes;
use crate::till::{Till, refused};

impl Till {
    /// A command while training.
    pub(crate) async fn in_training(&mut self, command: TillCommand) -> Result<TillReply, TillError> {
        match (command, &mut self.training) {
            (TillCommand::Train { on: true }, Some(_)) => Err(refused(Refusal::Training)),
            (TillCommand::Train { on: false }, Some(_)) => self.end_training().await,
            (command, Some(training)) => Box::pin(training.execute(command)).await,
            (_, None) => Err(refused(Refusal::NothingAsked)),
        }
    }

    pub(crate) async fn begin_training(&mut self) -> Result<TillReply, TillError> {
        if self.receipt.is_some() || self.owes() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let Some(ground) = self.ports.counter.training.clone() else { return Err(refused(Refusal::NoTraining)) };
        let permitted = self.permit(Asked::Right(Right::Train)).await?;
        let documents = self.audit(AuditKind::TrainingBegan, String::new(), String::new()).into_iter().collect();
        let began = Changes { records: vec![Record::TrainingBegan], documents, ..Changes::default() };
        self.commit(permitted.and(began)).await?;
        let till = self.training_till(&ground).await.map_err(|reason| TillError::NotStored { reason })?;
        self.training = Some(Box::new(till));
        Ok(TillReply::default())
    }

    /// Leaving throws away whatever is open or put aside there.
    async fn end_training(&mut self) -> Result<TillReply, TillError> {
        let documents = self.audit(AuditKind::TrainingEnded, String::new(), String::new()).into_iter().collect();
        self.commit(Changes { records: vec![Record::TrainingEnded], documents, ..Changes::default() }).await?;
        if let Some(training) = self.training.take() {
            training.ports.database.close().await.ok();
        }
        self.clear_training();
        Ok(TillReply::default())
    }

    /// What was trained is gone, also after a life that ended in it.
    pub(crate) fn clear_training(&self) {
        if let Some(ground) = &self.ports.counter.training
            && let Err(error) = empty(ground)
        {
            tracing::warn!(%error, "the place for training is not emptied");
        }
    }

    async fn training_till(&self, ground: &TrainingGround) -> Result<Till, String> {
        empty(ground)?;
        std::fs::create_dir_all(&ground.folder).map_err(|error| error.to_string())?;
        let file = ground.folder.join("training.sqlite");
        let database = Database::open_sqlite::<TillMigrator>(&file).await.map_err(|error| error.to_string())?;
        let settings = TillSettings { training: true, on_step: None, ..self.settings.clone() };
        let ports = TillPorts {
            database,
            catalogue: self.ports.catalogue.clone(),
            clock: self.ports.clock.clone(),
            disk: self.ports.disk.clone(),
            device: ground.device.clone(),
            above: None,
            views: None,
            outbox_bell: None,
            compared: None,
            // The cashier has one key to stop a terminal.
            counter: Counter {
                cancel: self.ports.counter.cancel.clone(),
                training: None,
                ..ground.counter.as_ref().clone()
            },
        };
        let mut till = Till::open(settings, ports).await.map_err(|error| error.to_string())?;
        if let Some(operator) = self.standing.desk.operator.clone() {
            till.commit(Changes::of(vec![Record::SignedOn(operator)])).await.map_err(|error| error.to_string())?;
        }
        Ok(till)
    }
}

fn empty(ground: &TrainingGround) -> Result<(), String> {
    match std::fs::remove_dir_all(&ground.folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
