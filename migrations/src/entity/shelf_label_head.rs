//! Up to which version of the catalogue changes were noted for the labels on shelves.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shelf_label_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset: String,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
