//! Incidents: what was kept although it is not as it should be, for a person to look at.

use migrations::entity::incident;
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryOrder, QuerySelect};

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Incident {
    pub at_ms: i64,
    pub store: String,
    pub till: i64,
    pub kind: String,
    pub text: String,
}

pub async fn count(database: &DatabaseConnection) -> Result<u64, DbErr> {
    incident::Entity::find().count(database).await
}

/// The newest first.
pub async fn newest(database: &DatabaseConnection, limit: u64) -> Result<Vec<Incident>, DbErr> {
    let rows = incident::Entity::find().order_by_desc(incident::Column::AtMs).limit(limit).all(database).await?;
    Ok(rows
        .into_iter()
        .map(|incident::Model { id: _, at_ms, store, till, kind, text }| Incident { at_ms, store, till, kind, text })
        .collect())
}
