//! One article of a scale: its label as it will be printed, and what the scale itself has at this number.

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::{Right, ViewStores};
use ::web::show;
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use devices::label_scale::picture::{self, PrintedLabel};
use devices::label_scale::{BarcodeValue, ItemUnit, ScaleItem};
use domain::quantity::Quantity;
use scales::plan::Article;
use scales::reconciler::Compared;
use scales::requests::{ReadBack, ShowShelf};
use serde::Deserialize;

use super::PATH;
use super::one::refs;
use crate::web::{Site, busy};

/// What lies on the platform of the picture.
const SHOWN_WEIGHT: Quantity = Quantity::from_thousandths(500);

#[derive(Template)]
#[template(path = "scale_article.html")]
struct Page<'a> {
    name: &'a str,
    plu: u32,
    table: String,
    picture: String,
    /// What was found when the scale was asked, or why it was not.
    failure: Option<String>,
    asked: bool,
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    /// The scale is asked too.
    #[serde(default)]
    read: bool,
}

async fn wanted(site: &Site, name: &str, plu: u32) -> Result<(Article, BarcodeValue), Refusal> {
    let shelf = refs(site, name)?.shelf.ask(ShowShelf).await.map_err(busy)?;
    let wanted = shelf.wanted.as_ref();
    let article = wanted.and_then(|wanted| Some((wanted.items.get(&plu)?.clone(), wanted.value)));
    article.ok_or_else(|| Refusal::not_found(format!("Nothing should lie at number {plu} of scale {name}.")))
}

pub async fn page(
    visitor: May<ViewStores>,
    site: web::Data<Site>,
    path: web::Path<(String, u32)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let (name, plu) = path.into_inner();
    if query.read && !visitor.may(Right::OperateScales) {
        return Err(Refusal::right_missing(&visitor, Right::OperateScales));
    }
    let (article, _) = wanted(&site, &name, plu).await?;
    let (found, failure) = match query.read {
        false => (None, None),
        true => match refs(&site, &name)?.read_back.ask(ReadBack { plu }).await.map_err(busy)? {
            Ok(compared) => (Some(compared), None),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    let page = Page {
        name: &name,
        plu,
        table: facts(&article.item, found.as_ref()).render().unwrap_or_default(),
        picture: format!("{PATH}/{name}/articles/{plu}/label.svg"),
        failure,
        asked: query.read,
    };
    layout::page(&site.frame(&article.item.name, PATH, &visitor), &page)
}

type Fact = (&'static str, fn(&ScaleItem) -> String);

const FACTS: [Fact; 8] = [
    ("Name", |item| item.name.clone()),
    ("Price", |item| show::money(item.price)),
    ("Sold by", |item| if item.unit == ItemUnit::Weight { "kilogram" } else { "piece" }.to_owned()),
    ("Number in the barcode", |item| item.code.to_string()),
    ("Barcode begins with", |item| format!("{:02}", item.barcode_prefix)),
    ("Tare, kg", |item| item.tare.to_string()),
    ("Shelf life, days", |item| item.shelf_life_days.to_string()),
    ("Text", |item| item.text.clone()),
];

/// What should be there, and beside it what is. A fact that the scale's protocol does not carry is not compared.
fn facts(item: &ScaleItem, compared: Option<&Compared>) -> Table {
    let rows = FACTS.into_iter().map(|(fact, of)| {
        let mut row = vec![Cell::text(fact), Cell::text(of(item)).tone("wide")];
        if let Some(Compared { kept, found }) = compared {
            row.push(match found {
                None => Cell::text("nothing").tone("bad"),
                Some(_) if of(kept) != of(item) => Cell::text("it does not say").tone("quiet"),
                Some(found) if of(found) != of(kept) => Cell::text(of(found)).tone("bad"),
                Some(found) => Cell::text(of(found)).tone("good"),
            });
        }
        row
    });
    let mut columns = ["Fact", "Should be"].map(Column::text).to_vec();
    if compared.is_some() {
        columns.push(Column::text("On the scale"));
    }
    Table { caption: "The article".to_owned(), columns, rows: rows.collect(), totals: Vec::new(), empty: String::new() }
}

/// The label of half a kilogram or of one piece, packed today.
pub async fn label(
    _: May<ViewStores>,
    site: web::Data<Site>,
    path: web::Path<(String, u32)>,
) -> Result<HttpResponse, Refusal> {
    let (name, plu) = path.into_inner();
    let (Article { item, .. }, value) = wanted(&site, &name, plu).await?;
    let quantity = if item.unit == ItemUnit::Weight { SHOWN_WEIGHT } else { Quantity::ONE };
    let barcode = picture::barcode(&item, quantity, value).unwrap_or_default();
    let label = PrintedLabel {
        item: &item,
        quantity,
        packed_on: site.clock.now().date_naive(),
        barcode: &barcode,
        shop: &site.name,
    };
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "image/svg+xml")).body(picture::svg(&label)))
}
