//! The operations endpoints of a node: what its actors are doing, orders to them, a look at their messages, dead letters,
//! metrics, health.
//!
//! Everything but the two health answers needs the operator's token: as a bearer token from a machine, or from a person as
//! a session that the sign-in form opens. What is shown is what the actors say of themselves, so it holds no secrets.

mod access;
mod health;
mod metrics;
mod page;
mod tap;

use std::sync::Arc;

use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, HttpResponse, web};
use prometheus_client::registry::Registry;
use serde::Serialize;
use serde_json::json;

pub use self::access::{OpsToken, WeakToken};
use crate::node::{ChildView, Node};
use crate::supervisor::Order;

/// What the endpoints work with. Made once a process and cloned into each worker of its HTTP server.
#[derive(Clone)]
pub struct OpsState {
    node: Node,
    token: OpsToken,
    sessions: Arc<access::Sessions>,
    registry: Arc<Registry>,
}

impl OpsState {
    /// `register` adds the metrics of the node's features to its own; names get the prefix `openstore`.
    pub fn new(node: Node, token: OpsToken, register: impl FnOnce(&mut Registry)) -> OpsState {
        let mut registry = metrics::registry(&node);
        register(&mut registry);
        OpsState { node, token, sessions: Arc::default(), registry: Arc::new(registry) }
    }
}

/// Mount the endpoints on an HTTP server.
pub fn configure(config: &mut web::ServiceConfig, state: OpsState) {
    config
        .app_data(web::Data::new(state))
        .route("/health/live", web::get().to(health::live))
        .route("/health/ready", web::get().to(health::ready))
        .route("/ops/ops.css", web::get().to(page::style))
        .route("/ops/ops.js", web::get().to(page::script))
        .route("/ops/sign-in", web::post().to(access::sign_in))
        .service(web::resource("/metrics").wrap(from_fn(access::guard)).route(web::get().to(metrics::show)))
        .service(
            web::scope("/ops")
                .wrap(from_fn(access::guard))
                .route("", web::get().to(page::show))
                .route("/tree", web::get().to(tree))
                .route("/links", web::get().to(links))
                .route("/dead-letters", web::get().to(dead_letters))
                .route("/tap/{path:.+}", web::get().to(tap::show))
                .route("/sign-out", web::post().to(access::sign_out))
                .route("/actors/{path:.+}/{order}", web::post().to(order)),
        );
}

/// Children of these kinds are the node's links; their state tells cursors, lag and credit.
const LINK_KINDS: [&str; 2] = ["uplink", "downlinks"];

fn is_link(child: &ChildView) -> bool {
    LINK_KINDS.contains(&child.kind)
}

async fn tree(state: web::Data<OpsState>) -> HttpResponse {
    match state.node.look().await {
        Some(seen) => json_answer(&seen),
        None => gone(),
    }
}

async fn links(state: web::Data<OpsState>) -> HttpResponse {
    match state.node.look().await {
        Some(seen) => {
            let links: Vec<ChildView> = seen.children.into_iter().filter(is_link).collect();
            json_answer(&json!({ "node": seen.name, "links": links }))
        }
        None => gone(),
    }
}

async fn dead_letters(state: web::Data<OpsState>) -> HttpResponse {
    let letters = state.node.dead_letters();
    json_answer(&json!({ "total": letters.total(), "newest": letters.newest() }))
}

async fn order(request: HttpRequest, state: web::Data<OpsState>, target: web::Path<(String, String)>) -> HttpResponse {
    let (path, name) = target.into_inner();
    let order: Order = match name.parse() {
        Ok(order) => order,
        Err(error) => return HttpResponse::NotFound().json(json!({ "error": format!("{error}.") })),
    };
    if let Err(error) = state.node.order(&path, order).await {
        return HttpResponse::NotFound().json(json!({ "error": format!("{error}.") }));
    }
    if access::wants_page(&request) {
        HttpResponse::SeeOther().insert_header((header::LOCATION, "/ops")).finish()
    } else {
        HttpResponse::Accepted().json(json!({ "actor": path, "order": name }))
    }
}

fn json_answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

fn gone() -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(json!({ "error": "The node is shutting down." }))
}
