//! The last document of each till that is in this database, applied or parked: the same on the till, the store and the
//! head office when all is delivered.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "origin_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    pub sequence: i64,
    pub chain: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
