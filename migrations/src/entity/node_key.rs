//! The keys of nodes that were certified here, in hexadecimal. A key that is gone from here is unknown, not revoked.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub name: String,
    pub role: String,
    /// Of its newest certificate.
    pub issued_ms: i64,
    pub expires_ms: i64,
    pub revoked_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
