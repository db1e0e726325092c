//! Is the process alive, and may it be given work? Open to anybody, so the answers name no more than they must.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::OpsState;

/// A supervisor that is not heard of for so long is not going to be; service managers give up after a few seconds more.
const ALIVE_WITHIN: Duration = Duration::from_secs(3);

pub(super) async fn live(state: web::Data<OpsState>) -> HttpResponse {
    if state.node.is_alive(ALIVE_WITHIN).await {
        HttpResponse::Ok().json(json!({ "status": "alive" }))
    } else {
        let reason = format!("the supervisor did not answer within {} s", ALIVE_WITHIN.as_secs());
        HttpResponse::ServiceUnavailable().json(json!({ "status": "stuck", "reason": reason }))
    }
}

pub(super) async fn ready(state: web::Data<OpsState>) -> HttpResponse {
    let reasons = state.node.unready();
    if reasons.is_empty() {
        HttpResponse::Ok().json(json!({ "status": "ready" }))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "not ready", "reasons": reasons }))
    }
}
