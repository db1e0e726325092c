//! What came back of each line, and the incident when it is more than was sold (BO-4).
//!
//! The sale and its return may be made at different tills and arrive in either order, so both arrivals look at the other.

use std::collections::{BTreeMap, HashMap};

use messages::codec::from_body;
use messages::v1::receipt::{Receipt, ReceiptKind};
use migrations::entity::{receipt, returned_line};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use crate::bulk::{self, Shape, VARIABLES_MAX};

pub(crate) const RETURNED_MORE_THAN_SOLD: &str = "returned_more_than_sold";

#[derive(Clone, Copy, Debug, Default)]
struct Back {
    quantity: i64,
    amount: i64,
}

#[derive(Default)]
pub(super) struct Returned {
    sales: HashMap<Uuid, Receipt>,
    /// By sold receipt, its line, and the return that brought it.
    back: BTreeMap<(Uuid, i64, Uuid), Back>,
    /// The return that brought it, for the incident.
    brought_by: HashMap<Uuid, Receipt>,
}

impl Returned {
    pub(super) fn add(&mut self, receipt: Receipt) {
        match (receipt.kind, receipt.of) {
            (ReceiptKind::Sale, _) => {
                self.sales.insert(receipt.uid.0, receipt);
            }
            (ReceiptKind::Return, None) => {}
            (ReceiptKind::Return, Some(of)) => {
                for line in receipt.lines.iter().filter(|line| !line.voided) {
                    let Some(of_line) = line.of_line else { continue };
                    let back = self.back.entry((of.0, i64::from(of_line), receipt.uid.0)).or_default();
                    back.quantity += line.quantity.thousandths();
                    back.amount += line.amount.minor();
                }
                self.brought_by.insert(of.0, receipt);
            }
        }
    }

    pub(super) async fn write(mut self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let mut rows: Vec<Value> = Vec::with_capacity(self.back.len() * RETURNED_LINE.columns.len());
        for ((uid, line, by), back) in &self.back {
            rows.extend([Value::from(*uid), (*line).into(), (*by).into(), back.quantity.into(), back.amount.into()]);
        }
        bulk::write(transaction, &RETURNED_LINE, rows).await?;
        self.load_sales(transaction).await?;
        self.look_for_too_much(transaction).await
    }

    /// The sales of this batch's returns that arrived before.
    async fn load_sales(&mut self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let missing: Vec<Uuid> = self.brought_by.keys().filter(|uid| !self.sales.contains_key(uid)).copied().collect();
        for some in missing.chunks(VARIABLES_MAX) {
            let found =
                receipt::Entity::find().filter(receipt::Column::Uid.is_in(some.to_vec())).all(transaction).await?;
            for row in found {
                match from_body::<Receipt>(&row.body) {
                    Ok(sale) => {
                        self.sales.insert(row.uid, sale);
                    }
                    Err(error) => tracing::error!(uid = %row.uid, error = %error, "stored receipt is unreadable"),
                }
            }
        }
        Ok(())
    }

    async fn look_for_too_much(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let uids: Vec<Uuid> = self.sales.keys().copied().collect();
        let mut all: BTreeMap<(Uuid, i64), Back> = BTreeMap::new();
        for some in uids.chunks(VARIABLES_MAX) {
            let rows = returned_line::Entity::find()
                .filter(returned_line::Column::Receipt.is_in(some.to_vec()))
                .all(transaction)
                .await?;
            for row in rows {
                let back = all.entry((row.receipt, row.line)).or_default();
                back.quantity += row.quantity;
                back.amount += row.amount;
            }
        }
        let mut rows: Vec<Value> = Vec::new();
        for ((uid, line), back) in all {
            let Some(sale) = self.sales.get(&uid) else { continue };
            let kept = sale.lines.iter().find(|sold| i64::from(sold.line) == line && !sold.voided);
            let sold = kept.map_or(Back::default(), |sold| Back {
                quantity: sold.quantity.thousandths(),
                amount: sold.amount.minor(),
            });
            if back.quantity > sold.quantity || back.amount > sold.amount {
                rows.extend(self.incident(sale, line, sold, back));
            }
        }
        bulk::write(transaction, &INCIDENT, rows).await
    }

    fn incident(&self, sale: &Receipt, line: i64, sold: Back, back: Back) -> [Value; 6] {
        use domain::money::Money;
        use domain::quantity::Quantity;
        // The return that tipped it, or, if the sale is the later one to arrive, the sale.
        let cause = self.brought_by.get(&sale.uid.0).unwrap_or(sale);
        let text = format!(
            "Line {line} of receipt {} of {}/{} was sold as {} for {}, and {} for {} came back. The last return is kept: \
             see who allowed it.",
            sale.sequence,
            sale.store,
            sale.till,
            Quantity::from_thousandths(sold.quantity),
            Money::from_minor(sold.amount),
            Quantity::from_thousandths(back.quantity),
            Money::from_minor(back.amount),
        );
        let id = Uuid::new_v5(&cause.uid.0, format!("{RETURNED_MORE_THAN_SOLD} {line}").as_bytes());
        [
            id.into(),
            cause.at.timestamp_millis().into(),
            cause.store.as_str().into(),
            i64::from(cause.till.0).into(),
            RETURNED_MORE_THAN_SOLD.into(),
            text.into(),
        ]
    }
}

const RETURNED_LINE: Shape = Shape {
    table: "returned_line",
    columns: &["receipt", "line", "by_receipt", "quantity", "amount"],
    key: &[],
    add: &[],
    replace: &[],
};

const INCIDENT: Shape = Shape {
    table: "incident",
    columns: &["id", "at_ms", "store", "till", "kind", "text"],
    key: &["id"],
    add: &[],
    replace: &[],
};
