//! An item whose price label on the shelf was to be hung anew since all labels were last right.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shelf_label")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item: String,
    /// Of the catalogue in which its price or name changed.
    pub version: i64,
    /// The new label hangs.
    pub hung: bool,
}

impl ActiveModelBehavior for ActiveModel {}
