//! The catalogue: search, and one item.

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::{Right, ViewCatalogue};
use ::web::show::{self, escaped};
use ::web::table::{Cell, Column, Table};
use actix_web::{HttpResponse, web};
use askama::Template;
use dataserver::browse;
use messages::v1::catalogue::{ITEMS, Item, Unit};
use serde::Deserialize;

use super::{Site, words};

const ROWS_SHOWN: usize = 100;

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "catalogue.html")]
struct Page {
    code: String,
    name: String,
    table: Table,
    next: Option<String>,
    cut_short: bool,
    may_change: bool,
    version: u64,
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Piece => "pc",
        Unit::Kilogram => "kg",
    }
}

pub async fn page(
    visitor: May<ViewCatalogue>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let failed = |error: sea_orm::DbErr| Refusal::failed(error.to_string());
    let Query { code, name, after } = query.into_inner();
    let after = Some(after.as_str()).filter(|after| !after.is_empty());
    let found = browse::items(&site.reader, code.trim(), &name, after, ROWS_SHOWN).await.map_err(failed)?;
    let rows = found.items.iter().map(|item| {
        vec![
            Cell::link(item.code.0.clone(), format!("/catalogue/items/{}", escaped(&item.code.0))),
            Cell::text(item.name.clone()).tone("wide"),
            Cell::text(show::money(item.price)),
            Cell::text(unit(item.unit)),
            Cell::text(item.vat.to_string()),
            Cell::text(item.barcodes.first().cloned().unwrap_or_default()),
        ]
    });
    let page = Page {
        table: Table {
            caption: "Items of the catalogue".to_owned(),
            columns: vec![
                Column::text("Code"),
                Column::text("Name"),
                Column::number("Price"),
                Column::text("Unit"),
                Column::number("VAT, %"),
                Column::text("Barcode"),
            ],
            rows: rows.collect(),
            totals: Vec::new(),
            empty: "No item is like this.".to_owned(),
        },
        next: found.next_after.map(|after| {
            format!("/catalogue?code={}&name={}&after={}", escaped(&code), escaped(&name), escaped(&after))
        }),
        cut_short: found.cut_short,
        may_change: visitor.may(Right::ChangeCatalogue),
        version: browse::version(&site.reader, ITEMS).await.map_err(failed)?,
        code,
        name,
    };
    layout::page(&site.frame(words::CATALOGUE, "/catalogue", &visitor), &page)
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    item: Item,
    price: String,
    unit: &'static str,
    may_change: bool,
}

pub async fn item(
    visitor: May<ViewCatalogue>,
    site: web::Data<Site>,
    code: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let found = browse::item(&site.reader, &code).await.map_err(|error| Refusal::failed(error.to_string()))?;
    let item = found.ok_or_else(|| Refusal::not_found(words::NO_SUCH_ITEM))?;
    let may_change = visitor.may(Right::ChangeCatalogue);
    let page = ItemPage { price: show::money(item.price), unit: unit(item.unit), item, may_change };
    let title = page.item.name.clone();
    layout::page(&site.frame(&title, "/catalogue", &visitor), &page)
}
