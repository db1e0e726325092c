//! Marked units are claimed before they are sold: of this till, of the store and of the chain, as far as they can be asked.
//!
//! The store answers for the chain when it can. While nothing above answers, this till's own knowledge counts for as many
//! hours as the settings allow; then marked goods wait, and all others are sold.

use std::time::Duration;

use domain::claims::ClaimKind;
use domain::receipt::Kind;
use domain::refusal::Refusal;
use link::requests::{AskAbove, CLAIM_MARK};
use messages::codec::{from_body, to_body};
use messages::v1::requests::{ClaimMark, MarkClaimed};
use messages::v1::settings::SaleRules;
use messages::v1::till::TillError;

use crate::desk::Record;
use crate::store;
use crate::till::{Till, not_read, refused};

/// A customer at the counter waits this long for the answer about a unit.
const CLAIM_DEADLINE: Duration = Duration::from_secs(2);
/// That the store has answered is written down once in so many minutes.
const ANSWERED_EVERY_MIN: i64 = 10;

impl Till {
    /// Claim a unit for the open receipt. Answers what is to be written down about it.
    pub(crate) async fn claim_mark(&mut self, identity: &str, kind: Kind) -> Result<Option<Record>, TillError> {
        if kind == Kind::Return {
            return Ok(None);
        }
        if self.receipt.as_ref().is_some_and(|receipt| receipt.claims().holds(ClaimKind::Mark, identity)) {
            return Err(refused(Refusal::MarkTwice));
        }
        if store::mark_sold(&self.ports.database.reader, identity).await.map_err(not_read)?.is_some() {
            return Err(refused(Refusal::MarkSold));
        }
        let now = self.now();
        let answered = self.standing.desk.marks_answered;
        match self.claim_above(identity).await {
            Some(MarkClaimed::Yes) => {
                let fresh = answered.is_some_and(|at| (now - at).num_minutes() < ANSWERED_EVERY_MIN);
                Ok((!fresh).then_some(Record::MarksAnswered { at: now }))
            }
            Some(MarkClaimed::Taken { .. }) => Err(refused(Refusal::MarkSold)),
            None => match answered {
                // The hours are counted from the first time that nobody answered.
                None => Ok(Some(Record::MarksAnswered { at: now })),
                Some(at) => {
                    let hours = (now - at).num_hours();
                    if hours >= i64::from(self.section::<SaleRules>().marks_unchecked_hours_max) {
                        return Err(refused(Refusal::MarksUnchecked { hours }));
                    }
                    Ok(None)
                }
            },
        }
    }

    /// None: nothing above answers.
    async fn claim_above(&self, identity: &str) -> Option<MarkClaimed> {
        let above = self.ports.above.as_ref()?;
        let receipt = self.receipt.as_ref().map_or(self.next_uid, |receipt| receipt.opening().uid);
        let claim = ClaimMark { identity: identity.to_owned(), receipt, returns: false };
        let question = AskAbove { type_id: CLAIM_MARK, body: to_body(&claim) };
        match above.ask_within(CLAIM_DEADLINE, question).await {
            Ok(Ok(body)) => from_body(&body)
                .inspect_err(|error| tracing::error!(%error, "the answer about a unit cannot be read"))
                .ok(),
            Ok(Err(reason)) => {
                tracing::warn!(%reason, "nobody above answers for marked units");
                None
            }
            Err(_) => None,
        }
    }
}
