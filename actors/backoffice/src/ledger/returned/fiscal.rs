//! Returns that name their sale by the fiscal document: which sale that is, and which of its lines came back.
//!
//! The till did not know the sale, so the return has codes and no lines. Each code fills the lines of that code in their
//! order; what does not fit goes to the last of them, where it is seen as too much.

use std::collections::{BTreeMap, HashMap};

use messages::v1::receipt::{Receipt, ReceiptLine};
use migrations::entity::{receipt, returned_fiscal};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use uuid::Uuid;

use super::{Back, load};
use crate::bulk::{self, Shape, VARIABLES_MAX};

/// Stands for goods that the sale does not have.
pub(super) const NO_LINE: i64 = 0;

/// Sales and returns that met in this batch, by their uids.
pub(super) async fn pairs(
    transaction: &DatabaseTransaction,
    arrived: &HashMap<Uuid, Receipt>,
    returns: &[Receipt],
) -> Result<BTreeMap<(Uuid, Uuid), Receipt>, DbErr> {
    let mut pairs = BTreeMap::new();
    let mut rows: Vec<Value> = Vec::new();
    for receipt in returns {
        let Some(code) = &receipt.of_fiscal else { continue };
        let number = i64::from(code.number);
        rows.extend([code.device.as_str().into(), number.into(), Value::from(receipt.uid.0)]);
        if let Some(sale) = sale(transaction, &code.device, number).await? {
            pairs.insert((sale, receipt.uid.0), receipt.clone());
        }
    }
    bulk::write(transaction, &RETURNED_FISCAL, rows).await?;
    waiting(transaction, arrived, &mut pairs).await?;
    Ok(pairs)
}

async fn sale(transaction: &DatabaseTransaction, device: &str, number: i64) -> Result<Option<Uuid>, DbErr> {
    use receipt::Column;
    receipt::Entity::find()
        .select_only()
        .column(Column::Uid)
        .filter(Column::FiscalDevice.eq(device))
        .filter(Column::FiscalNumber.eq(number))
        .filter(Column::Kind.eq("sale"))
        .order_by_asc(Column::AtMs)
        .limit(1)
        .into_tuple()
        .one(transaction)
        .await
}

/// The returns that came before the sales of this batch.
async fn waiting(
    transaction: &DatabaseTransaction,
    arrived: &HashMap<Uuid, Receipt>,
    pairs: &mut BTreeMap<(Uuid, Uuid), Receipt>,
) -> Result<(), DbErr> {
    let mut numbers: BTreeMap<&str, BTreeMap<i64, Uuid>> = BTreeMap::new();
    for (uid, sale) in arrived {
        if let Some(fiscal) = &sale.fiscal {
            numbers.entry(&fiscal.device).or_default().insert(i64::from(fiscal.number), *uid);
        }
    }
    let mut found: BTreeMap<Uuid, Uuid> = BTreeMap::new();
    for (device, sales) in numbers {
        let all: Vec<i64> = sales.keys().copied().collect();
        // One variable is taken by the device.
        for some in all.chunks(VARIABLES_MAX - 1) {
            let rows = returned_fiscal::Entity::find()
                .filter(returned_fiscal::Column::Device.eq(device))
                .filter(returned_fiscal::Column::Number.is_in(some.to_vec()))
                .all(transaction)
                .await?;
            found.extend(rows.iter().filter_map(|row| Some((row.by_receipt, *sales.get(&row.number)?))));
        }
    }
    for (by, receipt) in load(transaction, found.keys().copied().collect()).await? {
        if let Some(sale) = found.get(&by) {
            pairs.entry((*sale, by)).or_insert(receipt);
        }
    }
    Ok(())
}

/// What `receipt` brought of which lines of `sale`, of which `already` came back.
pub(super) fn spread(sale: &Receipt, receipt: &Receipt, already: impl Fn(i64) -> Option<Back>) -> Vec<(i64, Back)> {
    let mut spread: BTreeMap<i64, Back> = BTreeMap::new();
    for line in receipt.lines.iter().filter(|line| !line.voided) {
        let same: Vec<&ReceiptLine> = sale.lines.iter().filter(|sold| !sold.voided && sold.code == line.code).collect();
        let mut rest = Back { quantity: line.quantity.thousandths(), amount: line.amount.minor() };
        for sold in &same {
            let number = i64::from(sold.line);
            let before =
                already(number).map_or(0, |back| back.quantity) + spread.get(&number).map_or(0, |back| back.quantity);
            let quantity = (sold.quantity.thousandths() - before).max(0).min(rest.quantity);
            if quantity > 0 {
                let part = Back { quantity, amount: share(rest, quantity) };
                rest.quantity -= part.quantity;
                rest.amount -= part.amount;
                *spread.entry(number).or_default() += part;
            }
        }
        if rest.quantity > 0 {
            let last = same.last().map_or(NO_LINE, |sold| i64::from(sold.line));
            *spread.entry(last).or_default() += rest;
        }
    }
    spread.into_iter().collect()
}

/// The money of a part of what is left.
fn share(rest: Back, quantity: i64) -> i64 {
    if quantity >= rest.quantity {
        return rest.amount;
    }
    let amount = i128::from(rest.amount) * i128::from(quantity) / i128::from(rest.quantity);
    i64::try_from(amount).unwrap_or(rest.amount)
}

const RETURNED_FISCAL: Shape = Shape {
    table: "returned_fiscal",
    columns: &["device", "number", "by_receipt"],
    key: &["device", "number", "by_receipt"],
    add: &[],
    replace: &[],
};
