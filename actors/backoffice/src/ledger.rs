//! The trade ledger: applies the documents of tills to this node's database.
//!
//! A batch is decoded and judged in memory, then written with a few statements: receipts, sums, what came back, and the
//! newest of each till. Everything is in the caller's transaction, which also moves the link's cursor (BO-2).

mod audit;
pub(crate) mod check;
mod incident;
mod known;
mod marks;
mod page;
mod parked;
mod returned;
mod shifts;
mod tills;

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use link::apply::{Apply, Outcome, Peer, Received};
use messages::v1::document::{Document, DocumentError};
use sea_orm::{DatabaseTransaction, DbErr};

use known::Known;
use page::Page;
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
        let mut tills = Tills::load(transaction, batch).await?;
        let mut known = Known::load(transaction, &decoded, &tills).await?;
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
        let (store, till) = place_of(&document);
        if let Err(wrong) = check::place(store, till, &received.origin) {
            return Ok(Outcome::Park { reason: wrong.to_string() });
        }
        Ok(match document {
            Document::ReceiptClosed(receipt) => {
                let judged =
                    check::bounds(&receipt).and_then(|()| check::sums(&receipt)).and_then(|()| known.take(&receipt));
                kept(judged, || {
                    tills.receipt(&receipt);
                    page.closed(*receipt, received.body.clone());
                })
            }
            Document::ReceiptCancelled(cancelled) => {
                let receipt = cancelled.receipt;
                let judged = check::bounds(&receipt).and_then(|()| known.take(&receipt));
                kept(judged, || {
                    tills.number(&receipt);
                    page.cancelled(&receipt);
                })
            }
            Document::ReceiptParked(parked) => {
                let judged = check::bounds(&parked.receipt).and_then(|()| known.take(&parked.receipt));
                kept(judged, || {
                    tills.number(&parked.receipt);
                    page.parked(&parked);
                })
            }
            Document::ParkedRecalled(recalled) => parked::recalled(transaction, recalled).await?,
            Document::ShiftOpened(opened) => {
                tills.shift_opened(&opened);
                shifts::opened(transaction, opened).await?
            }
            Document::ShiftClosed(closed) => {
                tills.shift_closed(&closed);
                shifts::closed(transaction, *closed).await?
            }
            Document::CashMoved(moved) => shifts::cash_moved(transaction, received.id, moved).await?,
            Document::AuditNoted(noted) => audit::noted(transaction, received.id, *noted).await?,
        })
    }
}

/// Where a document says that it was made.
fn place_of(document: &Document) -> (&str, u32) {
    let (store, till) = match document {
        Document::ReceiptClosed(receipt) => (&receipt.store, receipt.till),
        Document::ReceiptCancelled(cancelled) => (&cancelled.receipt.store, cancelled.receipt.till),
        Document::ReceiptParked(parked) => (&parked.receipt.store, parked.receipt.till),
        Document::ParkedRecalled(recalled) => (&recalled.store, recalled.till),
        Document::ShiftOpened(opened) => (&opened.store, opened.till),
        Document::ShiftClosed(closed) => (&closed.store, closed.till),
        Document::CashMoved(moved) => (&moved.store, moved.till),
        Document::AuditNoted(noted) => (&noted.store, noted.till),
    };
    (store.as_str(), till.0)
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
