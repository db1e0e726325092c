//! A till whose database was lost or put back takes back from its store what it had sent, and looks at its registrar for
//! what it had not.
//!
//! Invariants (TL-9 is one of the till's):
//! - TL-10 A receipt that only the fiscal registrar remembers keeps its number: it is listed as missing, and the next receipt
//!   has the number after it.

use devices::fiscal::{FiscalDocument, FiscalDocumentKind};
use domain::ids::{OperatorNumber, ReceiptId};
use domain::receipt::Kind;
use domain::refusal::Refusal;
use domain::shift::{Counted, Shift};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use link::apply::Received;
use link::recovery::Restore;
use messages::v1::document::{AuditKind, AuditNoted, Document, ShiftOpened};
use messages::v1::receipt as v1;
use messages::v1::till::TillError;
use migrations::database::Database;
use sea_orm::{DatabaseTransaction, DbErr};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, Record};
use crate::store::{self, Changes, Ended, How, Standing};
use crate::till::{Till, not_read, refused};
use crate::wire;

/// Documents of a registrar that are looked at: more than a till makes in a week without its store.
const LOOKED_AT_MAX: u32 = 20_000;

/// What was taken back and not yet compared with the registrar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenBack {
    pub(crate) documents: u64,
    /// The last fiscal document that is known: its storage and its number.
    pub(crate) fiscal: Option<(String, u32)>,
}

/// What the registrar says of the time that nobody else remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Missing {
    receipts: Vec<FiscalDocument>,
    shift_closed: bool,
}

/// Puts documents back into the till's tables, in the link's transaction.
#[derive(Clone, Debug)]
pub struct TillRestore {
    database: Database,
}

impl TillRestore {
    pub fn new(database: Database) -> TillRestore {
        TillRestore { database }
    }

    async fn put_back(&self, transaction: &DatabaseTransaction, documents: &[Received]) -> Result<(), DbErr> {
        let (mut standing, open) = store::load(transaction).await?;
        let mut open = open.map(|receipt| receipt.opening().uid);
        let mut taken = store::taken_back(transaction).await?.unwrap_or_default();
        for received in documents {
            let document = Document::from_body(received.type_id, &received.body).map_err(|error| {
                DbErr::Custom(format!("document {} of this till: {error}", received.origin.sequence))
            })?;
            taken.documents += 1;
            let desk = &mut standing.desk;
            // What an old copy had begun was finished by the till that it is a copy of.
            desk.begun = None;
            match document {
                Document::ReceiptClosed(receipt) => {
                    count(desk, &receipt)?;
                    let fiscal = receipt.fiscal.as_ref().map(|fiscal| (fiscal.device.clone(), fiscal.number));
                    taken.fiscal = fiscal.or(taken.fiscal);
                    self.end(transaction, &mut standing, &mut open, *receipt, How::Closed).await?;
                }
                Document::ReceiptCancelled(cancelled) => {
                    if let Some(shift) = desk.shift.as_mut().filter(|shift| shift.number == cancelled.receipt.shift) {
                        shift.count_cancelled(cancelled.receipt.total);
                    }
                    self.end(transaction, &mut standing, &mut open, cancelled.receipt, How::Cancelled).await?;
                }
                Document::ReceiptParked(parked) => {
                    self.end(transaction, &mut standing, &mut open, parked.receipt, How::Parked(parked.name)).await?;
                }
                Document::ParkedRecalled(recalled) => {
                    store::take_up(transaction, &self.database, recalled.parked, recalled.at.timestamp_millis())
                        .await?;
                }
                Document::ShiftOpened(opened) => open_shift(desk, opened)?,
                Document::ShiftClosed(_) => {
                    desk.close_shift();
                    (desk.operator, desk.locked) = (None, None);
                }
                Document::CashMoved(moved) => {
                    if let Some(shift) = desk.shift.as_mut().filter(|shift| shift.number == moved.shift) {
                        shift.move_cash(moved.amount);
                    }
                }
                Document::AuditNoted(_) => {}
            }
        }
        if taken.fiscal.is_none() {
            taken.fiscal = store::last_fiscal(transaction).await?;
        }
        if taken == TakenBack::default() {
            return Ok(());
        }
        store::write_standing(transaction, &self.database, &standing).await?;
        store::keep_taken_back(transaction, &self.database, &taken).await
    }

    async fn end(
        &self,
        transaction: &DatabaseTransaction,
        standing: &mut Standing,
        open: &mut Option<ReceiptId>,
        receipt: v1::Receipt,
        how: How,
    ) -> Result<(), DbErr> {
        let desk = &mut standing.desk;
        desk.next_sequence = desk.next_sequence.max(receipt.sequence + 1);
        if *open == Some(receipt.uid) {
            (standing.receipt_from, *open) = (None, None);
        }
        store::write_ended(transaction, &self.database, &Ended { receipt, how }).await
    }
}

impl Restore for TillRestore {
    fn restore<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        documents: &'a [Received],
    ) -> BoxFuture<'a, Result<(), DbErr>> {
        self.put_back(transaction, documents).boxed()
    }
}

/// A receipt counts in its shift; one of a shift whose opening is not kept any more counts nowhere.
fn count(desk: &mut Desk, receipt: &v1::Receipt) -> Result<(), DbErr> {
    let Some(shift) = desk.shift.as_mut().filter(|shift| shift.number == receipt.shift) else { return Ok(()) };
    shift
        .count(&counted(receipt))
        .map_err(|error| DbErr::Custom(format!("receipt {} of this till does not add up: {error}", receipt.sequence)))
}

fn counted(receipt: &v1::Receipt) -> Counted {
    let live = || receipt.lines.iter().filter(|line| !line.voided);
    let tenders = receipt.tenders.iter().map(|tender| (wire::tender_kind_of(tender.tender), tender.amount));
    let kind = wire::kind_of(receipt.kind);
    Counted {
        kind,
        total: receipt.total,
        without_receipt: kind == Kind::Return && receipt.of.is_none() && receipt.of_fiscal.is_none(),
        tenders: tenders.collect(),
        change: receipt.change,
        turnover: live().map(|line| (line.vat_rate, line.amount)).collect(),
        vat: live().map(|line| (line.vat_rate, line.vat)).collect(),
    }
}

fn open_shift(desk: &mut Desk, opened: ShiftOpened) -> Result<(), DbErr> {
    let ShiftOpened { shift, business_day, at, operator, float, .. } = opened;
    let open = Shift::open(shift, at, business_day, operator, float);
    desk.shift = Some(open.map_err(|refusal| DbErr::Custom(format!("shift {shift} of this till: {refusal}")))?);
    desk.last_shift = desk.last_shift.max(shift);
    Ok(())
}

impl Till {
    /// Sell only from a database that was compared with the store's. What it took back is read anew first.
    pub(crate) async fn stand_on_what_is_known(&mut self) -> Result<(), TillError> {
        if !self.is_compared().await {
            self.settled = false;
            return Err(refused(Refusal::NotCompared));
        }
        if self.settled {
            return Ok(());
        }
        let database = self.ports.database.clone();
        let taken = store::taken_back(&database.writer).await.map_err(not_read)?;
        if let Some(taken) = taken {
            let (standing, receipt) = store::load(&database.writer).await.map_err(not_read)?;
            (self.standing, self.receipt) = (standing, receipt);
            self.parked = store::parked(&database.reader).await.map_err(not_read)?.len() as u32;
            self.look_for_missing(&taken).await?;
        }
        self.settled = true;
        Ok(())
    }

    /// A till that has just started waits a moment for its store's word.
    async fn is_compared(&self) -> bool {
        let Some(mut compared) = self.ports.compared.clone() else { return true };
        let told = tokio::time::timeout_at(self.told_until, compared.wait_for(|compared| *compared)).await;
        matches!(told, Ok(Ok(_)))
    }

    async fn look_for_missing(&mut self, taken: &TakenBack) -> Result<(), TillError> {
        let missing = self.missing(taken).await.map_err(|error| {
            tracing::warn!(%error, "what was not sent cannot be asked of the fiscal device yet");
            refused(Refusal::WaitingForFiscal)
        })?;
        let (first, count) = (self.standing.desk.next_sequence, missing.receipts.len() as u64);
        let documents = missing.receipts.iter().zip(first..).map(|(document, sequence)| self.lost(document, sequence));
        let documents = documents.collect();
        tracing::warn!(documents = taken.documents, missing = count, "this till took back what it had lost");
        let (documents_back, shift_closed) = (taken.documents, missing.shift_closed);
        let record = Record::TakenBack { documents: documents_back, missing: count, shift_closed };
        self.commit(Changes { documents, ..Changes::of(vec![record]) }).await
    }

    async fn missing(&mut self, taken: &TakenBack) -> Result<Missing, devices::fiscal::FiscalError> {
        let state = self.device.state().await?;
        let mut missing = Missing::default();
        let Some((device, known)) = &taken.fiscal else { return Ok(missing) };
        // With another storage begins another count: what the old one held is not asked any more.
        if *device != state.device {
            return Ok(missing);
        }
        let from = (known + 1).max(state.last_document.saturating_sub(LOOKED_AT_MAX));
        for number in from..=state.last_document {
            let Some(document) = self.device.find_document(number).await? else { continue };
            match document.kind {
                FiscalDocumentKind::Sale | FiscalDocumentKind::Return => missing.receipts.push(document),
                FiscalDocumentKind::CloseShift => missing.shift_closed = true,
                FiscalDocumentKind::OpenShift => missing.shift_closed = false,
                FiscalDocumentKind::Other => {}
            }
        }
        missing.shift_closed |= !state.shift_open;
        Ok(missing)
    }

    fn lost(&self, document: &FiscalDocument, sequence: u64) -> Document {
        let desk = &self.standing.desk;
        let what = if document.kind == FiscalDocumentKind::Sale { "sale" } else { "return" };
        Document::AuditNoted(Box::new(AuditNoted {
            store: self.settings.store.clone(),
            till: self.settings.till,
            shift: desk.shift.as_ref().map_or(desk.last_shift, |shift| shift.number),
            at: self.now(),
            kind: AuditKind::ReceiptMissing,
            operator: desk
                .shift
                .as_ref()
                .map(|shift| shift.operator.clone())
                .unwrap_or_else(|| OperatorNumber(String::new())),
            subject: sequence.to_string(),
            reason: format!("the memory of the till was lost; fiscal document {} is a {what}", document.number),
            approver: None,
            amount: Some(document.total),
            receipt: None,
        }))
    }
}
