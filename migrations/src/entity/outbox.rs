//! Documents that wait for the node above.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub id: Uuid,
    pub type_id: i64,
    pub schema: i32,
    pub store: String,
    pub till: i64,
    pub sequence: i64,
    pub origin_chain: Vec<u8>,
    pub created_ms: i64,
    pub body: Vec<u8>,
    pub chain: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
