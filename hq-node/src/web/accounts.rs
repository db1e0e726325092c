//! Customer accounts for people: search and sums here, and beside it a page for each thing that is looked after.
//!
//! All pages are parts of one shape: sentences, figures, and sections with a table, links to files, and forms. What changes
//! something is asked of the root's one writer, and a refusal is the page again with the sentence.

pub mod changes;
pub mod customer;
pub mod desk;
pub mod gift;
pub mod lists;
pub mod tables;
pub mod words;

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::refusal::Refusal;
use ::web::rights::{ChangeAccounts, Right, ViewAccounts};
use ::web::table::{Cell, Column, Table};
use ::web::{layout, show};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use backoffice::reports::Table as Report;
use domain::ids::OperatorNumber;
use domain::ledger::{AccountKind, TransferId};
use domain::money::Money;
use processing::keeper::DoorError;
use processing::machine::Now;
use processing::machine::customer::Customer;
use processing::machine::root::{RequestState, Root};
use serde::Deserialize;

use super::{Site, sales, words as page_words};
use words::sentence;

pub type View = ViewAccounts;
pub type Change = ChangeAccounts;
pub const VIEW: Right = Right::ViewAccounts;
pub const CHANGE: Right = Right::ChangeAccounts;

pub const TITLE: &str = "Customer accounts";
/// In the menu, where room is short.
pub const LABEL: &str = "Accounts";
pub const PATH: &str = "/accounts";
/// Rows of a page; files have all.
pub(crate) const ROWS_SHOWN: usize = 200;
/// Customers that a search finds.
const FOUND_MAX: usize = 50;
/// Customers whose names are looked at in one turn of the writer: a few milliseconds.
const SCANNED_AT_ONCE: usize = 20_000;

const TABS: [(&str, &str); 7] = [
    (PATH, "Customers"),
    ("/accounts/requests", "Requests"),
    ("/accounts/stores", "Stores"),
    ("/accounts/holds", "Holds"),
    ("/accounts/alerts", "Alerts"),
    ("/accounts/gift", "Gift cards"),
    ("/accounts/budgets", "Budgets"),
];

#[derive(Default)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) options: Vec<(String, String)>,
    pub(crate) required: bool,
    pub(crate) is_amount: bool,
}

impl Field {
    pub(crate) fn of(kind: &'static str, name: &'static str, label: &'static str) -> Field {
        Field { name, label, kind, required: kind != "checkbox", ..Field::default() }
    }

    pub(crate) fn text(name: &'static str, label: &'static str) -> Field {
        Field::of("text", name, label)
    }

    pub(crate) fn amount(name: &'static str, label: &'static str) -> Field {
        Field { is_amount: true, ..Field::text(name, label) }
    }

    pub(crate) fn choice(name: &'static str, label: &'static str, options: Vec<(String, String)>) -> Field {
        Field { options, ..Field::of("select", name, label) }
    }

    pub(crate) fn optional(self) -> Field {
        Field { required: false, ..self }
    }

    pub(crate) fn with(self, value: impl Into<String>) -> Field {
        Field { value: value.into(), ..self }
    }
}

pub(crate) struct Form {
    /// Folded under this title; empty: open.
    pub(crate) title: &'static str,
    pub(crate) note: String,
    pub(crate) method: &'static str,
    pub(crate) action: String,
    pub(crate) hidden: Vec<(&'static str, String)>,
    pub(crate) fields: Vec<Field>,
    /// What is done, and its label.
    pub(crate) buttons: Vec<(&'static str, &'static str)>,
}

impl Form {
    pub(crate) fn post(
        title: &'static str,
        action: impl Into<String>,
        buttons: &[(&'static str, &'static str)],
    ) -> Form {
        let (method, action) = ("post", action.into());
        Form {
            title,
            note: String::new(),
            method,
            action,
            hidden: Vec::new(),
            fields: Vec::new(),
            buttons: buttons.to_vec(),
        }
    }

    pub(crate) fn get(action: impl Into<String>, fields: Vec<Field>) -> Form {
        Form { method: "get", fields, ..Form::post("", action, &[("", "Show")]) }
    }

    pub(crate) fn fields(self, fields: Vec<Field>) -> Form {
        Form { fields, ..self }
    }

    pub(crate) fn hidden(mut self, name: &'static str, value: impl Into<String>) -> Form {
        self.hidden.push((name, value.into()));
        self
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Form {
        Form { note: note.into(), ..self }
    }
}

#[derive(Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) filter: Option<Form>,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) table: Option<Table>,
    pub(crate) cut_at: usize,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) forms: Vec<Form>,
}

impl Section {
    pub(crate) fn new(title: impl Into<String>) -> Section {
        Section { title: title.into(), ..Section::default() }
    }

    /// The table, with the link of a row from its first cell.
    pub(crate) fn table(self, made: &Report, empty: &str, link: impl Fn(usize) -> Option<String>) -> Section {
        let cell = |row: usize, at: usize, cell: &backoffice::reports::Cell| {
            let drawn = match link(row).filter(|_| at == 0) {
                Some(link) => Cell::link(sales::shown(cell), link),
                None => Cell::text(sales::shown(cell)),
            };
            let is_long = matches!(cell, backoffice::reports::Cell::Text(text) if text.len() > 60);
            if is_long { drawn.tone("wide") } else { drawn }
        };
        let column = |column: &backoffice::reports::Column| Column {
            title: page_words::report_column(column.name),
            number: column.kind.is_number(),
        };
        let rows = made.rows.iter().take(ROWS_SHOWN).enumerate();
        let table = Table {
            caption: self.title.clone(),
            columns: made.columns.iter().map(column).collect(),
            rows: rows
                .map(|(row, cells)| cells.iter().enumerate().map(|(at, each)| cell(row, at, each)).collect())
                .collect(),
            totals: Vec::new(),
            empty: empty.to_owned(),
        };
        let cut_at = if made.rows.len() > ROWS_SHOWN { ROWS_SHOWN } else { 0 };
        Section { table: Some(table), cut_at, ..self }
    }

    /// The table as files, from the same address.
    pub(crate) fn files(mut self, address: &str) -> Section {
        let join = if address.contains('?') { '&' } else { '?' };
        let files = [("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json")];
        self.links.extend(files.map(|(label, form)| (label.to_owned(), format!("{address}{join}format={form}"))));
        self
    }
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct Page<'a> {
    refusal: Option<&'a str>,
    done: Option<&'a str>,
    tabs: [(&'static str, &'static str); 7],
    here: &'a str,
    figures: Vec<(&'static str, String, String)>,
    sections: Vec<Section>,
}

/// What a page says above all else: what was done, or why it was not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) done: Option<&'static str>,
    pub(crate) refusal: Option<Refusal>,
}

impl Told {
    pub(crate) fn refused(refusal: Refusal) -> Told {
        Told { done: None, refusal: Some(refusal) }
    }

    /// What the address after a change says.
    pub(crate) fn done(word: &str) -> Told {
        let done = match word {
            "" => None,
            "asked" => Some("Asked for. Another person must allow it under \u{201c}Requests\u{201d}."),
            _ => Some("Done."),
        };
        Told { done, refusal: None }
    }
}

pub(crate) fn draw(
    site: &Site,
    visitor: &Visitor,
    (title, here): (&str, &str),
    told: &Told,
    figures: Vec<(&'static str, String, String)>,
    sections: Vec<Section>,
) -> Result<HttpResponse, Refusal> {
    let refusal = told.refusal.as_ref().map(Refusal::text);
    let page = Page { refusal, done: told.done, tabs: TABS, here, figures, sections };
    let mut answer = layout::page(&site.frame(title, PATH, visitor), &page)?;
    if let Some(refusal) = &told.refusal {
        *answer.status_mut() = refusal.status();
    }
    Ok(answer)
}

pub(crate) fn seen_at(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, address)).finish()
}

/// A list as a file, if a form of files is asked for.
pub(crate) fn file(name: &str, format: &str, made: &Report) -> Option<Result<HttpResponse, Refusal>> {
    (!format.is_empty()).then(|| sales::answer(name, format, made))
}

fn refused(error: DoorError) -> Refusal {
    Refusal::busy(sentence(error))
}

/// Ask the root's writer.
pub(crate) async fn ask<R: Send + 'static>(
    site: &Site,
    ids: Vec<TransferId>,
    work: impl FnOnce(&mut Root, Now) -> R + Send + 'static,
) -> Result<R, Refusal> {
    site.accounts.ask(ids, work).await.map_err(refused)
}

pub(crate) async fn look<R: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&Root, Now) -> R + Send + 'static,
) -> Result<R, Refusal> {
    ask(site, Vec::new(), |root, now| work(root, now)).await
}

/// A rule of the root, as a refusal.
pub(crate) fn against(error: impl std::fmt::Display) -> Refusal {
    Refusal::against_rules(sentence(error))
}

pub(crate) fn by(visitor: &Visitor) -> OperatorNumber {
    OperatorNumber(visitor.name.clone())
}

pub(crate) fn customer_path(owner: u64) -> String {
    format!("{PATH}/{owner}")
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) done: String,
    #[serde(default)]
    pub(crate) format: String,
}

/// By card, phone, customer number, or a part of the name; nothing: the newest.
async fn found(site: &Site, text: &str) -> Result<Vec<Customer>, Refusal> {
    let text = text.trim().to_owned();
    if text.is_empty() {
        return look(site, |root, _| root.newest(SCANNED_AT_ONCE, FOUND_MAX)).await;
    }
    let number = text.clone();
    let by_number = look(site, move |root, _| {
        let mut found = root.numbered(&number, FOUND_MAX);
        found.extend(number.parse().ok().and_then(|owner| root.customer(owner).cloned()));
        found.sort_by_key(|customer| customer.owner);
        found.dedup_by_key(|customer| customer.owner);
        found
    });
    let mut found = by_number.await?;
    let mut from = Some(0);
    while let Some(next) =
        from.filter(|_| found.len() < FOUND_MAX && text.chars().any(|letter| !letter.is_ascii_digit()))
    {
        let (text, room) = (text.clone(), FOUND_MAX - found.len());
        let (named, further) = look(site, move |root, _| root.named(&text, next, SCANNED_AT_ONCE, room)).await?;
        found.extend(named);
        from = further;
    }
    Ok(found)
}

pub async fn page(
    visitor: May<View>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    index(&site, &visitor, &query, &Told::done(&query.done)).await
}

pub(crate) async fn index(site: &Site, visitor: &Visitor, query: &Query, told: &Told) -> Result<HttpResponse, Refusal> {
    let customers = found(site, &query.q).await?;
    let made = tables::customers(&customers);
    if let Some(file) = file("customers", &query.format, &made) {
        return file;
    }
    let (sums, count, alerts, waiting, epoch, recovering) = look(site, |root, _| {
        let waiting = root.requests().filter(|request| request.state == RequestState::Waits).count();
        (root.sums(), root.customer_count(), root.alert_count(), waiting, root.epoch(), root.is_recovering())
    })
    .await?;
    let of = |kind: AccountKind| {
        let all = sums.iter().filter(|((_, known), _)| *known == kind).map(|(_, sum)| sum.balance.unsigned_abs());
        show::money(Money::from_minor(i64::try_from(all.sum::<u128>()).unwrap_or(i64::MAX)))
    };
    let counted = |count: usize| show::count(i64::try_from(count).unwrap_or(i64::MAX));
    let state = if recovering { "restored: waits for stores" } else { "gives rights to stores" };
    let figures = vec![
        ("Customers", counted(count), String::new()),
        ("Requests waiting", counted(waiting), "for a second person".to_owned()),
        ("Alerts", counted(alerts), "to look at".to_owned()),
        ("Suspense", of(AccountKind::Suspense), "zero when all is well".to_owned()),
        ("Epoch", epoch.to_string(), state.to_owned()),
    ];
    let address = format!("{PATH}?q={}", ::web::show::escaped(&query.q));
    let search = Field::of("search", "q", "Card, phone, customer number or name").optional().with(&query.q);
    let mut list = Section::new(if query.q.trim().is_empty() { "The newest customers" } else { "Found" });
    list.filter = Some(Form { buttons: vec![("", "Search")], ..Form::get(PATH, vec![search]) });
    list = list.table(&made, "Nobody is found.", |row| customers.get(row).map(|found| customer_path(found.owner)));
    list = list.files(&address);
    if visitor.may(CHANGE) {
        list.forms.push(changes::new_customer());
    }
    let kinds =
        Section::new("Money and points by kind").table(&tables::sums(&sums), "There are no accounts yet.", |_| None);
    draw(site, visitor, (TITLE, PATH), told, figures, vec![list, kinds])
}
