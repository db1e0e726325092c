//! Customer accounts for web shops and apps: who is it, how much is there, what was moved; and in [`posts`] what moves it.
//!
//! Amounts are decimal strings. Refusals are JSON `{"code", "text"}` with the codes of [`error`]: of each kind one, so that a
//! program can act on it.

pub mod body;
pub mod error;
pub mod posts;

use ::web::guard::May;
use actix_web::{HttpResponse, web};
use chrono::{FixedOffset, SecondsFormat, TimeZone, Utc};
use processing::machine::Now;
use processing::machine::customer::Customer;
use processing::machine::root::Root;
use processing::machine::root::looks::WalletNow;
use processing::statement::{Line, Wanted};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::accounts::View;
use super::super::accounts::customer::{place_text, read};
use super::super::accounts::tables::{Names, account_text};
use super::super::accounts::words::{
    card_word, date_of, decimal, moment, operation_text, wallet_named, wallet_of, wallet_word,
};
use crate::web::Site;
use error::{ApiError, ApiErrorKind};

/// Movements of one answer.
const LINES_MAX: usize = 100;

/// What the interface is, for programs that make programs.
const OPENAPI: &str = include_str!("../../../../deploy/accounts-openapi.json");

type Answer = Result<HttpResponse, ApiError>;

pub async fn openapi(_: May<View>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(OPENAPI)
}

/// Which wallet; left out, the customer's only one.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    #[serde(default)]
    wallet: String,
    #[serde(default)]
    asset: String,
    #[serde(default)]
    as_of: String,
    #[serde(default)]
    before: String,
}

fn shown(now: &WalletNow, today: i32) -> Value {
    let expiring = now
        .expiring(today)
        .map(|(amount, day)| json!({ "amount": decimal(amount), "last_day": date_of(day).map(|day| day.to_string()) }));
    json!({
        "wallet": wallet_word(now.wallet), "asset": now.asset, "balance": decimal(now.balance), "free": decimal(now.free),
        "held": decimal(now.held), "at_stores": decimal(now.at_stores()), "set_aside": decimal(now.set_aside()),
        "pending": decimal(now.pending), "owed": decimal(now.owed), "credit_limit": decimal(now.limit), "expiring": expiring,
    })
}

struct Found {
    customer: Customer,
    wallets: Vec<WalletNow>,
    today: i32,
    names: Names,
}

fn look(root: &Root, number: &str, now: Now) -> Option<Found> {
    let customer = root.whose(number)?.clone();
    let today = now.moment.day;
    Some(Found { wallets: root.wallets_now(customer.owner, today), customer, today, names: Names::of(root) })
}

async fn found(site: &Site, number: String) -> Result<Found, ApiError> {
    let found = site.accounts.ask(Vec::new(), move |root, now| look(root, &number, now)).await?;
    found.ok_or_else(|| ApiErrorKind::UnknownCard.into())
}

pub async fn customer(_: May<View>, site: web::Data<Site>, number: web::Path<String>) -> Answer {
    let Found { customer, wallets, today, .. } = found(&site, number.into_inner()).await?;
    let cards = customer.cards.iter().map(
        |card| json!({ "number": card.number, "state": card_word(card.state), "day_max": card.day_max.map(decimal) }),
    );
    Ok(HttpResponse::Ok().json(json!({
        "owner": customer.owner, "name": customer.name, "tier": customer.tier, "blocked": customer.blocked,
        "closed": customer.closed, "cards": cards.collect::<Vec<_>>(),
        "wallets": wallets.iter().map(|now| shown(now, today)).collect::<Vec<_>>(),
    })))
}

fn chosen<'f>(found: &'f Found, which: &Which) -> Result<&'f WalletNow, ApiError> {
    let none = || ApiError::from(ApiErrorKind::NoSuchWallet);
    let asset = match which.asset.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| none())?),
    };
    let account = match (which.wallet.as_str(), &found.wallets[..]) {
        ("", [only]) => Some(only.account),
        (word, _) => wallet_named(word).and_then(|wallet| wallet_of(&found.customer, wallet, asset)),
    };
    found.wallets.iter().find(|now| Some(now.account) == account).ok_or_else(none)
}

pub async fn balance(
    _: May<View>,
    site: web::Data<Site>,
    number: web::Path<String>,
    which: web::Query<Which>,
) -> Answer {
    let found = found(&site, number.into_inner()).await?;
    Ok(HttpResponse::Ok().json(shown(chosen(&found, &which)?, found.today)))
}

fn line(line: &Line, names: &Names, offset: FixedOffset) -> Value {
    let at = line.at_ms.and_then(|at_ms| Utc.timestamp_millis_opt(at_ms).single());
    json!({
        "at": at.map(|at| at.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Millis, false)),
        "business_day": date_of(line.day).map(|day| day.to_string()),
        "movement": line.code, "amount": decimal(line.amount), "pending": decimal(line.pending), "held": decimal(line.held),
        "balance": decimal(line.balance), "other_side": account_text(line.other, names),
        "operation": operation_text(line.id.operation()), "block": line.block,
    })
}

/// Newest first; `before` of the answer goes on.
pub async fn statement(
    _: May<View>,
    site: web::Data<Site>,
    number: web::Path<String>,
    which: web::Query<Which>,
) -> Answer {
    let found = found(&site, number.into_inner()).await?;
    let now = chosen(&found, &which)?;
    let offset = *site.clock.now().offset();
    let as_of = match which.as_of.as_str() {
        "" => None,
        text => Some(moment(text, offset).ok_or_else(|| {
            ApiError::address(format!("\"{text}\" is not a moment: write it as 2026-11-25T14:30:00+03:00"))
        })?),
    };
    let wanted = Wanted { wallet: now.account, as_of, lines_max: LINES_MAX, with_rights: false };
    let read = read(&site, &which.before, &wanted).await.map_err(|refusal| ApiError::of_refusal(&refusal))?;
    Ok(HttpResponse::Ok().json(json!({
        "wallet": wallet_word(now.wallet), "asset": now.asset, "balance": read.balance.map(decimal),
        "lines": read.lines.iter().map(|each| line(each, &found.names, offset)).collect::<Vec<_>>(),
        "before": read.next.as_ref().map(place_text),
    })))
}
