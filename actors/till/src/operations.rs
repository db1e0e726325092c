//! Shifts and drawer movements: begun in the journal, done by the device, finished in the journal.

use std::time::Duration;

use chrono::NaiveDate;
use domain::ids::OperatorNumber;
use domain::money::Money;
use domain::receipt::AMOUNT_MAX;
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use domain::shift::Shift;
use link::requests::{AskAbove, BUSINESS_DAY, PROGRAM, is_ahead};
use messages::codec::{from_body, to_body};
use messages::v1::document::{AuditKind, CashKind, CashMoved, Document, ShiftClosed, ShiftOpened};
use messages::v1::requests::{AskBusinessDay, BusinessDay};
use messages::v1::settings::CashRules;
use messages::v1::till::{Counted, TillError, TillReply};

use crate::desk::{Begun, Operation, Record, SignedOn};
use crate::fiscal::{self, Performed};
use crate::store::Changes;
use crate::till::{Till, refused};
use crate::wire;

/// A shift that opens waits this long for each answer of the store.
const DAY_DEADLINE: Duration = Duration::from_secs(2);

impl Till {
    pub(crate) async fn open_shift(
        &mut self,
        number: OperatorNumber,
        pin: String,
        float: Money,
    ) -> Result<TillReply, TillError> {
        let operator = self.identify(number, pin).await?;
        if self.standing.desk.shift.is_some() {
            return Err(refused(Refusal::ShiftOpen));
        }
        self.store_is_not_older().await?;
        let mut trusted = Changes::default();
        if let Err(wrong) = self.clock_is_right() {
            // A clock that was ahead for a while must not stop a shop for good: who answers for conflicts vouches for it.
            let permissions = self.permissions(&operator.number).await?;
            if !permissions.allow(Asked::Right(Right::ResolveConflict)) {
                return Err(wrong);
            }
            trusted = Changes::of(vec![Record::ClockTrusted { at: self.now() }]);
        }
        Shift::open(1, self.now(), self.now().date_naive(), operator.number.clone(), float).map_err(refused)?;
        self.commit_if_any(trusted).await?;
        self.close_stray_shift(&operator).await?;
        let business_day = self.business_day().await;
        self.begin(Operation::OpenShift { operator, float, business_day }).await
    }

    /// A till that is ahead of its store would send what the store does not understand. A store that does not say is
    /// believed: selling never waits for it.
    async fn store_is_not_older(&self) -> Result<(), TillError> {
        let Some(above) = &self.ports.above else { return Ok(()) };
        let till = &self.settings.software;
        let question = AskAbove { type_id: PROGRAM, body: till.clone().into_bytes() };
        let Ok(Ok(answer)) = above.ask_within(DAY_DEADLINE, question).await else { return Ok(()) };
        let store = String::from_utf8_lossy(&answer).into_owned();
        if is_ahead(till, &store) {
            return Err(refused(Refusal::StoreIsOlder { till: till.clone(), store }));
        }
        Ok(())
    }

    /// The store keeps the business day; a till that cannot ask goes by its own clock.
    async fn business_day(&self) -> Option<NaiveDate> {
        let above = self.ports.above.as_ref()?;
        let question = AskAbove { type_id: BUSINESS_DAY, body: to_body(&AskBusinessDay { at: self.now() }) };
        match above.ask_within(DAY_DEADLINE, question).await {
            Ok(Ok(body)) => from_body::<BusinessDay>(&body).ok().map(|answer| answer.day),
            Ok(Err(_)) | Err(_) => None,
        }
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

    pub(crate) async fn move_cash(
        &mut self,
        kind: CashKind,
        amount: Money,
        reason: String,
    ) -> Result<TillReply, TillError> {
        self.clock_is_right()?;
        if !amount.is_positive() {
            return Err(refused(Refusal::AmountNotPositive));
        }
        let amount = if kind.goes_out() { -amount } else { amount };
        self.shift()?.decide_cash(amount).map_err(refused)?;
        let permitted = self.permit(Asked::Right(Right::MoveCash)).await?;
        self.commit_if_any(permitted).await?;
        self.begin(Operation::MoveCash { amount, reason, kind }).await
    }

    pub(crate) async fn close_shift(&mut self, counted: Option<Counted>) -> Result<TillReply, TillError> {
        let shift = self.shift()?;
        let expired = shift.is_expired(self.now());
        let expected = shift.cash_expected();
        let not_counted = counted.is_none();
        if not_counted && !expired {
            return Err(refused(Refusal::NotCounted));
        }
        let Counted { amount: counted, pieces } = counted.unwrap_or_else(|| Counted::from(expected));
        check_counted(counted)?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let mut permitted = self.permit(Asked::Right(Right::CloseShift)).await?;
        let difference = (counted - expected).abs();
        if difference > self.section::<CashRules>().difference_max {
            permitted = permitted.and(self.permit(Asked::Right(Right::CloseWithDifference)).await?);
        }
        let approver = permitted.records.iter().find_map(|record| match record {
            Record::GrantUsed(grant) => Some(grant.approver.clone()),
            _ => None,
        });
        self.commit_if_any(permitted).await?;
        self.begin(Operation::CloseShift { counted, pieces, not_counted, approver }).await
    }

    pub(crate) async fn count(&mut self, counted: Counted) -> Result<TillReply, TillError> {
        let Counted { amount: counted, pieces } = counted;
        check_counted(counted)?;
        let shift = self.shift()?;
        let (over_short, totals) = (shift.over_short(counted), wire::totals(shift, self.standing.head));
        let number = self.signed_on()?.number.clone();
        let blind = self.section::<CashRules>().blind_count
            && !self.permissions(&number).await?.allow(Asked::Right(Right::SeeExpectedCash));
        self.commit(Changes::of(vec![Record::Counted { counted, over_short, pieces }])).await?;
        if blind {
            return Ok(TillReply::default());
        }
        Ok(TillReply { over_short: Some(over_short), totals: Some(Box::new(totals)), ..TillReply::default() })
    }

    pub(crate) async fn report_x(&mut self) -> Result<TillReply, TillError> {
        let totals = wire::totals(self.shift()?, self.standing.head);
        if self.section::<CashRules>().blind_count {
            // It says what the drawer should hold.
            let permitted = self.permit(Asked::Right(Right::SeeExpectedCash)).await?;
            self.commit_if_any(permitted).await?;
        }
        if let Err(error) = self.device.report_x().await {
            tracing::warn!(till = %self.settings.till, %error, "the X report was not printed");
        }
        Ok(TillReply { totals: Some(Box::new(totals)), ..TillReply::default() })
    }

    pub(crate) async fn open_drawer(&mut self, reason: String) -> Result<TillReply, TillError> {
        let permitted = self.permit(Asked::Right(Right::OpenDrawer)).await?;
        let documents = self.audit(AuditKind::DrawerOpened, "drawer".to_owned(), reason.clone()).into_iter().collect();
        let opened = Changes { records: vec![Record::DrawerOpened { reason }], documents, ..Changes::default() };
        self.commit(permitted.and(opened)).await?;
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

    /// A supervisor says whether the device did it.
    pub(crate) async fn settle_operation(
        &mut self,
        begun: Begun,
        made: bool,
        reason: String,
    ) -> Result<TillReply, TillError> {
        if !made {
            self.commit(Changes::of(vec![Record::DeviceGivenUp { reason }])).await?;
            return Ok(TillReply::default());
        }
        let state = self.device.state().await.map_err(device_says)?;
        let found = self.device.find_document(state.last_document).await.map_err(device_says)?;
        let sign = found.map(|document| domain::receipt::Sign {
            device: state.device,
            number: document.number,
            sign: document.sign,
        });
        self.end_operation(begun, sign).await
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
            Operation::OpenShift { operator, float, business_day } => Document::ShiftOpened(ShiftOpened {
                store,
                till,
                shift: desk.last_shift + 1,
                business_day: business_day.unwrap_or_else(|| at.date_naive()),
                at,
                operator: operator.number,
                float,
            }),
            Operation::MoveCash { amount, reason, kind } => {
                let shift = self.shift()?;
                let operator = number(&desk.operator).unwrap_or_else(|| shift.operator.clone());
                Document::CashMoved(CashMoved { store, till, shift: shift.number, at, operator, amount, reason, kind })
            }
            Operation::CloseShift { counted, pieces, not_counted, approver } => {
                let shift = self.shift()?;
                let operator = number(&desk.operator).unwrap_or_else(|| shift.operator.clone());
                let (over_short, totals) = (shift.over_short(counted), wire::totals(shift, self.standing.head));
                reply.over_short = Some(over_short);
                reply.totals = Some(Box::new(totals.clone()));
                Document::ShiftClosed(Box::new(ShiftClosed {
                    store,
                    till,
                    at,
                    operator,
                    counted,
                    over_short,
                    totals,
                    pieces,
                    not_counted,
                    approver,
                }))
            }
        };
        let stored =
            self.commit(Changes { records: vec![done], documents: vec![document], ..Changes::default() }).await;
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
