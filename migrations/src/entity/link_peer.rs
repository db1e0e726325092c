//! Who may link to this node, with the hash of its token.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_peer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub role: String,
    pub token_sha256: Vec<u8>,
    pub revoked: bool,
    pub created_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
