//! What an administrator changes of a customer: cards, wallets, blocks, merges; and what only two people change together.

use ::web::guard::May;
use ::web::refusal::Refusal;
use actix_web::{HttpResponse, web};
use domain::ids::OperatorNumber;
use domain::ledger::OperationId;
use messages::v1::accounts::Wallet;
use processing::machine::customer::{Card, CardState, Customer, Held};
use processing::machine::root::looks::WalletNow;
use processing::machine::root::{Asked, AskedFor, DeskError, Done, PeopleError, RequestState, Root};
use processing::machine::{Now, ROOT};
use serde::Deserialize;

use super::customer::{Query, Seen, shown};
use super::words::{
    MONEY_ASSET, WALLETS, amount, birthday, card_word, decimal, new_operation, operation_of, operation_text,
    signed_amount, wallet_key, wallet_of, wallet_of_key,
};
use super::{Change, Field, Form, PATH, Section, Told, against, ask, by, customer_path, index, seen_at};
use crate::web::Site;

/// Longest name of a customer, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Every field of every form; each form sends its own.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    #[serde(rename = "do")]
    action: String,
    name: String,
    birthday: String,
    brought_by: String,
    card: String,
    phone: String,
    number: String,
    day_max: String,
    wallet: String,
    asset: String,
    limit: String,
    amount: String,
    reason: String,
    operation: String,
    merge: String,
    points: bool,
    prepaid: bool,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Amount(#[from] super::words::BadAmount),
    #[error("a name has 1 to {NAME_BYTES_MAX} bytes")]
    Name,
    #[error("a birthday is month and day, as 02-29")]
    Birthday,
    #[error("the programme of points is a number above zero")]
    Asset,
    #[error("choose a wallet")]
    Wallet,
    #[error("the customer has no such wallet")]
    NoWallet,
    #[error("the page is too old: open it again")]
    OldPage,
    #[error("only {} are free, the rest is at stores and was asked back: allow it again in a moment", decimal(*free))]
    AtStores { free: i64 },
    #[error("the wallet has only {}: refuse the request, and ask for less", decimal(*free))]
    TooMuch { free: i64 },
    #[error("what is to be done is not known")]
    Unknown,
}

/// What a new customer begins with.
#[derive(Clone, Debug, Default)]
pub struct NewCustomer {
    pub name: String,
    pub numbers: Vec<String>,
    pub birthday: Option<(u32, u32)>,
    /// A card or a phone of who brought the customer.
    pub brought_by: Option<String>,
    pub wallets: Vec<Held>,
}

pub fn open(root: &mut Root, new: NewCustomer, now: Now) -> Result<u64, ChangeError> {
    let name = name_of(&new.name)?;
    let cards = new.numbers.into_iter().map(card).collect();
    root.mark_time(now);
    let referred_by = new.brought_by.map(|number| root.owner_of(&number)).transpose()?;
    let (birthday, wallets) = (new.birthday, new.wallets);
    Ok(root.open_customer(Customer { name, cards, birthday, referred_by, wallets, ..Customer::default() })?)
}

pub fn card(number: String) -> Card {
    Card { number, state: CardState::Active, day_max: None, pin: None }
}

fn name_of(text: &str) -> Result<String, ChangeError> {
    let name = text.trim();
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(ChangeError::Name) }
}

fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

pub(super) fn new_customer() -> Form {
    Form::post("A new customer", PATH, &[("add", "Add the customer")]).fields(vec![
        Field::text("name", "Name"),
        Field::text("card", "Card").optional(),
        Field::text("phone", "Phone").optional(),
        Field::text("birthday", "Birthday (month-day)").optional(),
        Field::text("brought_by", "Brought by (card or phone)").optional(),
        Field::of("checkbox", "points", "Points of programme").with("true"),
        Field::text("asset", "No.").with("1").optional(),
        Field::of("checkbox", "prepaid", "Prepaid money"),
    ])
}

fn held(wallet: Wallet, asset: u32) -> Held {
    Held { wallet, asset, limit: 0 }
}

pub async fn add(visitor: May<Change>, site: web::Data<Site>, sent: web::Form<Sent>) -> Result<HttpResponse, Refusal> {
    let wanted = (|| {
        let mut wallets = Vec::new();
        if sent.points {
            let asset = sent.asset.trim().parse().ok().filter(|asset| *asset > 0);
            wallets.push(held(Wallet::Points, asset.ok_or(ChangeError::Asset)?));
        }
        if sent.prepaid {
            wallets.push(held(Wallet::Prepaid, MONEY_ASSET));
        }
        let birthday = given(&sent.birthday).map(|text| birthday(text).ok_or(ChangeError::Birthday)).transpose()?;
        let numbers = [&sent.card, &sent.phone].into_iter().filter_map(|text| given(text));
        Ok(NewCustomer {
            name: sent.name.clone(),
            numbers: numbers.map(str::to_owned).collect(),
            birthday,
            brought_by: given(&sent.brought_by).map(str::to_owned),
            wallets,
        })
    })();
    let opened = match wanted {
        Ok(wanted) => ask(&site, Vec::new(), move |root, now| open(root, wanted, now)).await?,
        Err(error) => Err(error),
    };
    match opened {
        Ok(owner) => Ok(seen_at(&format!("{}?done=saved", customer_path(owner)))),
        Err(error) => index(&site, &visitor, &super::Query::default(), &Told::refused(against(error))).await,
    }
}

pub(super) fn card_forms(seen: &Seen, path: &str) -> Vec<Form> {
    let numbers: Vec<(String, String)> = seen
        .customer
        .cards
        .iter()
        .map(|card| (card.number.clone(), format!("{} ({})", card.number, card_word(card.state))))
        .collect();
    let which = |label| Field::choice("card", label, numbers.clone());
    let mut forms = vec![Form::post("Add a card or a phone", path, &[("add_card", "Add")]).fields(vec![
        Field::text("number", "Number"),
        Field::amount("day_max", "Limit of a day (none: empty)").optional(),
    ])];
    if !numbers.is_empty() {
        forms.push(
            Form::post(
                "Block or limit a card",
                path,
                &[("block_card", "Block"), ("unblock_card", "Unblock"), ("limit_card", "Set the limit")],
            )
            .fields(vec![which("Card"), Field::amount("day_max", "Limit of a day (none: empty)").optional()]),
        );
        forms.push(
            Form::post("Replace a card", path, &[("replace_card", "Replace")])
                .note("The new card has the limit of the old one; the old one cannot be used any more.")
                .fields(vec![which("Old card"), Field::text("number", "New number")]),
        );
    }
    forms.push(Form::post("Change the name", path, &[("rename", "Save")]).fields(vec![
        Field::text("name", "Name").with(&seen.customer.name),
        Field::text("birthday", "Birthday (month-day)").optional(),
    ]));
    forms.push(
        Form::post("Who brought the customer", path, &[("brought", "Save")])
            .note("Counts with the customer's first purchase, if the programme thanks for it.")
            .fields(vec![Field::text("brought_by", "Card or phone (nobody: empty)").optional()]),
    );
    forms
}

pub(super) fn wallet_forms(seen: &Seen, path: &str) -> Vec<Form> {
    let kinds = WALLETS.iter().map(|(_, word)| ((*word).to_owned(), (*word).to_owned())).collect();
    let keys: Vec<(String, String)> =
        seen.wallets.iter().map(|now| wallet_key(now.wallet, now.asset)).map(|key| (key.clone(), key)).collect();
    let mut forms =
        vec![Form::post("Open a wallet, or set how far it may go below zero", path, &[("wallet", "Save")]).fields(
            vec![
                Field::choice("wallet", "Kind", kinds),
                Field::text("asset", "Currency or programme").with(MONEY_ASSET.to_string()),
                Field::amount("limit", "Credit limit").with("0.00"),
            ],
        )];
    if !keys.is_empty() {
        let which = || Field::choice("wallet", "Wallet", keys.clone());
        let operation = || operation_text(new_operation());
        forms.push(
            Form::post("Correct a balance (two people)", path, &[("adjust", "Ask for it")])
                .note("Above zero gives to the customer, below zero takes. Another person must allow it.")
                .hidden("operation", operation())
                .fields(vec![which(), Field::amount("amount", "Amount"), Field::text("reason", "Reason")]),
        );
        forms.push(
            Form::post("Give to another customer", path, &[("transfer", "Move it")])
                .hidden("operation", operation())
                .fields(vec![
                    which(),
                    Field::text("number", "Card or phone of the other"),
                    Field::amount("amount", "Amount"),
                ]),
        );
    }
    forms.push(
        Form::post("Merge another customer into this one", path, &[("merge", "Merge")])
            .note("Cards, money and points of the other come here. It can be undone for 30 days.")
            .fields(vec![Field::text("number", "Card or phone of the other")]),
    );
    forms
}

pub(super) fn block_form(seen: &Seen, path: &str) -> Form {
    let exposed: i64 = seen.wallets.iter().map(WalletNow::at_stores).sum();
    match seen.customer.blocked {
        true => Form::post("Unblock the customer", path, &[("unblock", "Unblock")]),
        false => Form::post("Block the customer", path, &[("block", "Block")])
            .note(format!("All cards stop. {} at stores may be spent until they hear of it.", decimal(exposed))),
    }
}

pub(super) fn merges(seen: &Seen, path: &str, may_change: bool) -> Section {
    let mut section = Section::new("Merges");
    for (number, merge) in &seen.merges {
        let undone = if merge.undone { ", undone" } else { "" };
        let text = format!("customer {} into customer {}{undone}", merge.from, merge.into);
        section
            .links
            .push((text, customer_path(if merge.from == seen.customer.owner { merge.into } else { merge.from })));
        if may_change && !merge.undone && merge.into == seen.customer.owner {
            let form =
                Form::post("Undo the merge", path, &[("unmerge", "Undo it")]).hidden("merge", number.to_string());
            section.forms.push(form.note(format!("Customer {} is a customer of its own again.", merge.from)));
        }
    }
    section
}

pub async fn change(
    visitor: May<Change>,
    site: web::Data<Site>,
    owner: web::Path<String>,
    sent: web::Form<Sent>,
) -> Result<HttpResponse, Refusal> {
    let missing = || Refusal::not_found(super::customer::NO_SUCH_CUSTOMER);
    let number: u64 = owner.parse().map_err(|_| missing())?;
    let (wanted, person) = (sent.into_inner(), by(&visitor));
    let ids = operation_of(&wanted.operation).map(|operation| operation.line(1)).into_iter().collect();
    let done = ask(&site, ids, move |root, now| carry(root, number, &wanted, person, now)).await?;
    match done {
        Ok(word) => Ok(seen_at(&format!("{}?done={word}", customer_path(number)))),
        Err(ChangeError::People(PeopleError::Unknown(unknown))) if unknown == number => Err(missing()),
        Err(error) => {
            let query = Query { wallet: String::new(), ..Query::default() };
            shown(&site, &visitor, &owner, &query, &Told::refused(against(error))).await
        }
    }
}

fn day_max(text: &str) -> Result<Option<i64>, ChangeError> {
    Ok(given(text).map(amount).transpose()?)
}

fn carry(root: &mut Root, owner: u64, sent: &Sent, by: OperatorNumber, now: Now) -> Result<&'static str, ChangeError> {
    let number = || sent.number.trim().to_owned();
    let of_this = |root: &Root| match root.whose(&sent.card).map(|customer| customer.owner) {
        Some(known) if known == owner => Ok(()),
        _ => Err(PeopleError::UnknownNumber(sent.card.clone())),
    };
    root.mark_time(now);
    match sent.action.as_str() {
        "block" => root.update_customer(owner, |customer| customer.blocked = true)?,
        "unblock" => root.update_customer(owner, |customer| customer.blocked = false)?,
        "rename" => {
            let name = name_of(&sent.name)?;
            let born = given(&sent.birthday).map(|text| birthday(text).ok_or(ChangeError::Birthday)).transpose()?;
            root.update_customer(owner, |customer| {
                customer.name = name;
                customer.birthday = born.or(customer.birthday);
            })?;
        }
        "add_card" => {
            let new = Card { day_max: day_max(&sent.day_max)?, ..card(number()) };
            add_card(root, owner, new)?;
        }
        "block_card" | "unblock_card" => {
            of_this(root)?;
            let state = if sent.action == "block_card" { CardState::Blocked } else { CardState::Active };
            root.set_card(&sent.card, state)?;
        }
        "limit_card" => {
            of_this(root)?;
            let limit = day_max(&sent.day_max)?;
            root.update_customer(owner, |customer| {
                customer.cards.iter_mut().filter(|card| card.number == sent.card).for_each(|card| card.day_max = limit);
            })?;
        }
        "replace_card" => {
            of_this(root)?;
            replace_card(root, &sent.card, &number())?;
        }
        "wallet" => {
            let wallet = WALLETS.iter().find(|(_, word)| *word == sent.wallet).ok_or(ChangeError::Wallet)?.0;
            let asset = sent.asset.trim().parse().ok().filter(|asset| *asset > 0).ok_or(ChangeError::Asset)?;
            let limit = signed_amount(sent.limit.trim())?;
            set_wallet(root, owner, Held { wallet, asset, limit })?;
        }
        "brought" => {
            let by = given(&sent.brought_by).map(|number| root.owner_of(number)).transpose()?;
            root.update_customer(owner, |customer| customer.referred_by = by)?;
        }
        "merge" => {
            let other = root.owner_of(&number())?;
            root.merge_customers(other, owner, now)?;
        }
        "unmerge" => root.unmerge(sent.merge.parse().map_err(|_| PeopleError::NoMerge)?, now)?,
        "adjust" | "transfer" => return move_amount(root, owner, sent, by, now),
        _ => return Err(ChangeError::Unknown),
    }
    Ok("saved")
}

/// A number that the customer has already is not added again.
pub fn add_card(root: &mut Root, owner: u64, card: Card) -> Result<(), PeopleError> {
    if root.whose(&card.number).is_some_and(|known| known.owner == owner) {
        return Err(PeopleError::NumberTaken(card.number, owner));
    }
    root.update_customer(owner, |customer| customer.cards.push(card))
}

pub fn replace_card(root: &mut Root, old: &str, new: &str) -> Result<(), PeopleError> {
    if let Some(known) = root.whose(new) {
        return Err(PeopleError::NumberTaken(new.to_owned(), known.owner));
    }
    root.replace_card(old, new)
}

/// Open a wallet, or change its limit. Points, stamps and gift cards have none.
pub fn set_wallet(root: &mut Root, owner: u64, wanted: Held) -> Result<(), ChangeError> {
    let has_limit = matches!(wanted.wallet, Wallet::Prepaid | Wallet::Credit);
    if wanted.limit < 0 || (wanted.limit > 0 && !has_limit) {
        return Err(DeskError::AmountNotPositive.into());
    }
    root.update_customer(owner, |customer| {
        let same = |held: &&mut Held| held.wallet == wanted.wallet && held.asset == wanted.asset;
        match customer.wallets.iter_mut().find(same) {
            Some(held) => held.limit = wanted.limit,
            None => customer.wallets.push(wanted),
        }
    })?;
    Ok(())
}

fn move_amount(
    root: &mut Root,
    owner: u64,
    sent: &Sent,
    by: OperatorNumber,
    now: Now,
) -> Result<&'static str, ChangeError> {
    let operation = operation_of(&sent.operation).ok_or(ChangeError::OldPage)?;
    let (wallet, asset) = wallet_of_key(&sent.wallet).ok_or(ChangeError::Wallet)?;
    let what = if sent.action == "adjust" {
        let account = account_of(root, owner, wallet, asset)?;
        AskedFor::Adjust { account, amount: adjusted(&sent.amount)?, reason: sent.reason.trim().to_owned() }
    } else {
        let other = root.owner_of(sent.number.trim())?;
        let from = account_of(root, owner, wallet, asset)?;
        let to = account_of(root, other, wallet, asset)?;
        AskedFor::Give2 { from, to, amount: amount(sent.amount.trim())? }
    };
    match asked(root, operation, by, what, now)? {
        Done::Waits { .. } => Ok("asked"),
        Done::Posted { .. } => Ok("saved"),
    }
}

/// Not zero.
pub fn adjusted(text: &str) -> Result<i64, super::words::BadAmount> {
    match signed_amount(text.trim())? {
        0 => Err(super::words::BadAmount::NotPositive),
        amount => Ok(amount),
    }
}

pub fn account_of(
    root: &Root,
    owner: u64,
    wallet: Wallet,
    asset: u32,
) -> Result<domain::ledger::AccountId, ChangeError> {
    let customer = root.customer(owner).ok_or(PeopleError::Unknown(owner))?;
    wallet_of(customer, wallet, Some(asset)).ok_or(ChangeError::NoWallet)
}

/// Ask the desk in the name of a person.
pub fn asked(
    root: &mut Root,
    operation: OperationId,
    by: OperatorNumber,
    what: AskedFor,
    now: Now,
) -> Result<Done, DeskError> {
    root.mark_time(now);
    let asked = Asked { operation, by, reference: 0, what };
    if let Some(known) = root.answered(&asked, now) {
        return known;
    }
    root.ask(&asked, now)
}

/// The second person's word. A correction that takes more than is free would be refused for ever: what stores hold of it
/// is asked back first.
pub fn judge(
    root: &mut Root,
    operation: OperationId,
    by: &OperatorNumber,
    allow: bool,
    now: Now,
) -> Result<Done, ChangeError> {
    root.mark_time(now);
    let waits = root.requests().find(|known| known.operation == operation && known.state == RequestState::Waits);
    if let Some(AskedFor::Adjust { account, amount, .. }) = waits.map(|request| request.what.clone())
        && allow
        && amount < 0
    {
        let free = root.book().ledger.available(account, now.moment.day);
        if free < amount.saturating_abs() {
            let elsewhere = root.ask_back(account, ROOT);
            return Err(match elsewhere {
                0 => ChangeError::TooMuch { free },
                _ => ChangeError::AtStores { free },
            });
        }
    }
    Ok(root.judge(operation, by, allow, now)?)
}

/// For commands: a wallet by its word, of the customer with this number.
pub fn wallet_by_number(
    root: &Root,
    number: &str,
    wallet: Wallet,
    asset: Option<u32>,
) -> Result<domain::ledger::AccountId, ChangeError> {
    let customer = root.whose(number).ok_or_else(|| PeopleError::UnknownNumber(number.to_owned()))?;
    let found = wallet_of(customer, wallet, asset);
    found.ok_or(ChangeError::NoWallet)
}
