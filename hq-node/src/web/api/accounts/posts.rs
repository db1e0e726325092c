//! What moves money and points: hold, capture, void, top-up, spend, transfer. Each under a key of its asker, done once.
//!
//! What is at stores is asked back, and the asker waits a little for it.

use std::time::{Duration, Instant};

use ::web::guard::May;
use ::web::rights::UseAccounts;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ids::OperatorNumber;
use domain::ledger::{AccountId, OperationId};
use messages::v1::accounts::Wallet;
use processing::machine::Now;
use processing::machine::customer::{CardState, Customer};
use processing::machine::root::{Asked, AskedFor, Done, Root};
use serde_json::json;

use super::super::super::accounts::words::{decimal, operation_text, wallet_of};
use super::Answer;
use super::body::{self, Capture, Hold, Spend, TopUp, Transfer, Void, operation};
use super::error::{ApiError, ApiErrorKind};
use crate::web::Site;

/// An asker waits so long for stores to give back what is asked for.
const WAITS: Duration = Duration::from_millis(1_500);
/// And looks again at least so often.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// A wallet by a number.
#[derive(Clone)]
struct Of {
    number: String,
    wallet: Wallet,
    asset: Option<u32>,
}

#[derive(Clone)]
enum Plan {
    TopUp { to: Of, amount: i64, tender: u64 },
    Spend { from: Of, amount: i64 },
    Hold { from: Of, amount: i64, timeout_s: u32 },
    Transfer { from: Of, to: Of, amount: i64 },
    Capture { hold: OperationId, amount: Option<i64> },
    Void { hold: OperationId },
}

/// What is asked of the desk, and whose cards it was asked with.
struct Meant {
    what: AskedFor,
    /// Paid from here, with the amount.
    from: Option<(AccountId, i64)>,
    cards: Vec<(Customer, String)>,
}

fn resolve(root: &Root, of: &Of) -> Result<(AccountId, (Customer, String)), ApiError> {
    let customer = root.whose(&of.number).ok_or(ApiErrorKind::UnknownCard)?;
    let account = wallet_of(customer, of.wallet, of.asset);
    Ok((account.ok_or(ApiErrorKind::NoSuchWallet)?, (customer.clone(), of.number.clone())))
}

impl Plan {
    fn meant(&self, root: &Root) -> Result<Meant, ApiError> {
        Ok(match self {
            Plan::TopUp { to, amount, tender } => {
                let (account, card) = resolve(root, to)?;
                let what = AskedFor::TopUp { account, amount: *amount, tender: *tender, lot: None };
                Meant { what, from: None, cards: vec![card] }
            }
            Plan::Spend { from, amount } => {
                let (account, card) = resolve(root, from)?;
                let what = AskedFor::Spend { account, amount: *amount };
                Meant { what, from: Some((account, *amount)), cards: vec![card] }
            }
            Plan::Hold { from, amount, timeout_s } => {
                let (account, card) = resolve(root, from)?;
                let what = AskedFor::Hold { account, amount: *amount, timeout_s: *timeout_s };
                Meant { what, from: Some((account, *amount)), cards: vec![card] }
            }
            Plan::Transfer { from, to, amount } => {
                let ((from, own), (to, other)) = (resolve(root, from)?, resolve(root, to)?);
                if from == to {
                    return Err(ApiError::body("from and to are the same customer"));
                }
                let what = AskedFor::Give2 { from, to, amount: *amount };
                Meant { what, from: Some((from, *amount)), cards: vec![own, other] }
            }
            Plan::Capture { hold, amount } => {
                Meant { what: AskedFor::Capture { hold: *hold, amount: *amount }, from: None, cards: Vec::new() }
            }
            Plan::Void { hold } => Meant { what: AskedFor::Void { hold: *hold }, from: None, cards: Vec::new() },
        })
    }

    fn hold(&self) -> Option<OperationId> {
        match self {
            Plan::Capture { hold, .. } | Plan::Void { hold } => Some(*hold),
            _ => None,
        }
    }
}

fn usable((customer, number): &(Customer, String)) -> Result<(), ApiError> {
    if customer.closed {
        return Err(ApiErrorKind::AccountClosed.into());
    }
    let is_active = customer.card(number).is_some_and(|card| card.state == CardState::Active);
    if customer.blocked || !is_active { Err(ApiErrorKind::CardBlocked.into()) } else { Ok(()) }
}

/// A card that may spend less a day may not spend more at once. What it spent at stores today is counted there.
fn within_card((customer, number): &(Customer, String), amount: i64) -> Result<(), ApiError> {
    match customer.card(number).and_then(|card| card.day_max) {
        Some(day_max) if amount > day_max => {
            Err(ApiError::against(format!("The card may spend at most {} a day.", decimal(day_max))))
        }
        _ => Ok(()),
    }
}

/// One try. `again`: the rest was asked back before.
fn carry(root: &mut Root, plan: &Plan, asked: &Wish, again: bool, now: Now) -> Result<Done, ApiError> {
    let meant = plan.meant(root)?;
    let asked = Asked { operation: asked.operation, by: asked.by.clone(), reference: asked.same, what: meant.what };
    if let Some(answered) = root.answered(&asked, now) {
        return Ok(answered?);
    }
    meant.cards.iter().try_for_each(usable)?;
    if let Some((account, amount)) = meant.from {
        within_card(&meant.cards[0], amount)?;
        let free = root.book().ledger.available(account, now.moment.day);
        let elsewhere: i64 = root.holders(account).map(|(_, right)| right).sum();
        if free < amount && elsewhere > 0 {
            if free.saturating_add(elsewhere) < amount {
                return Err(ApiErrorKind::NotEnough.into());
            }
            if again {
                return Err(ApiErrorKind::Elsewhere.into());
            }
        }
    }
    let done = root.ask(&asked, now)?;
    root.mark_time(now);
    Ok(done)
}

/// Which operation is wished, by whom, and what tells its body from another.
#[derive(Clone)]
struct Wish {
    operation: OperationId,
    by: OperatorNumber,
    same: u128,
}

async fn post(site: &Site, wish: Wish, plan: Plan) -> Answer {
    let ids = [wish.operation].into_iter().chain(plan.hold()).map(|operation| operation.line(1)).collect::<Vec<_>>();
    let until = Instant::now() + WAITS;
    let mut again = false;
    let done = loop {
        let blocks = site.accounts.blocks()?;
        let mut news = blocks.ear();
        let (plan, wish) = (plan.clone(), wish.clone());
        let tried = site.accounts.ask(ids.clone(), move |root, now| carry(root, &plan, &wish, again, now)).await?;
        let is_elsewhere = tried.as_ref().is_err_and(|error| error.kind == ApiErrorKind::Elsewhere);
        if !is_elsewhere || Instant::now() >= until {
            break tried?;
        }
        if !again {
            // The block that asks the stores is no news.
            news = blocks.ear();
        }
        again = true;
        tokio::time::timeout(LOOKS_EVERY, news.heard()).await.ok();
    };
    let (Done::Posted { operation, .. } | Done::Waits { operation }) = done;
    let amount = if let Done::Posted { amount, .. } = done { amount } else { 0 };
    let answer = json!({ "operation": operation_text(operation), "amount": decimal(amount) });
    Ok(HttpResponse::Ok().json(answer))
}

/// The key first: without one nothing of a body is looked at.
fn wish(request: &HttpRequest, machine: &str) -> Result<Wish, ApiError> {
    let operation = operation(request, machine)?;
    Ok(Wish { operation, by: OperatorNumber(machine.to_owned()), same: 0 })
}

pub async fn hold(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<Hold>("hold", payload).await?;
    let (amount, timeout_s) = (body.amount()?, body.timeout_s()?);
    let from = Of { number: body.number, wallet: body.wallet, asset: body.asset };
    post(&site, Wish { same, ..wish }, Plan::Hold { from, amount, timeout_s }).await
}

pub async fn capture(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<Capture>("capture", payload).await?;
    let (amount, hold) = (body.amount()?, body.hold()?);
    post(&site, Wish { same, ..wish }, Plan::Capture { hold, amount }).await
}

pub async fn void(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<Void>("void", payload).await?;
    let hold = body.hold()?;
    post(&site, Wish { same, ..wish }, Plan::Void { hold }).await
}

pub async fn topup(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<TopUp>("topup", payload).await?;
    let (amount, tender) = (body.amount()?, body.tender()?);
    let to = Of { number: body.number, wallet: body.wallet, asset: body.asset };
    post(&site, Wish { same, ..wish }, Plan::TopUp { to, amount, tender }).await
}

pub async fn spend(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<Spend>("spend", payload).await?;
    let amount = body.amount()?;
    let from = Of { number: body.number, wallet: body.wallet, asset: body.asset };
    post(&site, Wish { same, ..wish }, Plan::Spend { from, amount }).await
}

pub async fn transfer(machine: May<UseAccounts>, request: HttpRequest, site: Data<Site>, payload: Payload) -> Answer {
    let wish = wish(&request, &machine.name)?;
    let (body, same) = body::read::<Transfer>("transfer", payload).await?;
    let amount = body.amount()?;
    let of = |number: String| Of { number, wallet: body.wallet, asset: body.asset };
    let plan = Plan::Transfer { from: of(body.from), to: of(body.to), amount };
    post(&site, Wish { same, ..wish }, plan).await
}
