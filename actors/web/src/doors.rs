//! The doors of a node: signing in and out, sessions, and tokens of machines.
//!
//! A session is a random token in a cookie that scripts cannot read and other sites cannot send; the node keeps its
//! SHA-256 (WB-2), so a session can be ended from here and cannot be made from a copy of the database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use futures_util::future::BoxFuture;
use rand::RngExt as _;
use runtime::clock::Clock;
use sha2::{Digest, Sha256};

use crate::password;
use crate::refusal::Refusal;
use crate::rights::{Right, Role};
use crate::throttle::Throttle;

/// A working day and a little more.
const SESSION_LASTS: Duration = Duration::from_secs(12 * 3600);
const TOKEN_BYTES: usize = 32;
/// Longest name that is looked up.
const NAME_CHARS_MAX: usize = 100;

/// Who is at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub name: String,
    pub role: Role,
}

impl Visitor {
    pub fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}

/// A person as the node keeps them.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub role: Role,
    pub password_hash: String,
    pub enabled: bool,
}

/// Where people and sessions are kept. The error is a sentence.
pub trait People: Send + Sync + 'static {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Person>, String>>;
    fn open_session(
        &self,
        token_hash: [u8; 32],
        name: String,
        now_ms: i64,
        expires_ms: i64,
    ) -> BoxFuture<'_, Result<(), String>>;
    /// Who has the session, if it has not ended and they may still sign in.
    fn of_session(&self, token_hash: [u8; 32], now_ms: i64) -> BoxFuture<'_, Result<Option<Visitor>, String>>;
    fn end_session(&self, token_hash: [u8; 32]) -> BoxFuture<'_, Result<(), String>>;
}

/// A token of a machine.
pub struct ApiToken {
    name: String,
    role: Role,
    hash: [u8; 32],
}

impl ApiToken {
    pub fn new(name: &str, token: &str, role: Role) -> ApiToken {
        ApiToken { name: name.to_owned(), role, hash: hash_of(token) }
    }
}

#[derive(Clone)]
pub struct Doors {
    people: Arc<dyn People>,
    tokens: Arc<[ApiToken]>,
    cookie: &'static str,
    https: bool,
    throttle: Arc<Throttle>,
}

impl Doors {
    /// `cookie` names the session of this kind of node: two nodes at one address do not take each other's. With `https`
    /// the browser sends it over TLS only.
    pub fn new(people: impl People, tokens: Vec<ApiToken>, cookie: &'static str, https: bool) -> Doors {
        Doors { people: Arc::new(people), tokens: tokens.into(), cookie, https, throttle: Arc::default() }
    }

    /// The cookie of a new session, if name and password are right.
    pub async fn sign_in(&self, request: &HttpRequest, name: &str, password: &str) -> Result<Cookie<'static>, Refusal> {
        let from = request.peer_addr().map(|address| address.ip().to_string()).unwrap_or_default();
        let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
        let keys = [format!("{name}@{from}"), format!("@{from}")];
        if let Some(wait) = keys.iter().map(|key| self.throttle.wait(key)).max().filter(|wait| !wait.is_zero()) {
            return Err(Refusal::too_many_tries(wait.as_secs() + 1));
        }
        let person = self.people.find(&name).await.map_err(Refusal::failed)?;
        let stored = person.as_ref().filter(|person| person.enabled).map(|person| person.password_hash.clone());
        let given = password.to_owned();
        let is_right = tokio::task::spawn_blocking(move || password::is_right(&given, stored.as_deref()));
        let (true, Some(person)) = (is_right.await.unwrap_or(false), person) else {
            keys.iter().for_each(|key| self.throttle.wrong(key));
            tracing::warn!(name = %name, from = %from, "wrong name or password");
            return Err(Refusal::wrong_password());
        };
        keys.iter().for_each(|key| self.throttle.right(key));
        let token: [u8; TOKEN_BYTES] = rand::rng().random();
        let token = hex(&token);
        let now_ms = Clock::system().now_ms();
        let lasts_ms = i64::try_from(SESSION_LASTS.as_millis()).unwrap_or(0);
        let opened = self.people.open_session(hash_of(&token), person.name.clone(), now_ms, now_ms + lasts_ms);
        opened.await.map_err(Refusal::failed)?;
        tracing::info!(name = %person.name, from = %from, "signed in");
        Ok(self.cookie_of(token, false))
    }

    /// End the session of this request; the cookie that removes the old one.
    pub async fn sign_out(&self, request: &HttpRequest) -> Result<Cookie<'static>, Refusal> {
        if let Some(token) = request.cookie(self.cookie) {
            self.people.end_session(hash_of(token.value())).await.map_err(Refusal::failed)?;
        }
        Ok(self.cookie_of(String::new(), true))
    }

    fn cookie_of(&self, value: String, gone: bool) -> Cookie<'static> {
        let mut cookie =
            Cookie::build(self.cookie, value).path("/").http_only(true).same_site(SameSite::Strict).secure(self.https);
        if gone {
            cookie = cookie.max_age(actix_web::cookie::time::Duration::ZERO);
        }
        cookie.finish()
    }

    /// Who sends this request, by the token of a machine or the session of a person.
    pub async fn visitor(&self, request: &HttpRequest) -> Result<Option<Visitor>, Refusal> {
        if let Some(token) = bearer(request) {
            let hash = hash_of(token);
            let found = self.tokens.iter().find(|known| known.hash == hash);
            return Ok(found.map(|known| Visitor { name: known.name.clone(), role: known.role }));
        }
        let Some(token) = request.cookie(self.cookie) else { return Ok(None) };
        let now_ms = Clock::system().now_ms();
        self.people.of_session(hash_of(token.value()), now_ms).await.map_err(Refusal::failed)
    }

    pub(crate) fn has_session(&self, request: &HttpRequest) -> bool {
        request.cookie(self.cookie).is_some()
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("cookie", &self.cookie).field("https", &self.https).finish_non_exhaustive()
    }
}

pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Tokens are random, so one round of SHA-256 is enough; comparing hashes tells a guesser nothing about a token.
fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
