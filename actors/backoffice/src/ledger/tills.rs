//! The newest of each till that a batch speaks of, changed in memory and written once.
//!
//! A document that was parked may be applied long after its followers, so only a later one changes what is shown.

use std::collections::{BTreeMap, BTreeSet};

use link::apply::Received;
use messages::v1::document::{ShiftClosed, ShiftOpened};
use messages::v1::receipt::Receipt;
use migrations::entity::till_state::{Column, Entity, Model};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Value};

use crate::bulk::{self, Shape};

pub(super) struct Tills {
    states: BTreeMap<(String, i64), Model>,
    changed: BTreeSet<(String, i64)>,
}

impl Tills {
    pub(super) async fn load(transaction: &DatabaseTransaction, batch: &[Received]) -> Result<Tills, DbErr> {
        let stores: BTreeSet<&str> = batch.iter().map(|received| received.origin.store.as_str()).collect();
        let mut states = BTreeMap::new();
        for store in stores {
            for row in Entity::find().filter(Column::Store.eq(store)).all(transaction).await? {
                states.insert((row.store.clone(), row.till), row);
            }
        }
        Ok(Tills { states, changed: BTreeSet::new() })
    }

    /// The highest receipt number that is known of a till.
    pub(super) fn last_sequence(&self, store: &str, till: i64) -> i64 {
        self.states.get(&(store.to_owned(), till)).map_or(0, |state| state.last_sequence)
    }

    fn of(&mut self, store: &str, till: u32) -> &mut Model {
        let key = (store.to_owned(), i64::from(till));
        self.changed.insert(key.clone());
        self.states.entry(key).or_insert_with(|| Model {
            store: store.to_owned(),
            till: i64::from(till),
            last_sequence: 0,
            last_receipt_ms: 0,
            last_total: 0,
            shift: 0,
            shift_open: false,
            operator: None,
        })
    }

    /// A number was spent without a sale.
    pub(super) fn number(&mut self, receipt: &Receipt) {
        let sequence = i64::try_from(receipt.sequence).unwrap_or(i64::MAX);
        let state = self.of(receipt.store.as_str(), receipt.till.0);
        state.last_sequence = state.last_sequence.max(sequence);
    }

    pub(super) fn receipt(&mut self, receipt: &Receipt) {
        let sequence = i64::try_from(receipt.sequence).unwrap_or(i64::MAX);
        let state = self.of(receipt.store.as_str(), receipt.till.0);
        if sequence > state.last_sequence {
            state.last_sequence = sequence;
            state.last_receipt_ms = receipt.at.timestamp_millis();
            state.last_total = receipt.total.minor();
            state.operator = Some(receipt.operator.0.clone());
        }
    }

    pub(super) fn shift_opened(&mut self, opened: &ShiftOpened) {
        let state = self.of(opened.store.as_str(), opened.till.0);
        if i64::from(opened.shift) > state.shift {
            state.shift = i64::from(opened.shift);
            state.shift_open = true;
            state.operator = Some(opened.operator.0.clone());
        }
    }

    pub(super) fn shift_closed(&mut self, closed: &ShiftClosed) {
        let shift = i64::from(closed.totals.shift);
        let state = self.of(closed.store.as_str(), closed.till.0);
        if shift >= state.shift {
            state.shift = shift;
            state.shift_open = false;
        }
    }

    pub(super) async fn write(mut self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        let mut rows: Vec<Value> = Vec::new();
        for key in self.changed {
            let Some(row) = self.states.remove(&key) else { continue };
            let Model { store, till, last_sequence, last_receipt_ms, last_total, shift, shift_open, operator } = row;
            rows.extend([store.into(), till.into()]);
            rows.extend([last_sequence, last_receipt_ms, last_total, shift].map(Value::from));
            rows.extend([shift_open.into(), operator.into()]);
        }
        bulk::write(transaction, &TILL_STATE, rows).await
    }
}

const TILL_STATE: Shape = Shape {
    table: "till_state",
    columns: &["store", "till", "last_sequence", "last_receipt_ms", "last_total", "shift", "shift_open", "operator"],
    key: &["store", "till"],
    add: &[],
    replace: &["last_sequence", "last_receipt_ms", "last_total", "shift", "shift_open", "operator"],
};
