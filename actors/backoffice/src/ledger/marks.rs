//! Marked units: which receipt sold each last, or took it back, and the claims that end with their receipt.
//!
//! Tills deliver in any order, so the later of two events counts, not the later to arrive. A unit that is sold while it is
//! sold stays in both receipts and is an incident: nothing that a customer paid for is refused.

use std::collections::{BTreeMap, BTreeSet};

use messages::v1::receipt::{Receipt, ReceiptKind};
use migrations::entity::mark::{Column, Entity, Model};
use migrations::entity::mark_claim;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use super::incident::{self, Cause, MARK_SOLD_TWICE};
use super::page::whole;
use crate::bulk::{self, Shape, VARIABLES_MAX};
use crate::marks::{RETURNED, SOLD};

#[derive(Default)]
pub(super) struct Marks {
    /// Receipts that ended: what they still hold is free, or it is sold.
    ended: Vec<Uuid>,
    events: Vec<Model>,
}

impl Marks {
    pub(super) fn ended(&mut self, receipt: &Receipt) {
        self.ended.push(receipt.uid.0);
    }

    pub(super) fn closed(&mut self, receipt: &Receipt) {
        self.ended(receipt);
        let state = match receipt.kind {
            ReceiptKind::Sale => SOLD,
            ReceiptKind::Return => RETURNED,
        };
        let kept = receipt.lines.iter().filter(|line| !line.voided);
        self.events.extend(kept.filter_map(|line| line.mark.clone()).map(|identity| Model {
            identity,
            state: state.to_owned(),
            receipt: receipt.uid.0,
            store: receipt.store.to_string(),
            till: i64::from(receipt.till.0),
            sequence: whole(receipt.sequence),
            at_ms: receipt.at.timestamp_millis(),
        }));
    }

    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        for some in self.ended.chunks(VARIABLES_MAX) {
            let held = mark_claim::Column::Receipt.is_in(some.to_vec());
            mark_claim::Entity::delete_many().filter(held).exec(transaction).await?;
        }
        if self.events.is_empty() {
            return Ok(());
        }
        let mut known = load(transaction, &self.events).await?;
        let mut changed = BTreeSet::new();
        let mut incidents: Vec<Value> = Vec::new();
        for event in self.events {
            let before = known.get(&event.identity);
            if let Some(before) = before.filter(|before| is_twice(before, &event)) {
                incidents.extend(twice(before, &event));
            }
            if before.is_none_or(|before| event.at_ms >= before.at_ms) {
                changed.insert(event.identity.clone());
                known.insert(event.identity.clone(), event);
            }
        }
        let mut rows: Vec<Value> = Vec::with_capacity(changed.len() * MARK.columns.len());
        for Model { identity, state, receipt, store, till, sequence, at_ms } in
            changed.iter().filter_map(|identity| known.remove(identity))
        {
            rows.extend([identity.into(), state.into(), Value::from(receipt), store.into()]);
            rows.extend([till, sequence, at_ms].map(Value::from));
        }
        bulk::write(transaction, &MARK, rows).await?;
        incident::write(transaction, incidents).await
    }
}

async fn load(transaction: &DatabaseTransaction, events: &[Model]) -> Result<BTreeMap<String, Model>, DbErr> {
    let identities: Vec<&str> = events.iter().map(|event| event.identity.as_str()).collect();
    let mut known = BTreeMap::new();
    for some in identities.chunks(VARIABLES_MAX) {
        let found = Entity::find().filter(Column::Identity.is_in(some.to_vec())).all(transaction).await?;
        known.extend(found.into_iter().map(|row| (row.identity.clone(), row)));
    }
    Ok(known)
}

fn is_twice(before: &Model, event: &Model) -> bool {
    before.state == SOLD && event.state == SOLD && before.receipt != event.receipt
}

fn twice(before: &Model, event: &Model) -> [Value; 6] {
    let text = format!(
        "The marked unit {} was sold twice: by receipt {} of {}/{} and by receipt {} of {}/{}. Both are kept: see which \
         code was scanned wrongly.",
        event.identity, before.sequence, before.store, before.till, event.sequence, event.store, event.till,
    );
    let cause = Cause { receipt: event.receipt, store: event.store.clone(), till: event.till, at_ms: event.at_ms };
    incident::row(MARK_SOLD_TWICE, cause, &event.identity, text)
}

const MARK: Shape = Shape {
    table: "mark",
    columns: &["identity", "state", "receipt", "store", "till", "sequence", "at_ms"],
    key: &["identity"],
    add: &[],
    replace: &["state", "receipt", "store", "till", "sequence", "at_ms"],
};
