//! Driver of Shtrih-M fiscal registrars (low level 1, fiscal storage commands) over any byte port.
//!
//! Invariants: a line is registered with its sum and the receipt's subtotal is compared before it is closed, so a lost
//! or doubled line never becomes a document. A begun document that cannot be closed is cancelled.
//!
//! A restart keeps nothing: everything is asked from the device.

use chrono::NaiveDateTime;
use domain::money::Money;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{
    FiscalDetails, FiscalDevice, FiscalDocument, FiscalError, FiscalKind, FiscalPayments, FiscalReceipt, FiscalSign,
    FiscalState, FiscalTotals, LineMark, MarkCheck,
};
use crate::port::Connector;
use commands::{Answer, Command};
use link::Link;
pub use link::Timing;

pub mod codec;
pub(crate) mod commands;
pub(crate) mod errors;
mod link;
mod marks;
mod setup;

/// The low half of the mode byte: a document is open; a shift is open longer than 24 hours.
const MODE_DOCUMENT_OPEN: u8 = 8;
const MODE_SHIFT_EXPIRED: u8 = 3;
/// The paper ran out while something was printed; since then it was loaded.
const SUBMODE_STOPPED: u8 = 2;
const SUBMODE_PAPER_LOADED: u8 = 3;
/// The device has a roll of receipt paper and sees paper on it.
const FLAG_RECEIPT_ROLL: u16 = 1 << 1;
const FLAG_RECEIPT_SENSOR: u16 = 1 << 7;
/// Cash sales of the shift; the other kinds of operation, then the other payments, follow.
const REGISTER_PAYMENTS: u16 = 0xC1;
/// Payments 5 to 16 of the shift, on devices with two-byte register numbers.
const REGISTER_PAYMENTS_MORE: u16 = 0x1030;
const REGISTER_CASH: u16 = 0xF1;
const REGISTER_CASH_IN: u16 = 0xF2;
const REGISTER_CASH_OUT: u16 = 0xF3;
/// Receipts of the shift by kind of operation.
const COUNTER_RECEIPTS: u8 = 0x90;
/// Places of the operations among four registers.
const SALE: u16 = 0;
const SALE_RETURN: u16 = 2;

pub struct Shtrih {
    link: Link,
    body: Vec<u8>,
    /// Number of the fiscal storage, asked once after the port is opened.
    storage: Option<(u64, String)>,
}

impl Shtrih {
    pub fn new(connector: Connector) -> Shtrih {
        Shtrih::with_timing(connector, Timing::default())
    }

    pub fn with_timing(connector: Connector, timing: Timing) -> Shtrih {
        Shtrih { link: Link::new(connector, timing), body: Vec::new(), storage: None }
    }

    /// A command without parameters.
    async fn ask(&mut self, command: &'static Command) -> Result<Answer<'_>, FiscalError> {
        self.send(command, |_| {}).await
    }

    async fn send(
        &mut self,
        command: &'static Command,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Answer<'_>, FiscalError> {
        commands::begin(command, &mut self.body);
        write(&mut self.body);
        self.link.ask(command, &self.body).await
    }

    /// The number of the storage, asked again after each opening of the port: the device may have been replaced.
    async fn storage_number(&mut self) -> Result<String, FiscalError> {
        if let Some((opened, number)) = &self.storage
            && *opened == self.link.opened()
        {
            return Ok(number.clone());
        }
        Ok(self.storage_status().await?.number)
    }

    async fn storage_status(&mut self) -> Result<Storage, FiscalError> {
        let mut answer = self.ask(&commands::STORAGE_STATUS).await?;
        answer.byte()?;
        let document = answer.byte()?;
        answer.byte()?;
        let shift_open = answer.byte()? != 0;
        let warnings = answer.byte()?;
        answer.bytes(5)?;
        let number = String::from_utf8_lossy(answer.bytes(16)?).trim().to_owned();
        let last_document = answer.long()?;
        self.storage = Some((self.link.opened(), number.clone()));
        Ok(Storage { document_open: document != 0, shift_open, warnings, number, last_document })
    }

    async fn short_status(&mut self) -> Result<Status, FiscalError> {
        let mut answer = self.ask(&commands::SHORT_STATUS).await?;
        answer.byte()?;
        let flags = answer.short()?;
        let mode = answer.byte()? & 0x0F;
        let submode = answer.byte()?;
        let seen = flags & FLAG_RECEIPT_ROLL != 0 && flags & FLAG_RECEIPT_SENSOR != 0;
        let paper = seen && !matches!(submode, 1 | SUBMODE_STOPPED);
        Ok(Status { mode, paper, waits_to_print: matches!(submode, SUBMODE_STOPPED | SUBMODE_PAPER_LOADED) })
    }

    async fn give_cashier(&mut self, operator: &str) -> Result<(), FiscalError> {
        self.send(&commands::SEND_TAG, |body| commands::put_cashier(operator, body)).await?;
        Ok(())
    }

    /// Open or close the shift: begin, name the cashier, finish.
    async fn turn_shift(
        &mut self,
        begin: &'static Command,
        finish: &'static Command,
        operator: &str,
    ) -> Result<FiscalSign, FiscalError> {
        let device = self.storage_number().await.map_err(not_made)?;
        if !operator.is_empty() {
            let named = async {
                self.ask(begin).await?;
                self.give_cashier(operator).await
            };
            if let Err(error) = named.await {
                self.drop_begun().await;
                return Err(not_made(error));
            }
        }
        let mut answer = self.ask(finish).await?;
        answer.short()?;
        Ok(FiscalSign { device, number: answer.long()?, sign: answer.long()?.to_string() })
    }

    async fn open_receipt(&mut self, receipt: &FiscalReceipt) -> Result<(), FiscalError> {
        self.send(&commands::OPEN_RECEIPT, |body| commands::put_kind(receipt.kind, body)).await?;
        Ok(())
    }

    /// Everything between opening and closing. No document can come of it.
    async fn fill(&mut self, receipt: &FiscalReceipt, marks: &[LineMark]) -> Result<(), FiscalError> {
        if !receipt.operator.is_empty() {
            self.give_cashier(&receipt.operator).await?;
        }
        for (place, line) in receipt.lines.iter().enumerate() {
            let mark = marks.iter().find(|mark| mark.line == place);
            commands::begin(&commands::OPERATION, &mut self.body);
            commands::put_line(receipt.kind, line, mark.is_some(), &mut self.body)?;
            self.link.ask(&commands::OPERATION, &self.body).await?;
            if let Some(mark) = mark {
                self.bind(mark).await?;
            }
        }
        let mut answer = self.ask(&commands::SUBTOTAL).await?;
        answer.byte()?;
        let (subtotal, total) = (answer.money(5)?, receipt.total());
        if subtotal == total {
            Ok(())
        } else {
            Err(FiscalError::Protocol {
                what: format!("its subtotal is {subtotal} where the receipt has {total}; the receipt is cancelled"),
            })
        }
    }

    async fn close_receipt(&mut self, receipt: &FiscalReceipt, device: String) -> Result<FiscalSign, FiscalError> {
        commands::begin(&commands::CLOSE_RECEIPT, &mut self.body);
        commands::put_close(receipt, &mut self.body)?;
        let mut answer = self.link.ask(&commands::CLOSE_RECEIPT, &self.body).await?;
        answer.money(5)?;
        Ok(FiscalSign { device, number: answer.long()?, sign: answer.long()?.to_string() })
    }

    async fn make_document(&mut self, receipt: &FiscalReceipt, marks: &[LineMark]) -> Result<FiscalSign, FiscalError> {
        commands::check(receipt)?;
        marks::check(receipt, marks)?;
        let device = self.storage_number().await.map_err(not_made)?;
        let mut opened = self.open_receipt(receipt).await;
        if is_refused(&opened, errors::RECEIPT_OPEN) {
            // Left by a till that stopped half-way; it can never be finished, because its lines are not known here.
            tracing::warn!(device, "a receipt left open is cancelled");
            self.cancel_begun().await.map_err(not_made)?;
            opened = self.open_receipt(receipt).await;
        }
        let filled = match opened {
            Ok(()) => self.fill(receipt, marks).await,
            Err(error) => Err(error),
        };
        if let Err(error) = filled {
            self.drop_begun().await;
            return Err(not_made(error));
        }
        let closed = self.close_receipt(receipt, device).await;
        if let Err(FiscalError::Refused { .. } | FiscalError::Offline { .. }) = closed {
            self.drop_begun().await;
        }
        closed
    }

    async fn cancel_begun(&mut self) -> Result<(), FiscalError> {
        if self.short_status().await?.mode == MODE_DOCUMENT_OPEN {
            self.ask(&commands::CANCEL_RECEIPT).await?;
        }
        if self.storage_status().await?.document_open {
            self.ask(&commands::CANCEL_STORED).await?;
        }
        Ok(())
    }

    /// Cancel after an error; that error is what the caller wants to know, so this one's is only logged.
    async fn drop_begun(&mut self) {
        if let Err(error) = self.cancel_begun().await {
            tracing::warn!(%error, "a begun document could not be cancelled");
        }
    }

    async fn money_register(&mut self, number: u16) -> Result<Money, FiscalError> {
        let mut answer = self
            .send(&commands::MONEY_REGISTER, |body| match u8::try_from(number) {
                Ok(short) => body.push(short),
                Err(_) => body.extend_from_slice(&number.to_le_bytes()),
            })
            .await?;
        answer.byte()?;
        answer.money(6)
    }

    async fn payments(&mut self, operation: u16) -> Result<FiscalPayments, FiscalError> {
        Ok(FiscalPayments {
            cash: self.money_register(REGISTER_PAYMENTS + operation).await?,
            electronic: self.money_register(REGISTER_PAYMENTS + 4 + operation).await?,
            prepaid: self.money_register(REGISTER_PAYMENTS_MORE + 4 * (14 - 5) + operation).await?,
            credit: self.money_register(REGISTER_PAYMENTS_MORE + 4 * (15 - 5) + operation).await?,
        })
    }

    async fn receipts(&mut self, operation: u16) -> Result<u32, FiscalError> {
        let number = COUNTER_RECEIPTS + u8::try_from(operation).expect("one of four operations");
        let mut answer = self.send(&commands::COUNTER, |body| body.push(number)).await?;
        answer.byte()?;
        Ok(u32::from(answer.short()?))
    }

    async fn move_cash(&mut self, command: &'static Command, amount: Money) -> Result<(), FiscalError> {
        commands::check_money(amount)?;
        self.send(command, |body| commands::put_money(amount, body)).await?;
        Ok(())
    }
}

struct Storage {
    document_open: bool,
    shift_open: bool,
    /// One bit a warning.
    warnings: u8,
    number: String,
    last_document: u32,
}

struct Status {
    mode: u8,
    paper: bool,
    /// The paper ran out while something was printed.
    waits_to_print: bool,
}

fn is_refused<T>(result: &Result<T, FiscalError>, with: u8) -> bool {
    matches!(result, Err(FiscalError::Refused { code, .. }) if *code == u16::from(with))
}

/// A lost answer to a command that makes no document is not in doubt for the caller: there is no document.
fn not_made(error: FiscalError) -> FiscalError {
    match error {
        FiscalError::NoAnswer { command } => {
            FiscalError::Offline { reason: format!("no answer to \"{command}\"; no document was made") }
        }
        error => error,
    }
}

impl FiscalDevice for Shtrih {
    fn state(&mut self) -> BoxFuture<'_, Result<FiscalState, FiscalError>> {
        async {
            let status = self.short_status().await?;
            let storage = self.storage_status().await?;
            let mut answer = self.ask(&commands::SHIFT_STATUS).await?;
            answer.byte()?;
            Ok(FiscalState {
                device: storage.number,
                last_document: storage.last_document,
                shift_open: storage.shift_open,
                shift_expired: status.mode == MODE_SHIFT_EXPIRED,
                shift: answer.short()?,
                document_open: status.mode == MODE_DOCUMENT_OPEN || storage.document_open,
                paper: status.paper,
            })
        }
        .map(|state| state.map_err(not_made))
        .boxed()
    }

    fn open_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.turn_shift(&commands::BEGIN_OPEN_SHIFT, &commands::OPEN_SHIFT, operator).boxed()
    }

    fn register<'a>(&'a mut self, receipt: &'a FiscalReceipt) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.make_document(receipt, &[]).boxed()
    }

    fn find_document(&mut self, number: u32) -> BoxFuture<'_, Result<Option<FiscalDocument>, FiscalError>> {
        async move {
            let found = self.send(&commands::FIND_DOCUMENT, |body| body.extend_from_slice(&number.to_le_bytes())).await;
            match found {
                Ok(answer) => commands::read_document(answer).map(Some),
                refused if is_refused(&refused, errors::NO_DATA) => Ok(None),
                Err(error) => Err(not_made(error)),
            }
        }
        .boxed()
    }

    fn cancel_document(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.cancel_begun().boxed()
    }

    fn close_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.turn_shift(&commands::BEGIN_CLOSE_SHIFT, &commands::CLOSE_SHIFT, operator).boxed()
    }

    fn report_x(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        async {
            self.ask(&commands::REPORT_X).await?;
            Ok(())
        }
        .boxed()
    }

    fn cash_in(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.move_cash(&commands::CASH_IN, amount).boxed()
    }

    fn cash_out(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.move_cash(&commands::CASH_OUT, amount).boxed()
    }

    fn totals(&mut self) -> BoxFuture<'_, Result<FiscalTotals, FiscalError>> {
        async {
            Ok(FiscalTotals {
                sales: self.payments(SALE).await?,
                returns: self.payments(SALE_RETURN).await?,
                sales_count: self.receipts(SALE).await?,
                returns_count: self.receipts(SALE_RETURN).await?,
                cash_in_drawer: self.money_register(REGISTER_CASH).await?,
                cash_in: self.money_register(REGISTER_CASH_IN).await?,
                cash_out: self.money_register(REGISTER_CASH_OUT).await?,
            })
        }
        .map(|totals| totals.map_err(not_made))
        .boxed()
    }

    fn open_drawer(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        async {
            self.send(&commands::OPEN_DRAWER, |body| body.push(0)).await?;
            Ok(())
        }
        .boxed()
    }

    fn print_text<'a>(&'a mut self, lines: &'a [String]) -> BoxFuture<'a, Result<(), FiscalError>> {
        async move {
            for line in lines {
                self.send(&commands::PRINT_LINE, |body| {
                    body.push(1 << 1);
                    crate::text::put_padded(line, commands::PRINT_WIDTH, body);
                })
                .await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn details(&mut self) -> BoxFuture<'_, Result<FiscalDetails, FiscalError>> {
        self.tell_details().map(|details| details.map_err(not_made)).boxed()
    }

    fn set_clock(&mut self, now: NaiveDateTime) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.put_clock(now).map(|set| set.map_err(not_made)).boxed()
    }

    fn header(&mut self) -> BoxFuture<'_, Result<Vec<String>, FiscalError>> {
        self.read_header().map(|lines| lines.map_err(not_made)).boxed()
    }

    fn set_header<'a>(&'a mut self, lines: &'a [String]) -> BoxFuture<'a, Result<(), FiscalError>> {
        self.write_header(lines).map(|set| set.map_err(not_made)).boxed()
    }

    fn continue_printing(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        async {
            if self.short_status().await?.waits_to_print {
                self.ask(&commands::CONTINUE_PRINT).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn print_copy(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        async {
            self.ask(&commands::REPEAT).await?;
            Ok(())
        }
        .boxed()
    }

    fn check_mark<'a>(&'a mut self, kind: FiscalKind, code: &'a str) -> BoxFuture<'a, Result<MarkCheck, FiscalError>> {
        self.check_code(kind, code).map(|check| check.map_err(not_made)).boxed()
    }

    fn register_marked<'a>(
        &'a mut self,
        receipt: &'a FiscalReceipt,
        marks: &'a [LineMark],
    ) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.make_document(receipt, marks).boxed()
    }
}
