//! The outbox: documents that wait for the other node, appended in the transaction of the change they report.

use messages::v1::document::Document;
use sea_orm::{DatabaseTransaction, DbErr};

use crate::apply::{Origin, Received};

/// Append a document of this till: takes its place in the till's chain and in the outbox to the store.
pub async fn append(
    transaction: &DatabaseTransaction,
    store: &domain::ids::StoreId,
    till: domain::ids::TillId,
    created_ms: i64,
    document: &Document,
) -> Result<Origin, DbErr> {
    let _ = (transaction, store, till, created_ms, document);
    Err(DbErr::Custom("not built yet".to_owned()))
}

/// Pass received documents on to the node above, in the transaction that applies them.
pub async fn relay(transaction: &DatabaseTransaction, documents: &[&Received]) -> Result<(), DbErr> {
    let _ = (transaction, documents);
    Err(DbErr::Custom("not built yet".to_owned()))
}

/// What waits, for the cashier's eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    pub count: u64,
    pub oldest_created_ms: Option<i64>,
}
