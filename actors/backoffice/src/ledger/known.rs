//! Which receipts of a batch are here already, by uid and by number (BO-1).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use messages::v1::document::{Document, DocumentError};
use messages::v1::receipt::Receipt;
use migrations::entity::receipt::{Column, Entity};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use super::check::Wrong;
use super::tills::Tills;
use crate::bulk::VARIABLES_MAX;

/// The rest of the variables is for days: a batch has at most as many as receipts.
const UIDS_MAX: usize = VARIABLES_MAX / 2;

type Number = (String, i64, i64);

#[derive(Default)]
pub(super) struct Known {
    uids: HashMap<Uuid, Number>,
    numbers: HashMap<Number, Uuid>,
}

fn number(receipt: &Receipt) -> Number {
    let sequence = i64::try_from(receipt.sequence).unwrap_or(i64::MAX);
    (receipt.store.as_str().to_owned(), i64::from(receipt.till.0), sequence)
}

fn receipt_of(document: &Result<Document, DocumentError>) -> Option<&Receipt> {
    match document {
        Ok(Document::ReceiptClosed(receipt)) => Some(receipt),
        Ok(Document::ReceiptCancelled(cancelled)) => Some(&cancelled.receipt),
        Ok(Document::ReceiptParked(parked)) => Some(&parked.receipt),
        _ => None,
    }
}

impl Known {
    pub(super) async fn load(
        transaction: &DatabaseTransaction,
        batch: &[Result<Document, DocumentError>],
        tills: &Tills,
    ) -> Result<Known, DbErr> {
        let mut known = Known::default();
        let (mut uids, mut days) = (Vec::new(), BTreeSet::new());
        let mut sequences: BTreeMap<(String, i64), Vec<i64>> = BTreeMap::new();
        for receipt in batch.iter().filter_map(receipt_of) {
            let (store, till, sequence) = number(receipt);
            uids.push(receipt.uid.0);
            days.insert(receipt.business_day);
            // A number above all that are known is not looked for: in a large table that is most of the work of a batch.
            if sequence <= tills.last_sequence(&store, till) {
                sequences.entry((store, till)).or_default().push(sequence);
            }
        }
        let columns = [Column::Uid, Column::Store, Column::Till, Column::Sequence];
        // What comes again comes with its day: of a table in months only theirs are looked at.
        let is_in_months = transaction.get_database_backend() == DbBackend::Postgres;
        let theirs = Condition::all().add_option(is_in_months.then(|| Column::BusinessDay.is_in(days)));
        for some in uids.chunks(UIDS_MAX) {
            let by_uid = Column::Uid.is_in(some.to_vec());
            let found = Entity::find().select_only().columns(columns).filter(by_uid).filter(theirs.clone());
            known.learn(found.into_tuple().all(transaction).await?);
        }
        for ((store, till), sequences) in sequences {
            // Two variables are taken by the store and the till.
            for some in sequences.chunks(VARIABLES_MAX - 2) {
                let found = Entity::find()
                    .select_only()
                    .columns(columns)
                    .filter(Column::Store.eq(&store))
                    .filter(Column::Till.eq(till))
                    .filter(Column::Sequence.is_in(some.to_vec()));
                known.learn(found.into_tuple().all(transaction).await?);
            }
        }
        Ok(known)
    }

    fn learn(&mut self, rows: Vec<(Uuid, String, i64, i64)>) {
        for (uid, store, till, sequence) in rows {
            self.numbers.insert((store.clone(), till, sequence), uid);
            self.uids.insert(uid, (store, till, sequence));
        }
    }

    /// Note the receipt; false if it was known.
    pub(super) fn take(&mut self, receipt: &Receipt) -> Result<bool, Wrong> {
        let number = number(receipt);
        if let Some(before) = self.uids.get(&receipt.uid.0) {
            return if *before == number {
                Ok(false)
            } else {
                Err(Wrong::NumberChanged { uid: receipt.uid.to_string() })
            };
        }
        if let Some(uid) = self.numbers.get(&number) {
            return Err(Wrong::NumberTaken {
                sequence: receipt.sequence,
                place: format!("{}/{}", receipt.store, receipt.till),
                uid: uid.to_string(),
            });
        }
        self.uids.insert(receipt.uid.0, number.clone());
        self.numbers.insert(number, receipt.uid.0);
        Ok(true)
    }
}
