//! Accounts are kept by one process; stores ask for them at any gateway.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Message, Request, RequestErrorKind};
use futures_util::future::BoxFuture;
use link::apply::Peer;
use link::requests::{ACCOUNTS_SYNC, Answer, UNREACHABLE};
use processing::keeper::Door;
use processing::machine::root::Root;
use runtime::actor::{Actor, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::Cluster;
use super::wire::{asked, question};

const SUBJECT: &str = "os1.root";
/// Whoever asks gives up sooner.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Questions at once: a store waits for news with one of them.
const QUESTIONS_MAX: usize = 4_096;
/// How an answer begins.
const ANSWERED: u8 = 0;
const REFUSED: u8 = 1;

/// Answers here what the own root knows, and lets the other process answer what it does not.
pub struct AnyRoot {
    cluster: Cluster,
    door: Door<Root>,
    here: Arc<dyn Answer>,
}

impl AnyRoot {
    pub fn new(cluster: Cluster, door: Door<Root>, here: Arc<dyn Answer>) -> AnyRoot {
        AnyRoot { cluster, door, here }
    }

    async fn there(&self, from: &Peer, type_id: u32, body: Vec<u8>) -> Result<Vec<u8>, String> {
        let request = Request::new().headers(question(from, type_id)).payload(body.into()).timeout(Some(ANSWER_WITHIN));
        let reply = self.cluster.client.send_request(SUBJECT, request).await.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => format!("{UNREACHABLE}: no process keeps the accounts just now"),
            _ => format!("{UNREACHABLE}: the process that keeps the accounts did not answer: {error}"),
        })?;
        match reply.payload.split_first() {
            Some((&ANSWERED, body)) => Ok(body.to_vec()),
            Some((&REFUSED, sentence)) => Err(String::from_utf8_lossy(sentence).into_owned()),
            _ => Err(format!("{UNREACHABLE}: the answer of the process that keeps the accounts cannot be read")),
        }
    }
}

impl Answer for AnyRoot {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        if type_id == ACCOUNTS_SYNC && !self.door.is_open() {
            Box::pin(self.there(from, type_id, body))
        } else {
            self.here.answer(from, type_id, body)
        }
    }
}

/// The supervised actor of the process that may keep the accounts: it hears questions of the others' stores. While another
/// process keeps them it is silent, and that one answers.
pub struct RootService {
    cluster: Cluster,
    door: Door<Root>,
    answer: Arc<dyn Answer>,
    turns: Arc<Semaphore>,
}

/// What an operator sees of it.
#[derive(Clone, Debug, Serialize)]
pub struct RootServiceState {
    pub keeps: bool,
    pub questions: usize,
}

impl RootService {
    pub fn new(cluster: Cluster, door: Door<Root>, answer: Arc<dyn Answer>) -> RootService {
        RootService { cluster, door, answer, turns: Arc::new(Semaphore::new(QUESTIONS_MAX)) }
    }
}

impl Actor for RootService {
    type State = RootServiceState;

    async fn started(&mut self, scope: &Scope<RootService>) -> Result<(), StartError> {
        let (cluster, door) = (self.cluster.clone(), self.door.clone());
        let (answer, turns) = (self.answer.clone(), self.turns.clone());
        scope.spawn(async move {
            let asked = |question| door.is_open().then(|| reply(answer.clone(), question));
            cluster.serve(SUBJECT.to_owned(), turns, asked).await;
        });
        Ok(())
    }

    fn observe(&self) -> RootServiceState {
        RootServiceState { keeps: self.door.is_open(), questions: QUESTIONS_MAX - self.turns.available_permits() }
    }
}

async fn reply(answer: Arc<dyn Answer>, question: Message) -> Vec<u8> {
    let answered = match asked(question.headers.as_ref()) {
        Some((from, type_id)) => answer.answer(&from, type_id, question.payload.to_vec()).await,
        None => Err("the question of another process cannot be read".to_owned()),
    };
    match answered {
        Ok(body) => [&[ANSWERED][..], &body].concat(),
        Err(sentence) => [&[REFUSED][..], sentence.as_bytes()].concat(),
    }
}
