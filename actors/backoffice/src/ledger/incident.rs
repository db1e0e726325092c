//! Incidents as the ledger writes them: each once, whatever is delivered again.

use messages::v1::receipt::Receipt;
use sea_orm::{DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use crate::bulk::{self, Shape};

pub(crate) const RETURNED_MORE_THAN_SOLD: &str = "returned_more_than_sold";
pub(crate) const PARKED_RECALLED_TWICE: &str = "parked_recalled_twice";
pub(crate) const MARK_SOLD_TWICE: &str = "mark_sold_twice";

/// The receipt that made it an incident.
pub(super) struct Cause {
    pub(super) receipt: Uuid,
    pub(super) store: String,
    pub(super) till: i64,
    pub(super) at_ms: i64,
}

impl Cause {
    pub(super) fn of(receipt: &Receipt) -> Cause {
        Cause {
            receipt: receipt.uid.0,
            store: receipt.store.to_string(),
            till: i64::from(receipt.till.0),
            at_ms: receipt.at.timestamp_millis(),
        }
    }
}

/// A row: an incident of a kind about the same thing, by the same receipt, is there once.
pub(super) fn row(kind: &'static str, cause: Cause, about: &str, text: String) -> [Value; 6] {
    let id = Uuid::new_v5(&cause.receipt, format!("{kind} {about}").as_bytes());
    [id.into(), cause.at_ms.into(), cause.store.into(), cause.till.into(), kind.into(), text.into()]
}

pub(super) async fn write(transaction: &DatabaseTransaction, rows: Vec<Value>) -> Result<(), DbErr> {
    bulk::write(transaction, &INCIDENT, rows).await
}

const INCIDENT: Shape = Shape {
    table: "incident",
    columns: &["id", "at_ms", "store", "till", "kind", "text"],
    key: &["id"],
    add: &[],
    replace: &[],
};
