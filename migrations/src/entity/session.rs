//! An open session; the token itself is only in the browser.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    pub user_name: String,
    pub created_ms: i64,
    pub expires_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
