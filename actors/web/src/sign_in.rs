//! Signing in and out.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::doors::Doors;
use crate::layout::{next_address, sign_in as draw};
use crate::refusal::Refusal;

/// What people call the node: its server keeps it for these pages.
#[derive(Clone, Debug)]
pub struct NodeName(pub Arc<str>);

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

pub async fn page(node: web::Data<NodeName>, query: web::Query<Next>) -> HttpResponse {
    draw(&node.0, next_address(&query.next), "", None)
}

pub async fn sign_in(
    request: HttpRequest,
    node: web::Data<NodeName>,
    doors: web::Data<Doors>,
    form: web::Form<Form>,
) -> HttpResponse {
    let next = next_address(&form.next);
    match doors.sign_in(&request, &form.name, &form.password).await {
        Ok(cookie) => HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, next)).finish(),
        Err(refusal) => draw(&node.0, next, &form.name, Some(&refusal)),
    }
}

/// Open to everybody: without a session there is nothing to end.
pub async fn sign_out(request: HttpRequest, doors: web::Data<Doors>) -> Result<HttpResponse, Refusal> {
    let cookie = doors.sign_out(&request).await?;
    Ok(HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, "/sign-in")).finish())
}
