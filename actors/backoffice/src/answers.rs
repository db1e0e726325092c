//! Answers to the questions of tills: sales, parked receipts, marked units, and which business day it is.
//!
//! A store answers what it knows and asks the head office for the rest; the head office has nobody to ask. Questions read
//! beside the writer; only taking a parked receipt and claiming a marked unit write, one statement each, so that of two
//! tills one is first.

mod days;
mod marks;
mod parked;
mod sales;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use link::apply::{Peer, PeerRole};
use link::requests::{
    Answer, BUSINESS_DAY, CLAIM_MARK, FIND_RECEIPT, FIND_SALE, LIST_PARKED, Question, RequestError, TAKE_PARKED, put,
};
use messages::codec::{BodyError, from_body, to_body};
use migrations::database::Database;
use runtime::clock::Clock;
use runtime::reference::ActorRef;
use sea_orm::DbErr;

use crate::find_receipt::FindError;

pub use marks::CLAIM_LAPSES;
pub use parked::TAKE_LAPSES;

/// A till waits three seconds for its store: the store must have heard from above before that.
const ABOVE_WITHIN: Duration = Duration::from_secs(2);

/// The way to the node above.
pub trait Above: Send + Sync + 'static {
    fn ask(&self, type_id: u32, body: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RequestError>>;
}

impl Above for ActorRef<Question> {
    fn ask(&self, type_id: u32, body: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(put(self, type_id, body, ABOVE_WITHIN))
    }
}

#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error("questions of kind {0} are not answered here")]
    Kind(u32),
    #[error("the question cannot be read: {0}")]
    Body(#[from] BodyError),
    #[error("\"{0}\" is no till and no store")]
    Asker(String),
    #[error(transparent)]
    Find(#[from] FindError),
    /// The words of the node above, or what stands for them.
    #[error("{0}")]
    Above(String),
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
}

/// Whoever asks: the store, and the till if it is one.
struct Asker<'a> {
    name: &'a str,
    store: &'a str,
    till: Option<i64>,
}

impl<'a> Asker<'a> {
    fn of(peer: &'a Peer) -> Result<Asker<'a>, AnswerError> {
        let name = peer.name.as_str();
        let nobody = || AnswerError::Asker(name.to_owned());
        match peer.role {
            PeerRole::Till => {
                let (store, till) = name.rsplit_once('/').ok_or_else(nobody)?;
                Ok(Asker { name, store, till: Some(till.parse().map_err(|_| nobody())?) })
            }
            PeerRole::Store => Ok(Asker { name, store: name, till: None }),
            PeerRole::Hq => Err(nobody()),
        }
    }

    fn till(&self) -> Result<i64, AnswerError> {
        self.till.ok_or_else(|| AnswerError::Asker(self.name.to_owned()))
    }
}

/// The answerer for the link.
#[derive(Clone)]
pub struct TradeAnswers {
    database: Database,
    clock: Clock,
    above: Option<Arc<dyn Above>>,
}

impl TradeAnswers {
    /// A head office: what it does not know nobody does.
    pub fn new(database: Database, clock: Clock) -> TradeAnswers {
        TradeAnswers { database, clock, above: None }
    }

    /// A store, which asks the node above.
    pub fn asks(mut self, above: Arc<dyn Above>) -> TradeAnswers {
        self.above = Some(above);
        self
    }

    async fn work(&self, from: &Peer, type_id: u32, body: Vec<u8>) -> Result<Vec<u8>, AnswerError> {
        let asker = Asker::of(from)?;
        Ok(match type_id {
            FIND_RECEIPT => to_body(&self.receipt(&asker, &body).await?),
            FIND_SALE => to_body(&self.sale(&asker, from_body(&body)?).await?),
            LIST_PARKED => to_body(&self.list_parked(&asker, from_body(&body)?).await?),
            TAKE_PARKED => to_body(&self.take_parked(&asker, from_body(&body)?).await?),
            CLAIM_MARK => to_body(&self.claim_mark(&asker, from_body(&body)?).await?),
            BUSINESS_DAY => to_body(&self.business_day(&asker, from_body(&body)?).await?),
            other => return Err(AnswerError::Kind(other)),
        })
    }
}

impl std::fmt::Debug for TradeAnswers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TradeAnswers").field("asks_above", &self.above.is_some()).finish_non_exhaustive()
    }
}

impl Answer for TradeAnswers {
    fn answer<'a>(&'a self, from: &'a Peer, type_id: u32, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move { self.work(from, type_id, body).await.map_err(|error| error.to_string()) })
    }
}
