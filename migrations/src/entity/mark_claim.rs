//! A marked unit that an open receipt holds. It lapses, and it goes when the receipt ends.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mark_claim")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub identity: String,
    pub receipt: Uuid,
    /// Who asked: a till, or the store of it.
    pub by_peer: String,
    pub claimed_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
