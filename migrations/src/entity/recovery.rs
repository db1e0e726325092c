//! How far a database that went back has taken back what it had sent. No row: nothing is being taken back.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    pub seq: i64,
    pub chain: Vec<u8>,
    /// Taken back so far.
    pub documents: i64,
}

impl ActiveModelBehavior for ActiveModel {}
