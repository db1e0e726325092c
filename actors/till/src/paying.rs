//! From the total to the last tender: cash with its rounding, and what a bank decides.

use domain::money::Money;
use domain::receipt::{AskedFor, Input, Kind, Receipt, State, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::rights::{Asked, Right};
use domain::rounding::CashRounding;
use messages::v1::receipt::TenderType;
use messages::v1::settings::CashRules;
use messages::v1::till::{TillError, TillReply};

use crate::store::Changes;
use crate::till::{Till, refused};
use crate::wire;

impl Till {
    pub(crate) async fn pay(
        &mut self,
        tender: TenderType,
        amount: Money,
        number: Option<String>,
    ) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let kind = wire::tender_kind_of(tender);
        self.may_be_paid_now()?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        if kind == TenderKind::Points {
            return self.burn(Some(amount)).await;
        }
        let account = self.takes_from_account(kind, number.as_ref()).filter(|_| receipt.opening().kind == Kind::Sale);
        let tender = Tender { number, ..Tender::new(kind, amount) };
        let input = Input::Tender { tender: tender.clone(), rounding: self.cash_rounding() };
        self.decide(&input)?;
        self.drawer_holds(receipt.opening().kind, &tender)?;
        let of = receipt.opening().of;
        if let Some(wallet) = account {
            let permitted = self.permit_given(&[]).await?;
            return self.pay_from_account(wallet, amount, tender.number, permitted).await;
        }
        if of.is_none() && self.next_kind() == Kind::Return && kind.wallet().is_some() && kind != TenderKind::Credit {
            return Err(refused(Refusal::NotOfAReturn));
        }
        let permitted = self.permit_payment(kind).await?;
        if let Some(of) = of {
            return self.refund(of, tender, permitted).await;
        }
        let permitted = permitted.and(self.permit_given(&[]).await?);
        if kind.is_electronic() && self.terminal(kind).is_some() && !amount.is_zero() {
            self.commit_if_any(permitted).await?;
            let for_what = match self.next_kind() {
                Kind::Sale => AskedFor::Payment,
                Kind::Return => AskedFor::Refund { of: tender.number },
            };
            return self.ask_terminal(kind, amount, for_what).await;
        }
        if kind == TenderKind::Qr && self.terminal(kind).is_none() {
            return Err(refused(Refusal::NoTerminal));
        }
        let records = self.decide(&input)?;
        self.commit(permitted.and(Changes::of(records))).await?;
        self.paid_or_paying().await
    }

    /// No line of the sale is forbidden at this hour.
    pub(crate) fn may_be_paid_now(&self) -> Result<(), TillError> {
        let sale = self.receipt.as_ref().filter(|receipt| receipt.opening().kind == Kind::Sale);
        let forbidden = sale.and_then(|receipt| receipt.forbidden_at(self.now().time()));
        match forbidden.and_then(|line| Some((line.name.clone(), line.traits.no_sale?))) {
            Some((name, hours)) => Err(refused(Refusal::NoSaleNow { name, hours })),
            None => Ok(()),
        }
    }

    /// What a tender needs a right for.
    async fn permit_payment(&mut self, kind: TenderKind) -> Result<Changes, TillError> {
        let mut permitted = Changes::default();
        if kind == TenderKind::Credit {
            permitted = permitted.and(self.permit(Asked::Right(Right::SellOnCredit)).await?);
        }
        let opening = self.receipt.as_ref().map(|receipt| (receipt.opening().clone(), receipt.total()));
        if let Some((opening, total)) = opening
            && opening.kind == Kind::Return
            && opening.of.is_none()
            && self.receipt.as_ref().is_some_and(|receipt| receipt.tenders().is_empty())
        {
            let asked = match &opening.of_fiscal {
                Some(code) if total > code.total => return Err(refused(Refusal::ReturnOverSale { left: code.total })),
                Some(_) => Asked::Right(Right::ReturnByFiscalCode),
                None => {
                    let before = self.standing.desk.blind_returns_of_day(self.shift()?);
                    Asked::ReturnsWithoutReceipt { sum: before + total }
                }
            };
            permitted = permitted.and(self.permit(asked).await?);
        }
        Ok(permitted)
    }

    /// After a tender: the rest is due, or the receipt goes on to its document.
    pub(crate) async fn paid_or_paying(&mut self) -> Result<TillReply, TillError> {
        match &self.receipt {
            Some(receipt) if *receipt.state() == State::Paying => {
                Ok(TillReply { due: Some(receipt.due()), ..TillReply::default() })
            }
            _ => {
                let reply = self.finish_receipt().await?;
                self.hand_over(&reply).await;
                Ok(reply)
            }
        }
    }

    /// How cash is rounded in this store, if it is.
    pub(crate) fn cash_rounding(&self) -> Option<CashRounding> {
        let rules = self.section::<CashRules>();
        rules.round_to.is_positive().then_some(CashRounding { to: rules.round_to, direction: rules.round })
    }

    /// Money that goes back in cash must be there.
    pub(crate) fn drawer_holds(&self, kind: Kind, tender: &Tender) -> Result<(), TillError> {
        match (kind, tender.kind) {
            (Kind::Return, TenderKind::Cash) => self.shift()?.decide_drawer(tender.amount).map_err(refused),
            _ => Ok(()),
        }
    }

    /// A return without its receipt is paid out.
    pub(crate) async fn pay_return(&mut self, tender: TenderType) -> Result<TillReply, TillError> {
        match &self.receipt {
            Some(receipt) if receipt.opening().kind == Kind::Return => {
                let cash = tender == TenderType::Cash;
                let due = if cash { receipt.due_in_cash(self.cash_rounding()) } else { receipt.due() };
                self.pay(tender, due, None).await
            }
            _ => Err(refused(Refusal::NoReceipt)),
        }
    }

    /// Take a line out of a paid receipt that the fiscal device refuses; its money goes back as it came.
    pub(crate) async fn take_out(&mut self, line: u32) -> Result<TillReply, TillError> {
        self.device_did_nothing().await?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NothingWaits)) };
        let by = receipt.gives_back(line).map_err(refused)?;
        let by = by.map(|(place, tender, amount)| (place, tender.clone(), amount));
        let less = receipt.lines().iter().find(|open| open.number == line).map_or(Money::ZERO, |line| line.amount);
        let voids = receipt.voids() + less;
        let permitted = self.permit(Asked::Voids { sum: voids }).await?;
        self.commit_if_any(permitted).await?;
        let reversed = match by {
            None => None,
            Some((place, tender, amount)) => Some(self.reverse(place, &tender, amount, Some(line)).await?),
        };
        if reversed.is_none() {
            let records = self.decide(&Input::TakeOut { line, reversed: None })?;
            self.commit(Changes::of(records)).await?;
        }
        self.trouble = None;
        let reply = self.finish_receipt().await?;
        self.hand_over(&reply).await;
        Ok(reply)
    }

    /// The money that terminals took for this receipt goes back, payment by payment.
    pub(crate) async fn reverse_payments(&mut self) -> Result<(), TillError> {
        while let Some((place, tender)) =
            self.receipt.as_ref().and_then(Receipt::to_reverse).map(|(place, tender)| (place, tender.clone()))
        {
            self.reverse(place, &tender, tender.amount, None).await?;
        }
        Ok(())
    }
}
