//! The newest that is known of a till, so that a page never looks through receipts for it.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "till_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    pub last_sequence: i64,
    pub last_receipt_ms: i64,
    pub last_total: i64,
    pub shift: i64,
    pub shift_open: bool,
    pub operator: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
