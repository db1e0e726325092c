//! Giving back what was held and not used, until the store has heard it.

use actix::Message;
use link::requests::{AskAbove, RELEASE};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{Authorisation, DeclineCode, Declined, Release};
use uuid::Uuid;

use super::{BACKGROUND_DEADLINE, answered};
use crate::desk::Record;
use crate::store::Changes;
use crate::till::Till;

/// Operations that are given back in one go.
const BATCH_MAX: usize = 16;

/// The store has heard that these operations are given back.
///
/// Sender: the till's own task. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Released {
    pub(crate) operations: Vec<Uuid>,
}

impl Till {
    pub(crate) fn release_held(&mut self) {
        let waiting: Vec<Uuid> = self.standing.desk.releases.iter().copied().take(BATCH_MAX).collect();
        if waiting.is_empty() || self.beside.releasing.get() {
            return;
        }
        let Some((scope, above)) = self.beside() else { return };
        let releasing = self.beside.releasing.clone();
        releasing.set(true);
        let me = scope.me::<Released>();
        scope.spawn(async move {
            let mut operations = Vec::new();
            for operation in waiting {
                let question = AskAbove { type_id: RELEASE, body: to_body(&Release { operation }) };
                let body = answered(above.ask_within(BACKGROUND_DEADLINE, question).await);
                match body.map(|body| from_body::<Authorisation>(&body)) {
                    Some(Ok(answer)) if is_final(&answer) => operations.push(operation),
                    Some(Err(error)) => {
                        tracing::error!(%error, "the answer about an account cannot be read");
                        break;
                    }
                    _ => break,
                }
            }
            releasing.set(false);
            if !operations.is_empty() {
                me.nudge(Released { operations });
            }
        });
    }

    pub(crate) async fn released(&mut self, operations: Vec<Uuid>) {
        let waits = |operation: &Uuid| self.standing.desk.releases.contains(operation);
        let records: Vec<Record> =
            operations.into_iter().filter(waits).map(|operation| Record::ReleaseHeard { operation }).collect();
        if records.is_empty() {
            return;
        }
        match self.commit(Changes::of(records)).await {
            Ok(()) => self.release_held(),
            Err(error) => tracing::warn!(%error, "what was given back to accounts was not stored"),
        }
    }
}

/// Whatever the store says but "later", it has heard it.
fn is_final(answer: &Authorisation) -> bool {
    let later = |no: &Declined| matches!(no.code, DeclineCode::NotReady | DeclineCode::Busy);
    !matches!(answer, Authorisation::Declined(no) if later(no))
}
