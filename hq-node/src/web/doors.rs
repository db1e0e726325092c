//! Signing in and out.

use ::web::doors::Doors;
use ::web::layout::{next_address, sign_in as draw};
use ::web::refusal::Refusal;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::Site;

#[derive(Debug, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub struct Form {
    #[serde(default)]
    next: String,
    name: String,
    password: String,
}

pub async fn sign_in_page(site: web::Data<Site>, query: web::Query<Next>) -> HttpResponse {
    draw(&site.name, next_address(&query.next), "", None)
}

pub async fn sign_in(
    request: HttpRequest,
    site: web::Data<Site>,
    doors: web::Data<Doors>,
    form: web::Form<Form>,
) -> HttpResponse {
    let next = next_address(&form.next);
    match doors.sign_in(&request, &form.name, &form.password).await {
        Ok(cookie) => HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, next)).finish(),
        Err(refusal) => draw(&site.name, next, &form.name, Some(&refusal)),
    }
}

/// Open to everybody: without a session there is nothing to end.
pub async fn sign_out(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, Refusal> {
    let cookie = doors.sign_out(&request).await?;
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, "/sign-in")).finish())
}
