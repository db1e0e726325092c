//! Stores and their tills, live: who is linked, since when, what waits, and what each till did last.

use ::web::guard::May;
use ::web::layout::{self, Frame};
use ::web::live::{self, Fragment};
use ::web::refusal::Refusal;
use ::web::rights::{OperateNode, Right, ViewStores};
use ::web::show;
use ::web::table::{Cell, Column, Table};
use actix_web::http::header;
use actix_web::{HttpResponse, Responder, web};
use askama::Template;
use domain::money::Money;
use link::downlinks::CompareDatasets;

use super::{Site, words};
use crate::trade::{StoreNow, TradeNow};

#[derive(Template)]
#[template(path = "stores.html")]
struct Page {
    stores: String,
    tills: String,
    operates: bool,
}

fn link(store: &StoreNow) -> Cell {
    match &store.link {
        None => Cell::text("never linked").tone("quiet"),
        Some(link) => match (&link.incident, link.connected, link.line_up) {
            (Some(incident), ..) => Cell::text(incident.clone()).tone("bad"),
            (None, true, _) => Cell::text("online").tone("good"),
            (None, false, false) => Cell::text("cut by an operator").tone("bad"),
            (None, false, true) => Cell::text("offline").tone("bad"),
        },
    }
}

fn stores(now: &TradeNow) -> Table {
    let rows = now.stores.iter().map(|store| {
        let number = |count: u64| Cell::text(show::count(i64::try_from(count).unwrap_or(i64::MAX)));
        let status = store.link.as_ref();
        let since = status.map_or_else(|| words::NEVER.to_owned(), |link| show::time(link.since_ms, now.offset()));
        let commit = status.and_then(|link| link.last_commit_ms);
        let unsent = store.unsent();
        let compared = status.and_then(|link| link.compared_ms);
        let catalogue = status.and_then(|link| link.datasets.get(messages::v1::catalogue::ITEMS).copied());
        vec![
            Cell::text(store.code.clone()),
            link(store),
            Cell::text(since),
            Cell::text(show::count(i64::try_from(store.tills.len()).unwrap_or(0))),
            if unsent > 0 { number(unsent).tone("bad") } else { number(0) },
            number(status.map_or(0, |link| link.applied)),
            Cell::text(show::time(commit.unwrap_or(0), now.offset())),
            catalogue.map_or_else(|| Cell::text(words::NEVER), number),
            compared.map_or_else(|| Cell::text(words::NEVER), |at_ms| Cell::text(show::time(at_ms, now.offset()))),
            match status.map_or(0, |link| link.mended) {
                0 => number(0),
                mended => number(mended).tone("bad"),
            },
            Cell::text(show::money(store.net)),
        ]
    });
    Table {
        caption: "Stores and their links".to_owned(),
        columns: vec![
            Column::text("Store"),
            Column::text("Link"),
            Column::text("Since"),
            Column::number("Tills"),
            Column::number("Unsent"),
            Column::number("Documents"),
            Column::text("Received"),
            Column::number("Catalogue"),
            Column::text("Compared"),
            Column::number("Mended"),
            Column::number("Net today"),
        ],
        rows: rows.collect(),
        totals: Vec::new(),
        empty: "No store is known yet. Add one with \u{201c}hq-node store add\u{201d}.".to_owned(),
    }
}

fn tills(now: &TradeNow) -> Table {
    let rows = now.stores.iter().flat_map(|store| &store.tills).map(|till| {
        let shift = match (till.shift, till.shift_open) {
            (0, _) => Cell::text("none yet").tone("quiet"),
            (shift, true) => Cell::text(format!("{shift}, open")).tone("good"),
            (shift, false) => Cell::text(format!("{shift}, closed")),
        };
        vec![
            Cell::text(format!("{}/{}", till.store, till.till)),
            shift,
            Cell::text(till.operator.clone().unwrap_or_else(|| words::NEVER.to_owned())),
            Cell::text(show::count(till.last_sequence)),
            Cell::text(show::time(till.last_receipt_ms, now.offset())),
            Cell::text(show::money(Money::from_minor(till.last_total))),
        ]
    });
    Table {
        caption: "Tills".to_owned(),
        columns: vec![
            Column::text("Till"),
            Column::text("Shift"),
            Column::text("Operator"),
            Column::number("Last receipt"),
            Column::text("At"),
            Column::number("Total"),
        ],
        rows: rows.collect(),
        totals: Vec::new(),
        empty: "No till has sent anything yet.".to_owned(),
    }
}

fn fragments(now: &TradeNow) -> Vec<Fragment> {
    let drawn = |name, table: Table| Fragment { name, html: table.render().unwrap_or_default() };
    vec![drawn("stores", stores(now)), drawn("tills", tills(now))]
}

pub async fn page(visitor: May<ViewStores>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let now = site.trade.borrow().clone();
    let mut parts = fragments(&now).into_iter().map(|fragment| fragment.html);
    let mut part = || parts.next().unwrap_or_default();
    let page = Page { stores: part(), tills: part(), operates: visitor.may(Right::OperateNode) };
    let frame = Frame { live: Some("/live/stores"), ..site.frame(words::STORES, "/stores", &visitor) };
    layout::page(&frame, &page)
}

/// Compare every row that stores have with those here, and mend what differs.
pub async fn compare(_: May<OperateNode>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    if let Some(links) = &site.compare {
        links.tell(CompareDatasets).map_err(|error| Refusal::failed(error.to_string()))?;
    }
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/stores")).finish())
}

pub async fn live(_: May<ViewStores>, site: web::Data<Site>) -> Result<impl Responder, Refusal> {
    live::stream(&site.viewers, site.trade.clone(), |now| fragments(now))
}
