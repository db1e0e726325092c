//! A till's part of a closed business day, as it was known when the day was closed.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "closed_day_till")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    /// False: the till was away, and the day was closed without it.
    pub reported: bool,
    pub receipts: i64,
    pub sales: i64,
    pub returns: i64,
}

impl ActiveModelBehavior for ActiveModel {}
