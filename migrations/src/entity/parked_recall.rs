//! Which receipt took up a parked one. More than one is an incident.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked_recall")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub parked: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub by_receipt: Uuid,
    /// Where the other receipt was made.
    pub store: String,
    pub till: i64,
    pub sequence: i64,
    pub at_ms: i64,
}

impl ActiveModelBehavior for ActiveModel {}
