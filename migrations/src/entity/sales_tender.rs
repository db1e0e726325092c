//! Sums of a kind of tender in a store on a business day, net of change.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_tender")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub business_day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tender: String,
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
}

impl ActiveModelBehavior for ActiveModel {}
