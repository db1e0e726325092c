//! From money to a closed receipt: baseline, device, proof, close. Each step is stored before the next begins.

use devices::fiscal::{FiscalError, FiscalReceipt};
use domain::receipt::{Baseline, Event, Input, Receipt, Sign, State, TenderKind};
use domain::refusal::Refusal;
use messages::v1::document::{Document, ReceiptCancelled};
use messages::v1::till::{TillError, TillReply};

use crate::desk::Record;
use crate::fiscal::{self, Happened, TRIES_MAX};
use crate::settings::SagaStep;
use crate::store::{Changes, Ended};
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
            due: Some(domain::money::Money::ZERO),
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
        let closed = wire::receipt(&self.settings, business_day, receipt, at, sign.as_ref());
        let changes = Changes {
            records: vec![Record::Receipt(Event::Fiscalised { sign }), Record::Receipt(Event::Closed { at })],
            ended: Some(Ended { receipt: closed.clone(), cancelled: false }),
            documents: vec![Document::ReceiptClosed(Box::new(closed.clone()))],
        };
        Ok((changes, closed))
    }

    /// Give the open receipt up. A paid one only while its device surely made no document of it.
    pub(crate) async fn cancel(&mut self) -> Result<TillReply, TillError> {
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        if let State::Fiscalising(baseline) = receipt.state().clone()
            && let Some(document) = fiscal::document(receipt, &self.operator_name())
        {
            match fiscal::inquire(&mut *self.device, &baseline, &document).await {
                Happened::Nothing => {}
                Happened::Ours(sign) => {
                    self.close(Some(sign)).await?;
                    return Err(refused(Refusal::Paid));
                }
                Happened::Conflict(text) => return self.conflict(text).await,
                Happened::NotKnown(reason) => return self.wait(reason),
            }
        }
        let at = self.now();
        let decided = self.decide(&Input::Cancel { at })?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        let business_day = self.shift()?.business_day;
        let ended = wire::receipt(&self.settings, business_day, receipt, at, None);
        self.commit(Changes {
            records: decided,
            ended: Some(Ended { receipt: ended.clone(), cancelled: true }),
            documents: vec![Document::ReceiptCancelled(ReceiptCancelled { receipt: ended.clone() })],
        })
        .await?;
        self.trouble = None;
        self.last_change = None;
        Ok(TillReply { receipt: Some(Box::new(ended)), ..TillReply::default() })
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

    /// The drawer opens after the receipt is stored, and once: a restart does not repeat it.
    pub(crate) async fn open_drawer_for(&mut self, reply: &TillReply) {
        let cash = |receipt: &messages::v1::receipt::Receipt| {
            receipt.tenders.iter().any(|tender| wire::tender_kind_of(tender.tender) == TenderKind::Cash)
        };
        if reply.receipt.as_deref().is_some_and(cash)
            && let Err(error) = self.device.open_drawer().await
        {
            tracing::warn!(till = %self.settings.till, %error, "the drawer did not open");
        }
    }

    pub(crate) fn operator_name(&self) -> String {
        self.standing.desk.operator.as_ref().map(|operator| operator.name.clone()).unwrap_or_default()
    }
}
