//! Who is this? Asked beside the till: goods are scanned on, and the answer comes when it comes.

use actix::Message;
use domain::loyalty::{self, Clawback};
use domain::receipt::account::{KnownCustomer, PointsGiven, Wallet};
use domain::receipt::{Input, Receipt};
use link::requests::{AskAbove, IDENTIFY};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{Customer, Identified, IdentifyCustomer, WalletState};
use messages::v1::receipt::{AwardedPoints, FoundReceipt};
use messages::v1::settings::Loyalty;

use super::{BACKGROUND_DEADLINE, COUNTER_DEADLINE, answered};
use crate::store::Changes;
use crate::till::Till;
use crate::wire;

/// The store's word about a customer.
///
/// Sender: the till's own task. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct CustomerAnswered {
    pub(crate) number: String,
    pub(crate) identified: Identified,
}

impl Till {
    /// Ask who the customer of the open receipt is.
    pub(crate) fn ask_who(&mut self) {
        let Some(number) = self.receipt.as_ref().and_then(Receipt::customer).map(str::to_owned) else { return };
        let Some((scope, above)) = self.beside() else { return };
        let asking = self.beside.identifying.clone();
        if asking.borrow().as_ref() == Some(&number) {
            return;
        }
        asking.replace(Some(number.clone()));
        let receipt = self.receipt.as_ref().map(|receipt| receipt.opening().uid);
        let body = to_body(&IdentifyCustomer { number: number.clone(), receipt });
        let me = scope.me::<CustomerAnswered>();
        scope.spawn(async move {
            let answer = above.ask_within(BACKGROUND_DEADLINE, AskAbove { type_id: IDENTIFY, body }).await;
            let identified = answered(answer).and_then(|body| {
                from_body(&body)
                    .inspect_err(|error| tracing::error!(%error, "the answer about a customer cannot be read"))
                    .ok()
            });
            if asking.borrow().as_ref() == Some(&number) {
                asking.take();
            }
            if let Some(identified) = identified {
                me.nudge(CustomerAnswered { number, identified });
            }
        });
    }

    /// A customer about whom nobody answered is asked about again; a start has forgotten what was said.
    pub(crate) fn identify_again(&mut self) {
        let number = self.receipt.as_ref().and_then(Receipt::customer);
        if number.is_some() && self.customer_known().is_none() && self.beside.identifying.borrow().is_none() {
            self.ask_who();
        }
    }

    pub(crate) async fn customer_answered(&mut self, answered: CustomerAnswered) {
        let CustomerAnswered { number, identified } = answered;
        if self.receipt.as_ref().and_then(Receipt::customer) != Some(&number) {
            return;
        }
        if let Identified::Customer(customer) = &identified {
            let known = Input::Known(Box::new(KnownCustomer {
                owner: customer.owner,
                name: customer.name.clone(),
                tier: customer.tier.clone(),
                birthday: customer.birthday,
                first_purchase: customer.first_purchase,
                referred_by: customer.referred_by,
                points: customer.wallets.iter().filter_map(given).collect(),
            }));
            // A receipt that is on its way to its document goes by the number alone.
            if let Ok(records) = self.decide(&known)
                && let Err(error) = self.commit(Changes::of(records)).await
            {
                tracing::warn!(%error, "who the customer is was not stored");
                return;
            }
        }
        self.customer = Some((number, identified));
        self.show();
    }

    /// What the head office says just now of the customer whose goods of `sale` come back. None: it does not say, or the
    /// sale gave nothing. What it gave on this business day may still be on its way there: then nobody is asked.
    pub(crate) async fn owner_of(&mut self, sale: &FoundReceipt) -> Option<Customer> {
        let sale = &sale.receipt;
        let programmes = self.section::<Loyalty>().programmes;
        let asks = |award: &AwardedPoints| {
            let programme = loyalty::programme_on(&programmes, award.asset, sale.business_day);
            programme.is_none_or(|programme| programme.clawback != Clawback::Owe)
        };
        // Where what is short is owed, it makes no difference, and asking would fetch the customer's rights to this store.
        sale.points.as_ref().filter(|points| points.awards.iter().any(asks))?;
        self.shift().ok().filter(|shift| sale.business_day < shift.business_day)?;
        let number = sale.customer.clone()?;
        let above = self.ports.above.as_ref()?;
        let receipt = self.receipt.as_ref().map(|receipt| receipt.opening().uid);
        let body = to_body(&IdentifyCustomer { number: number.clone(), receipt });
        let answer = above.ask_within(COUNTER_DEADLINE, AskAbove { type_id: IDENTIFY, body }).await;
        let identified: Identified = from_body(&answered(answer)?)
            .inspect_err(|error| tracing::error!(%error, "the answer about a customer cannot be read"))
            .ok()?;
        self.customer = Some((number, identified.clone()));
        match identified {
            Identified::Customer(customer) if customer.online => Some(*customer),
            Identified::Customer(_) | Identified::Declined(_) => None,
        }
    }

    pub(crate) fn is_asking_who(&self) -> bool {
        self.beside.identifying.borrow().is_some()
    }

    /// What the store said of the customer of the open receipt.
    pub(crate) fn customer_known(&self) -> Option<&Identified> {
        let number = self.receipt.as_ref().and_then(Receipt::customer)?;
        self.customer.as_ref().filter(|(known, _)| known == number).map(|(_, identified)| identified)
    }

    pub(crate) fn customer_here(&self) -> Option<&Customer> {
        match self.customer_known()? {
            Identified::Customer(customer) => Some(customer),
            Identified::Declined(_) => None,
        }
    }

    /// The customer's account of this kind, as the store last said.
    pub(crate) fn wallet_known(&self, wallet: Wallet, asset: Option<u32>) -> Option<&WalletState> {
        let wallet = wire::wallet(wallet);
        let is = |state: &&WalletState| state.wallet == wallet && asset.is_none_or(|asset| state.asset == asset);
        self.customer_here()?.wallets.iter().find(is)
    }
}

/// Of a wallet of points, if something was given.
fn given(state: &WalletState) -> Option<PointsGiven> {
    let is_given = wire::wallet_of(state.wallet) == Some(Wallet::Points) && state.earned.is_some();
    is_given.then(|| PointsGiven { asset: state.asset, earned: state.earned, campaigns: state.given.clone() })
}
