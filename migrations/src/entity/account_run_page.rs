//! Pages of the runs of the index of old transfers. Derived from blocks.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_run_page")]
pub struct Model {
    /// The run times 65,536, and the page.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub bytes: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
