//! A shift of a till: opened, and later closed with its Z totals.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shift")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub store: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub till: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub shift: i64,
    pub business_day: Date,
    pub operator: String,
    pub opened_ms: Option<i64>,
    pub closed_ms: Option<i64>,
    pub drawer_float: i64,
    pub counted: Option<i64>,
    pub over_short: Option<i64>,
    pub sales: Option<i64>,
    pub returns: Option<i64>,
    /// `messages::v1::document::ShiftTotals` as it came.
    pub totals: Option<Vec<u8>>,
    /// Seconds by which the till's clock is east of UTC.
    pub offset_s: i64,
    /// `messages::v1::document::ShiftClosed` as it came.
    pub closing: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
