//! What a report for loss prevention lists, by the id of the document that says so.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub document: Uuid,
    pub store: String,
    pub till: i64,
    pub shift: i64,
    pub business_day: Date,
    pub at_ms: i64,
    /// Seconds by which the till's clock is east of UTC.
    pub offset_s: i64,
    /// As `messages::v1::document::AuditKind` is written.
    pub kind: String,
    pub operator: String,
    pub subject: String,
    pub reason: String,
    pub approver: Option<String>,
    pub amount: Option<i64>,
    pub receipt: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
