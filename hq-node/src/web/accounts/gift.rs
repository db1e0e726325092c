//! Gift cards in numbers: a batch is issued under a label, its numbers go out as a file, and a lost card is blocked.
//!
//! A card is a customer of its own with one wallet. Whoever has the number has the money, so lists show its end alone; the
//! file with whole numbers is for administrators.

use std::collections::BTreeSet;

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::refusal::Refusal;
use actix_web::{HttpResponse, web};
use backoffice::reports::{Cell, Column, Kind, Table};
use domain::ids::OperatorNumber;
use domain::ledger::transfer::Day;
use domain::ledger::{AccountKind, LotTerms, NEVER};
use domain::loyalty::gift::{PREFIX_DIGITS_MAX, gift_number};
use domain::money::Money;
use messages::v1::accounts::Wallet;
use processing::machine::Now;
use processing::machine::customer::{Customer, Held};
use processing::machine::root::{AskedFor, DeskError, PeopleError, Root};
use rand::RngExt as _;
use serde::Deserialize;

use super::words::{BadAmount, MONEY_ASSET, amount, day_text, new_operation};
use super::{
    CHANGE, Change, Field, Form, Query, SCANNED_AT_ONCE, Section, Told, View, against, ask, by, changes, draw, look,
    seen_at,
};
use crate::web::Site;
use crate::web::sales;
use ::web::show::escaped;

const PATH: &str = "/accounts/gift";
/// Cards of one batch.
pub const CARDS_MAX: usize = 10_000;
/// Cards of one turn of the writer: a few milliseconds.
pub const CARDS_AT_ONCE: usize = 250;
/// Longest label, in bytes.
const LABEL_BYTES_MAX: usize = 60;
/// Longest validity, in days: ten years.
const VALID_DAYS_MAX: i32 = 3_660;
/// What names of cards begin with.
const NAME: &str = "Gift card ";

#[derive(Clone, Debug)]
pub struct Batch {
    pub label: String,
    pub prefix: String,
    pub count: usize,
    /// Zero: the cards are loaded when they are sold.
    pub value: i64,
    /// None: for ever.
    pub valid_days: Option<i32>,
}

#[derive(Debug, thiserror::Error)]
pub enum GiftError {
    #[error("a label has 1 to {LABEL_BYTES_MAX} bytes")]
    Label,
    #[error("cards were issued under the label \"{0}\" before: choose another")]
    LabelTaken(String),
    #[error("a prefix has at most {PREFIX_DIGITS_MAX} digits and nothing else")]
    Prefix,
    #[error("1 to {CARDS_MAX} cards are issued at once")]
    Count,
    #[error("cards are valid for 1 to {VALID_DAYS_MAX} days, or for ever")]
    ValidDays,
    #[error(transparent)]
    Value(#[from] BadAmount),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error("no gift card has this number")]
    NoCard,
}

impl Batch {
    /// As a form or a command has it.
    pub fn read(label: &str, prefix: &str, count: &str, value: &str, valid_days: &str) -> Result<Batch, GiftError> {
        let (label, prefix, value, valid_days) = (label.trim(), prefix.trim(), value.trim(), valid_days.trim());
        if label.is_empty() || label.len() > LABEL_BYTES_MAX || label.chars().any(char::is_control) {
            return Err(GiftError::Label);
        }
        if prefix.len() > PREFIX_DIGITS_MAX || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GiftError::Prefix);
        }
        let count = count.trim().parse().ok().filter(|count| (1..=CARDS_MAX).contains(count));
        let value = match value {
            "" | "0" | "0.00" => 0,
            text => amount(text)?,
        };
        let valid_days = match valid_days {
            "" => None,
            text => {
                Some(text.parse().ok().filter(|days| (1..=VALID_DAYS_MAX).contains(days)).ok_or(GiftError::ValidDays)?)
            }
        };
        let (label, prefix) = (label.to_owned(), prefix.to_owned());
        Ok(Batch { label, prefix, count: count.ok_or(GiftError::Count)?, value, valid_days })
    }

    fn name(&self) -> String {
        format!("{NAME}{}", self.label)
    }
}

/// No card has the label yet. It looks at every customer: once a batch.
pub fn check_label(root: &Root, batch: &Batch) -> Result<(), GiftError> {
    let name = batch.name();
    match root.customers().any(|customer| customer.name == name) {
        true => Err(GiftError::LabelTaken(batch.label.clone())),
        false => Ok(()),
    }
}

/// Issue a card for each of these random numbers.
pub fn issue(
    root: &mut Root,
    batch: &Batch,
    random: &[u64],
    by: &OperatorNumber,
    now: Now,
) -> Result<Vec<String>, GiftError> {
    let mut numbers = Vec::with_capacity(random.len());
    for random in random {
        let number = gift_number(&batch.prefix, *random);
        let customer = Customer {
            name: batch.name(),
            cards: vec![changes::card(number.clone())],
            wallets: vec![Held { wallet: Wallet::Gift, asset: MONEY_ASSET, limit: 0 }],
            ..Customer::default()
        };
        let owner = root.open_customer(customer)?;
        if batch.value > 0 {
            let account = domain::ledger::AccountId::wallet(AccountKind::Gift, MONEY_ASSET, owner);
            let last = |days: i32| now.moment.day.saturating_add(days);
            let lot = batch.valid_days.map(|days| LotTerms { expires_on: last(days), ..LotTerms::NONE });
            let what = AskedFor::TopUp { account, amount: batch.value, tender: 0, lot };
            changes::asked(root, new_operation(), by.clone(), what, now)?;
        }
        numbers.push(number);
    }
    root.mark_time(now);
    Ok(numbers)
}

/// Numbers that nobody can foretell.
pub fn random(count: usize) -> Vec<u64> {
    let mut random = rand::rng();
    (0..count).map(|_| random.random()).collect()
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    #[serde(rename = "do")]
    action: String,
    label: String,
    prefix: String,
    count: String,
    value: String,
    valid_days: String,
    number: String,
}

pub async fn page(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    shown(&site, &visitor, &query, &Told::done(&query.done)).await
}

async fn labels(site: &Site) -> Result<BTreeSet<String>, Refusal> {
    let mut labels = BTreeSet::new();
    let mut from = Some(0);
    while let Some(next) = from {
        let (found, further) = look(site, move |root, _| root.named(NAME, next, SCANNED_AT_ONCE, usize::MAX)).await?;
        labels.extend(found.iter().filter_map(|card| card.name.strip_prefix(NAME).map(str::to_owned)));
        from = further;
    }
    Ok(labels)
}

async fn shown(site: &Site, visitor: &Visitor, query: &Query, told: &Told) -> Result<HttpResponse, Refusal> {
    let labels: Vec<String> = labels(site).await?.into_iter().collect();
    let columns = vec![Column { name: "batch", kind: Kind::Text, summed: false }];
    let made = Table { columns, rows: labels.iter().map(|label| vec![Cell::Text(label.clone())]).collect() };
    let may_change = visitor.may(CHANGE);
    let file = |row: usize| {
        let label = labels.get(row).filter(|_| may_change)?;
        Some(format!("{PATH}/numbers?q={}&format=csv", escaped(label)))
    };
    let mut batches = Section::new("Batches");
    batches.note = "A batch is a file with the numbers of its cards.".to_owned();
    batches = batches.table(&made, "No cards were issued here yet.", file);
    let mut sections = vec![batches];
    if may_change {
        let mut issue = Section::new("Issue and block");
        issue.forms = vec![
            Form::post("Issue cards", PATH, &[("issue", "Issue")])
                .note("Without a value they are loaded when they are sold at a till.")
                .fields(vec![
                    Field::text("label", "Label of the batch"),
                    Field::text("prefix", "Prefix (digits)").optional(),
                    Field::text("count", "Cards").with("100"),
                    Field::amount("value", "Value of a card").with("0.00"),
                    Field::text("valid_days", "Days of validity (for ever: empty)").optional(),
                ]),
            Form::post("Block a card", PATH, &[("block", "Block")]).fields(vec![Field::text("number", "Number")]),
        ];
        sections.push(issue);
    }
    draw(site, visitor, ("Gift cards", PATH), told, Vec::new(), if query.q.is_empty() { sections } else { Vec::new() })
}

pub async fn change(
    visitor: May<Change>,
    site: web::Data<Site>,
    sent: web::Form<Sent>,
) -> Result<HttpResponse, Refusal> {
    let done = match sent.action.as_str() {
        "issue" => issue_all(&site, &visitor, &sent).await?,
        "block" => {
            let number = sent.number.trim().to_owned();
            ask(&site, Vec::new(), move |root, _| block(root, &number)).await?
        }
        _ => return Err(Refusal::bad_request("What is to be done is not known.")),
    };
    match done {
        Ok(()) => Ok(seen_at(&format!("{PATH}?done=saved"))),
        Err(error) => shown(&site, &visitor, &Query::default(), &Told::refused(against(error))).await,
    }
}

async fn issue_all(site: &Site, visitor: &Visitor, sent: &Sent) -> Result<Result<(), GiftError>, Refusal> {
    let batch = match Batch::read(&sent.label, &sent.prefix, &sent.count, &sent.value, &sent.valid_days) {
        Ok(batch) => batch,
        Err(error) => return Ok(Err(error)),
    };
    let person = by(visitor);
    let mut is_first = true;
    for part in random(batch.count).chunks(CARDS_AT_ONCE) {
        let (batch, part, person, checks) = (batch.clone(), part.to_vec(), person.clone(), is_first);
        is_first = false;
        let issued = ask(site, Vec::new(), move |root, now| {
            if checks {
                check_label(root, &batch)?;
            }
            issue(root, &batch, &part, &person, now).map(|_| ())
        });
        if let Err(error) = issued.await? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn block(root: &mut Root, number: &str) -> Result<(), GiftError> {
    let customer =
        root.whose(number).filter(|customer| customer.wallets.iter().all(|held| held.wallet == Wallet::Gift));
    let owner = customer.ok_or(GiftError::NoCard)?.owner;
    Ok(root.update_customer(owner, |customer| customer.blocked = true)?)
}

/// The numbers of a batch as a file.
pub async fn numbers(_: May<Change>, site: web::Data<Site>, query: web::Query<Query>) -> Result<HttpResponse, Refusal> {
    let name = format!("{NAME}{}", query.q);
    let mut rows = Vec::new();
    let mut from = Some(0);
    while let Some(next) = from {
        let wanted = name.clone();
        let (part, further) = look(&site, move |root, now| {
            let (found, further) = root.named(&wanted, next, SCANNED_AT_ONCE, usize::MAX);
            let cards = found.into_iter().filter(|card| card.name == wanted);
            (cards.map(|card| row(root, &card, now.moment.day)).collect::<Vec<_>>(), further)
        })
        .await?;
        rows.extend(part);
        from = further;
    }
    if rows.is_empty() {
        return Err(Refusal::not_found("There is no such batch of gift cards."));
    }
    let text = |name| Column { name, kind: Kind::Text, summed: false };
    let money = Column { name: "balance", kind: Kind::Money, summed: false };
    let columns = vec![text("number"), money, text("last_day"), text("state")];
    sales::answer("gift-cards", &query.format, &Table { columns, rows })
}

fn row(root: &Root, card: &Customer, today: Day) -> Vec<Cell> {
    let wallet = root.wallets_now(card.owner, today).into_iter().next();
    let last = wallet.as_ref().and_then(|now| now.lots.iter().map(|lot| lot.slice.expires_on).max()).unwrap_or(NEVER);
    vec![
        Cell::Text(card.cards.first().map(|card| card.number.clone()).unwrap_or_default()),
        Cell::Money(Money::from_minor(wallet.map_or(0, |now| now.balance))),
        Cell::Text(day_text(last)),
        Cell::Text(super::tables::state_word(card)),
    ]
}
