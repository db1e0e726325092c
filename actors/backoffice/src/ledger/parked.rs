//! Receipts that were put aside, and who took them up. The two come from different tills and in either order.

use link::apply::Outcome;
use messages::v1::document::{ParkedRecalled, ReceiptParked};
use migrations::entity::{parked_recall, parked_receipt};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, Set, Value};
use uuid::Uuid;

use super::incident::{self, Cause, PARKED_RECALLED_TWICE};
use super::page::whole;
use crate::bulk::{self, Shape, VARIABLES_MAX};
use crate::parked::{PARKED, RECALLED};

#[derive(Default)]
pub(super) struct Parked {
    rows: Vec<Value>,
    uids: Vec<Uuid>,
}

impl Parked {
    pub(super) fn add(&mut self, parked: &ReceiptParked, body: Vec<u8>) {
        let receipt = &parked.receipt;
        let lines = receipt.lines.iter().filter(|line| !line.voided).count();
        self.uids.push(receipt.uid.0);
        self.rows.extend([
            Value::from(receipt.uid.0),
            receipt.store.as_str().into(),
            i64::from(receipt.till.0).into(),
            whole(receipt.sequence).into(),
            parked.name.as_str().into(),
            receipt.at.timestamp_millis().into(),
            receipt.total.minor().into(),
            i64::try_from(lines).unwrap_or(i64::MAX).into(),
            PARKED.into(),
            body.into(),
        ]);
    }

    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        bulk::write(transaction, &PARKED_RECEIPT, self.rows).await?;
        for some in self.uids.chunks(VARIABLES_MAX) {
            let recalled = parked_recall::Entity::find()
                .filter(parked_recall::Column::Parked.is_in(some.to_vec()))
                .all(transaction)
                .await?;
            for recall in recalled {
                settle(transaction, recall.parked).await?;
            }
        }
        Ok(())
    }
}

async fn settle(transaction: &DatabaseTransaction, parked: Uuid) -> Result<(), DbErr> {
    use parked_receipt::Column;
    parked_receipt::Entity::update_many()
        .col_expr(Column::State, Expr::value(RECALLED))
        .filter(Column::Uid.eq(parked))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Few, so each is written by itself.
pub(super) async fn recalled(transaction: &DatabaseTransaction, recalled: ParkedRecalled) -> Result<Outcome, DbErr> {
    use parked_recall::Column;
    let before = parked_recall::Entity::find()
        .filter(Column::Parked.eq(recalled.parked.0))
        .order_by_asc(Column::AtMs)
        .order_by_asc(Column::ByReceipt)
        .all(transaction)
        .await?;
    if before.iter().any(|known| known.by_receipt == recalled.by.0) {
        return Ok(Outcome::Duplicate);
    }
    let row = parked_recall::ActiveModel {
        parked: Set(recalled.parked.0),
        by_receipt: Set(recalled.by.0),
        store: Set(recalled.store.to_string()),
        till: Set(i64::from(recalled.till.0)),
        sequence: Set(whole(recalled.by_sequence)),
        at_ms: Set(recalled.at.timestamp_millis()),
    };
    parked_recall::Entity::insert(row).exec_without_returning(transaction).await?;
    settle(transaction, recalled.parked.0).await?;
    if let Some(first) = before.first() {
        twice(transaction, &recalled, first).await?;
    }
    Ok(Outcome::Applied)
}

async fn twice(
    transaction: &DatabaseTransaction,
    recalled: &ParkedRecalled,
    first: &parked_recall::Model,
) -> Result<(), DbErr> {
    let parked = parked_receipt::Entity::find_by_id(recalled.parked.0).one(transaction).await?;
    let name = match parked {
        Some(row) => format!("receipt {} of {}/{}", row.sequence, row.store, row.till),
        None => format!("receipt {}", recalled.parked),
    };
    let text = format!(
        "Parked {name} was taken up twice: by receipt {} of {}/{} and by receipt {} of {}/{}. Both are kept: see whose \
         goods they are.",
        first.sequence, first.store, first.till, recalled.by_sequence, recalled.store, recalled.till,
    );
    let cause = Cause {
        receipt: recalled.by.0,
        store: recalled.store.to_string(),
        till: i64::from(recalled.till.0),
        at_ms: recalled.at.timestamp_millis(),
    };
    let about = recalled.parked.to_string();
    incident::write(transaction, incident::row(PARKED_RECALLED_TWICE, cause, &about, text).to_vec()).await
}

const PARKED_RECEIPT: Shape = Shape {
    table: "parked_receipt",
    columns: &["uid", "store", "till", "sequence", "name", "at_ms", "total", "lines", "state", "body"],
    key: &[],
    add: &[],
    replace: &[],
};
