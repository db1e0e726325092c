//! Who was not let in: one row for a minute, a peer and a reason, however often it was tried.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_refusal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub minute_ms: i64,
    /// The address it came from, and the name it gave if it gave one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub reason: String,
    pub count: i64,
    /// What was said, the first time.
    pub sentence: String,
}

impl ActiveModelBehavior for ActiveModel {}
