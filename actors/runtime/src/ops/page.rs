//! The operator's page: the tree as a table, with a button for every order that makes sense now.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Local};

use super::{OpsState, gone, is_link};
use crate::dead_letters::DeadLetter;
use crate::node::ChildView;
use crate::stats::Status;

/// Enough to see a pattern; the rest is in `/ops/dead-letters`.
const LETTERS_SHOWN_MAX: usize = 20;
/// Everything comes from this node; nothing inline runs, nobody may frame it.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                                form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "ops.html")]
struct OpsPage {
    name: String,
    uptime: String,
    reasons: Vec<String>,
    children: Vec<Row>,
    links: Vec<Row>,
    letters_total: u64,
    letters: Vec<Letter>,
}

struct Row {
    view: ChildView,
    status: &'static str,
    oldest: String,
    rate: String,
    state: String,
    orders: &'static [&'static str],
}

struct Letter {
    at: String,
    letter: DeadLetter,
}

#[derive(Template)]
#[template(path = "ops_sign_in.html")]
struct SignInPage {
    problem: Option<&'static str>,
}

impl Row {
    fn of(view: ChildView) -> Row {
        Row {
            status: view.status.as_str(),
            oldest: in_words(Duration::from_millis(view.oldest_age_ms)),
            rate: format!("{:.1}", view.rates.handled_per_s),
            state: view.state.as_ref().and_then(|state| serde_json::to_string_pretty(state).ok()).unwrap_or_default(),
            orders: match view.status {
                Status::Waiting => &[],
                Status::Running | Status::Busy => &["restart", "pause", "stop"],
                Status::Paused => &["resume", "restart", "stop"],
                Status::Stopped | Status::Failed => &["start"],
                Status::Starting | Status::Stuck | Status::Restarting => &["restart", "stop"],
            },
            view,
        }
    }
}

pub(super) async fn show(state: web::Data<OpsState>) -> HttpResponse {
    let Some(seen) = state.node.look().await else { return gone() };
    let links = seen.children.iter().filter(|child| is_link(child)).cloned().map(Row::of).collect();
    let letters = state.node.dead_letters();
    let newest = letters.newest().into_iter().rev().take(LETTERS_SHOWN_MAX);
    let page = OpsPage {
        name: seen.name,
        uptime: in_words(state.node.uptime()),
        reasons: state.node.unready(),
        children: seen.children.into_iter().map(Row::of).collect(),
        links,
        letters_total: letters.total(),
        letters: newest.map(|letter| Letter { at: local_time(letter.at_ms), letter }).collect(),
    };
    html(HttpResponse::Ok(), &page)
}

/// The form, as the answer to whoever is not signed in.
pub(super) fn sign_in(problem: Option<&'static str>) -> HttpResponse {
    html(HttpResponse::Unauthorized(), &SignInPage { problem })
}

pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../assets/ops.css"))
}

pub(super) async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../../assets/ops.js"))
}

fn html(mut answer: actix_web::HttpResponseBuilder, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => answer
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "page not rendered");
            HttpResponse::InternalServerError().body("The page could not be drawn; the log of the node says why.")
        }
    }
}

fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

fn local_time(at_ms: i64) -> String {
    DateTime::from_timestamp_millis(at_ms)
        .map(|at| at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
