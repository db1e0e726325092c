//! Settings of the tills: a section is checked as a whole and published as a whole.

use messages::v1::settings::TILL_SETTINGS;
use runtime::actor::{Handle, Scope};

use super::{CataloguePublisher, Change};
use crate::requests::{PublishError, Published, PutTillSettings, RemoveTillSettings};
use crate::sections;

impl Handle<PutTillSettings> for CataloguePublisher {
    async fn handle(&mut self, message: PutTillSettings, _: &Scope<Self>) -> Result<Published, PublishError> {
        let PutTillSettings { key, json } = message;
        let kind = sections::find(&key.section).map_err(|error| PublishError::Refused(error.to_string()))?;
        let body = kind.body(&json).map_err(|sentence| PublishError::Refused(format!("settings {key}, {sentence}")))?;
        self.publish(TILL_SETTINGS, Change::Put(vec![(key.to_string(), body)])).await
    }
}

impl Handle<RemoveTillSettings> for CataloguePublisher {
    async fn handle(&mut self, message: RemoveTillSettings, _: &Scope<Self>) -> Result<Published, PublishError> {
        sections::find(&message.key.section).map_err(|error| PublishError::Refused(error.to_string()))?;
        self.publish(TILL_SETTINGS, Change::Remove(vec![message.key.to_string()])).await
    }
}
