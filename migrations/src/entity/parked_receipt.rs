//! A receipt that was put aside, until another takes up its goods.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked_receipt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub uid: Uuid,
    pub store: String,
    pub till: i64,
    pub sequence: i64,
    pub name: String,
    pub at_ms: i64,
    pub total: i64,
    pub lines: i64,
    /// "parked", "taken" or "recalled".
    pub state: String,
    /// The till that has it, since when.
    pub taken_by: Option<i64>,
    pub taken_ms: Option<i64>,
    /// `messages::v1::receipt::Receipt` as it stood.
    pub body: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
