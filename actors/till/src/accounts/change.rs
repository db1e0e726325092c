//! Change that the customer takes in points.
//!
//! The change is the price of the points: a line like that of a gift card, without VAT, added with the payment that leaves
//! the change. So the cash stays in the drawer as paid for something, and receipts, the fiscal document, the shift and the
//! head office count it like every other sale of money for later, without a kind of payment of its own.

use domain::ids::ItemCode;
use domain::loyalty;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::account::{BoughtPoints, Load, Wallet};
use domain::receipt::{Input, Kind, LineSource, LineTraits, NewLine, Tender, TenderKind};
use domain::refusal::Refusal;
use domain::vat::VatRate;
use messages::v1::settings::ReceiptText;
use messages::v1::till::{TillError, TillReply};

use crate::receipt_text;
use crate::store::Changes;
use crate::till::{Till, refused};

/// What such lines have for the code of an item: no catalogue has it.
const CODE: &str = "CHANGE";

impl Till {
    /// Take `cash`, and give the change, or as much of it as may be, in points.
    pub(crate) async fn change_to_points(&mut self, cash: Money) -> Result<TillReply, TillError> {
        self.may_sell()?;
        self.may_be_paid_now()?;
        let Some(receipt) = &self.receipt else { return Err(refused(Refusal::NoReceipt)) };
        if receipt.opening().kind == Kind::Return {
            return Err(refused(Refusal::NotOfAReturn));
        }
        let number = receipt.customer().map(str::to_owned).ok_or_else(|| refused(Refusal::NoCustomer))?;
        let Some(programme) = self.burned_by() else { return Err(refused(Refusal::NoProgramme)) };
        let rounding = self.cash_rounding();
        let change = cash - receipt.due_in_cash(rounding);
        let kept = programme.change_to_points(change);
        let (money, amount) = kept.ok_or_else(|| refused(Refusal::NoChangeToKeep))?;
        let day = self.shift()?.business_day;
        let expires_on = loyalty::expires_on(&programme.expiry, day, day);
        let points = Some(BoughtPoints { asset: programme.asset, amount, expires_on });
        let line = NewLine {
            code: ItemCode(CODE.to_owned()),
            name: receipt_text::change_in_points(&self.section::<ReceiptText>().language).to_owned(),
            price: money,
            quantity: Quantity::ONE,
            discount: Money::ZERO,
            amount: None,
            vat_rate: VatRate::None,
            vat: None,
            source: LineSource::OpenPrice,
            of_line: None,
            traits: LineTraits {
                no_discount: true,
                load: Some(Load { wallet: Wallet::Points, number, points }),
                ..LineTraits::default()
            },
        };
        let tender = Tender::new(TenderKind::Cash, cash);
        let input = Input::KeepChange { tender, rounding, line: Box::new(line) };
        self.decide(&input)?;
        let permitted = self.permit_given(&[]).await?;
        let records = self.decide(&input)?;
        self.commit(permitted.and(Changes::of(records))).await?;
        self.paid_or_paying().await
    }
}
