//! Sums of a till's hour of a business day.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_hour")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: i64,
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
    /// VAT of the sales less that of the returns.
    pub vat: i64,
}

impl ActiveModelBehavior for ActiveModel {}
