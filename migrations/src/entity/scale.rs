//! What a store knows of one of its label scales.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scale")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Protocol and address: another device at this name is another memory.
    pub device: String,
    /// It was emptied once and holds only what was written here.
    pub begun: bool,
    /// Somebody took everything off on purpose.
    pub paused: bool,
    pub keys_digest: Option<i64>,
    pub checked_ms: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
