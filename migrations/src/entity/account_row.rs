//! State of a processing node besides its ledger, as of the last block.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_row")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub space: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
