//! More came back of a line than was sold: the sentence that names the sale and every return.

use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::receipt::Receipt;
use migrations::entity::{receipt, returned_line};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, Value};
use uuid::Uuid;

use super::super::incident::{self, Cause, RETURNED_MORE_THAN_SOLD};
use super::Back;
use super::fiscal::NO_LINE;

/// Returns that are named one by one; more of one line are no accident of two tills.
const NAMED_MAX: usize = 10;

/// None: no more came back than was sold.
pub(super) async fn incident(
    transaction: &DatabaseTransaction,
    sale: &Receipt,
    line: i64,
    rows: &[returned_line::Model],
    cause: &Receipt,
) -> Result<Option<[Value; 6]>, DbErr> {
    let kept = sale.lines.iter().find(|sold| i64::from(sold.line) == line && !sold.voided);
    let sold = kept
        .map_or(Back::default(), |sold| Back { quantity: sold.quantity.thousandths(), amount: sold.amount.minor() });
    let mut back = Back::default();
    for row in rows {
        back += Back { quantity: row.quantity, amount: row.amount };
    }
    if back.quantity <= sold.quantity && back.amount <= sold.amount {
        return Ok(None);
    }
    let place = format!("receipt {} of {}/{}", sale.sequence, sale.store, sale.till);
    let subject = if line == NO_LINE {
        format!("Of goods that {place} does not have,")
    } else {
        let (quantity, amount) = (Quantity::from_thousandths(sold.quantity), Money::from_minor(sold.amount));
        format!("Line {line} of {place} was sold as {quantity} for {amount}, and")
    };
    let text = format!(
        "{subject} {} for {} came back: {}. All of it is kept: see who allowed it.",
        Quantity::from_thousandths(back.quantity),
        Money::from_minor(back.amount),
        brought(transaction, rows).await?,
    );
    Ok(Some(incident::row(RETURNED_MORE_THAN_SOLD, Cause::of(cause), &format!("{} {line}", sale.uid), text)))
}

/// "2 by receipt 2 of S1/1, 2 by receipt 1 of S2/1", in the order in which they were made.
async fn brought(transaction: &DatabaseTransaction, rows: &[returned_line::Model]) -> Result<String, DbErr> {
    use receipt::Column;
    let uids: Vec<Uuid> = rows.iter().take(NAMED_MAX).map(|row| row.by_receipt).collect();
    let found: Vec<(i64, Uuid, String, i64, i64)> = receipt::Entity::find()
        .select_only()
        .columns([Column::AtMs, Column::Uid, Column::Store, Column::Till, Column::Sequence])
        .filter(Column::Uid.is_in(uids))
        .into_tuple()
        .all(transaction)
        .await?;
    let mut named: Vec<_> = found
        .into_iter()
        .filter_map(|(at_ms, uid, store, till, sequence)| {
            let row = rows.iter().find(|row| row.by_receipt == uid)?;
            let quantity = Quantity::from_thousandths(row.quantity);
            Some((at_ms, uid, format!("{quantity} by receipt {sequence} of {store}/{till}")))
        })
        .collect();
    named.sort_unstable();
    let mut parts: Vec<String> = named.into_iter().map(|(_, _, name)| name).collect();
    if rows.len() > NAMED_MAX {
        parts.push(format!("the rest by {} more", rows.len() - NAMED_MAX));
    }
    Ok(parts.join(", "))
}
