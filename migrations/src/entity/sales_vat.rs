//! Turnover and VAT of a rate in a store on a business day.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_vat")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    /// Hundredths of a per cent; -1 for goods without VAT.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate: i64,
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
    pub vat: i64,
}

impl ActiveModelBehavior for ActiveModel {}
