//! Documents that were received and could not be applied, and those that wait behind them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub id: Uuid,
    pub type_id: i64,
    pub schema: i32,
    pub origin_chain: Vec<u8>,
    pub created_ms: i64,
    pub body: Vec<u8>,
    /// Who brought it, and what that node is.
    pub peer: String,
    pub peer_role: String,
    /// What an operator reads.
    pub reason: String,
    pub parked_ms: i64,
    /// How often it was offered again.
    pub tries: i32,
}

impl ActiveModelBehavior for ActiveModel {}
