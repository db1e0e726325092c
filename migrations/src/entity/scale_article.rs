//! An article in the memory of a label scale, by a digest of all its fields; without one it may be anything.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scale_article")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub scale: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plu: i64,
    pub digest: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
