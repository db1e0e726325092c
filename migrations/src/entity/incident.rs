//! Something a person must look at: it was kept, and it is not as it should be.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at_ms: i64,
    pub store: String,
    pub till: i64,
    pub kind: String,
    pub text: String,
}

impl ActiveModelBehavior for ActiveModel {}
