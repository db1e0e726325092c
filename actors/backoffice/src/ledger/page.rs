//! What a batch of receipts adds to the database: their rows, sums, what came back, marked units, and what was put aside.

use chrono::Timelike;
use messages::codec::to_body;
use messages::v1::document::ReceiptParked;
use messages::v1::receipt::{Receipt, ReceiptKind};
use sea_orm::{DatabaseTransaction, DbErr, Value};

use super::marks::Marks;
use super::parked::Parked;
use super::returned::Returned;
use crate::bulk::{self, Shape};
use crate::totals::Totals;

#[derive(Default)]
pub(super) struct Page {
    rows: Vec<Value>,
    totals: Totals,
    returned: Returned,
    marks: Marks,
    parked: Parked,
}

impl Page {
    pub(super) fn closed(&mut self, receipt: Receipt, body: Vec<u8>) {
        let kind = match receipt.kind {
            ReceiptKind::Sale => "sale",
            ReceiptKind::Return => "return",
        };
        self.row(&receipt, kind, body);
        self.totals.add(&receipt);
        self.marks.closed(&receipt);
        self.returned.add(receipt);
    }

    pub(super) fn cancelled(&mut self, receipt: &Receipt) {
        self.row(receipt, "cancelled", to_body(receipt));
        self.marks.ended(receipt);
    }

    pub(super) fn parked(&mut self, parked: &ReceiptParked) {
        let body = to_body(&parked.receipt);
        self.row(&parked.receipt, "parked", body.clone());
        self.marks.ended(&parked.receipt);
        self.parked.add(parked, body);
    }

    fn row(&mut self, receipt: &Receipt, kind: &'static str, body: Vec<u8>) {
        let fiscal = receipt.fiscal.as_ref();
        self.rows.extend([
            Value::from(receipt.uid.0),
            receipt.store.as_str().into(),
            i64::from(receipt.till.0).into(),
            whole(receipt.sequence).into(),
            receipt.business_day.into(),
            i64::from(receipt.at.hour()).into(),
            kind.into(),
            receipt.total.minor().into(),
            receipt.at.timestamp_millis().into(),
            body.into(),
            i64::from(receipt.shift).into(),
            fiscal.map(|fiscal| fiscal.device.clone()).into(),
            fiscal.map(|fiscal| i64::from(fiscal.number)).into(),
        ]);
    }

    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        bulk::write(transaction, &RECEIPT, self.rows).await?;
        self.totals.write(transaction).await?;
        self.returned.write(transaction).await?;
        self.marks.write(transaction).await?;
        self.parked.write(transaction).await
    }
}

/// A receipt's number in the database. None is ever so large that it does not fit.
pub(super) fn whole(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

const RECEIPT: Shape = Shape {
    table: "receipt",
    columns: &[
        "uid",
        "store",
        "till",
        "sequence",
        "business_day",
        "hour",
        "kind",
        "total",
        "at_ms",
        "body",
        "shift",
        "fiscal_device",
        "fiscal_number",
    ],
    key: &[],
    add: &[],
    replace: &[],
};
