//! What came back of each line, and the incident when it is more than was sold (BO-4).
//!
//! The sale and its return may be made at different tills and arrive in either order, so both arrivals look at the other.
//! A return that names its sale by the fiscal document counts the same once that sale is here ([`fiscal`]).

mod excess;
mod fiscal;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use messages::codec::from_body;
use messages::v1::receipt::{Receipt, ReceiptKind};
use migrations::entity::{receipt, returned_line};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use super::incident;
use crate::bulk::{self, Shape, VARIABLES_MAX};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Back {
    quantity: i64,
    amount: i64,
}

impl std::ops::AddAssign for Back {
    fn add_assign(&mut self, other: Back) {
        self.quantity += other.quantity;
        self.amount += other.amount;
    }
}

#[derive(Default)]
pub(super) struct Returned {
    /// The sales of this batch, and those that its returns are of.
    sales: HashMap<Uuid, Receipt>,
    /// By sold receipt, its line, and the return that brought it.
    back: BTreeMap<(Uuid, i64, Uuid), Back>,
    /// By sold receipt, the return that brought something of it last.
    brought_by: HashMap<Uuid, Receipt>,
    /// Returns that name their sale by its fiscal document.
    by_fiscal: Vec<Receipt>,
}

impl Returned {
    pub(super) fn add(&mut self, receipt: Receipt) {
        match (receipt.kind, receipt.of) {
            (ReceiptKind::Sale, _) => {
                self.sales.insert(receipt.uid.0, receipt);
            }
            (ReceiptKind::Return, None) if receipt.of_fiscal.is_some() => self.by_fiscal.push(receipt),
            (ReceiptKind::Return, None) => {}
            (ReceiptKind::Return, Some(of)) => {
                for line in receipt.lines.iter().filter(|line| !line.voided) {
                    let Some(of_line) = line.of_line else { continue };
                    let back = Back { quantity: line.quantity.thousandths(), amount: line.amount.minor() };
                    *self.back.entry((of.0, i64::from(of_line), receipt.uid.0)).or_default() += back;
                }
                self.brought_by.insert(of.0, receipt);
            }
        }
    }

    /// After the receipts of the batch are written.
    pub(super) async fn write(mut self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let arrived: HashSet<Uuid> = self.sales.keys().copied().collect();
        let pairs = fiscal::pairs(transaction, &self.sales, &self.by_fiscal).await?;
        let wanted = self.brought_by.keys().copied().chain(pairs.keys().map(|(sale, _)| *sale));
        let missing: BTreeSet<Uuid> = wanted.filter(|uid| !self.sales.contains_key(uid)).collect();
        self.sales.extend(load(transaction, missing.into_iter().collect()).await?);
        self.count(transaction, pairs).await?;
        let mut rows: Vec<Value> = Vec::with_capacity(self.back.len() * RETURNED_LINE.columns.len());
        for ((uid, line, by), back) in &self.back {
            rows.extend([Value::from(*uid), (*line).into(), (*by).into(), back.quantity.into(), back.amount.into()]);
        }
        bulk::write(transaction, &RETURNED_LINE, rows).await?;
        self.look_for_too_much(transaction, &arrived).await
    }

    /// Spread what came back by a fiscal document over the lines that were sold by it.
    async fn count(
        &mut self,
        transaction: &DatabaseTransaction,
        pairs: BTreeMap<(Uuid, Uuid), Receipt>,
    ) -> Result<(), DbErr> {
        if pairs.is_empty() {
            return Ok(());
        }
        let sales: BTreeSet<Uuid> = pairs.keys().map(|(sale, _)| *sale).collect();
        let mut already: BTreeMap<(Uuid, i64), Back> = BTreeMap::new();
        for row in rows_of(transaction, sales.into_iter().collect()).await? {
            *already.entry((row.receipt, row.line)).or_default() += Back { quantity: row.quantity, amount: row.amount };
        }
        for ((sale, line, _), back) in &self.back {
            *already.entry((*sale, *line)).or_default() += *back;
        }
        for ((uid, by), receipt) in pairs {
            let Some(sale) = self.sales.get(&uid) else { continue };
            for (line, back) in fiscal::spread(sale, &receipt, |line| already.get(&(uid, line)).copied()) {
                *already.entry((uid, line)).or_default() += back;
                *self.back.entry((uid, line, by)).or_default() += back;
            }
            self.brought_by.insert(uid, receipt);
        }
        Ok(())
    }

    async fn look_for_too_much(&self, transaction: &DatabaseTransaction, arrived: &HashSet<Uuid>) -> Result<(), DbErr> {
        let touched: HashSet<(Uuid, i64)> = self.back.keys().map(|(sale, line, _)| (*sale, *line)).collect();
        let mut all: BTreeMap<(Uuid, i64), Vec<returned_line::Model>> = BTreeMap::new();
        for row in rows_of(transaction, self.sales.keys().copied().collect()).await? {
            if arrived.contains(&row.receipt) || touched.contains(&(row.receipt, row.line)) {
                all.entry((row.receipt, row.line)).or_default().push(row);
            }
        }
        let mut incidents: Vec<Value> = Vec::new();
        for ((uid, line), back) in all {
            let Some(sale) = self.sales.get(&uid) else { continue };
            // The return that tipped it, or, if the sale is the later one to arrive, the sale.
            let cause = self.brought_by.get(&uid).unwrap_or(sale);
            if let Some(row) = excess::incident(transaction, sale, line, &back, cause).await? {
                incidents.extend(row);
            }
        }
        incident::write(transaction, incidents).await
    }
}

/// All that came back of these sales so far.
async fn rows_of(transaction: &DatabaseTransaction, sales: Vec<Uuid>) -> Result<Vec<returned_line::Model>, DbErr> {
    let mut rows = Vec::new();
    for some in sales.chunks(VARIABLES_MAX) {
        let of = returned_line::Column::Receipt.is_in(some.to_vec());
        rows.extend(returned_line::Entity::find().filter(of).all(transaction).await?);
    }
    Ok(rows)
}

/// Closed receipts that are here.
async fn load(transaction: &DatabaseTransaction, uids: Vec<Uuid>) -> Result<HashMap<Uuid, Receipt>, DbErr> {
    let mut receipts = HashMap::new();
    for some in uids.chunks(VARIABLES_MAX) {
        let found = receipt::Entity::find().filter(receipt::Column::Uid.is_in(some.to_vec())).all(transaction).await?;
        for row in found.into_iter().filter(|row| crate::find_receipt::is_closed(&row.kind)) {
            match from_body::<Receipt>(&row.body) {
                Ok(receipt) => {
                    receipts.insert(row.uid, receipt);
                }
                Err(error) => tracing::error!(uid = %row.uid, error = %error, "stored receipt is unreadable"),
            }
        }
    }
    Ok(receipts)
}

const RETURNED_LINE: Shape = Shape {
    table: "returned_line",
    columns: &["receipt", "line", "by_receipt", "quantity", "amount"],
    key: &[],
    add: &[],
    replace: &[],
};
