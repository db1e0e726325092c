//! What one commit of the account book wrote.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_block")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub elapsed_ms: i64,
    /// The business day, in days since 1970-01-01.
    pub day: i32,
    pub posting_count: i64,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
    /// Rows that it wrote or removed.
    pub changes: Vec<u8>,
    pub postings: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
