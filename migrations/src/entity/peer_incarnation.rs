//! The databases that a peer has had: a node whose database was replaced may not come back with the old one.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "peer_incarnation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub incarnation: i64,
    pub since_ms: i64,
    /// None: the one that counts.
    pub replaced_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
