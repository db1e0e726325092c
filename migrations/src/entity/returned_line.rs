//! How much of a line of a receipt came back by which return, wherever that was made.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "returned_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub receipt: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub by_receipt: Uuid,
    pub quantity: i64,
    pub amount: i64,
}

impl ActiveModelBehavior for ActiveModel {}
