//! The messages of one actor as lines of JSON, for as long as somebody reads them.

use std::convert::Infallible;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;

use super::OpsState;
use crate::tap::RATE;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    /// Lines a second at most.
    rate: Option<u32>,
}

pub(super) async fn show(
    state: web::Data<OpsState>,
    path: web::Path<String>,
    asked: web::Query<Asked>,
) -> HttpResponse {
    let seen = match state.node.tap(&path, asked.rate.unwrap_or(RATE)) {
        Ok(seen) => seen,
        Err(error) => return HttpResponse::NotFound().json(json!({ "error": format!("{error}.") })),
    };
    let lines = stream::unfold(seen, |mut seen| async move {
        let line = serde_json::to_string(&seen.recv().await?).unwrap_or_default() + "\n";
        Some((Ok::<Bytes, Infallible>(line.into()), seen))
    });
    HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(lines)
}
