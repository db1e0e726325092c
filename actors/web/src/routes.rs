//! The routes of a node: each with the right it needs, and what is refused said in the node's own words.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Route, web};

use crate::refusal::Refusal;
use crate::rights::Right;
use crate::{assets, guard};

/// What stands on a page that is not there.
pub const NO_SUCH_PAGE: &str = "There is no such page here.";

/// A route and the right it needs; `None`: open to everybody, and said so where it is listed.
pub struct Guarded {
    pub method: &'static str,
    pub path: &'static str,
    pub right: Option<Right>,
    route: Route,
}

impl Guarded {
    fn new(method: &'static str, path: &'static str, right: Option<Right>, route: Route) -> Guarded {
        let route = match right {
            Some(right) => route.wrap(from_fn(move |request, next| guard::needs(right, request, next))),
            None => route,
        };
        Guarded { method, path, right, route }
    }
}

type Handled = fn(Route) -> Route;

pub fn get(path: &'static str, right: Option<Right>, route: Handled) -> Guarded {
    Guarded::new("GET", path, right, route(web::get()))
}

pub fn post(path: &'static str, right: Option<Right>, route: Handled) -> Guarded {
    Guarded::new("POST", path, right, route(web::post()))
}

pub fn put(path: &'static str, right: Option<Right>, route: Handled) -> Guarded {
    Guarded::new("PUT", path, right, route(web::put()))
}

pub fn delete(path: &'static str, right: Option<Right>, route: Handled) -> Guarded {
    Guarded::new("DELETE", path, right, route(web::delete()))
}

/// The largest bodies that are read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub json_bytes_max: usize,
    pub form_bytes_max: usize,
}

/// Serve these routes and the files that every page needs; anything else is told that it is not there.
pub fn configure(config: &mut web::ServiceConfig, routes: Vec<Guarded>, limits: Limits) {
    let refused =
        |text: String, request: &HttpRequest| actix_web::Error::from(Refusal::bad_request(text).for_request(request));
    config
        .app_data(web::JsonConfig::default().limit(limits.json_bytes_max).content_type_required(false).error_handler(
            move |error: JsonPayloadError, request| refused(format!("The body cannot be used: {error}."), request),
        ))
        .app_data(web::QueryConfig::default().error_handler(move |error: QueryPayloadError, request| {
            refused(format!("The address cannot be used: {error}."), request)
        }))
        .app_data(
            web::FormConfig::default()
                .limit(limits.form_bytes_max)
                .error_handler(move |error, request| refused(format!("The form cannot be used: {error}."), request)),
        )
        .app_data(web::PathConfig::default().error_handler(move |error: PathError, request| {
            refused(format!("The address cannot be used: {error}."), request)
        }))
        .configure(assets::configure);
    for guarded in routes {
        config.route(guarded.path, guarded.route);
    }
    config.default_service(web::to(async |request: HttpRequest| {
        let refusal = Refusal::not_found(NO_SUCH_PAGE).for_request(&request);
        Err::<actix_web::HttpResponse, Refusal>(refusal)
    }));
}
