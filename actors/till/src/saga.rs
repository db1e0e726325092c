//! From money to a closed receipt: baseline, device, proof, close. Each step is stored before the next begins.

use devices::fiscal::{FiscalError, FiscalReceipt};
use domain::money::Money;
use domain::receipt::{Baseline, Event, Input, Receipt, Sign, State, TenderKind};
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use messages::v1::document::{Document, ReceiptCancelled};
use messages::v1::till::{TillError, TillReply};

use crate::desk::Record;
use crate::fiscal::{self, Happened, TRIES_MAX};
use crate::settings::SagaStep;
use crate::store::{Changes, Ended, How};
use crate::till::{Till, Trouble, refused};
use crate::wire;

impl Till {
    /// Bring the paid receipt to its end, wherever it stands.
    pub(crate) async fn finish_receipt(&mut self) -> Result<TillReply, TillError> {
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NothingWaits)) };
        let Some(document) = fiscal::document(receipt, &self.operator_name()) else { return self.close(None).await };
        match receipt.state().clone() {
            State::Paid => {
                let baseline = match fiscal::baseline(&mut *self.device).await {
                    Ok(baseline) => baseline,
                    Err(error) => return self.wait(error.to_string()),
                };
                let decided = self.decide(&Input::Fiscalise(baseline.clone()))?;
                if let Err(error) = self.commit(Changes::of(decided)).await {
                    return self.wait(error.to_string());
                }
                self.register(&document, &baseline, true).await
            }
            State::Fiscalising(baseline) => self.register(&document, &baseline, false).await,
            _ => Err(refused(Refusal::NothingWaits)),
        }
    }

    /// Make one document of the receipt. Unless this is the `first` time, the device is asked what it did before.
    pub(crate) async fn register(
        &mut self,
        document: &FiscalReceipt,
        baseline: &Baseline,
        first: bool,
    ) -> Result<TillReply, TillError> {
        let mut look = !first;
        for _ in 0..TRIES_MAX {
            if look {
                match fiscal::inquire(&mut *self.device, baseline, document).await {
                    Happened::Nothing => {}
                    Happened::Ours(sign) => {
                        tracing::info!(till = %self.settings.till, document = sign.number, "the document is made already");
                        return self.close(Some(sign)).await;
                    }
                    Happened::Conflict(text) => return self.conflict(text).await,
                    Happened::NotKnown(reason) => return self.wait(reason),
                }
            }
            match self.device.register(document).await {
                Ok(made) => {
                    self.step(SagaStep::Registered);
                    return self.close(Some(fiscal::sign(made))).await;
                }
                Err(error @ FiscalError::NoAnswer { .. }) => {
                    tracing::warn!(till = %self.settings.till, %error, "looking what the device did");
                    look = true;
                }
                Err(error) => return self.wait(error.to_string()),
            }
        }
        self.wait("the fiscal device does not answer".to_owned())
    }

    /// Store the proof, the receipt and its document for the store at once.
    async fn close(&mut self, sign: Option<Sign>) -> Result<TillReply, TillError> {
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NothingWaits)) };
        let (changes, closed) = self.closing(receipt, sign)?;
        let change = closed.change;
        let stored = self.commit(changes).await;
        if let Err(error) = stored {
            // The device has its document; what it holds is asked again when the till goes on.
            return self.wait(error.to_string());
        }
        self.trouble = None;
        self.last_change = Some(change);
        Ok(TillReply {
            change: Some(change),
            due: Some(Money::ZERO),
            receipt: Some(Box::new(closed)),
            ..TillReply::default()
        })
    }

    /// What closes `receipt`, which is paid.
    pub(crate) fn closing(
        &self,
        receipt: &Receipt,
        sign: Option<Sign>,
    ) -> Result<(Changes, messages::v1::receipt::Receipt), TillError> {
        let at = self.now();
        let business_day = self.shift()?.business_day;
        let mut closed = wire::receipt(&self.settings, business_day, receipt, at, sign.as_ref());
        let (movements, points) = self.account_movements(receipt);
        closed.accounts = movements.iter().map(wire::operation).collect();
        closed.points = points;
        let changes = Changes {
            records: vec![Record::Receipt(Event::Fiscalised { sign }), Record::Receipt(Event::Closed { at })],
            ended: Some(Ended { receipt: closed.clone(), how: How::Closed }),
            documents: vec![Document::ReceiptClosed(Box::new(closed.clone()))],
            ..Changes::default()
        };
        Ok((changes, closed))
    }

    /// Give the open receipt up. A paid one only while its device surely made no document of it; what terminals took goes
    /// back first.
    pub(crate) async fn cancel(&mut self) -> Result<TillReply, TillError> {
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        let untouched = receipt.lines().is_empty();
        self.device_did_nothing().await?;
        let permitted =
            if untouched { Changes::default() } else { self.permit(Asked::Right(Right::CancelReceipt)).await? };
        // The grant is used up before money moves, so that it is used for this.
        self.commit_if_any(permitted).await?;
        self.reverse_payments().await?;
        let at = self.now();
        let records = self.decide(&Input::Cancel { at })?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        let business_day = self.shift()?.business_day;
        let ended = wire::receipt(&self.settings, business_day, receipt, at, None);
        self.commit(Changes {
            records,
            ended: Some(Ended { receipt: ended.clone(), how: How::Cancelled }),
            documents: vec![Document::ReceiptCancelled(Box::new(ReceiptCancelled { receipt: ended.clone() }))],
            ..Changes::default()
        })
        .await?;
        self.trouble = None;
        self.last_change = None;
        self.release_held();
        Ok(TillReply { receipt: Some(Box::new(ended)), ..TillReply::default() })
    }

    /// Of a receipt for which the device was asked: it made no document. If it did, the receipt is closed with it.
    pub(crate) async fn device_did_nothing(&mut self) -> Result<(), TillError> {
        let Some(receipt) = &self.receipt else { return Ok(()) };
        let State::Fiscalising(baseline) = receipt.state().clone() else { return Ok(()) };
        let Some(document) = fiscal::document(receipt, &self.operator_name()) else { return Ok(()) };
        match fiscal::inquire(&mut *self.device, &baseline, &document).await {
            Happened::Nothing => Ok(()),
            Happened::Ours(sign) => {
                self.close(Some(sign)).await?;
                Err(refused(Refusal::Paid))
            }
            Happened::Conflict(text) => self.conflict(text).await.map(|_| ()),
            Happened::NotKnown(reason) => self.wait(reason).map(|_| ()),
        }
    }

    /// A supervisor has looked at the device's paper, or at the terminal's slip, and says what was made.
    pub(crate) async fn settle_conflict(&mut self, made: bool, reason: String) -> Result<TillReply, TillError> {
        if !self.trouble.as_ref().is_some_and(|trouble| trouble.conflict) && !self.waits_for_terminal() {
            return Err(refused(Refusal::NothingWaits));
        }
        let permitted = self.permit(Asked::Right(Right::ResolveConflict)).await?;
        self.commit_if_any(permitted).await?;
        self.note_settled(made, &reason).await?;
        self.trouble = None;
        if self.waits_for_terminal() {
            return self.settle_asked(made, reason).await;
        }
        if let Some(begun) = self.standing.desk.begun.clone() {
            return self.settle_operation(begun, made, reason).await;
        }
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NothingWaits)) };
        if made {
            let state = self.device.state().await.map_err(|error| refused(Refusal::Fiscal(error.to_string())))?;
            let found = self.device.find_document(state.last_document).await;
            let found = found.map_err(|error| refused(Refusal::Fiscal(error.to_string())))?;
            let sign = found.map_or_else(String::new, |document| document.sign);
            let sign = Sign { device: state.device, number: state.last_document, sign };
            return self.close(Some(sign)).await;
        }
        let Some(document) = fiscal::document(receipt, &self.operator_name()) else { return self.close(None).await };
        // From where the device stands now.
        let baseline = match fiscal::baseline(&mut *self.device).await {
            Ok(baseline) => baseline,
            Err(error) => return self.wait(error.to_string()),
        };
        self.commit(Changes::of(vec![Record::Receipt(Event::Fiscalising(baseline.clone()))])).await?;
        self.register(&document, &baseline, true).await
    }

    fn waits_for_terminal(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| receipt.asked().is_some())
    }

    pub(crate) async fn resume(&mut self) -> Result<TillReply, TillError> {
        if self.waits_for_terminal() {
            return self.finish_asking().await;
        }
        if self.receipt.as_ref().is_some_and(Receipt::is_unfinished) {
            let reply = self.finish_receipt().await?;
            self.restored = None;
            self.hand_over(&reply).await;
            return Ok(reply);
        }
        if self.standing.desk.begun.is_some() {
            return self.finish_operation().await;
        }
        match self.finished.take() {
            Some(receipt) => Ok(TillReply {
                change: Some(receipt.change),
                due: Some(Money::ZERO),
                receipt: Some(Box::new(receipt)),
                ..TillReply::default()
            }),
            None => Err(refused(Refusal::NothingWaits)),
        }
    }

    /// What the open receipt says to `input`, as records.
    pub(crate) fn decide(&self, input: &Input) -> Result<Vec<Record>, TillError> {
        let receipt = self.receipt.as_ref().ok_or_else(|| refused(Refusal::NoReceipt))?;
        let events = receipt.decide(input).map_err(refused)?;
        Ok(events.into_iter().map(Record::Receipt).collect())
    }

    pub(crate) fn wait(&mut self, reason: String) -> Result<TillReply, TillError> {
        tracing::warn!(till = %self.settings.till, reason, "the till waits for its fiscal device");
        let since = self.trouble.as_ref().map_or_else(|| self.now(), |trouble| trouble.since);
        self.trouble = Some(Trouble { reason: reason.clone(), conflict: false, since });
        Err(TillError::Waiting { reason })
    }

    /// Stop for a supervisor. The journal gets it once, however often it is looked at.
    pub(crate) async fn conflict(&mut self, text: String) -> Result<TillReply, TillError> {
        tracing::error!(till = %self.settings.till, text, "the fiscal device holds what this till did not ask for");
        let known = self.trouble.as_ref().is_some_and(|trouble| trouble.conflict && trouble.reason == text);
        if !known {
            let since = self.now();
            self.trouble = Some(Trouble { reason: text.clone(), conflict: true, since });
            self.commit(Changes::of(vec![Record::FiscalConflict { text: text.clone() }])).await?;
        }
        Err(refused(Refusal::FiscalConflict(text)))
    }

    /// The drawer and the paper, after the receipt is stored, and once: a restart does not repeat them.
    pub(crate) async fn hand_over(&mut self, reply: &TillReply) {
        let cash = |receipt: &messages::v1::receipt::Receipt| {
            receipt.tenders.iter().any(|tender| wire::tender_kind_of(tender.tender) == TenderKind::Cash)
        };
        if reply.receipt.as_deref().is_some_and(cash)
            && let Err(error) = self.device.open_drawer().await
        {
            tracing::warn!(till = %self.settings.till, %error, "the drawer did not open");
        }
        self.print_closed(reply).await;
    }

    pub(crate) fn operator_name(&self) -> String {
        self.standing.desk.operator.as_ref().map(|operator| operator.name.clone()).unwrap_or_default()
    }
}
