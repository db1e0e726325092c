//! The label scales of the store, live: what each is at, and what it waits for.

pub mod article;
pub mod one;

use ::web::guard::May;
use ::web::layout::{self, Frame};
use ::web::live::{self, Fragment};
use ::web::refusal::Refusal;
use ::web::rights::ViewStores;
use ::web::show;
use ::web::table::{Cell, Column, Table};
use actix_web::{HttpResponse, Responder, web};
use askama::Template;
use chrono::FixedOffset;
use scales::view::{Phase, ScaleView};

use super::Site;
use crate::shop::ShopNow;

pub const PATH: &str = "/scales";
pub const TITLE: &str = "Scales";

#[derive(Template)]
#[template(path = "scales.html")]
struct Page {
    table: String,
}

fn number(count: usize) -> String {
    show::count(i64::try_from(count).unwrap_or(i64::MAX))
}

/// What a scale is at, in a few words.
fn state(scale: &ScaleView) -> Cell {
    match scale.phase {
        Phase::Waiting => Cell::text("not heard yet").tone("quiet"),
        Phase::NoPlan => Cell::text("no plan for its department: it keeps what it has").tone("bad"),
        Phase::Held => Cell::text("nothing of its department fits: it keeps what it has").tone("bad"),
        Phase::Writing => Cell::text(format!("loading, {} to go", number(scale.waiting))),
        Phase::Checking => Cell::text(format!("reading back, {} to go", number(scale.reading))),
        Phase::Equal if scale.set_aside > 0 => {
            Cell::text(format!("up to date but for {} that it refuses", number(scale.set_aside))).tone("bad")
        }
        Phase::Equal => Cell::text("up to date").tone("good"),
        Phase::Paused => Cell::text("emptied on purpose").tone("quiet"),
        Phase::Failing => match &scale.failure {
            Some(failure) => Cell::text(failure.clone()).tone("bad"),
            None => Cell::text("failing").tone("bad"),
        },
    }
}

/// What it last did not do, and when.
fn last_failure(scale: &ScaleView, offset: FixedOffset) -> Cell {
    let failure = scale.last_failure.as_deref().map(|failure| {
        let at = show::time(scale.failed_ms.unwrap_or(0), offset);
        format!("{at}: {failure}")
    });
    Cell::text(failure.unwrap_or_default()).tone("wide")
}

fn row(name: &str, scale: &ScaleView, offset: FixedOffset) -> Vec<Cell> {
    vec![
        Cell::link(name, format!("{PATH}/{name}")),
        Cell::text(scale.department.clone()),
        Cell::text(if scale.model.is_empty() { scale.title } else { &scale.model }),
        state(scale),
        Cell::text(number(scale.wanted)),
        Cell::text(number(scale.left_out)),
        Cell::text(show::time(scale.heard_ms.unwrap_or(0), offset)),
        last_failure(scale, offset),
    ]
}

fn fragments(now: &ShopNow, offset: FixedOffset) -> Vec<Fragment> {
    let table = Table {
        caption: "Label scales".to_owned(),
        columns: vec![
            Column::text("Scale"),
            Column::text("Department"),
            Column::text("Model"),
            Column::text("State"),
            Column::number("Goods"),
            Column::number("Left out"),
            Column::text("Last heard"),
            Column::text("Last failure"),
        ],
        rows: now.scales.iter().map(|(name, scale)| row(name, scale, offset)).collect(),
        totals: Vec::new(),
        empty: "This store has no label scale. They are named in the store's settings, under [[server.scales]]."
            .to_owned(),
    };
    vec![Fragment { name: "scales", html: table.render().unwrap_or_default() }]
}

pub async fn page(visitor: May<ViewStores>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let now = site.shop.borrow().clone();
    let table = fragments(&now, *site.clock.now().offset()).pop().map(|fragment| fragment.html).unwrap_or_default();
    let frame = Frame { live: Some("/live/scales"), ..site.frame(TITLE, PATH, &visitor) };
    layout::page(&frame, &Page { table })
}

pub async fn live(_: May<ViewStores>, site: web::Data<Site>) -> Result<impl Responder, Refusal> {
    let clock = site.clock.clone();
    live::stream(&site.viewers, site.shop.clone(), move |now| fragments(now, *clock.now().offset()))
}
