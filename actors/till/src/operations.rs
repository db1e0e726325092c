//! Shifts and drawer movements: begun in the journal, done by the device, finished in the journal.

use domain::money::Money;
use domain::receipt::AMOUNT_MAX;
use domain::refusal::Refusal;
use domain::shift::Shift;
use messages::v1::document::{CashMoved, Document, ShiftClosed, ShiftOpened};
use messages::v1::till::{TillError, TillReply};

use crate::desk::{Begun, Operation, Record, SignedOn};
use crate::fiscal::{self, Performed};
use crate::store::Changes;
use crate::till::{Till, refused};
use crate::wire;

impl Till {
    pub(crate) async fn open_shift(&mut self, operator: SignedOn, float: Money) -> Result<TillReply, TillError> {
        if self.standing.desk.shift.is_some() {
            return Err(refused(Refusal::ShiftOpen));
        }
        Shift::open(1, self.now(), operator.number.clone(), float).map_err(refused)?;
        self.close_stray_shift(&operator).await?;
        self.begin(Operation::OpenShift { operator, float }).await
    }

    /// A shift that the device has and this till does not: left by another till, or by one whose disk was replaced.
    async fn close_stray_shift(&mut self, operator: &SignedOn) -> Result<(), TillError> {
        let state = self.device.state().await.map_err(device_says)?;
        if !state.shift_open {
            return Ok(());
        }
        let sign = self.device.close_shift(&operator.name).await.map_err(device_says)?;
        tracing::warn!(till = %self.settings.till, document = sign.number, "a shift that was not ours is closed");
        self.commit(Changes::of(vec![Record::StrayShiftClosed { sign: fiscal::sign(sign) }])).await
    }

    pub(crate) async fn move_cash(&mut self, amount: Money, reason: String) -> Result<TillReply, TillError> {
        let shift = self.shift()?;
        shift.decide_cash(amount).map_err(refused)?;
        self.begin(Operation::MoveCash { amount, reason }).await
    }

    pub(crate) async fn close_shift(&mut self, counted: Money) -> Result<TillReply, TillError> {
        self.shift()?;
        check_counted(counted)?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        self.begin(Operation::CloseShift { counted }).await
    }

    pub(crate) async fn count(&mut self, counted: Money) -> Result<TillReply, TillError> {
        check_counted(counted)?;
        let shift = self.shift()?;
        let (over_short, totals) = (shift.over_short(counted), wire::totals(shift));
        self.commit(Changes::of(vec![Record::Counted { counted, over_short }])).await?;
        Ok(TillReply { over_short: Some(over_short), totals: Some(Box::new(totals)), ..TillReply::default() })
    }

    pub(crate) async fn report_x(&mut self) -> Result<TillReply, TillError> {
        let totals = wire::totals(self.shift()?);
        if let Err(error) = self.device.report_x().await {
            tracing::warn!(till = %self.settings.till, %error, "the X report was not printed");
        }
        Ok(TillReply { totals: Some(Box::new(totals)), ..TillReply::default() })
    }

    pub(crate) async fn open_drawer(&mut self, reason: String) -> Result<TillReply, TillError> {
        self.signed_on()?;
        self.commit(Changes::of(vec![Record::DrawerOpened { reason }])).await?;
        self.device.open_drawer().await.map_err(device_says)?;
        Ok(TillReply::default())
    }

    async fn begin(&mut self, operation: Operation) -> Result<TillReply, TillError> {
        let baseline = fiscal::baseline(&mut *self.device).await.map_err(device_says)?;
        let drawer = self.device.totals().await.map_err(device_says)?.cash_in_drawer;
        let begun = Begun { operation, baseline, drawer, at: self.now() };
        self.commit(Changes::of(vec![Record::DeviceBegun(begun)])).await?;
        self.finish_operation().await
    }

    /// Do what was begun, or find out that it was done.
    pub(crate) async fn finish_operation(&mut self) -> Result<TillReply, TillError> {
        let Some(begun) = self.standing.desk.begun.clone() else { return Err(refused(Refusal::NothingWaits)) };
        let name = self.standing.desk.operator.as_ref().map(|operator| operator.name.clone()).unwrap_or_default();
        match fiscal::perform(&mut *self.device, &begun, &name).await {
            Performed::Done(sign) => self.end_operation(begun, sign).await,
            Performed::Refused(reason) => {
                self.commit(Changes::of(vec![Record::DeviceGivenUp { reason: reason.clone() }])).await?;
                self.trouble = None;
                Err(refused(Refusal::Fiscal(reason)))
            }
            Performed::Conflict(text) => self.conflict(text).await,
            Performed::NotKnown(reason) => self.wait(reason),
        }
    }

    async fn end_operation(
        &mut self,
        begun: Begun,
        sign: Option<domain::receipt::Sign>,
    ) -> Result<TillReply, TillError> {
        let at = self.now();
        let done = Record::DeviceDone { at, sign };
        let (store, till) = (self.settings.store.clone(), self.settings.till);
        let desk = &self.standing.desk;
        let number = |operator: &Option<SignedOn>| operator.as_ref().map(|operator| operator.number.clone());
        let mut reply = TillReply::default();
        let document = match begun.operation {
            Operation::OpenShift { operator, float } => Document::ShiftOpened(ShiftOpened {
                store,
                till,
                shift: desk.last_shift + 1,
                business_day: at.date_naive(),
                at,
                operator: operator.number,
                float,
            }),
            Operation::MoveCash { amount, reason } => {
                let shift = self.shift()?;
                let operator = number(&desk.operator).unwrap_or_else(|| shift.operator.clone());
                Document::CashMoved(CashMoved { store, till, shift: shift.number, at, operator, amount, reason })
            }
            Operation::CloseShift { counted } => {
                let shift = self.shift()?;
                let operator = number(&desk.operator).unwrap_or_else(|| shift.operator.clone());
                let (over_short, totals) = (shift.over_short(counted), wire::totals(shift));
                reply.over_short = Some(over_short);
                reply.totals = Some(Box::new(totals.clone()));
                Document::ShiftClosed(Box::new(ShiftClosed { store, till, at, operator, counted, over_short, totals }))
            }
        };
        let stored = self.commit(Changes { records: vec![done], ended: None, documents: vec![document] }).await;
        if let Err(error) = stored {
            return self.wait(error.to_string());
        }
        self.trouble = None;
        Ok(reply)
    }

    pub(crate) fn shift(&self) -> Result<&Shift, TillError> {
        self.standing.desk.shift.as_ref().ok_or_else(|| refused(Refusal::ShiftClosed))
    }

    pub(crate) fn signed_on(&self) -> Result<&SignedOn, TillError> {
        self.standing.desk.operator.as_ref().ok_or_else(|| refused(Refusal::NotSignedOn))
    }
}

fn check_counted(counted: Money) -> Result<(), TillError> {
    if counted.is_negative() {
        Err(refused(Refusal::AmountNegative))
    } else if counted > AMOUNT_MAX {
        Err(refused(Refusal::AmountTooLarge))
    } else {
        Ok(())
    }
}

/// The device did nothing, and says why.
fn device_says(error: devices::fiscal::FiscalError) -> TillError {
    refused(Refusal::Fiscal(error.to_string()))
}
