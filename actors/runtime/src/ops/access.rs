//! Who may operate the node: whoever has its token. Nothing else is believed.
//!
//! A browser gets a session in exchange for the token, so that the token itself is in no cookie. A session may change
//! something only from a page of this very node: the cookie is `SameSite=Strict` and the origin is compared as well.

use std::collections::VecDeque;
use std::fmt;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{OpsState, page};

/// 24 characters of a random token are beyond guessing over a network, so sign-in needs no lock-out.
const TOKEN_MIN_CHARS: usize = 24;
const SESSION_COOKIE: &str = "ops_session";
/// A shift of an operator.
const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);
/// More people than operate one node; the oldest session is closed for a new one.
const SESSIONS_MAX: usize = 16;

/// The secret that lets its bearer operate the node. It is never printed.
#[derive(Clone)]
pub struct OpsToken(Arc<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operator's token is too short: use at least {TOKEN_MIN_CHARS} random characters")]
pub struct WeakToken;

impl OpsToken {
    pub fn new(token: &str) -> Result<OpsToken, WeakToken> {
        let token = token.trim();
        if token.chars().count() < TOKEN_MIN_CHARS { Err(WeakToken) } else { Ok(OpsToken(token.into())) }
    }

    /// A new random token, for a node that was given none.
    pub fn random() -> OpsToken {
        OpsToken(random_id().into())
    }

    /// The secret itself, to be written where only the operator can read it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is(&self, offered: &str) -> bool {
        same(self.0.as_bytes(), offered.trim().as_bytes())
    }
}

impl fmt::Debug for OpsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpsToken(***)")
    }
}

/// Compare without telling by the time it takes how much was right.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |differing, (a, b)| black_box(differing | (a ^ b)));
    one.len() == other.len() && differing == 0
}

fn random_id() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<VecDeque<(String, Instant)>>,
}

impl Sessions {
    fn begin(&self) -> String {
        let id = random_id();
        if let Ok(mut open) = self.open.lock() {
            open.retain(|(_, since)| since.elapsed() < SESSION_LASTS);
            if open.len() == SESSIONS_MAX {
                open.pop_front();
            }
            open.push_back((id.clone(), Instant::now()));
        }
        id
    }

    fn knows(&self, id: &str) -> bool {
        self.open.lock().is_ok_and(|open| {
            open.iter().any(|(known, since)| since.elapsed() < SESSION_LASTS && same(known.as_bytes(), id.as_bytes()))
        })
    }

    fn end(&self, id: &str) {
        if let Ok(mut open) = self.open.lock() {
            open.retain(|(known, _)| known != id);
        }
    }
}

enum Access {
    Granted,
    /// Signed in, but the request was made by a page of somebody else.
    Foreign,
    Refused,
}

fn access(state: &OpsState, request: &HttpRequest) -> Access {
    let bearer = text_of(request, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if let Some(offered) = bearer {
        return if state.token.is(offered) { Access::Granted } else { Access::Refused };
    }
    match request.cookie(SESSION_COOKIE) {
        Some(cookie) if state.sessions.knows(cookie.value()) => {
            let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
            if only_reads || is_from_here(request) { Access::Granted } else { Access::Foreign }
        }
        _ => Access::Refused,
    }
}

fn is_from_here(request: &HttpRequest) -> bool {
    let origin = text_of(request, header::ORIGIN).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, host)| host == request.connection_info().host())
}

fn text_of(request: &HttpRequest, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// True if a person with a browser is asking.
pub(super) fn wants_page(request: &HttpRequest) -> bool {
    text_of(request, header::ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

/// Let only the operator through.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let access =
        request.app_data::<web::Data<OpsState>>().map_or(Access::Refused, |state| access(state, request.request()));
    let refusal = match access {
        Access::Granted => return next.call(request).await.map(ServiceResponse::map_into_boxed_body),
        Access::Foreign => {
            let error = "This order came from a page of another site and was not carried out.";
            HttpResponse::Forbidden().json(json!({ "error": error }))
        }
        Access::Refused if wants_page(request.request()) => page::sign_in(None),
        Access::Refused => HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .json(json!({ "error": "Only the operator of this node may do this: send its token as a bearer token." })),
    };
    Ok(request.into_response(refusal))
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
}

pub(super) async fn sign_in(request: HttpRequest, state: web::Data<OpsState>, form: web::Form<SignIn>) -> HttpResponse {
    if !state.token.is(&form.token) {
        tracing::warn!(from = ?request.peer_addr(), "operator's sign-in refused");
        return page::sign_in(Some("This is not the token of this node."));
    }
    tracing::info!(from = ?request.peer_addr(), "operator signed in");
    let cookie = session_cookie(&request, state.sessions.begin());
    HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, "/ops")).finish()
}

pub(super) async fn sign_out(request: HttpRequest, state: web::Data<OpsState>) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, "/ops"));
    if let Some(cookie) = request.cookie(SESSION_COOKIE) {
        state.sessions.end(cookie.value());
        let mut gone = session_cookie(&request, String::new());
        gone.make_removal();
        answer.cookie(gone);
    }
    answer.finish()
}

fn session_cookie(request: &HttpRequest, id: String) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, id)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(request.connection_info().scheme() == "https")
        .finish()
}
