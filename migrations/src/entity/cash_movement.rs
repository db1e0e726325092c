//! Cash put into a drawer or taken out of it, by the id of the document that says so.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cash_movement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub document: Uuid,
    pub store: String,
    pub till: i64,
    pub shift: i64,
    pub at_ms: i64,
    pub operator: String,
    pub amount: i64,
    pub reason: String,
    /// As `messages::v1::document::CashKind` is written.
    pub kind: String,
    pub offset_s: i64,
}

impl ActiveModelBehavior for ActiveModel {}
