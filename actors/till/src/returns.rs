//! Goods that come back: of a sale that is found here or above, of one that cannot be found now, or without a receipt.

use std::time::Duration;

use chrono::TimeDelta;
use domain::fiscal_code::FiscalCode;
use domain::ids::{ReceiptId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{AskedFor, Event, Input, Kind, NewLine, Receipt, State, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::returns::{self, SoldLine};
use domain::rights::{Asked, Right};
use link::requests::{AskAbove, FIND_SALE};
use messages::codec::{from_body, to_body};
use messages::v1::receipt::{FoundReceipt, Receipt as Closed, ReceiptKind, ReturnedLine, TenderType};
use messages::v1::requests::SaleBy;
use messages::v1::settings::SaleRules;
use messages::v1::till::{ReturnLine, TillError, TillReply};

use crate::desk::Record;
use crate::selling::noted_grants;
use crate::store::{self, Changes};
use crate::till::{Till, not_read, refused};
use crate::wire;

/// A customer at the counter waits this long for the store's answer.
const FIND_DEADLINE: Duration = Duration::from_secs(5);

impl Till {
    /// Find a sale by what is on its paper.
    pub(crate) async fn find_sale(&mut self, text: String) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let by = self.sale_by(&text)?;
        let found = self.found(&by, &text).await?;
        Ok(TillReply { found: Some(Box::new(found)), ..TillReply::default() })
    }

    /// A number of this till ("117"), of another one ("2-117", "S1/2-117"), a uid, or the text of a QR code.
    fn sale_by(&self, text: &str) -> Result<SaleBy, TillError> {
        let text = text.trim();
        if text.contains("fn=") {
            let code: FiscalCode = text.parse().map_err(|error: domain::fiscal_code::NotFiscalCode| {
                refused(Refusal::NotFiscalCode(error.to_string()))
            })?;
            return Ok(SaleBy::Fiscal(code));
        }
        if let Ok(uid) = text.parse() {
            return Ok(SaleBy::Uid(ReceiptId(uid)));
        }
        let (store, rest) = match text.rsplit_once('/') {
            Some((store, rest)) => (Some(store.to_owned()), rest),
            None => (None, text),
        };
        let (till, number) = match rest.split_once('-') {
            Some((till, number)) => (till.parse().map(TillId).ok(), number),
            None => (Some(self.settings.till), rest),
        };
        match (till, number.parse()) {
            (Some(till), Ok(sequence)) => Ok(SaleBy::Number { store, till, sequence }),
            _ => Err(refused(Refusal::SaleNotFound(text.to_owned()))),
        }
    }

    /// The sale with what came back of it: here, and as far as the nodes above know elsewhere.
    async fn found(&self, by: &SaleBy, text: &str) -> Result<FoundReceipt, TillError> {
        let own = self.own_sale(by).await.map_err(not_read)?;
        let above = self.ask_above(by).await;
        let (receipt, mut returned) = match (own, above) {
            // What other tills took back counts too; what the store cannot say now does not stop a customer here.
            (Some(own), Ok(Some(found))) => (own, found.returned),
            (Some(own), _) => (own, Vec::new()),
            (None, Ok(Some(found))) => (found.receipt, found.returned),
            (None, Ok(None)) => return Err(refused(unknown(by, text))),
            (None, Err(())) => return Err(refused(unreachable(by, text))),
        };
        merge(&mut returned, store::returned(&self.ports.database.reader, receipt.uid).await.map_err(not_read)?);
        if receipt.kind != ReceiptKind::Sale {
            return Err(refused(Refusal::NotASale));
        }
        Ok(FoundReceipt { receipt, returned })
    }

    async fn own_sale(&self, by: &SaleBy) -> Result<Option<Closed>, sea_orm::DbErr> {
        let database = &self.ports.database.reader;
        match by {
            SaleBy::Uid(uid) => store::receipt(database, *uid).await,
            SaleBy::Fiscal(code) => store::receipt_by_fiscal(database, &code.device, code.number).await,
            SaleBy::Number { store, till, sequence } => {
                let here = *till == self.settings.till
                    && store.as_deref().is_none_or(|store| store == self.settings.store.as_str());
                if here { store::receipt_by_number(database, *sequence).await } else { Ok(None) }
            }
        }
    }

    /// `Ok(None)`: no node above knows the sale. `Err`: it cannot be known now.
    pub(crate) async fn ask_above(&self, by: &SaleBy) -> Result<Option<FoundReceipt>, ()> {
        let Some(above) = &self.ports.above else { return Ok(None) };
        let question = AskAbove { type_id: FIND_SALE, body: to_body(by) };
        match above.ask_within(FIND_DEADLINE, question).await {
            Ok(Ok(body)) => match from_body(&body) {
                Ok(found) => Ok(Some(found)),
                Err(error) => {
                    tracing::error!(%error, "the answer about a receipt cannot be read");
                    Err(())
                }
            },
            Ok(Err(error)) if error.is_unreachable() => Err(()),
            Ok(Err(_)) => Ok(None),
            Err(_) => Err(()),
        }
    }

    /// The sale that is given by its uid.
    pub(crate) async fn sale(&self, of: ReceiptId) -> Result<FoundReceipt, TillError> {
        self.found(&SaleBy::Uid(of), &of.to_string()).await
    }

    /// Take back lines of a sale, all in one receipt that is paid out at once.
    pub(crate) async fn take_back(
        &mut self,
        of: ReceiptId,
        lines: Vec<ReturnLine>,
        tender: TenderType,
    ) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let operator = self.signed_on()?.number.clone();
        let taken_up = self.receipt.as_ref().is_some_and(|receipt| {
            let of_points = |tender: &Tender| tender.kind == TenderKind::Points;
            receipt.opening().of == Some(of)
                && receipt.opening().kind == Kind::Return
                && receipt.tenders().iter().all(of_points)
        });
        if self.receipt.is_some() && !taken_up {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let found = self.found(&SaleBy::Uid(of), &of.to_string()).await?;
        self.not_too_late(&found.receipt)?;
        let mut permitted = self.permit(Asked::Right(Right::ReturnByReceipt)).await?;
        let kind = wire::tender_kind_of(tender);
        if !taken_up {
            let mut sold = sold(&found);
            let asked: Vec<_> = lines.into_iter().map(|line| (line.line, line.quantity)).collect();
            let loads =
                |(line, _): &(u32, Quantity)| found.receipt.lines.iter().any(|sold| sold.line == *line && sold.load);
            if asked.iter().any(loads) {
                return Err(refused(Refusal::LoadNotReturned));
            }
            let before = sold.clone();
            let back = if asked.is_empty() { returns::everything(&sold) } else { returns::by_line(&mut sold, &asked) };
            let back = with_points(&found, &before, back.map_err(refused)?);
            let opening = self.opening(Kind::Return, operator, Some(of))?;
            let mut receipt = Receipt::new(opening.clone());
            let events = receipt.decide(&Input::Add(back)).map_err(refused)?;
            events.iter().for_each(|event| receipt.apply(event));
            let customer = self.owner_of(&found).await;
            let settling = self.settles(&receipt, &found, customer.as_ref());
            let total = receipt.total() - settling.kept;
            // What cannot go back to an account is refused before anything is stored.
            self.refund_to_account(&found, kind, None, total.min(self.put_back_left(&found, kind).await?)).await?;
            self.drawer_holds(Kind::Return, &Tender::new(kind, total))?;
            permitted = permitted.and(self.permit_refund(kind, total, &found).await?);
            permitted = permitted.and(self.permit_given_by(&receipt, &settling.movements).await?);
            let noted = noted_grants(&permitted);
            // Points and money go to the customer of the sale.
            let customer = found.receipt.customer.clone().map(|number| Event::CustomerIdentified { number });
            let opened = std::iter::once(Event::Opened(opening)).chain(customer).chain(noted);
            let records = opened.chain(events).map(Record::Receipt);
            self.commit(permitted.and(Changes::of(records.collect()))).await?;
            self.settle(settling).await?;
        } else {
            let settling = self.settling(&found).await;
            let due = self.receipt.as_ref().map_or(Money::ZERO, Receipt::due) - settling.kept;
            self.drawer_holds(Kind::Return, &Tender::new(kind, due))?;
            permitted = permitted.and(self.permit_refund(kind, due, &found).await?);
            permitted = permitted.and(self.permit_given(&settling.movements).await?);
            self.commit_if_any(permitted).await?;
            self.settle(settling).await?;
        }
        let total = self.receipt.as_ref().map_or(Money::ZERO, Receipt::due);
        if kind.is_electronic() && self.terminal(kind).is_some() && total.is_positive() {
            let payment = payment_of(&found.receipt, kind);
            return self.ask_terminal(kind, total, AskedFor::Refund { of: payment }).await;
        }
        // A card that paid a part of the sale takes back so much; the rest goes back another way.
        let total = total.min(self.put_back_left(&found, kind).await?);
        let to_account = self.refund_to_account(&found, kind, None, total).await?;
        let tender = to_account.unwrap_or_else(|| Tender::new(kind, total));
        self.give_back_as(tender).await
    }

    /// A part of the money of an open return with its receipt.
    pub(crate) async fn refund(
        &mut self,
        of: ReceiptId,
        tender: Tender,
        permitted: Changes,
    ) -> Result<TillReply, TillError> {
        let found = self.sale(of).await?;
        let (kind, amount) = (tender.kind, tender.amount);
        let permitted = permitted.and(self.permit_refund(kind, amount, &found).await?);
        let to_account = self.refund_to_account(&found, kind, tender.number.as_deref(), amount).await?;
        let settling = self.settling(&found).await;
        let permitted = permitted.and(self.permit_given(&settling.movements).await?);
        self.commit_if_any(permitted).await?;
        self.settle(settling).await?;
        let electronic = kind.is_electronic() && !amount.is_zero() && !self.is_paid();
        if electronic && self.terminal(kind).is_some() {
            return self.ask_terminal(kind, amount, AskedFor::Refund { of: payment_of(&found.receipt, kind) }).await;
        }
        if kind == TenderKind::Qr && self.terminal(kind).is_none() {
            return Err(refused(Refusal::NoTerminal));
        }
        self.give_back_as(to_account.unwrap_or(tender)).await
    }

    /// Money of a return goes back so, unless points have paid for all of it.
    async fn give_back_as(&mut self, tender: Tender) -> Result<TillReply, TillError> {
        if !self.is_paid() {
            let records = self.decide(&Input::Tender { tender, rounding: None })?;
            self.commit(Changes::of(records)).await?;
        }
        self.paid_or_paying().await
    }

    fn is_paid(&self) -> bool {
        self.receipt.as_ref().is_some_and(|receipt| *receipt.state() == State::Paid)
    }

    /// Money for a card goes back to the card; as cash only by right.
    async fn permit_refund(
        &mut self,
        kind: TenderKind,
        total: Money,
        found: &FoundReceipt,
    ) -> Result<Changes, TillError> {
        let sale = &found.receipt;
        let cash: Money =
            sale.tenders.iter().filter(|tender| tender.tender == TenderType::Cash).map(|tender| tender.amount).sum();
        let before: Money = self.receipt.as_ref().map_or(Money::ZERO, |receipt| {
            receipt.tenders().iter().filter(|tender| tender.kind == TenderKind::Cash).map(|tender| tender.amount).sum()
        });
        if kind == TenderKind::Cash && before + total > cash - sale.change {
            return self.permit(Asked::Right(Right::RefundInCash)).await;
        }
        Ok(Changes::default())
    }

    fn not_too_late(&self, sale: &Closed) -> Result<(), TillError> {
        let days = self.section::<SaleRules>().return_days_max;
        if days > 0 && self.now() - sale.at > TimeDelta::days(i64::from(days)) {
            return Err(refused(Refusal::ReturnTooLate { days }));
        }
        Ok(())
    }

    pub(crate) async fn toggle_return(&mut self) -> Result<TillReply, TillError> {
        self.may_sell()?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let kind = match self.standing.desk.kind {
            Kind::Sale => Kind::Return,
            Kind::Return => Kind::Sale,
        };
        self.commit(Changes::of(vec![Record::KindChosen { kind }])).await?;
        Ok(TillReply::default())
    }

    /// A sale that cannot be found now: its goods are entered, and the head office counts them against it later.
    pub(crate) async fn return_by_fiscal_code(&mut self, code: String) -> Result<TillReply, TillError> {
        self.may_sell()?;
        if self.receipt.is_some() {
            return Err(refused(Refusal::ReceiptOpen));
        }
        let code: FiscalCode = code
            .parse()
            .map_err(|error: domain::fiscal_code::NotFiscalCode| refused(Refusal::NotFiscalCode(error.to_string())))?;
        self.commit(Changes::of(vec![Record::FiscalCodeChosen { code }])).await?;
        Ok(TillReply::default())
    }
}

/// Return lines with what burned points took off them in the sale.
pub(crate) fn with_points(found: &FoundReceipt, sold: &[SoldLine], mut back: Vec<NewLine>) -> Vec<NewLine> {
    let points =
        |line: u32| found.receipt.lines.iter().find(|sold| sold.line == line).map_or(Money::ZERO, |line| line.points);
    returns::with_points(sold, &mut back, points);
    back
}

pub(crate) fn sold(found: &FoundReceipt) -> Vec<SoldLine> {
    let came_back = |line| -> Quantity {
        found.returned.iter().filter(|returned| returned.line == line).map(|returned| returned.quantity).sum()
    };
    wire::sold(&found.receipt, came_back)
}

/// By which the bank finds the payment that is given back.
fn payment_of(sale: &Closed, kind: TenderKind) -> Option<String> {
    let tender = wire::tender_kind(kind);
    let proof = sale.tenders.iter().find(|paid| paid.tender == tender).and_then(|paid| paid.proof.as_ref());
    proof.map(|proof| proof.reference.clone())
}

fn unknown(by: &SaleBy, text: &str) -> Refusal {
    match by {
        SaleBy::Uid(uid) => Refusal::UnknownReceipt(*uid),
        SaleBy::Number { .. } | SaleBy::Fiscal(_) => Refusal::SaleNotFound(text.to_owned()),
    }
}

fn unreachable(by: &SaleBy, text: &str) -> Refusal {
    match by {
        SaleBy::Uid(uid) => Refusal::StoreUnreachable(*uid),
        SaleBy::Number { .. } | SaleBy::Fiscal(_) => Refusal::SaleUnreachable(text.to_owned()),
    }
}

/// A return that both know of counts once.
fn merge(known: &mut Vec<ReturnedLine>, others: Vec<ReturnedLine>) {
    for other in others {
        if !known.iter().any(|known| known.by == other.by && known.line == other.line) {
            known.push(other);
        }
    }
}
