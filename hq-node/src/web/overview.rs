//! The first page: today's trade at a glance, live.

use ::web::guard::May;
use ::web::layout::{self, Frame};
use ::web::live::{self, Fragment};
use ::web::refusal::Refusal;
use ::web::rights::ViewOverview;
use ::web::table::{Cell, Column, Table};
use ::web::{charts, show};
use actix_web::{HttpResponse, Responder, web};
use askama::Template;
use backoffice::reports::Cell as ReportCell;
use domain::money::Money;

use super::{Site, words};
use crate::trade::TradeNow;

/// Stores on this page, those with the largest trade first; all are on their own page.
const STORES_SHOWN: usize = 12;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    figures: String,
    hours: String,
    stores: String,
}

#[derive(Template)]
#[template(path = "overview_figures.html")]
struct Figures {
    day: String,
    net: String,
    returns: String,
    receipts: String,
    online: usize,
    stores: usize,
    unsent: String,
    incidents: u64,
    parked: u64,
}

#[derive(Template)]
#[template(path = "overview_hours.html")]
struct Hours {
    chart: Option<String>,
    table: Table,
}

fn fragments(now: &TradeNow) -> Vec<Fragment> {
    let figures = Figures {
        day: now.day.to_string(),
        net: show::money(now.net),
        returns: show::money(now.returns),
        receipts: show::count(now.receipts),
        online: now.online(),
        stores: now.stores.len(),
        unsent: show::count(i64::try_from(now.unsent()).unwrap_or(i64::MAX)),
        incidents: now.incidents,
        parked: now.parked,
    };
    let drawn = |name, html: Result<String, askama::Error>| Fragment { name, html: html.unwrap_or_default() };
    vec![drawn("figures", figures.render()), drawn("hours", hours(now).render()), drawn("stores", stores(now).render())]
}

fn hours(now: &TradeNow) -> Hours {
    // Every hour between the first and the last, so that a quiet hour is seen as quiet.
    let mut by_hour: Vec<(u32, Money, i64)> = Vec::new();
    for row in &now.by_hour.rows {
        let [ReportCell::Text(hour), ReportCell::Count(receipts), _, _, ReportCell::Money(net), ..] = row.as_slice()
        else {
            continue;
        };
        let Ok(hour) = hour.parse::<u32>() else { continue };
        while let Some((last, ..)) = by_hour.last().copied().filter(|(last, ..)| last + 1 < hour) {
            by_hour.push((last + 1, Money::ZERO, 0));
        }
        by_hour.push((hour, *net, *receipts));
    }
    let labels = by_hour.iter().map(|(hour, ..)| format!("{hour:02}")).collect();
    let amounts: Vec<Money> = by_hour.iter().map(|(_, net, _)| *net).collect();
    Hours {
        chart: charts::standing(words::column("net"), labels, &amounts, 680, 300),
        table: Table {
            caption: "Net sales by hour today".to_owned(),
            columns: vec![
                Column::text(words::column("hour")),
                Column::number(words::column("receipts")),
                Column::number(words::column("net")),
            ],
            rows: by_hour
                .iter()
                .map(|(hour, net, receipts)| {
                    vec![
                        Cell::text(format!("{hour:02}:00")),
                        Cell::text(show::count(*receipts)),
                        Cell::text(show::money(*net)),
                    ]
                })
                .collect(),
            totals: Vec::new(),
            empty: "No sale yet today.".to_owned(),
        },
    }
}

fn stores(now: &TradeNow) -> Table {
    let mut stores: Vec<_> = now.stores.iter().collect();
    stores.sort_by_key(|store| std::cmp::Reverse(store.net));
    stores.truncate(STORES_SHOWN);
    Table {
        caption: "Stores by net sales today".to_owned(),
        columns: vec![Column::text(words::column("store")), Column::text("Link"), Column::number(words::column("net"))],
        rows: stores
            .into_iter()
            .map(|store| {
                let link = if store.is_online() {
                    Cell::text("online").tone("good")
                } else {
                    Cell::text("offline").tone("bad")
                };
                vec![
                    Cell::link(store.code.clone(), super::sales::link_to_store(&store.code, now.day)),
                    link,
                    Cell::text(show::money(store.net)),
                ]
            })
            .collect(),
        totals: Vec::new(),
        empty: "No store is known yet. Add one with \u{201c}hq-node store add\u{201d}.".to_owned(),
    }
}

pub async fn page(visitor: May<ViewOverview>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let now = site.trade.borrow().clone();
    let mut parts = fragments(&now).into_iter().map(|fragment| fragment.html);
    let mut part = || parts.next().unwrap_or_default();
    let page = Page { figures: part(), hours: part(), stores: part() };
    let frame = Frame { live: Some("/live/overview"), ..site.frame(words::OVERVIEW, "/", &visitor) };
    layout::page(&frame, &page)
}

pub async fn live(_: May<ViewOverview>, site: web::Data<Site>) -> Result<impl Responder, Refusal> {
    live::stream(&site.viewers, site.trade.clone(), |now| fragments(now))
}
