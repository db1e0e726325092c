//! What a store server shows its people: prices, scales, labels, business days. One list of routes, each with its right.

pub mod days;
pub mod labels;
pub mod prices;
pub mod scales;

use std::sync::Arc;

use ::web::doors::Visitor;
use ::web::layout::{Frame, MenuItem};
use ::web::live::Viewers;
use ::web::refusal::Refusal;
use ::web::rights::Right;
use ::web::routes::{self, Guarded, Limits, get, post};
use ::web::sign_in;
use actix_web::web;
use domain::ids::StoreId;
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::reference::SendError;
use tokio::sync::watch;

use crate::nodes::ServerNode;
use crate::shop::ShopNow;
use crate::tree::StoreScales;

/// Nothing here takes JSON; forms name up to a page of labels.
const LIMITS: Limits = Limits { json_bytes_max: 16 * 1024, form_bytes_max: 256 * 1024 };

/// What the pages are drawn from.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: Arc<str>,
    pub store: StoreId,
    pub database: Database,
    pub clock: Clock,
    pub shop: watch::Receiver<Arc<ShopNow>>,
    pub scales: StoreScales,
    pub viewers: Viewers,
}

impl Site {
    pub fn of(server: &ServerNode, clock: Clock) -> Site {
        Site {
            name: format!("Store {}", server.store).into(),
            store: server.store.clone(),
            database: server.database.clone(),
            clock,
            shop: server.shop.clone(),
            scales: server.scales.clone(),
            viewers: Viewers::default(),
        }
    }

    fn frame<'a>(&'a self, title: &'a str, here: &'a str, visitor: &'a Visitor) -> Frame<'a> {
        Frame { title, node: &self.name, menu: &MENU, here, visitor, live: None }
    }
}

/// An actor has no time for a page just now.
fn busy(error: SendError) -> Refusal {
    Refusal::busy(format!("The store server is busy just now: try again in a moment ({error})."))
}

const MENU: [MenuItem; 5] = [
    MenuItem { href: prices::PATH, label: prices::TITLE, right: Right::ViewStores },
    MenuItem { href: scales::PATH, label: scales::TITLE, right: Right::ViewStores },
    MenuItem { href: labels::PATH, label: labels::TITLE, right: Right::OperateScales },
    MenuItem { href: days::PATH, label: days::TITLE, right: Right::ViewStores },
    MenuItem { href: "/ops", label: "Operations", right: Right::OperateNode },
];

/// Every route of the pages. Links, operations and health have guards of their own.
pub fn routes() -> Vec<Guarded> {
    use Right::{CloseDays, OperateScales, ViewStores};
    vec![
        get("/sign-in", None, |route| route.to(sign_in::page)),
        post("/sign-in", None, |route| route.to(sign_in::sign_in)),
        post("/sign-out", None, |route| route.to(sign_in::sign_out)),
        get("/", Some(ViewStores), |route| route.to(prices::page)),
        get("/live/prices", Some(ViewStores), |route| route.to(prices::live)),
        get("/scales", Some(ViewStores), |route| route.to(scales::page)),
        get("/live/scales", Some(ViewStores), |route| route.to(scales::live)),
        get("/scales/{name}", Some(ViewStores), |route| route.to(scales::one::page)),
        post("/scales/{name}", Some(OperateScales), |route| route.to(scales::one::act)),
        get("/scales/{name}/goods", Some(ViewStores), |route| route.to(scales::one::goods)),
        get("/scales/{name}/totals", Some(OperateScales), |route| route.to(scales::one::totals)),
        get("/scales/{name}/articles/{plu}", Some(ViewStores), |route| route.to(scales::article::page)),
        get("/scales/{name}/articles/{plu}/label.svg", Some(ViewStores), |route| route.to(scales::article::label)),
        get("/labels", Some(OperateScales), |route| route.to(labels::page)),
        get("/labels/next", Some(OperateScales), |route| route.to(labels::next_sheet)),
        get("/labels/sheet", Some(OperateScales), |route| route.to(labels::sheet)),
        get("/labels/sheet.svg", Some(OperateScales), |route| route.to(labels::sheet_picture)),
        post("/labels", Some(OperateScales), |route| route.to(labels::hang)),
        get("/days", Some(ViewStores), |route| route.to(days::page)),
        post("/days", Some(CloseDays), |route| route.to(days::close)),
    ]
}

pub fn configure(config: &mut web::ServiceConfig) {
    routes::configure(config, routes(), LIMITS);
}
