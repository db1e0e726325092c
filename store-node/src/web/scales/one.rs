//! One scale: how it is, what a person may do with it, and what lies on it.

use ::web::doors::Visitor;
use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::{OperateScales, Right, ViewStores};
use ::web::show;
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use scales::requests::{Command, Do, Shelf, ShowShelf, Totals};
use scales::view::ScaleView;
use serde::Deserialize;

use super::{PATH, last_failure, number, state};
use crate::tree::ScaleRefs;
use crate::web::{Site, busy};

/// Articles that one page of goods shows.
const ROWS_MAX: usize = 500;

#[derive(Template)]
#[template(path = "scale.html")]
struct Page<'a> {
    name: &'a str,
    facts: String,
    scale: &'a ScaleView,
    left_out: String,
    set_aside: String,
    may_act: bool,
    done: Option<&'static str>,
    refusal: Option<&'a str>,
}

pub(in crate::web) fn refs<'a>(site: &'a Site, name: &str) -> Result<&'a ScaleRefs, Refusal> {
    site.scales
        .keepers
        .get(name)
        .ok_or_else(|| Refusal::not_found(format!("There is no scale \u{201c}{name}\u{201d}.")))
}

fn facts(scale: &ScaleView, site: &Site) -> Table {
    let time = |at: Option<i64>| Cell::text(show::time(at.unwrap_or(0), *site.clock.now().offset()));
    let rows = [
        ("State", state(scale)),
        ("Department", Cell::text(scale.department.clone())),
        ("Protocol", Cell::text(scale.title)),
        ("Address", Cell::text(scale.address.clone())),
        ("Model", Cell::text(scale.model.clone())),
        ("Goods that should lie on it", Cell::text(number(scale.wanted))),
        ("Last heard", time(scale.heard_ms)),
        ("Last checked", time(scale.checked_ms)),
        ("Last failure", last_failure(scale, *site.clock.now().offset())),
        ("Differed when it was read back", Cell::text(scale.differences.join("; "))),
    ];
    Table {
        caption: "The scale".to_owned(),
        columns: ["Fact", "Value"].map(Column::text).to_vec(),
        rows: rows.into_iter().map(|(fact, value)| vec![Cell::text(fact), value.tone_or_wide()]).collect(),
        totals: Vec::new(),
        empty: String::new(),
    }
}

/// Long texts break instead of widening the page.
trait Wide {
    fn tone_or_wide(self) -> Cell;
}

impl Wide for Cell {
    fn tone_or_wide(self) -> Cell {
        if self.tone.is_empty() { self.tone("wide") } else { self }
    }
}

async fn draw(
    site: &Site,
    visitor: &Visitor,
    name: &str,
    done: Option<&'static str>,
    refusal: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let shelf = refs(site, name)?.shelf.ask(ShowShelf).await.map_err(busy)?;
    let now = site.shop.borrow().clone();
    let scale = now.scales.get(name).cloned().unwrap_or_default();
    let page = Page {
        name,
        facts: rendered(&facts(&scale, site)),
        left_out: rendered(&left_out(&shelf)),
        set_aside: rendered(&set_aside(&shelf)),
        scale: &scale,
        may_act: visitor.may(Right::OperateScales),
        done,
        refusal,
    };
    layout::page(&site.frame(&format!("Scale {name}"), PATH, visitor), &page)
}

fn rendered(table: &Table) -> String {
    table.render().unwrap_or_default()
}

fn left_out(shelf: &Shelf) -> Table {
    let left_out = shelf.wanted.iter().flat_map(|wanted| &wanted.left_out);
    let row = |left: &scales::plan::LeftOut| {
        vec![
            Cell::text(left.code.0.clone()),
            Cell::text(left.name.clone()),
            Cell::text(left.why.to_string()).tone("wide"),
        ]
    };
    Table {
        caption: "Items of its department that cannot lie on it".to_owned(),
        columns: ["Item", "Name", "Why"].map(Column::text).to_vec(),
        rows: left_out.take(ROWS_MAX).map(row).collect(),
        totals: Vec::new(),
        empty: "No item of its department is left out.".to_owned(),
    }
}

fn set_aside(shelf: &Shelf) -> Table {
    let row = |(plu, code, why): &(u32, domain::ids::ItemCode, String)| {
        vec![Cell::text(plu.to_string()), Cell::text(code.0.clone()), Cell::text(why.clone()).tone("wide")]
    };
    Table {
        caption: "Articles that the scale refused".to_owned(),
        columns: ["PLU", "Item", "Why"].map(Column::text).to_vec(),
        rows: shelf.set_aside.iter().take(ROWS_MAX).map(row).collect(),
        totals: Vec::new(),
        empty: "It refused nothing.".to_owned(),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    #[serde(default)]
    done: String,
}

pub async fn page(
    visitor: May<ViewStores>,
    site: web::Data<Site>,
    name: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    draw(&site, &visitor, &name, sentence(&query.done), None).await
}

/// What a person reads after they asked.
fn sentence(command: &str) -> Option<&'static str> {
    Some(match Command::named(command)? {
        Command::Load => "Noted: what is missing is sent now.",
        Command::WriteAll => "Noted: every article is written once more.",
        Command::Check => "Noted: it is checked article by article.",
        Command::Clear => "Noted: it is emptied, and stays empty until it is loaded.",
        Command::SetTime => "Noted: its clock is set.",
    })
}

#[derive(Debug, Deserialize)]
pub struct Form {
    #[serde(rename = "do")]
    command: String,
}

pub async fn act(
    visitor: May<OperateScales>,
    site: web::Data<Site>,
    name: web::Path<String>,
    form: web::Form<Form>,
) -> Result<HttpResponse, Refusal> {
    let command = Command::named(&form.command).ok_or_else(|| {
        Refusal::bad_request(format!("\u{201c}{}\u{201d} is not a command of a scale.", form.command))
    })?;
    match refs(&site, &name)?.act.ask(Do { command }).await.map_err(busy)? {
        Ok(()) => {
            let there = format!("{PATH}/{name}?done={}", form.command);
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish())
        }
        Err(sentence) => draw(&site, &visitor, &name, None, Some(&sentence)).await,
    }
}

#[derive(Template)]
#[template(path = "scale_goods.html")]
struct Goods<'a> {
    name: &'a str,
    table: String,
    next_after: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
pub struct After {
    #[serde(default)]
    after: u32,
}

/// What should lie on the scale, in the order of numbers.
pub async fn goods(
    visitor: May<ViewStores>,
    site: web::Data<Site>,
    name: web::Path<String>,
    query: web::Query<After>,
) -> Result<HttpResponse, Refusal> {
    let shelf = refs(&site, &name)?.shelf.ask(ShowShelf).await.map_err(busy)?;
    let mut rows = Vec::new();
    let mut next_after = None;
    let wanted = shelf.wanted.clone().unwrap_or_default();
    for (plu, article) in wanted.items.range(query.after.saturating_add(1)..) {
        if rows.len() == ROWS_MAX {
            next_after = plu.checked_sub(1);
            break;
        }
        let item = &article.item;
        let refused = shelf.set_aside.iter().any(|(aside, ..)| aside == plu);
        rows.push(vec![
            Cell::link(plu.to_string(), format!("{PATH}/{name}/articles/{plu}")),
            Cell::text(article.code.0.clone()),
            Cell::text(item.name.clone()).tone("wide"),
            Cell::text(show::money(item.price)),
            match (refused, shelf.waiting.binary_search(plu)) {
                (true, _) => Cell::text("refused").tone("bad"),
                (false, Ok(_)) => Cell::text("to be written"),
                (false, Err(_)) => Cell::text("on the scale").tone("good"),
            },
        ]);
    }
    let table = Table {
        caption: "What should lie on the scale".to_owned(),
        columns: vec![
            Column::number("PLU"),
            Column::text("Item"),
            Column::text("Name"),
            Column::number("Price"),
            Column::text("State"),
        ],
        rows,
        totals: Vec::new(),
        empty: "Nothing is planned for this scale.".to_owned(),
    };
    let page = Goods { name: &name, table: rendered(&table), next_after };
    layout::page(&site.frame(&format!("Goods of scale {name}"), PATH, &visitor), &page)
}

#[derive(Template)]
#[template(path = "scale_totals.html")]
struct Sold<'a> {
    name: &'a str,
    table: String,
}

/// What was sold at the scale, asked of the scale now.
pub async fn totals(
    visitor: May<OperateScales>,
    site: web::Data<Site>,
    name: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    let totals = refs(&site, &name)?.totals.ask(Totals).await.map_err(busy)?;
    let totals = totals.map_err(|error| Refusal::busy(format!("The totals cannot be read: {error}.")))?;
    let rows = totals.iter().map(|total| {
        vec![
            Cell::text(total.plu.to_string()),
            Cell::text(total.quantity.to_string()),
            Cell::text(total.sum.map(show::money).unwrap_or_default()),
            Cell::text(total.labels.to_string()),
        ]
    });
    let table = Table {
        caption: "Sold at the scale since its totals were cleared".to_owned(),
        columns: ["PLU", "Quantity", "Sum", "Labels"].map(Column::number).to_vec(),
        rows: rows.collect(),
        totals: Vec::new(),
        empty: "Nothing was sold at this scale.".to_owned(),
    };
    let page = Sold { name: &name, table: rendered(&table) };
    layout::page(&site.frame(&format!("Totals of scale {name}"), PATH, &visitor), &page)
}
