//! A receipt as it was closed, or the number that one without a sale took. Amounts are minor units.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub uid: Uuid,
    pub store: String,
    pub till: i64,
    pub sequence: i64,
    pub business_day: Date,
    pub hour: i64,
    /// "sale", "return", "cancelled" or "parked".
    pub kind: String,
    pub total: i64,
    pub at_ms: i64,
    /// `messages::v1::receipt::Receipt` as it came.
    pub body: Vec<u8>,
    pub shift: i64,
    /// By what the fiscal document is known, if there is one.
    pub fiscal_device: Option<String>,
    pub fiscal_number: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
