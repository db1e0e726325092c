//! Documents in a row that need not be sent or applied any more, packed: whoever lost them asks for them.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_block")]
pub struct Model {
    /// The node they came from; empty for those that this node sent up.
    #[sea_orm(primary_key, auto_increment = false)]
    pub peer: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq_to: i64,
    pub seq_from: i64,
    pub kept_ms: i64,
    /// Before compression.
    pub raw_bytes: i32,
    /// As in the body of a Data frame, compressed by zstd.
    pub body: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
