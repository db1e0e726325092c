//! What an operator must look at: rows of table `incident` about datasets. Of many nodes that tell the same, one row.

use chrono::Utc;
use migrations::database::Database;
use migrations::entity::incident;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};
use uuid::Uuid;

use crate::apply::Peer;

/// A node below had rows that are not here, or others.
pub(crate) const DATASET_MENDED: &str = "dataset_mended";
/// The database of the head office is an older one.
pub(crate) const DATASET_WENT_BACK: &str = "dataset_went_back";

#[derive(Clone, Debug)]
pub(crate) struct Incident {
    kind: &'static str,
    store: String,
    till: i64,
    /// What makes it the same incident, with its text.
    about: String,
    text: String,
}

impl Incident {
    pub(crate) fn new(kind: &'static str, peer: &Peer, about: String, text: String) -> Incident {
        let (store, till) = peer.name.split_once('/').unwrap_or((&peer.name, "0"));
        Incident { kind, store: store.to_owned(), till: till.parse().unwrap_or(0), about, text }
    }
}

pub(crate) async fn note(database: &Database, noted: &Incident) -> Result<(), DbErr> {
    let Incident { kind, store, till, about, text } = noted;
    let same = format!("{kind} {about} {text}");
    let row = incident::ActiveModel {
        id: Set(Uuid::new_v5(&Uuid::NAMESPACE_OID, same.as_bytes())),
        at_ms: Set(Utc::now().timestamp_millis()),
        store: Set(store.clone()),
        till: Set(*till),
        kind: Set((*kind).to_owned()),
        text: Set(text.clone()),
    };
    let once = OnConflict::column(incident::Column::Id).do_nothing().to_owned();
    incident::Entity::insert(row).on_conflict(once).exec_without_returning(&database.writer).await?;
    Ok(())
}
