//! Refusals: one sentence a person can act on, a code that has a page in `deploy/errors/`, and nothing of the insides.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use serde_json::json;

use crate::doors::Visitor;
use crate::rights::Right;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Page,
    Json,
    /// To the sign-in page, and back to this address afterwards.
    SignIn,
}

#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    text: String,
    form: Form,
    next: String,
}

/// Paths of machines; their answers are JSON.
const API: &str = "/api/";

impl Refusal {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Refusal {
        Refusal { status, code, text: text.into(), form: Form::Page, next: String::new() }
    }

    pub fn sign_in_needed(request: &HttpRequest) -> Refusal {
        let next = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let text = "Sign in first: this address needs a session or a token.";
        Refusal { form: Form::SignIn, next, ..Refusal::new(StatusCode::UNAUTHORIZED, "OS-1001", text) }
    }

    pub fn right_missing(visitor: &Visitor, right: Right) -> Refusal {
        let text =
            format!("{} may not do this: the right \"{right}\" is missing. Ask an administrator for it.", visitor.name);
        Refusal::new(StatusCode::FORBIDDEN, "OS-1002", text)
    }

    pub fn wrong_password() -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "OS-1003", "The name or the password is wrong.")
    }

    pub fn too_many_tries(wait_s: u64) -> Refusal {
        let text = format!("Too many wrong passwords: wait {wait_s} s and try again.");
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "OS-1004", text)
    }

    pub fn other_site() -> Refusal {
        let text = "This request came from another site and was not carried out. Open the page here and try again.";
        Refusal::new(StatusCode::FORBIDDEN, "OS-1005", text)
    }

    /// What was sent cannot be used; the sentence says why.
    pub fn bad_request(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "OS-1101", text)
    }

    pub fn not_found(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "OS-1102", text)
    }

    /// The rules of the shop say no; nothing was changed.
    pub fn against_rules(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "OS-1103", text)
    }

    pub fn too_large(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "OS-1104", text)
    }

    /// Something here failed. The cause is for the log, not for the visitor.
    pub fn failed(cause: String) -> Refusal {
        tracing::error!(cause = %cause, "request failed");
        let text = "Something failed here and was written to the log. Try again; if it stays, tell the operator.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "OS-1201", text)
    }

    /// Not now; the sentence says when.
    pub fn busy(text: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "OS-1202", text)
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// As JSON, whatever the request.
    pub fn as_json(mut self) -> Refusal {
        self.form = Form::Json;
        self
    }

    /// In the form that the sender of the request reads.
    #[must_use]
    pub fn for_request(self, request: &HttpRequest) -> Refusal {
        if request.path().starts_with(API) { self.as_json() } else { self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct Page<'a> {
    code: &'a str,
    text: &'a str,
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.form {
            Form::Json => answer.json(json!({ "code": self.code, "text": self.text })),
            Form::SignIn => HttpResponse::SeeOther()
                .insert_header((header::LOCATION, format!("/sign-in?next={}", escaped(&self.next))))
                .finish(),
            Form::Page => match (Page { code: self.code, text: &self.text }).render() {
                Ok(page) => answer.insert_header(ContentType::html()).body(page),
                Err(_) => answer.insert_header(ContentType::plaintext()).body(self.text.clone()),
            },
        }
    }
}

/// Percent-escaped for a query.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
