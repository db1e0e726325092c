//! The simulated web server: requests in, answers out, each id done once. Pure.
//!
//! A task is done as soon as its request is heard; how long its result is not yet there is a matter of the fault `slow`.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::NaiveDateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::tasks;
use crate::fiscal::atol::tasks::REQUESTS;
use crate::http::{self, Request};
use crate::sim::fault::Fault;
use crate::sim::register::CashRegister;

/// Requests whose results are remembered.
const REQUESTS_MAX: usize = 10_000;
/// Tasks of one request.
const TASKS_MAX: usize = 64;
const ID_BYTES_MAX: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) clock: NaiveDateTime,
    pub(super) instant: Instant,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) register: CashRegister,
    requests: HashMap<String, Heard>,
    /// Their ids, the oldest first.
    order: VecDeque<String>,
    /// No result is there.
    pub(super) is_held: bool,
    /// Requests that have come, to lose some of them.
    count: u32,
}

/// A request that was heard.
#[derive(Debug)]
struct Heard {
    results: Vec<Value>,
    at: Instant,
    delay: Duration,
}

#[derive(Deserialize)]
struct Order {
    uuid: String,
    request: Tasks,
}

/// One task is taken without its brackets too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tasks {
    Many(Vec<Value>),
    One(Value),
}

impl Server {
    pub(super) fn new(register: CashRegister) -> Server {
        Server { register, requests: HashMap::new(), order: VecDeque::new(), is_held: false, count: 0 }
    }

    /// The answer to a request; none if one of the two is lost.
    pub(super) fn hear(&mut self, request: &Request<'_>, now: Now) -> Option<Vec<u8>> {
        self.count = self.count.wrapping_add(1);
        let lost = match self.register.fault {
            Fault::Loses(count) if self.count.is_multiple_of(count) => Some(self.count / count),
            _ => None,
        };
        if lost.is_some_and(|times| times % 2 == 1) {
            return None;
        }
        self.register.stored = false;
        let (status, body, is_changed) = match (request.method, request.path.strip_prefix(REQUESTS)) {
            ("POST", Some("")) => self.take(request.body, now),
            ("GET", Some(id)) => self.tell(id.trim_start_matches('/'), now),
            _ => ("404 Not Found", json!({}), false),
        };
        if is_changed && self.register.fault == Fault::NoAnswerAfterCommit {
            self.register.fault = Fault::None;
            return None;
        }
        if lost.is_some() {
            return None;
        }
        let mut bytes = Vec::new();
        http::put_response(status, "application/json; charset=utf-8", "", body.to_string().as_bytes(), &mut bytes);
        if self.register.fault == Fault::Garbage {
            bytes.iter_mut().for_each(|byte| *byte = !*byte);
        }
        Some(bytes)
    }

    fn take(&mut self, body: &[u8], now: Now) -> (&'static str, Value, bool) {
        let Ok(Order { uuid, request }) = serde_json::from_slice(body) else {
            return ("400 Bad Request", json!({ "error": "this is no request" }), false);
        };
        let tasks = match request {
            Tasks::Many(tasks) => tasks,
            Tasks::One(task) => vec![task],
        };
        if uuid.is_empty() || uuid.len() > ID_BYTES_MAX || tasks.is_empty() || tasks.len() > TASKS_MAX {
            return ("400 Bad Request", json!({ "error": "an id and a few tasks are expected" }), false);
        }
        if self.requests.contains_key(&uuid) {
            return ("409 Conflict", json!({ "error": "this id is known" }), false);
        }
        let delay = if let Fault::Slow(delay) = self.register.fault { delay } else { Duration::ZERO };
        let clock = now.clock + self.register.clock_offset;
        let mut is_changed = false;
        let mut results = Vec::with_capacity(tasks.len());
        for task in &tasks {
            let (result, has_changed) = tasks::perform(&mut self.register, task, clock);
            is_changed |= has_changed;
            results.push(result);
        }
        if self.order.len() == REQUESTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.requests.remove(&oldest);
        }
        self.order.push_back(uuid.clone());
        self.requests.insert(uuid, Heard { results, at: now.instant, delay });
        ("201 Created", json!({}), is_changed)
    }

    fn tell(&self, id: &str, now: Now) -> (&'static str, Value, bool) {
        let Some(heard) = self.requests.get(id) else { return ("404 Not Found", json!({}), false) };
        let passed = now.instant.saturating_duration_since(heard.at);
        let status = match passed {
            _ if self.is_held => Some("inProgress"),
            passed if passed < heard.delay / 2 => Some("wait"),
            passed if passed < heard.delay => Some("inProgress"),
            _ => None,
        };
        let results = match status {
            Some(status) => heard.results.iter().map(|_| json!({ "status": status })).collect(),
            None => heard.results.clone(),
        };
        ("200 OK", json!({ "results": results }), false)
    }
}

/// The answer to what is no request.
pub(super) fn refuse_noise() -> Vec<u8> {
    let mut bytes = Vec::new();
    http::put_response("400 Bad Request", "application/json; charset=utf-8", "", b"{}", &mut bytes);
    bytes
}
