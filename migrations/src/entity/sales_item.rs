//! Sums of an item in a store on a business day.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub name: String,
    pub lines: i64,
    /// Sold less returned, in thousandths.
    pub quantity: i64,
    pub sales: i64,
    pub returns: i64,
    pub vat: i64,
}

impl ActiveModelBehavior for ActiveModel {}
