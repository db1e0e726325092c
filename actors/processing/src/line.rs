//! A store's way to its root: what it says goes up as questions, what the root answers comes back with them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use link::requests::{ACCOUNTS_SYNC, Question, RequestError, put};
use runtime::reference::ActorRef;

use crate::keeper::{Door, DoorError};
use crate::machine::log::{Document, Told};
use crate::machine::subordinate::Subordinate;
use crate::machine::wire::{Answered, Envelope, Reply, ToRoot};
use domain::ledger::TransferId;

/// How long an answer may take that does not wait for news.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// An answer that waits for news waits less than the line lets a question live.
pub const NEWS_WITHIN: Duration = Duration::from_millis(2_500);
/// Rounds of one talk: a store that was alone for a month has so much to say, and goes on in the next one.
const ROUNDS_MAX: usize = 512;

/// Carries a body to the root and its answer back. Loss, repetition and delay are all survived.
pub trait Line: Send + Sync + 'static {
    fn exchange(&self, body: Vec<u8>, within: Duration) -> BoxFuture<'_, Result<Vec<u8>, RequestError>>;
}

impl Line for ActorRef<Question> {
    fn exchange(&self, body: Vec<u8>, within: Duration) -> BoxFuture<'_, Result<Vec<u8>, RequestError>> {
        Box::pin(put(self, ACCOUNTS_SYNC, body, within))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    #[error(transparent)]
    Line(#[from] RequestError),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error("the answer of the root cannot be read: {0}")]
    Body(#[from] messages::codec::BodyError),
}

/// Talks for one store.
#[derive(Clone)]
pub struct Talk {
    pub door: Door<Subordinate>,
    pub line: Arc<dyn Line>,
}

impl Talk {
    /// Say `messages`, and go on for as long as the answers ask for more.
    pub async fn say(&self, messages: Vec<ToRoot>, waits: bool) -> Result<(), TalkError> {
        let mut messages = messages;
        let mut waits = waits;
        for _ in 0..ROUNDS_MAX {
            if messages.is_empty() {
                return Ok(());
            }
            messages = self.once(messages, waits).await?;
            waits = false;
        }
        Ok(())
    }

    async fn once(&self, messages: Vec<ToRoot>, waits: bool) -> Result<Vec<ToRoot>, TalkError> {
        let node = self.door.ask(Vec::new(), |store, _| store.me()).await?;
        let body = Envelope { node, messages, waits }.to_body();
        let within = if waits { NEWS_WITHIN } else { ANSWER_WITHIN };
        let answered = Answered::from_body(&self.line.exchange(body, within).await?)?;
        let ids = answered.replies.iter().flat_map(ids_of).collect();
        let more = self.door.ask(ids, move |store, now| {
            if !store.is_enrolled() {
                store.enrol(answered.node);
                return vec![store.poll()];
            }
            answered.replies.into_iter().flat_map(|reply| store.on_reply(reply, now)).collect()
        });
        Ok(more.await?)
    }
}

/// Transfers that a reply may make the store ask its book for.
fn ids_of(reply: &Reply) -> Vec<TransferId> {
    let Reply::Downs { ups, downs, .. } = reply else { return Vec::new() };
    let documents = ups.iter().filter_map(|entry| Document::from_body(&entry.body).ok());
    let told = downs.iter().filter_map(|entry| Told::from_body(&entry.body).ok());
    let of_document = documents.flat_map(|document| [document.operation.line(1), document.operation.line(2)]);
    let of_told = told.flat_map(|told| match told {
        Told::Grant { transfers } => transfers.into_iter().map(|transfer| transfer.id).collect(),
        _ => Vec::new(),
    });
    of_document.chain(of_told).collect()
}
