//! Driver of ATOL registrars through the web server of their driver 10: JSON tasks over HTTP.
//!
//! How a document is never made twice: a request has an id, and the server does an id once, whoever asks and however often.
//! When an answer is lost the result of the same id is asked for; the request itself is sent again only under the same id,
//! and only if the server has never heard of it. The id of a document comes out of its contents and of the last document of
//! the storage, so a till that was restarted asks for the same document under the same id.
//!
//! Invariants: as long as it is not known what became of a request that changes the device, nothing else is asked of it.
//! A task that is refused is believed only when the storage has not moved on.
//!
//! Not confirmed on a device: that tasks are done in the order in which they came, that an unknown id is answered with 404,
//! what `interrupted` and `blocked` mean (here: look; load paper), and whether a sale opens a shift by itself, for which
//! reason none is sent while the shift is closed.

use std::time::Duration;

use domain::money::Money;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{FiscalDevice, FiscalDocument, FiscalError, FiscalReceipt, FiscalSign, FiscalState, FiscalTotals};
use crate::port::Connector;
use answers::{ShiftState, Status, Storage, TaskResult};
pub use link::BODY_BYTES_MAX;
use link::{Answer, Lost, exchange};
use tasks::REQUESTS;

pub mod answers;
pub(crate) mod errors;
mod link;
pub(crate) mod tasks;

/// Exchanges in a row that may fail before the server counts as gone.
const FAILURES_MAX: u32 = 3;
/// Times that one request is sent under its id; the server must say each time that it has never heard of it.
const SENT_MAX: u32 = 3;
/// Ids of one document that were refused, before somebody must look why.
const ATTEMPTS_MAX: u32 = 100;

/// The name of a request for a receipt, for a person.
const SELL: &str = "register the receipt";

/// How long the device is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// For one HTTP request and its response.
    pub exchange: Duration,
    /// Between two looks at a result: at first, and at most.
    pub poll_first: Duration,
    pub poll_max: Duration,
    /// For the result of a request; the makers' clients wait as long.
    pub result: Duration,
    /// Opening a shift may exchange keys with the fiscal storage first, and closing it prints a long report.
    pub shift: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            exchange: Duration::from_secs(3),
            poll_first: Duration::from_millis(40),
            poll_max: Duration::from_millis(700),
            result: Duration::from_secs(25),
            shift: Duration::from_secs(120),
        }
    }
}

/// Where the ids of requests come from that are no documents.
type Ids = Box<dyn FnMut() -> Uuid + Send + Sync>;

pub struct Atol {
    connector: Connector,
    timing: Timing,
    ids: Ids,
    /// The request that changes the device and whose outcome is not known.
    doubtful: Option<Request>,
    /// Such a request of which the server has then said that it never heard of it.
    unheard: Option<Request>,
    /// The last document that was refused: its first id, and the attempts that it has used up.
    refused: Option<(Uuid, u32)>,
}

#[derive(Clone, Debug)]
struct Request {
    id: Uuid,
    name: &'static str,
    tasks: Vec<Value>,
    patience: Duration,
}

/// A request that is over.
struct Finished {
    results: Vec<TaskResult>,
    /// All that was told.
    body: Vec<u8>,
    /// The server knew the id before it was sent.
    was_known: bool,
}

/// How the wait for a result ended.
enum Waited {
    Finished(Vec<TaskResult>, Vec<u8>),
    /// The server has never heard of it.
    Unheard,
    NotKnown,
}

/// Why there are no results.
enum Trouble {
    /// Surely nothing was done.
    NotDone(FiscalError),
    NotKnown,
}

impl Atol {
    pub fn new(connector: Connector) -> Atol {
        Atol::with_timing(connector, Timing::default(), Box::new(Uuid::now_v7))
    }

    pub fn with_timing(connector: Connector, timing: Timing, ids: Ids) -> Atol {
        Atol { connector, timing, ids, doubtful: None, unheard: None, refused: None }
    }

    /// Ask something that changes nothing.
    async fn ask(&mut self, name: &'static str, tasks: Vec<Value>) -> Result<Vec<u8>, FiscalError> {
        self.settle().await?;
        let request = Request { id: (self.ids)(), name, tasks, patience: self.timing.result };
        match self.run(&request).await {
            Ok(finished) => Ok(finished.body),
            Err(Trouble::NotDone(error)) => Err(error),
            Err(Trouble::NotKnown) => {
                Err(FiscalError::Offline { reason: format!("no answer to \"{name}\"; no document was made") })
            }
        }
    }

    /// Do something that is no fiscal document.
    async fn act(&mut self, name: &'static str, task: Value) -> Result<(), FiscalError> {
        self.settle().await?;
        let mut request = Request { id: (self.ids)(), name, tasks: vec![task], patience: self.timing.result };
        if let Some(unheard) = self.unheard.take().filter(|unheard| unheard.tasks == request.tasks) {
            // It may still be on its way, so it keeps its id.
            request.id = unheard.id;
        }
        let finished = self.change(&request).await?;
        match finished.results.first().and_then(answers::refusal) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// Make one document, and the proof of it.
    async fn make(
        &mut self,
        name: &'static str,
        task: Value,
        patience: Duration,
    ) -> Result<(FiscalSign, Option<Money>), FiscalError> {
        let before = self.storage().await?;
        if name == SELL && before.shift.state == ShiftState::Closed {
            return Err(errors::refusal(errors::SHIFT_CLOSED.into(), ""));
        }
        let first_id = tasks::document_id(&before, 0, &task);
        let used_up = self.refused.take_if(|(id, _)| *id == first_id).map_or(0, |(_, used_up)| used_up);
        for attempt in used_up..used_up + ATTEMPTS_MAX {
            let id = tasks::document_id(&before, attempt, &task);
            let request = Request { id, name, tasks: vec![task.clone()], patience };
            let finished = self.change(&request).await?;
            let made = answers::made(&finished.body);
            if made.is_ok() && !finished.was_known {
                return made;
            }
            // What is refused may be made all the same, and what is known may be of a storage that was since reset.
            let has_moved = match self.storage().await {
                Ok(after) => after.last_document != before.last_document || after.device != before.device,
                Err(_) => return Err(FiscalError::NoAnswer { command: name }),
            };
            match made {
                Ok(made) if has_moved => return Ok(made),
                Err(_) if has_moved => return Err(FiscalError::NoAnswer { command: name }),
                _ => self.refused = Some((first_id, attempt + 1)),
            }
            match made {
                Err(error @ FiscalError::Refused { .. }) if !finished.was_known => return Err(error),
                Err(error) if !finished.was_known => {
                    tracing::error!(%error, "what the fiscal device says of a document cannot be read");
                    return Err(FiscalError::NoAnswer { command: name });
                }
                _ => tracing::warn!(name, attempt, "an earlier request for this document was refused"),
            }
        }
        Err(FiscalError::Protocol { what: format!("\"{name}\" was refused too often") })
    }

    async fn turn_shift(&mut self, name: &'static str, task: Value) -> Result<FiscalSign, FiscalError> {
        let (sign, _) = self.make(name, task, self.timing.shift).await?;
        Ok(sign)
    }

    async fn storage(&mut self) -> Result<Storage, FiscalError> {
        answers::storage(&self.ask("state of the storage", tasks::about_storage()).await?)
    }

    /// A request that changes the device. It is doubtful until its outcome is known, also if nobody waits for that any more.
    async fn change(&mut self, request: &Request) -> Result<Finished, FiscalError> {
        self.doubtful = Some(request.clone());
        let outcome = self.run(request).await;
        if !matches!(outcome, Err(Trouble::NotKnown)) {
            self.doubtful = None;
        }
        match outcome {
            Ok(finished) if finished.results.iter().any(|result| is_unclear(result.status)) => {
                Err(FiscalError::NoAnswer { command: request.name })
            }
            Ok(finished) => Ok(finished),
            Err(Trouble::NotDone(error)) => Err(error),
            Err(Trouble::NotKnown) => Err(FiscalError::NoAnswer { command: request.name }),
        }
    }

    /// Learn what became of the doubtful request, if there is one.
    async fn settle(&mut self) -> Result<(), FiscalError> {
        let Some(doubtful) = self.doubtful.clone() else { return Ok(()) };
        match self.wait(&doubtful, Instant::now() + doubtful.patience, 0).await {
            Waited::Finished(..) => self.doubtful = None,
            Waited::Unheard => self.unheard = self.doubtful.take(),
            Waited::NotKnown => {
                let reason = format!("it does not say what became of \"{}\"", doubtful.name);
                return Err(FiscalError::Offline { reason });
            }
        }
        Ok(())
    }

    /// Send a request and wait until it is over.
    async fn run(&mut self, request: &Request) -> Result<Finished, Trouble> {
        let body = tasks::request(request.id, &request.tasks);
        if body.len() > BODY_BYTES_MAX {
            let what = format!("\"{}\" is longer than {BODY_BYTES_MAX} bytes", request.name);
            return Err(Trouble::NotDone(FiscalError::Protocol { what }));
        }
        let deadline = Instant::now() + request.patience;
        let (mut was_sent, mut was_known) = (false, false);
        for _ in 0..SENT_MAX {
            let (mut was_taken, mut failures) = (false, 0);
            match self.exchange("POST", REQUESTS, &body).await {
                Ok(Answer { status: 200..=299, .. }) => was_taken = true,
                Ok(Answer { status: 409, .. }) => {
                    was_taken = true;
                    was_known = !was_sent;
                }
                Ok(Answer { status: status @ 400..=499, .. }) => {
                    let what = format!("its web server answers \"{}\" with HTTP {status}", request.name);
                    return Err(Trouble::NotDone(FiscalError::Protocol { what }));
                }
                Ok(_) | Err(Lost::Unanswered) => failures = 1,
                Err(Lost::Unreached(reason)) if !was_sent => {
                    return Err(Trouble::NotDone(FiscalError::Offline { reason }));
                }
                Err(Lost::Unreached(_)) => return Err(Trouble::NotKnown),
            }
            was_sent = true;
            match self.wait(request, deadline, failures).await {
                Waited::Finished(results, body) => return Ok(Finished { results, body, was_known }),
                Waited::Unheard if !was_taken => tracing::warn!(name = request.name, "the request was lost on its way"),
                _ => return Err(Trouble::NotKnown),
            }
        }
        Err(Trouble::NotKnown)
    }

    /// Look at the result until every task is over.
    async fn wait(&mut self, request: &Request, deadline: Instant, failures: u32) -> Waited {
        let path = format!("{REQUESTS}/{}", request.id);
        let (mut failures, mut pause) = (failures, self.timing.poll_first);
        let mut is_continued = false;
        loop {
            match self.exchange("GET", &path, b"").await {
                Ok(Answer { status: 404, .. }) => return Waited::Unheard,
                Ok(Answer { status: 200, body }) => match answers::results(&body) {
                    Ok(results) if results.len() == request.tasks.len() => {
                        failures = 0;
                        if !results.iter().any(|result| is_going_on(result.status)) {
                            return Waited::Finished(results, body);
                        }
                        if !is_continued && results.iter().any(|result| result.status == Status::Blocked) {
                            is_continued = true;
                            self.continue_printing().await;
                        }
                    }
                    _ => failures += 1,
                },
                _ => failures += 1,
            }
            if failures >= FAILURES_MAX || Instant::now() + pause > deadline {
                return Waited::NotKnown;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.timing.poll_max);
        }
    }

    /// What comes of it is seen in the request that waits.
    async fn continue_printing(&mut self) {
        let body = tasks::request((self.ids)(), &[tasks::simple("continuePrint")]);
        if self.exchange("POST", REQUESTS, &body).await.is_err() {
            tracing::warn!("the fiscal device could not be told to go on printing");
        }
    }

    async fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Result<Answer, Lost> {
        exchange(&self.connector, self.timing.exchange, method, path, body).await
    }
}

fn is_going_on(status: Status) -> bool {
    matches!(status, Status::Wait | Status::InProgress | Status::Blocked)
}

/// It is over, and nothing says how.
fn is_unclear(status: Status) -> bool {
    matches!(status, Status::Interrupted | Status::Unknown)
}

impl FiscalDevice for Atol {
    fn state(&mut self) -> BoxFuture<'_, Result<FiscalState, FiscalError>> {
        async { answers::state(&self.ask("state of the device", tasks::about_state()).await?) }.boxed()
    }

    fn open_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.turn_shift("open the shift", tasks::shift("openShift", operator)).boxed()
    }

    fn register<'a>(&'a mut self, receipt: &'a FiscalReceipt) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        async {
            let task = tasks::receipt(receipt)?;
            let (sign, total) = self.make(SELL, task, self.timing.result).await?;
            match total {
                Some(total) if total != receipt.total() => {
                    tracing::error!(%total, asked = %receipt.total(), "the fiscal device made a document of another sum");
                    Err(FiscalError::NoAnswer { command: SELL })
                }
                _ => Ok(sign),
            }
        }
        .boxed()
    }

    fn find_document(&mut self, number: u32) -> BoxFuture<'_, Result<Option<FiscalDocument>, FiscalError>> {
        async move { answers::found(number, &self.ask("find a document", tasks::about_document(number)).await?) }
            .boxed()
    }

    /// A task is a whole document, so nothing is ever left begun.
    fn cancel_document(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.settle().boxed()
    }

    fn close_shift<'a>(&'a mut self, operator: &'a str) -> BoxFuture<'a, Result<FiscalSign, FiscalError>> {
        self.turn_shift("close the shift", tasks::shift("closeShift", operator)).boxed()
    }

    fn report_x(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.act("X report", tasks::simple("reportX")).boxed()
    }

    fn cash_in(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>> {
        async move { self.act("cash in", tasks::cash("cashIn", amount)?).await }.boxed()
    }

    fn cash_out(&mut self, amount: Money) -> BoxFuture<'_, Result<(), FiscalError>> {
        async move { self.act("cash out", tasks::cash("cashOut", amount)?).await }.boxed()
    }

    fn totals(&mut self) -> BoxFuture<'_, Result<FiscalTotals, FiscalError>> {
        async { answers::totals(&self.ask("totals of the shift", vec![tasks::simple("getShiftTotals")]).await?) }
            .boxed()
    }

    fn open_drawer(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.act("open the drawer", tasks::simple("openCashDrawer")).boxed()
    }

    fn print_text<'a>(&'a mut self, lines: &'a [String]) -> BoxFuture<'a, Result<(), FiscalError>> {
        self.act("print text", tasks::text(lines)).boxed()
    }
}
