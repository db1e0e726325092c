//! Heads of the runs of the index of old transfers. Derived from blocks.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub first_block: i64,
    pub last_block: i64,
    pub bytes: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
