//! Whether everything in the shop says the same price, live.

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
use link::downlinks::PeerStatus;
use messages::v1::catalogue::ITEMS;
use scales::coherence::{Coherence, Share};

use super::{Site, labels, scales as scale_pages};
use crate::shop::ShopNow;

pub const PATH: &str = "/";
pub const TITLE: &str = "Prices";

#[derive(Template)]
#[template(path = "prices.html")]
struct Page {
    figures: String,
    tills: String,
}

#[derive(Template)]
#[template(path = "prices_figures.html")]
struct Figures {
    coherence: Coherence,
}

impl Figures {
    fn left(share: &Share) -> String {
        match share.of - share.right {
            0 => "all of them".to_owned(),
            left => format!("{left} to go"),
        }
    }
}

fn till(till: &PeerStatus, version: u64, offset: FixedOffset) -> Vec<Cell> {
    let has = till.datasets.get(ITEMS).copied().unwrap_or(0);
    vec![
        Cell::text(till.name.clone()),
        if till.connected { Cell::text("online").tone("good") } else { Cell::text("offline").tone("bad") },
        Cell::text(show::time(till.since_ms, offset)),
        if has >= version {
            Cell::text("has the newest").tone("good")
        } else {
            Cell::text(format!("{} changes behind", show::count(i64::try_from(version - has).unwrap_or(i64::MAX))))
                .tone("bad")
        },
    ]
}

fn fragments(now: &ShopNow, offset: FixedOffset) -> Vec<Fragment> {
    let version = now.coherence.version;
    let tills = Table {
        caption: "Tills and the prices that they have".to_owned(),
        columns: ["Till", "Line", "Since", "Prices"].map(Column::text).to_vec(),
        rows: now.tills.iter().map(|peer| till(peer, version, offset)).collect(),
        totals: Vec::new(),
        empty: "No till has linked since this server started.".to_owned(),
    };
    vec![
        Fragment { name: "figures", html: Figures { coherence: now.coherence }.render().unwrap_or_default() },
        Fragment { name: "tills", html: tills.render().unwrap_or_default() },
    ]
}

pub async fn page(visitor: May<ViewStores>, site: web::Data<Site>) -> Result<HttpResponse, Refusal> {
    let now = site.shop.borrow().clone();
    let mut parts = fragments(&now, *site.clock.now().offset()).into_iter().map(|fragment| fragment.html);
    let mut part = || parts.next().unwrap_or_default();
    let page = Page { figures: part(), tills: part() };
    let frame = Frame { live: Some("/live/prices"), ..site.frame(TITLE, PATH, &visitor) };
    layout::page(&frame, &page)
}

pub async fn live(_: May<ViewStores>, site: web::Data<Site>) -> Result<impl Responder, Refusal> {
    let clock = site.clock.clone();
    live::stream(&site.viewers, site.shop.clone(), move |now| fragments(now, *clock.now().offset()))
}
