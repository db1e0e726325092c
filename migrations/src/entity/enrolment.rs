//! Tokens by which a node may be enrolled once.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enrolment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub role: String,
    /// What proves that somebody has the token; not the token itself.
    pub secret: Vec<u8>,
    pub expires_ms: i64,
    /// The key that was enrolled with it.
    pub used_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
