//! One customer: cards, wallets with all their parts, what stores may still spend, and the statement of a wallet.

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::refusal::Refusal;
use actix_web::{HttpResponse, web};
use domain::ledger::AccountId;
use domain::loyalty::TierNow;
use messages::v1::accounts::Wallet;
use processing::machine::customer::Customer;
use processing::machine::root::Merge;
use processing::machine::root::looks::WalletNow;
use processing::statement::{self, Place, Statement, StatementError, Wanted};
use serde::Deserialize;

use super::tables::{self, Names};
use super::words::{decimal, moment, sentence, wallet_key, wallet_of_key};
use super::{CHANGE, Field, Form, Section, Told, View, changes, customer_path, draw, file, look, refused};
use crate::tiers;
use crate::web::Site;
use ::web::show::escaped;

/// Movements of a page.
const LINES_SHOWN: usize = 100;
/// Movements of a file.
const LINES_EXPORTED: usize = 100_000;
pub const NO_SUCH_CUSTOMER: &str = "There is no such customer.";

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Query {
    /// As "points.1".
    #[serde(default)]
    pub wallet: String,
    #[serde(default)]
    pub as_of: String,
    /// Rights of stores as well.
    #[serde(default)]
    pub rights: bool,
    /// Where to go on.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub format: String,
    #[serde(default)]
    pub done: String,
}

/// A place of a statement as addresses and machines carry it.
pub fn place_text(place: &Place) -> String {
    format!("{}.{}.{}", place.block, place.balance, place.turnover)
}

pub fn place_of(text: &str) -> Option<Place> {
    let mut parts = text.split('.');
    let place = Place {
        block: parts.next()?.parse().ok()?,
        balance: parts.next()?.parse().ok()?,
        turnover: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(place)
}

fn unreadable(error: StatementError) -> Refusal {
    match error {
        StatementError::Door(error) => refused(error),
        StatementError::Store(error) => Refusal::failed(error.to_string()),
        StatementError::Restless => Refusal::busy(sentence(error)),
    }
}

/// The statement of a wallet, from where it is asked.
pub async fn read(site: &Site, from: &str, wanted: &Wanted) -> Result<Statement, Refusal> {
    let newest = statement::newest(&site.accounts, wanted.wallet).await.map_err(unreadable)?;
    let place = match from {
        "" => newest,
        text => {
            let known = place_of(text).filter(|place| place.block <= newest.block && place.turnover <= newest.turnover);
            known.ok_or_else(|| Refusal::bad_request("The place in the statement cannot be used: begin anew."))?
        }
    };
    let store = site.accounts.store().map_err(refused)?;
    statement::read(store.as_ref(), place, wanted).await.map_err(|error| Refusal::failed(error.to_string()))
}

pub struct Seen {
    pub customer: Customer,
    pub wallets: Vec<WalletNow>,
    pub merges: Vec<(u64, Merge)>,
    pub names: Names,
}

pub async fn seen(site: &Site, owner: &str) -> Result<Seen, Refusal> {
    let missing = || Refusal::not_found(NO_SUCH_CUSTOMER);
    let owner: u64 = owner.parse().map_err(|_| missing())?;
    let seen = look(site, move |root, now| {
        let customer = root.customer(owner)?.clone();
        let merges = root.merges().zip(1..).filter(|(merge, _)| merge.into == owner || merge.from == owner);
        let merges = merges.map(|(merge, number)| (number, merge.clone())).collect();
        Some(Seen { customer, wallets: root.wallets_now(owner, now.moment.day), merges, names: Names::of(root) })
    });
    seen.await?.ok_or_else(missing)
}

pub async fn page(
    visitor: May<View>,
    site: web::Data<Site>,
    owner: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    shown(&site, &visitor, &owner, &query, &Told::done(&query.done)).await
}

/// The wallet that the query names, or the first.
fn chosen(seen: &Seen, query: &Query) -> Option<(Wallet, u32, AccountId)> {
    let named = wallet_of_key(&query.wallet);
    let now = seen.wallets.iter().find(|now| named == Some((now.wallet, now.asset))).or(seen.wallets.first())?;
    Some((now.wallet, now.asset, now.account))
}

pub(super) async fn shown(
    site: &Site,
    visitor: &Visitor,
    owner: &str,
    query: &Query,
    told: &Told,
) -> Result<HttpResponse, Refusal> {
    let seen = seen(site, owner).await?;
    let offset = *site.clock.now().offset();
    let path = customer_path(seen.customer.owner);
    let may_change = visitor.may(CHANGE);
    let tier = tiers::tier_now(&site.reader, site.clock.now().date_naive(), &seen.customer).await;
    let tier = tier.map_err(|error| Refusal::failed(error.to_string()))?;
    let mut sections = vec![facts(&seen, tier.as_ref())];

    let mut cards = Section::new("Cards and phones");
    cards = cards.table(&tables::cards(&seen.customer, may_change), "There is no card.", |_| None);
    let mut wallets = Section::new("Wallets");
    wallets.note =
        "The balance is what is free and held here, what stores may spend, and what is set aside.".to_owned();
    wallets = wallets.table(&tables::wallets(&seen.wallets), "There is no wallet.", |_| None);
    if may_change && seen.customer.forward.is_none() {
        cards.forms = changes::card_forms(&seen, &path);
        wallets.forms = changes::wallet_forms(&seen, &path);
    }
    sections.extend([cards, wallets]);

    let exposed: i64 = seen.wallets.iter().map(WalletNow::at_stores).sum();
    let mut exposure = Section::new("What stores hold");
    exposure.note = format!(
        "A block reaches a store when it is heard there. Until then stores may still spend {} of this customer.",
        decimal(exposed)
    );
    exposure = exposure.table(&tables::exposure(&seen.wallets, &seen.names), "No store holds anything.", |_| None);
    if may_change && seen.customer.forward.is_none() {
        exposure.forms.push(changes::block_form(&seen, &path));
    }
    sections.push(exposure);
    let lots = tables::lots(&seen.wallets, &seen.names);
    if !lots.rows.is_empty() {
        sections.push(Section::new("Lots, the first to expire first").table(&lots, "", |_| None));
    }

    if let Some((wallet, asset, account)) = chosen(&seen, query) {
        let as_of = match query.as_of.as_str() {
            "" => None,
            text => Some(moment(text, offset).ok_or_else(|| {
                Refusal::bad_request(format!("\"{text}\" is not a moment: write it as 2026-11-25T14:30."))
            })?),
        };
        let lines_max = if query.format.is_empty() { LINES_SHOWN } else { LINES_EXPORTED };
        let wanted = Wanted { wallet: account, as_of, lines_max, with_rights: query.rights };
        let mut read = read(site, &query.from, &wanted).await?;
        // A file has all of it, however far back it goes.
        while let Some(next) = read.next.filter(|_| !query.format.is_empty() && read.lines.len() < LINES_EXPORTED) {
            let store = site.accounts.store().map_err(refused)?;
            let further = statement::read(store.as_ref(), next, &wanted).await;
            let further = further.map_err(|error| Refusal::failed(error.to_string()))?;
            read.lines.extend(further.lines);
            read.next = further.next;
        }
        let made = tables::statement(&read.lines, &seen.names, offset);
        if let Some(file) = file("statement", &query.format, &made) {
            return file;
        }
        sections.push(statement_section(&seen, query, &path, (wallet, asset), &read, &made));
    }
    if !seen.merges.is_empty() {
        sections.push(changes::merges(&seen, &path, may_change));
    }
    let title = format!("Customer {}", seen.customer.owner);
    draw(site, visitor, (&title, super::PATH), told, Vec::new(), sections)
}

fn facts(seen: &Seen, tier: Option<&TierNow>) -> Section {
    let customer = &seen.customer;
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let home = if customer.home == 0 { "none yet".to_owned() } else { seen.names.name(customer.home) };
    let mut section = Section::new(or_none(customer.name.clone()));
    section.facts = vec![
        ("State", tables::state_word(customer)),
        ("Tier", tier.map_or_else(|| or_none(customer.tier.clone()), tiers::sentence)),
        ("Brought by", customer.referred_by.map_or_else(|| "nobody".to_owned(), |by| format!("customer {by}"))),
        ("Birthday", customer.birthday.map_or_else(|| "none".to_owned(), |(m, d)| format!("{m:02}-{d:02}"))),
        ("Home store", home),
    ];
    if let Some(into) = customer.forward {
        section.links.push((format!("To customer {into}"), customer_path(into)));
    }
    section
}

fn statement_section(
    seen: &Seen,
    query: &Query,
    path: &str,
    (wallet, asset): (Wallet, u32),
    read: &Statement,
    made: &backoffice::reports::Table,
) -> Section {
    let key = wallet_key(wallet, asset);
    let keys = seen.wallets.iter().map(|now| wallet_key(now.wallet, now.asset));
    let mut section = Section::new(format!("Statement of {key}"));
    section.note = match query.as_of.as_str() {
        "" if query.from.is_empty() => format!("Balance now: {}", decimal(read.balance.unwrap_or_default())),
        "" => String::new(),
        text => match read.balance {
            Some(balance) => format!("Balance as of {text}: {}", decimal(balance)),
            None => format!("{text} is further back: go on with older movements."),
        },
    };
    let rights = Field::of("checkbox", "rights", "Rights of stores too").with(query.rights.to_string());
    section.filter = Some(Form::get(
        path,
        vec![
            Field::choice("wallet", "Wallet", keys.map(|key| (key.clone(), key)).collect()).with(&key),
            Field::of("datetime-local", "as_of", "As of").optional().with(&query.as_of),
            rights,
        ],
    ));
    section = section.table(made, "Nothing was moved.", |_| None);
    let address = format!("{path}?wallet={}&as_of={}&rights={}", escaped(&key), escaped(&query.as_of), query.rights);
    if let Some(next) = &read.next {
        section.links.push(("Older movements".to_owned(), format!("{address}&from={}", place_text(next))));
    }
    section.files(&address)
}
