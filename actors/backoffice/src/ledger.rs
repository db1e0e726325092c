//! The trade ledger: applies the documents of tills to this node's database.
//!
//! A batch is decoded and judged in memory, then written with a few statements: receipts, sums, what came back, and the
//! newest of each till. Everything is in the caller's transaction, which also moves the link's cursor (BO-2).

mod check;
mod known;
mod returned;
mod shifts;
mod tills;

use std::collections::HashSet;

use chrono::Timelike;
use futures_util::future::BoxFuture;
use link::apply::{Apply, Outcome, Peer, Received};
use messages::codec::to_body;
use messages::v1::document::{Document, DocumentError};
use messages::v1::receipt::{Receipt, ReceiptKind};
use sea_orm::{DatabaseTransaction, DbErr, Value};

use crate::bulk::{self, Shape};
use crate::totals::Totals;
use known::Known;
use returned::Returned;
use tills::Tills;

/// Applies documents. A store server also passes each on to the node above.
#[derive(Clone, Copy, Debug)]
pub struct TradeLedger {
    relay: bool,
}

impl TradeLedger {
    /// With `relay` every applied document is appended to the outbox in the same transaction.
    pub fn new(relay: bool) -> TradeLedger {
        TradeLedger { relay }
    }

    async fn work(&self, transaction: &DatabaseTransaction, batch: &[Received]) -> Result<Vec<Outcome>, DbErr> {
        let decoded: Vec<_> =
            batch.iter().map(|received| Document::from_body(received.type_id, &received.body)).collect();
        let mut known = Known::load(transaction, &decoded).await?;
        let mut tills = Tills::load(transaction, batch).await?;
        let mut page = Page::default();
        let mut held = HashSet::new();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (received, document) in batch.iter().zip(decoded) {
            let till = (&received.origin.store, received.origin.till);
            let outcome = if held.contains(&till) {
                Outcome::Park { reason: "an earlier document of the same till is parked".to_owned() }
            } else {
                match document {
                    Err(DocumentError::UnknownType(_)) => Outcome::Unsupported,
                    Err(error) => Outcome::Park { reason: error.to_string() },
                    Ok(document) => {
                        self.one(transaction, received, document, &mut known, &mut tills, &mut page).await?
                    }
                }
            };
            if let Outcome::Park { reason } = &outcome {
                tracing::warn!(store = %received.origin.store, till = %received.origin.till,
                    sequence = received.origin.sequence, reason = %reason, "document parked");
                held.insert(till);
            }
            outcomes.push(outcome);
        }
        page.write(transaction).await?;
        tills.write(transaction).await?;
        if self.relay {
            let applied: Vec<&Received> = batch
                .iter()
                .zip(&outcomes)
                .filter(|(_, outcome)| **outcome == Outcome::Applied)
                .map(|(received, _)| received)
                .collect();
            link::outbox::relay(transaction, &applied).await?;
        }
        Ok(outcomes)
    }

    async fn one(
        &self,
        transaction: &DatabaseTransaction,
        received: &Received,
        document: Document,
        known: &mut Known,
        tills: &mut Tills,
        page: &mut Page,
    ) -> Result<Outcome, DbErr> {
        Ok(match document {
            Document::ReceiptClosed(receipt) => {
                let judged = check::place(receipt.store.as_str(), receipt.till.0, &received.origin)
                    .and_then(|()| check::bounds(&receipt))
                    .and_then(|()| check::sums(&receipt))
                    .and_then(|()| known.take(&receipt));
                kept(judged, || {
                    tills.receipt(&receipt);
                    page.closed(*receipt, received.body.clone());
                })
            }
            Document::ReceiptCancelled(cancelled) => {
                let receipt = cancelled.receipt;
                let judged = check::place(receipt.store.as_str(), receipt.till.0, &received.origin)
                    .and_then(|()| check::bounds(&receipt))
                    .and_then(|()| known.take(&receipt));
                kept(judged, || {
                    tills.number(&receipt);
                    page.row(&receipt, "cancelled", to_body(&receipt));
                })
            }
            Document::ShiftOpened(opened) => {
                match check::place(opened.store.as_str(), opened.till.0, &received.origin) {
                    Err(wrong) => Outcome::Park { reason: wrong.to_string() },
                    Ok(()) => {
                        tills.shift_opened(&opened);
                        shifts::opened(transaction, opened).await?
                    }
                }
            }
            Document::ShiftClosed(closed) => {
                match check::place(closed.store.as_str(), closed.till.0, &received.origin) {
                    Err(wrong) => Outcome::Park { reason: wrong.to_string() },
                    Ok(()) => {
                        tills.shift_closed(&closed);
                        shifts::closed(transaction, *closed).await?
                    }
                }
            }
            Document::CashMoved(moved) => match check::place(moved.store.as_str(), moved.till.0, &received.origin) {
                Err(wrong) => Outcome::Park { reason: wrong.to_string() },
                Ok(()) => shifts::cash_moved(transaction, received.id, moved).await?,
            },
        })
    }
}

impl Apply for TradeLedger {
    fn apply<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        _from: &'a Peer,
        batch: &'a [Received],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, DbErr>> {
        Box::pin(self.work(transaction, batch))
    }
}

/// The outcome of a judged receipt; `keep` runs if it is new.
fn kept(judged: Result<bool, check::Wrong>, keep: impl FnOnce()) -> Outcome {
    match judged {
        Err(wrong) => Outcome::Park { reason: wrong.to_string() },
        Ok(false) => Outcome::Duplicate,
        Ok(true) => {
            keep();
            Outcome::Applied
        }
    }
}

/// What a batch adds: rows of receipts, sums, and what came back.
#[derive(Default)]
struct Page {
    rows: Vec<Value>,
    totals: Totals,
    returned: Returned,
}

impl Page {
    fn closed(&mut self, receipt: Receipt, body: Vec<u8>) {
        let kind = match receipt.kind {
            ReceiptKind::Sale => "sale",
            ReceiptKind::Return => "return",
        };
        self.row(&receipt, kind, body);
        self.totals.add(&receipt);
        self.returned.add(receipt);
    }

    fn row(&mut self, receipt: &Receipt, kind: &'static str, body: Vec<u8>) {
        self.rows.extend([
            Value::from(receipt.uid.0),
            receipt.store.as_str().into(),
            i64::from(receipt.till.0).into(),
            // Within the bounds that `Known::take` has checked.
            i64::try_from(receipt.sequence).unwrap_or(i64::MAX).into(),
            receipt.business_day.into(),
            i64::from(receipt.at.hour()).into(),
            kind.into(),
            receipt.total.minor().into(),
            receipt.at.timestamp_millis().into(),
            body.into(),
        ]);
    }

    async fn write(self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        bulk::write(transaction, &RECEIPT, self.rows).await?;
        self.totals.write(transaction).await?;
        self.returned.write(transaction).await
    }
}

const RECEIPT: Shape = Shape {
    table: "receipt",
    columns: &["uid", "store", "till", "sequence", "business_day", "hour", "kind", "total", "at_ms", "body"],
    key: &[],
    add: &[],
    replace: &[],
};
