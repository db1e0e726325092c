//! How far the documents of each peer have been applied here.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    pub applied_seq: i64,
    pub chain: Vec<u8>,
    pub updated_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
