//! How the tills behave: one page a section, for the chain or for one store.

mod sections;

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::{ChangeCatalogue, Right, ViewCatalogue};
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use dataserver::browse;
use dataserver::requests::{PutTillSettings, RemoveTillSettings, SettingsKey};
use dataserver::sections::{SECTIONS, SectionKind, find};
use domain::ids::StoreId;
use serde::Deserialize;
use serde_json::Value;

use super::forms::{self, Filled};
use super::{Site, imports};
use ::web::show::escaped;

/// Sections of their own that the first page names; a chain that has more of them has made another mistake.
const KEYS_SHOWN_MAX: usize = 2_000;
const AS_BUILT_IN: &str = "as built in";
const PATH: &str = "/tills/settings";
pub const TITLE: &str = "Till settings";

#[derive(Template)]
#[template(path = "till_settings.html")]
struct Index {
    table: Table,
    cut_short: bool,
}

fn failed(error: sea_orm::DbErr) -> Refusal {
    Refusal::failed(error.to_string())
}

pub async fn index(visitor: May<ViewCatalogue>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let mut keys: Vec<String> = Vec::new();
    let cut_short = loop {
        let page = browse::till_settings(&site.reader, keys.last().map(String::as_str), browse::PAGE_ROWS_MAX);
        let page = page.await.map_err(failed)?;
        let at_end = page.len() < browse::PAGE_ROWS_MAX;
        keys.extend(page);
        if at_end || keys.len() >= KEYS_SHOWN_MAX {
            break !at_end;
        }
    };
    let rows = SECTIONS.into_iter().map(|kind| {
        let (title, about) = sections::title(kind.name);
        let of_chain = keys.iter().any(|key| key == kind.name);
        let own: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(kind.name)?.strip_prefix('/')).collect();
        vec![
            Cell::link(title, format!("{PATH}/{}", kind.name)),
            Cell::text(about).tone("wide"),
            if of_chain { Cell::text("changed") } else { Cell::text(AS_BUILT_IN).tone("quiet") },
            Cell::text(own.join(", ")).tone("wide"),
        ]
    });
    let table = Table {
        caption: "Sections of the settings".to_owned(),
        columns: ["Section", "About", "All stores", "Stores that have their own"].map(Column::text).to_vec(),
        rows: rows.collect(),
        totals: Vec::new(),
        empty: String::new(),
    };
    layout::page(&site.frame(TITLE, PATH, &visitor), &Index { table, cut_short })
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    store: String,
    #[serde(default)]
    saved: bool,
}

#[derive(Template)]
#[template(path = "till_section.html")]
struct Page<'a> {
    about: &'static str,
    section: &'static str,
    store: String,
    stores: Vec<String>,
    state: String,
    /// What giving it up is called, if there is something to give up.
    back: Option<&'static str>,
    fields: String,
    may_change: bool,
    saved: bool,
    refusal: Option<&'a str>,
}

fn place(store: &str) -> Result<Option<StoreId>, Refusal> {
    let store = store.trim();
    let parsed = (!store.is_empty()).then(|| StoreId::new(store)).transpose();
    parsed.map_err(|error| Refusal::bad_request(format!("{error}.")))
}

fn known(section: &str) -> Result<SectionKind, Refusal> {
    find(section).map_err(|error| Refusal::not_found(format!("{error}.")))
}

/// What counts at this place, and whether it was published for just this place.
pub async fn in_force(
    site: &Site,
    kind: SectionKind,
    store: Option<&StoreId>,
) -> Result<(Value, bool, &'static str), sea_orm::DbErr> {
    if let Some(own) = browse::till_section(&site.reader, kind, store).await? {
        return Ok((own, true, if store.is_some() { "its own" } else { "changed" }));
    }
    let chain = if store.is_some() { browse::till_section(&site.reader, kind, None).await? } else { None };
    Ok(match chain {
        Some(chain) => (chain, false, "those of the chain"),
        None => (kind.defaults(), false, AS_BUILT_IN),
    })
}

/// The page, with the form as it was filled in when that was refused.
async fn draw(
    site: &Site,
    visitor: &::web::doors::Visitor,
    kind: SectionKind,
    store: Option<&StoreId>,
    saved: bool,
    refused: Option<(&Filled, &str)>,
) -> Result<HttpResponse, Refusal> {
    let (value, is_own, state) = in_force(site, kind, store).await.map_err(failed)?;
    let fields = sections::fields(kind.name);
    let filled = match refused {
        Some((filled, _)) => filled.clone(),
        None => forms::fill(&fields, &sections::to_form(kind.name, &value)),
    };
    let mut stores: Vec<String> = site.trade.borrow().stores.iter().map(|store| store.code.clone()).collect();
    let store_code = store.map(|store| store.as_str().to_owned()).unwrap_or_default();
    if !store_code.is_empty() && !stores.contains(&store_code) {
        stores.push(store_code.clone());
    }
    let (title, about) = sections::title(kind.name);
    let page = Page {
        about,
        section: kind.name,
        state: if store.is_some() {
            format!("The settings of this store are {state}.")
        } else {
            format!("The settings of all stores that have none of their own are {state}.")
        },
        back: is_own.then_some(if store.is_some() { "Use those of the chain" } else { "Use the built-in ones" }),
        store: store_code,
        stores,
        fields: forms::draw(&fields, &filled)?,
        may_change: visitor.may(Right::ChangeCatalogue),
        saved,
        refusal: refused.map(|(_, sentence)| sentence),
    };
    layout::page(&site.frame(title, PATH, visitor), &page)
}

pub async fn page(
    visitor: May<ViewCatalogue>,
    site: web::Data<Site>,
    section: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let store = place(&query.store)?;
    draw(&site, &visitor, known(&section)?, store.as_ref(), query.saved, None).await
}

pub async fn save(
    visitor: May<ChangeCatalogue>,
    site: web::Data<Site>,
    section: web::Path<String>,
    form: web::Form<Filled>,
) -> Result<HttpResponse, Refusal> {
    let (kind, filled) = (known(&section)?, form.into_inner());
    let store = place(forms::text(&filled, "store"))?;
    let key = SettingsKey { section: kind.name.to_owned(), store: store.clone() };
    let done = if forms::text(&filled, "do") == "remove" {
        let answer = site.catalogue.remove_till_settings.ask(RemoveTillSettings { key }).await;
        imports::answered(answer)
    } else {
        let read = forms::read(&sections::fields(kind.name), &filled);
        match read.and_then(|form| sections::from_form(kind.name, form)) {
            Ok(value) => {
                let put = PutTillSettings { key, json: value.to_string() };
                imports::answered(site.catalogue.put_till_settings.ask(put).await)
            }
            Err(sentence) => Err(Refusal::against_rules(sentence)),
        }
    };
    match done {
        Ok(_) => {
            let store = store.map(|store| escaped(store.as_str())).unwrap_or_default();
            let there = format!("{PATH}/{}?store={store}&saved=true", kind.name);
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish())
        }
        Err(refusal) => {
            let refused = Some((&filled, refusal.text()));
            let mut answer = draw(&site, &visitor, kind, store.as_ref(), false, refused).await?;
            *answer.status_mut() = refusal.status();
            Ok(answer)
        }
    }
}
