//! The head of the outbox: the last number given, its chain, and how far the node above has acknowledged.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "out_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    pub seq: i64,
    pub chain: Vec<u8>,
    pub acked_seq: i64,
    pub acked_chain: Vec<u8>,
    /// On a till: whose documents these are. A server, which relays, has none here.
    pub store: Option<String>,
    pub till: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
