//! By what an item is known besides its code. Two items may claim one barcode; the one that changed last has it.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pos_identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
    /// 0 a barcode, 1 the number by which scales know it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub item: i64,
}

impl ActiveModelBehavior for ActiveModel {}
