//! Price labels on shelves: which must be hung anew, a sheet to print, and the word that they hang.

mod sheet_svg;

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::OperateScales;
use ::web::show::{self, escaped};
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use dataserver::browse;
use domain::ids::ItemCode;
use messages::v1::catalogue::Item;
use scales::requests::{HangLabels, LabelsChangedSince, OutdatedLabels};
use serde::Deserialize;

use super::{Site, busy};

pub const PATH: &str = "/labels";
pub const TITLE: &str = "Price labels";

/// Labels of one sheet: three beside each other, eight below.
const SHEET_LABELS: usize = 24;

#[derive(Template)]
#[template(path = "labels.html")]
struct Page {
    labels: scales::coherence::Share,
    table: String,
    cut_short: bool,
    hung: bool,
}

/// Outdated labels that the first page names.
const ROWS_MAX: u64 = 200;

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    hung: bool,
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::failed(error.to_string())
}

/// The items whose labels come next, with the version of the catalogue in which they were looked up.
async fn outdated(site: &Site, limit: u64) -> Result<(Vec<Item>, u64), Refusal> {
    let version = site.scales.goods.borrow().version;
    let asked = OutdatedLabels { after: String::new(), limit };
    let codes = site.scales.outdated_labels.ask(asked).await.map_err(busy)?.map_err(failed)?;
    let mut items = Vec::with_capacity(codes.len());
    for ItemCode(code) in codes {
        items.extend(browse::item(&site.database.reader, &code).await.map_err(failed)?);
    }
    Ok((items, version))
}

pub async fn page(
    visitor: May<OperateScales>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let (items, _) = outdated(&site, ROWS_MAX).await?;
    let labels = site.shop.borrow().coherence.labels;
    let row = |item: &Item| {
        let before = item.past_prices.first().map(|past| show::money(past.price));
        vec![
            Cell::text(item.code.0.clone()),
            Cell::text(item.name.clone()).tone("wide"),
            Cell::text(before.unwrap_or_default()),
            Cell::text(show::money(item.price)),
        ]
    };
    let table = Table {
        caption: "Labels that must be hung anew".to_owned(),
        columns: vec![
            Column::text("Item"),
            Column::text("Name"),
            Column::number("Price before"),
            Column::number("Price now"),
        ],
        rows: items.iter().map(row).collect(),
        totals: Vec::new(),
        empty: "Every label says what the tills say.".to_owned(),
    };
    let page = Page {
        labels,
        table: table.render().unwrap_or_default(),
        cut_short: items.len() as u64 == ROWS_MAX,
        hung: query.hung,
    };
    layout::page(&site.frame(TITLE, PATH, &visitor), &page)
}

/// A sheet that was drawn once: these items as they are in this version of the catalogue. It stands in the address, so a page
/// that is drawn again later is the same sheet, and what changed meanwhile is not taken for hung.
struct Drawn {
    version: u64,
    codes: Vec<ItemCode>,
}

impl Drawn {
    fn read(fields: &[(String, String)]) -> Result<Drawn, Refusal> {
        let given = |name: &'static str| fields.iter().filter(move |(known, _)| known == name).map(|(_, text)| text);
        let version = given("version").next().and_then(|text| text.parse().ok());
        let version = version.ok_or_else(|| Refusal::bad_request("The sheet does not say of which prices it is."))?;
        let codes = given("code").take(SHEET_LABELS).cloned().map(ItemCode).collect();
        Ok(Drawn { version, codes })
    }

    fn address(&self) -> String {
        let codes = self.codes.iter().map(|code| format!("&code={}", escaped(&code.0)));
        format!("?version={}{}", self.version, codes.collect::<String>())
    }
}

#[derive(Template)]
#[template(path = "label_sheet.html")]
struct Sheet {
    drawn: Drawn,
    address: String,
}

/// The next sheet of labels, to be printed by the browser.
pub async fn next_sheet(_: May<OperateScales>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let (items, version) = outdated(&site, SHEET_LABELS as u64).await?;
    let drawn = Drawn { version, codes: items.into_iter().map(|item| item.code).collect() };
    let there = format!("{PATH}/sheet{}", drawn.address());
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish())
}

type Fields = web::Query<Vec<(String, String)>>;

pub async fn sheet(visitor: May<OperateScales>, site: web::Data<Site>, query: Fields) -> Result<HttpResponse, Refusal> {
    let drawn = Drawn::read(&query)?;
    let address = drawn.address();
    layout::page(&site.frame("A sheet of labels", PATH, &visitor), &Sheet { drawn, address })
}

pub async fn sheet_picture(
    _: May<OperateScales>,
    site: web::Data<Site>,
    query: Fields,
) -> Result<HttpResponse, Refusal> {
    let drawn = Drawn::read(&query)?;
    let mut items = Vec::with_capacity(drawn.codes.len());
    for ItemCode(code) in &drawn.codes {
        items.extend(browse::item(&site.database.reader, code).await.map_err(failed)?);
    }
    let asked = LabelsChangedSince { items: drawn.codes, version: drawn.version };
    if site.scales.changed_labels.ask(asked).await.map_err(busy)?.map_err(failed)? {
        return Err(Refusal::against_rules("A price of this sheet has changed since: draw the next sheet."));
    }
    let picture = sheet_svg::draw(&items, site.clock.now().date_naive());
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/svg+xml")).body(picture))
}

/// These labels hang.
pub async fn hang(
    _: May<OperateScales>,
    site: web::Data<Site>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Refusal> {
    let Drawn { version, codes: items } = Drawn::read(&form)?;
    let hung = site.scales.hang_labels.ask(HangLabels { items, version }).await.map_err(busy)?;
    hung.map_err(failed)?;
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, format!("{PATH}?hung=true"))).finish())
}
