//! Receipts on paper once more: always marked as a copy, and counted.

use devices::printer::PrintLine;
use devices::printer::escpos::to_text;
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use messages::v1::document::{AuditKind, Document};
use messages::v1::settings::ReceiptText;
use messages::v1::till::{TillError, TillReply};

use crate::desk::Record;
use crate::receipt_text::{self, Paper};
use crate::store::{self, Changes};
use crate::till::{Till, not_read, refused};

/// Receipts that are listed to choose from.
const LISTED: u64 = 20;

impl Till {
    pub(crate) async fn list_receipts(&mut self) -> Result<TillReply, TillError> {
        self.signed_on()?;
        let receipts = store::last_closed(&self.ports.database.reader, LISTED).await.map_err(not_read)?;
        Ok(TillReply { receipts: Some(receipts), ..TillReply::default() })
    }

    pub(crate) async fn reprint(&mut self, sequence: Option<u64>) -> Result<TillReply, TillError> {
        let database = &self.ports.database.reader;
        let receipt = match sequence {
            Some(sequence) => store::receipt_by_number(database, sequence).await.map_err(not_read)?,
            None => store::last_closed(database, 1).await.map_err(not_read)?.pop(),
        };
        let Some(receipt) = receipt else { return Err(refused(Refusal::NothingToPrint)) };
        let copy = store::copies(database, receipt.sequence).await.map_err(not_read)? + 1;
        let permitted = self.permit(Asked::Right(Right::Reprint)).await?;
        let settings = self.section::<ReceiptText>();
        let paper = Paper { copy: Some(copy), training: self.settings.training, operator: self.operator_name() };
        let document = receipt_text::receipt(&settings, &receipt, &paper);
        self.print(&document, &settings).await?;
        let note = self.audit(AuditKind::Reprinted, receipt.sequence.to_string(), format!("copy {copy}"));
        let note = note.map(|document| match document {
            Document::AuditNoted(mut noted) => {
                (noted.receipt, noted.amount) = (Some(receipt.uid), Some(receipt.total));
                Document::AuditNoted(noted)
            }
            other => other,
        });
        let printed = Changes {
            records: vec![Record::Reprinted { sequence: receipt.sequence, copy }],
            documents: note.into_iter().collect(),
            copied: Some(receipt.sequence),
            ..Changes::default()
        };
        self.commit(permitted.and(printed)).await?;
        Ok(TillReply { receipt: Some(Box::new(receipt)), notes: vec![format!("copy {copy}")], ..TillReply::default() })
    }

    /// A receipt that closed just now, where it is printed by the till; in training always. A sale does not fail by its paper:
    /// it can be printed again.
    pub(crate) async fn print_closed(&mut self, reply: &TillReply) {
        let settings = self.section::<ReceiptText>();
        let wanted = settings.print_sales || self.settings.training;
        let Some(receipt) = reply.receipt.as_deref().filter(|_| wanted && self.printer.is_some()) else { return };
        let paper = Paper { copy: None, training: self.settings.training, operator: self.operator_name() };
        let document = receipt_text::receipt(&settings, receipt, &paper);
        if let Err(error) = self.print(&document, &settings).await {
            tracing::warn!(till = %self.settings.till, %error, receipt = receipt.sequence, "the receipt was not printed");
        }
    }

    /// On the receipt printer, or as plain text on the fiscal device.
    async fn print(&mut self, document: &[PrintLine], settings: &ReceiptText) -> Result<(), TillError> {
        match &mut self.printer {
            Some(printer) => {
                printer.print(document).await.map_err(|error| refused(Refusal::Printer(error.to_string())))
            }
            None => {
                let columns = usize::try_from(settings.columns).unwrap_or(usize::MAX);
                let lines = to_text(document, columns);
                self.device.print_text(&lines).await.map_err(|error| refused(Refusal::Printer(error.to_string())))
            }
        }
    }
}
