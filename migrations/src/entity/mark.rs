//! A marked unit and the last receipt that sold it or took it back, wherever in the chain that is known.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mark")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub identity: String,
    /// "sold" or "returned".
    pub state: String,
    pub receipt: Uuid,
    pub store: String,
    pub till: i64,
    pub sequence: i64,
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
