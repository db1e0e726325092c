//! Items as a till keeps them. `id` is the till's own and stands for the code in the other tables.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    #[sea_orm(unique)]
    pub code: String,
    pub version: i64,
    /// The row of the dataset as it came.
    pub body: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
