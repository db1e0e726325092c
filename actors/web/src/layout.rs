//! The frame of every page: head, menu by rights, the page itself, and who is signed in.

use actix_web::HttpResponse;
use actix_web::http::header::{self, ContentType};
use askama::Template;

use crate::assets;
use crate::doors::Visitor;
use crate::refusal::Refusal;
use crate::rights::Right;

/// A line of the menu.
#[derive(Clone, Copy, Debug)]
pub struct MenuItem {
    pub href: &'static str,
    pub label: &'static str,
    pub right: Right,
}

/// What is around a page.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    pub title: &'a str,
    /// What the node is called, beside the mark.
    pub node: &'a str,
    pub menu: &'a [MenuItem],
    /// The menu line of this page.
    pub here: &'a str,
    pub visitor: &'a Visitor,
    /// Where the page's live parts come from.
    pub live: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    frame: &'a Frame<'a>,
    menu: Vec<MenuItem>,
    css: String,
    js: String,
    body: String,
}

/// A page in its frame.
pub fn page(frame: &Frame<'_>, body: &impl Template) -> Result<HttpResponse, Refusal> {
    let drawn = |error: askama::Error| Refusal::failed(format!("page not drawn: {error}"));
    let menu = frame.menu.iter().filter(|item| frame.visitor.may(item.right)).copied().collect();
    let body = body.render().map_err(drawn)?;
    let layout = Layout { frame, menu, css: assets::css_address(), js: assets::js_address(), body };
    Ok(html(layout.render().map_err(drawn)?))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    node: &'a str,
    css: String,
    next: &'a str,
    name: &'a str,
    refusal: Option<&'a Refusal>,
}

/// The sign-in page, with the refusal of the last try.
pub fn sign_in(node: &str, next: &str, name: &str, refusal: Option<&Refusal>) -> HttpResponse {
    let page = SignIn { node, css: assets::css_address(), next, name, refusal };
    match page.render() {
        Ok(page) => {
            let mut answer = html(page);
            if let Some(refusal) = refusal {
                *answer.status_mut() = refusal.status();
            }
            answer
        }
        Err(error) => HttpResponse::from_error(Refusal::failed(format!("page not drawn: {error}"))),
    }
}

/// An address within this server to go to after the sign-in; anything else is the first page.
pub fn next_address(next: &str) -> &str {
    let is_local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/\\")
        && !next.chars().any(char::is_control);
    if is_local { next } else { "/" }
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().insert_header(ContentType::html()).insert_header((header::CACHE_CONTROL, "no-store")).body(page)
}
