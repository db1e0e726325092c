//! Business days: closing one, those that are closed, and what tills that were away have brought to them since.

use ::web::guard::May;
use ::web::layout;
use ::web::refusal::Refusal;
use ::web::rights::{CloseDays, Right, ViewStores};
use ::web::show;
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use backoffice::days::{self, CloseError, ClosedDay, Sold, TillNow, TillOfDay};
use chrono::NaiveDate;
use domain::money::Money;
use link::downlinks::PeerStatus;
use serde::Deserialize;

use super::Site;

pub const PATH: &str = "/days";
pub const TITLE: &str = "Business days";

/// Days that the page shows: over a month, so that a till that was away for weeks is seen coming back.
const DAYS_MAX: u64 = 40;

#[derive(Template)]
#[template(path = "days.html")]
struct Page {
    may_close: bool,
    /// The day that comes next.
    next: Option<NaiveDate>,
    closed: Option<NaiveDate>,
    days: String,
    corrections: String,
}

#[derive(Debug, Default, Deserialize)]
pub struct Query {
    closed: Option<NaiveDate>,
}

#[derive(Debug, Deserialize)]
pub struct Form {
    day: NaiveDate,
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::failed(error.to_string())
}

pub async fn page(
    visitor: May<ViewStores>,
    site: web::Data<Site>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Refusal> {
    let reader = &site.database.reader;
    let closed = days::newest(reader, &site.store, DAYS_MAX).await.map_err(failed)?;
    let page = Page {
        may_close: visitor.may(Right::CloseDays),
        next: days::first_open(reader, &site.store).await.map_err(failed)?,
        closed: query.closed,
        days: days_table(&site, &closed).render().unwrap_or_default(),
        corrections: corrections(&closed).render().unwrap_or_default(),
    };
    layout::page(&site.frame(TITLE, PATH, &visitor), &page)
}

pub async fn close(
    visitor: May<CloseDays>,
    site: web::Data<Site>,
    form: web::Form<Form>,
) -> Result<HttpResponse, Refusal> {
    let tills: Vec<TillNow> = site.shop.borrow().tills.iter().filter_map(till_now).collect();
    let now = site.clock.now();
    let (day, at_ms) = (form.day, now.timestamp_millis());
    let by = visitor.name.as_str();
    match days::close(&site.database, &site.store, day, &tills, by, at_ms, now.date_naive()).await {
        Ok(closed) => {
            let away = closed.tills.iter().filter(|till| !till.reported).count();
            tracing::info!(%day, by, away, "a business day was closed");
            let there = format!("{PATH}?closed={day}");
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, there)).finish())
        }
        Err(CloseError::Database(error)) => Err(failed(error)),
        Err(refused) => {
            let text = refused.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase()).unwrap_or_default();
            Err(Refusal::against_rules(format!("{first}{}.", letters.as_str())))
        }
    }
}

/// The name of a till ends in its number.
fn till_now(peer: &PeerStatus) -> Option<TillNow> {
    let till = peer.name.rsplit_once('/')?.1.parse().ok()?;
    Some(TillNow { till, linked: peer.connected, all_here: peer.connected && peer.lag == 0 && peer.pending == 0 })
}

fn days_table(site: &Site, days: &[ClosedDay]) -> Table {
    let offset = *site.clock.now().offset();
    let row = |day: &ClosedDay| {
        let away: Vec<String> =
            day.tills.iter().filter(|till| !till.reported).map(|till| till.till.to_string()).collect();
        let sum = |of: fn(&TillOfDay) -> Sold| day.tills.iter().map(|till| of(till).net()).sum::<i64>();
        let (then, now) = (sum(|till| till.at_closing), sum(|till| till.now));
        vec![
            Cell::text(day.day.to_string()),
            Cell::text(show::time(day.closed_ms, offset)),
            Cell::text(day.closed_by.clone()),
            if away.is_empty() {
                Cell::text("all").tone("good")
            } else {
                Cell::text(format!("not {}", away.join(", "))).tone("bad")
            },
            Cell::text(money(then)),
            Cell::text(money(now - then)),
        ]
    };
    Table {
        caption: "Closed days, newest first".to_owned(),
        columns: vec![
            Column::text("Day"),
            Column::text("Closed"),
            Column::text("By"),
            Column::text("Tills reported"),
            Column::number("Net at closing"),
            Column::number("Corrected by"),
        ],
        rows: days.iter().map(row).collect(),
        totals: Vec::new(),
        empty: "No business day was closed yet.".to_owned(),
    }
}

/// One row for each till of each day to which something came after it was closed.
fn corrections(days: &[ClosedDay]) -> Table {
    let row = |day: &ClosedDay, till: &TillOfDay| {
        vec![
            Cell::text(day.day.to_string()),
            Cell::text(till.till.to_string()),
            Cell::text(if till.reported { "reported" } else { "not reported" }),
            Cell::text(show::count(till.at_closing.receipts)),
            Cell::text(show::count(till.now.receipts)),
            Cell::text(money(till.at_closing.net())),
            Cell::text(money(till.now.net())),
            Cell::text(money(till.now.net() - till.at_closing.net())),
        ]
    };
    let rows =
        days.iter().flat_map(|day| day.tills.iter().filter(|till| till.is_corrected()).map(move |till| row(day, till)));
    Table {
        caption: "Corrections of closed days".to_owned(),
        columns: vec![
            Column::text("Day"),
            Column::text("Till"),
            Column::text("At closing"),
            Column::number("Receipts then"),
            Column::number("Receipts now"),
            Column::number("Net then"),
            Column::number("Net now"),
            Column::number("Difference"),
        ],
        rows: rows.collect(),
        totals: Vec::new(),
        empty: "Nothing came to a day after it was closed.".to_owned(),
    }
}

fn money(minor: i64) -> String {
    show::money(Money::from_minor(minor))
}
