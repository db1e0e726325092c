//! Sums of a card or phone in a store on a business day.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: String,
    /// Zero: money paid for goods; else a programme: points earned and taken back.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
    /// Changed, and the customer's tier was not looked at since.
    pub is_due: bool,
}

impl ActiveModelBehavior for ActiveModel {}
