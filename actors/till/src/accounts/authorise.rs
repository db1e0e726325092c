//! May so much be taken? The operation is written down, asked, and its answer written down; a lost answer is a no that gives
//! back what may have been held.

use domain::money::Money;
use domain::receipt::account::{AccountAsked, Movement, MovementKind, Wallet, operation_of};
use domain::receipt::{Input, Tender, TenderKind};
use domain::refusal::Refusal;
use link::requests::{AUTHORISE, AskAbove};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{Approval, Authorisation, Authorise, DeclineCode, Declined};
use messages::v1::till::{Ask, Taken, TillError, TillReply};
use uuid::Uuid;

use super::{COUNTER_DEADLINE, MONEY_ASSET, answered};
use crate::settings::SagaStep;
use crate::store::Changes;
use crate::till::{Till, refused};
use crate::wire;

/// Operations that wait to be given back before no new one is begun: a store that is away for days holds no more.
pub(crate) const RELEASES_MAX: usize = 500;

/// Signs of a card's number that are shown.
const LAST_SIGNS: usize = 4;

/// A yes, with what stays.
pub(super) struct Yes {
    pub(super) movement: Movement,
    pub(super) here: Money,
}

impl Yes {
    pub(super) fn taken(&self) -> Taken {
        Taken { amount: self.movement.amount, online: self.movement.online, here: self.here }
    }
}

impl Till {
    /// Ask for `amount` of an account. The receipt waits for the answer; no answer is a no.
    pub(super) async fn authorise(
        &mut self,
        wallet: Wallet,
        asset: u32,
        number: String,
        amount: Money,
        up_to: bool,
    ) -> Result<Yes, TillError> {
        if self.standing.desk.releases.len() >= RELEASES_MAX {
            return Err(refused(Refusal::TooManyReleases));
        }
        let operation = operation_of(Uuid::now_v7());
        let asked = AccountAsked { operation, wallet, asset, number, amount, up_to };
        let records = self.decide(&Input::AskAccount(asked.clone()))?;
        if self.ports.above.is_none() && !self.settings.training {
            return Err(refused(Refusal::AccountsUnreachable));
        }
        self.commit(Changes::of(records)).await?;
        match self.ask_for(&asked).await {
            Some(Authorisation::Approved(approval)) if fits(&approval, &asked) => {
                self.step(SagaStep::AccountAnswered);
                self.beside.witness.saw(approval.mark);
                Ok(yes(asked, approval))
            }
            Some(Authorisation::Declined(no)) => {
                self.refuse_account(&asked, code_of(&no), false).await?;
                match no.code {
                    DeclineCode::WrongPin if self.answers.pin.is_none() => {
                        return Err(TillError::Asks(Ask::Pin { name: last_signs(&asked.number) }));
                    }
                    // A store that has lost its place waits for what this till remembers.
                    DeclineCode::NotReady => self.tell_again(),
                    _ => {}
                }
                Err(declined(&no))
            }
            Some(Authorisation::Approved(_)) | None => {
                self.refuse_account(&asked, "no_answer".to_owned(), true).await?;
                Err(refused(Refusal::AccountsUnreachable))
            }
        }
    }

    /// None: nobody answered, or what was answered cannot be read.
    async fn ask_for(&self, asked: &AccountAsked) -> Option<Authorisation> {
        if self.settings.training {
            return Some(Authorisation::Approved(played(asked)));
        }
        let above = self.ports.above.as_ref()?;
        let question = Authorise {
            operation: asked.operation,
            receipt: self.receipt.as_ref()?.opening().uid,
            number: asked.number.clone(),
            pin: self.answers.pin.clone(),
            wallet: wire::wallet(asked.wallet),
            asset: asked.asset,
            amount: asked.amount,
            up_to: asked.up_to,
            operator: self.signed_on().ok()?.number.clone(),
            business_day: self.shift().ok()?.business_day,
            timeout_s: 0,
        };
        let question = AskAbove { type_id: AUTHORISE, body: to_body(&question) };
        let body = answered(above.ask_within(COUNTER_DEADLINE, question).await)?;
        from_body(&body).inspect_err(|error| tracing::error!(%error, "the answer about an account cannot be read")).ok()
    }

    pub(super) async fn refuse_account(
        &mut self,
        asked: &AccountAsked,
        code: String,
        may_hold: bool,
    ) -> Result<(), TillError> {
        let refused = Input::AccountRefused { operation: asked.operation, code, may_hold };
        let records = self.decide(&refused)?;
        self.commit(Changes::of(records)).await?;
        self.release_held();
        Ok(())
    }

    /// What was asked in another life, or could not be stored: it is given back.
    pub(crate) async fn settle_account_asked(&mut self) -> Result<(), TillError> {
        let asked = self.receipt.as_ref().and_then(|receipt| receipt.account_asked().cloned());
        match asked {
            Some(asked) => self.refuse_account(&asked, "interrupted".to_owned(), true).await,
            None => Ok(()),
        }
    }

    /// A payment of a sale from a gift card or a customer's account; what was `permitted` is used up with it.
    pub(crate) async fn pay_from_account(
        &mut self,
        wallet: Wallet,
        amount: Money,
        number: Option<String>,
        permitted: Changes,
    ) -> Result<TillReply, TillError> {
        let number = self.payer(wallet, number)?;
        let asset = self.wallet_known(wallet, None).map_or(MONEY_ASSET, |state| state.asset);
        let yes = self.authorise(wallet, asset, number.clone(), amount, false).await?;
        let taken = yes.taken();
        let account = Some(Box::new(yes.movement));
        let tender = Tender { number: Some(number), account, ..Tender::new(wallet.tender(), amount) };
        let records = self.decide(&Input::Tender { tender, rounding: None })?;
        self.commit(permitted.and(Changes::of(records))).await?;
        let reply = self.paid_or_paying().await?;
        Ok(TillReply { taken: Some(taken), ..reply })
    }

    /// The number of the account that pays.
    fn payer(&self, wallet: Wallet, number: Option<String>) -> Result<String, TillError> {
        let customer = || self.receipt.as_ref().and_then(|receipt| receipt.customer().map(str::to_owned));
        let number = number.map(|number| number.trim().to_owned()).filter(|number| !number.is_empty());
        match wallet {
            Wallet::Gift => number.ok_or_else(|| refused(Refusal::NoGiftCard)),
            _ => number.or_else(customer).ok_or_else(|| refused(Refusal::NoCustomer)),
        }
    }

    /// Does this payment of a sale take from an account, or is it a promise as before there were accounts?
    pub(crate) fn takes_from_account(&self, kind: TenderKind, number: Option<&String>) -> Option<Wallet> {
        match kind.wallet()? {
            Wallet::Credit if number.is_none() && self.wallet_known(Wallet::Credit, None).is_none() => None,
            wallet => Some(wallet),
        }
    }

    /// What was taken from an account last goes back to it.
    pub(crate) async fn give_back(&mut self) -> Result<TillReply, TillError> {
        self.may_sell()?;
        let records = self.decide(&Input::GiveBack)?;
        self.commit(Changes::of(records)).await?;
        self.release_held();
        Ok(TillReply { due: self.receipt.as_ref().map(domain::receipt::Receipt::due), ..TillReply::default() })
    }
}

fn fits(approval: &Approval, asked: &AccountAsked) -> bool {
    let amount = approval.amount == asked.amount || (asked.up_to && approval.amount < asked.amount);
    approval.operation == asked.operation && amount && approval.amount.is_positive()
}

fn yes(asked: AccountAsked, approval: Approval) -> Yes {
    let movement = Movement {
        operation: asked.operation,
        kind: MovementKind::Spend,
        owner: approval.owner,
        number: asked.number,
        wallet: asked.wallet,
        asset: asked.asset,
        amount: approval.amount,
        lots: wire::lots_of(&approval.lots),
        of: None,
        online: approval.online,
    };
    Yes { movement, here: approval.here }
}

/// Playing shop: every account gives what it is asked for.
fn played(asked: &AccountAsked) -> Approval {
    Approval {
        operation: asked.operation,
        owner: 0,
        amount: asked.amount,
        lots: Vec::new(),
        online: true,
        here: Money::ZERO,
        mark: 0,
    }
}

/// Enough of a card's number to know which of two cards is meant.
fn last_signs(number: &str) -> String {
    let skipped = number.chars().count().saturating_sub(LAST_SIGNS);
    number.chars().skip(skipped).collect()
}

fn code_of(no: &Declined) -> String {
    match serde_json::to_value(no.code) {
        Ok(serde_json::Value::String(code)) => code,
        _ => "declined".to_owned(),
    }
}

/// The processing centre's no, with what could be had.
fn declined(no: &Declined) -> TillError {
    let mut text = no.code.to_string();
    if let Some(available) = no.available {
        text.push_str(&format!(": {available} can be taken"));
    }
    if !no.online {
        text.push_str(" (the head office was not asked)");
    }
    TillError::Refused { code: code_of(no), text }
}
