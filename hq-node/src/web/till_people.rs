//! People at the tills: who may sign on, by which card or PIN, and in which role.

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::ChangePeople;
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use dataserver::browse;
use dataserver::requests::{NewOperator, PutOperators, RemoveOperators};
use domain::ids::OperatorNumber;
use messages::v1::catalogue::{Operator, Role};
use serde::Deserialize;

use super::{Site, imports};
use ::web::show::escaped;

const ROWS_SHOWN: usize = 100;
const PATH: &str = "/tills/people";
pub const TITLE: &str = "People at the tills";
const TITLE_NEW: &str = "A new person at the tills";
pub const NO_SUCH_PERSON: &str = "There is nobody with this number at the tills.";
const ROLES: [(Role, &str, &str); 3] = [
    (Role::Cashier, "cashier", "Cashier"),
    (Role::SeniorCashier, "senior_cashier", "Senior cashier"),
    (Role::StoreAdmin, "store_admin", "Store administrator"),
];

fn role_label(role: Role) -> &'static str {
    ROLES.iter().find(|(known, ..)| *known == role).map_or("", |(_, _, label)| label)
}

fn failed(error: sea_orm::DbErr) -> Refusal {
    Refusal::failed(error.to_string())
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    after: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    saved: bool,
}

#[derive(Template)]
#[template(path = "till_people.html")]
struct Page {
    table: Table,
    next: Option<String>,
    saved: bool,
}

pub async fn page(
    visitor: May<ChangePeople>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let mut people = browse::operators(&site.reader, after, ROWS_SHOWN + 1).await.map_err(failed)?;
    let more = people.len() > ROWS_SHOWN;
    people.truncate(ROWS_SHOWN);
    let last = people.last().filter(|_| more);
    let next = last.map(|last| format!("{PATH}?after={}", escaped(&last.number.0)));
    let rows = people.iter().map(|person| {
        vec![
            Cell::link(person.number.0.clone(), format!("{PATH}/person?number={}", escaped(&person.number.0))),
            Cell::text(person.name.clone()).tone("wide"),
            Cell::text(role_label(person.role)),
            if person.card_hash.is_some() { Cell::text("yes") } else { Cell::text("no").tone("quiet") },
        ]
    });
    let table = Table {
        caption: TITLE.to_owned(),
        columns: ["Number", "Name", "Role", "Card"].map(Column::text).to_vec(),
        rows: rows.collect(),
        totals: Vec::new(),
        empty: "Nobody may sign on at a till yet.".to_owned(),
    };
    let page = Page { table, next, saved: query.saved };
    layout::page(&site.frame(TITLE, PATH, &visitor), &page)
}

/// A person as the form has it.
#[derive(Clone, Default, Deserialize)]
pub struct Form {
    /// Somebody is added; the number must be free.
    #[serde(default)]
    is_new: bool,
    #[serde(default)]
    number: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    pin: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    no_card: bool,
    #[serde(default, rename = "do")]
    action: String,
}

#[derive(Template)]
#[template(path = "till_person.html")]
struct PersonPage<'a> {
    form: &'a Form,
    has_card: bool,
    roles: [(Role, &'static str, &'static str); 3],
    refusal: Option<&'a str>,
}

async fn found(site: &Site, number: &str) -> Result<Option<Operator>, Refusal> {
    browse::operator(&site.reader, number).await.map_err(failed)
}

fn draw(
    site: &Site,
    visitor: &::web::doors::Visitor,
    form: &Form,
    has_card: bool,
    refusal: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let title = if form.is_new { TITLE_NEW } else { &form.name };
    let page = PersonPage { form, has_card, roles: ROLES, refusal };
    layout::page(&site.frame(title, PATH, visitor), &page)
}

pub async fn person(
    visitor: May<ChangePeople>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    if query.number.is_empty() {
        let form = Form { is_new: true, role: "cashier".to_owned(), ..Form::default() };
        return draw(&site, &visitor, &form, false, None);
    }
    let person = found(&site, &query.number).await?.ok_or_else(|| Refusal::not_found(NO_SUCH_PERSON))?;
    let role = ROLES.iter().find(|(role, ..)| *role == person.role).map_or("", |(_, name, _)| name);
    let form = Form { number: person.number.0, name: person.name, role: role.to_owned(), ..Form::default() };
    draw(&site, &visitor, &form, person.card_hash.is_some(), None)
}

async fn save(site: &Site, form: &Form, there: Option<&Operator>) -> Result<(), Refusal> {
    let number = OperatorNumber(form.number.trim().to_owned());
    if form.action == "remove" {
        let answer = site.catalogue.remove_operators.ask(RemoveOperators { numbers: vec![number] }).await;
        return imports::answered(answer).map(|_| ());
    }
    if form.is_new
        && let Some(there) = there
    {
        let sentence = format!("The number {number} belongs to {} already.", there.name);
        return Err(Refusal::against_rules(sentence));
    }
    let role = ROLES.iter().find(|(_, name, _)| *name == form.role).map(|(role, ..)| *role);
    let role = role.ok_or_else(|| Refusal::against_rules(format!("\"{}\" is not a role at a till.", form.role)))?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let card = if form.no_card { Some(String::new()) } else { given(&form.card) };
    let operator = NewOperator { number, name: form.name.trim().to_owned(), pin: given(&form.pin), role, card };
    let answer = site.catalogue.put_operators.ask(PutOperators { operators: vec![operator] }).await;
    imports::answered(answer).map(|_| ())
}

pub async fn change(
    visitor: May<ChangePeople>,
    site: web::Data<Site>,
    form: web::Form<Form>,
) -> Result<HttpResponse, Refusal> {
    let there = found(&site, form.number.trim()).await?;
    match save(&site, &form, there.as_ref()).await {
        Ok(()) => {
            let there = format!("{PATH}?saved=true");
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish())
        }
        Err(refusal) => {
            let has_card = !form.is_new && there.is_some_and(|there| there.card_hash.is_some());
            let mut answer = draw(&site, &visitor, &form, has_card, Some(refusal.text()))?;
            *answer.status_mut() = refusal.status();
            Ok(answer)
        }
    }
}
