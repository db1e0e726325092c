//! Rows of datasets as they travel: the newest of each key, a removed one as a tombstone.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dataset_row")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub dataset: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub version: i64,
    pub deleted: bool,
    pub body: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
