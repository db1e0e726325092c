//! Which database this is. One row.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node_identity")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Random, drawn when the database is made: another database at the same place has another.
    pub incarnation: i64,
    pub created_ms: i64,
    /// The node above knows where this database stands. Until then it may be an old copy, or new where another was.
    pub compared: bool,
}

impl ActiveModelBehavior for ActiveModel {}
