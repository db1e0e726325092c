//! The one style sheet and the one script of all pages, inside the binary. Their address has their hash, so a browser
//! keeps them for good and gets new ones after an upgrade.

use std::sync::LazyLock;

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, mime, web};
use sha2::{Digest, Sha256};

const CSS: &str = include_str!("../assets/pages.css");
const JS: &str = include_str!("../assets/live.js");
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let hash = Sha256::new().chain_update(CSS).chain_update(JS).finalize();
    hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

pub fn css_address() -> String {
    format!("/assets/{}/pages.css", *VERSION)
}

pub fn js_address() -> String {
    format!("/assets/{}/live.js", *VERSION)
}

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/assets/{version}/pages.css", web::get().to(async || file(mime::TEXT_CSS_UTF_8, CSS)))
        .route("/assets/{version}/live.js", web::get().to(async || file(mime::APPLICATION_JAVASCRIPT_UTF_8, JS)));
}

fn file(kind: mime::Mime, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType(kind)).insert_header((header::CACHE_CONTROL, FOR_GOOD)).body(text)
}
