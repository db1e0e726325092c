//! A till remembers what its closed receipts did to accounts, and tells its store: when the line comes up, and every few
//! seconds while it is up. A store that was restored from an old copy learns what it forgot.

use std::time::Duration;

use actix::Message;
use chrono::NaiveDate;
use domain::receipt::Receipt;
use link::requests::{AskAbove, TILL_OPERATIONS};
use messages::codec::{from_body, to_body};
use messages::v1::accounts::{OperationsTaken, Settled, TillOperations};
use tokio::time::Instant;

use super::{BACKGROUND_DEADLINE, LookAtAccounts, answered};
use crate::desk::Record;
use crate::store::{self, Changes};
use crate::till::Till;

/// While the line is up. A store that has started again gives no points of anybody before all its tills have spoken, idle ones
/// too.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// Receipts that are read for one message; most have no operations.
const RECEIPTS_READ_MAX: u64 = 500;
/// Operations after which a message is full: some 300 kB, far below the largest body.
const OPERATIONS_TOLD_MAX: usize = 1_000;

/// How far the store was told.
#[derive(Debug, Default)]
pub(super) struct Witness {
    asking: bool,
    /// When the store last answered. None: the line was down since.
    heard: Option<Instant>,
    /// The last receipt that it was told of; none: from the beginning of what it wants.
    told: Option<u64>,
    /// The store wants to hear all from this day, whatever it wanted before.
    wanted_from: Option<NaiveDate>,
    /// The furthest mark that came with an approval since the start.
    mark: u64,
}

impl Witness {
    pub(super) fn saw(&mut self, mark: u64) {
        self.mark = self.mark.max(mark);
    }
}

/// The store's answer to what it was told.
///
/// Sender: the till's own task. Repeat: yes.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Told {
    /// None: it did not answer.
    taken: Option<OperationsTaken>,
    up_to: u64,
    more: bool,
}

impl Till {
    pub(super) async fn tell_operations(&mut self) {
        let witness = &self.beside.witness;
        if witness.asking || witness.heard.is_some_and(|heard| heard.elapsed() < TELL_EVERY) {
            return;
        }
        let Some((scope, above)) = self.beside() else { return };
        let (operations, up_to) = match self.operations_to_tell().await {
            Ok(operations) => operations,
            Err(error) => {
                tracing::warn!(%error, "what receipts did to accounts cannot be read");
                return;
            }
        };
        let more = operations.more;
        let question = AskAbove { type_id: TILL_OPERATIONS, body: to_body(&operations) };
        self.beside.witness.asking = true;
        let me = scope.me::<Told>();
        scope.spawn(async move {
            let body = answered(above.ask_within(BACKGROUND_DEADLINE, question).await);
            let taken = body.and_then(|body| {
                from_body(&body).inspect_err(|error| tracing::error!(%error, "the store's answer cannot be read")).ok()
            });
            me.ask(Told { taken, up_to, more }).await.ok();
        });
    }

    /// The store must hear all that it may have lost, now.
    pub(super) fn tell_again(&mut self) {
        let witness = &mut self.beside.witness;
        if !witness.asking {
            (witness.heard, witness.told) = (None, None);
            if let Some(scope) = &self.beside.scope {
                scope.me::<LookAtAccounts>().nudge(LookAtAccounts);
            }
        }
    }

    /// What the store is told next, and the last receipt of it.
    async fn operations_to_tell(&self) -> Result<(TillOperations, u64), sea_orm::DbErr> {
        let witness = &self.beside.witness;
        let database = &self.ports.database.reader;
        let from = witness.wanted_from.or(self.standing.desk.operations_from);
        let after = match witness.told {
            Some(told) => told,
            None => match from {
                Some(from) => store::last_before(database, from).await?,
                None => 0,
            },
        };
        let receipts = store::closed_after(database, after, RECEIPTS_READ_MAX).await?;
        let mut more = u64::try_from(receipts.len()).is_ok_and(|read| read == RECEIPTS_READ_MAX);
        let mut up_to = after;
        let mut settled = Vec::new();
        let mut operations = 0;
        for receipt in receipts {
            if operations >= OPERATIONS_TOLD_MAX {
                more = true;
                break;
            }
            up_to = receipt.sequence;
            if !receipt.accounts.is_empty() && from.is_none_or(|from| receipt.business_day >= from) {
                operations += receipt.accounts.len();
                settled.push(Settled {
                    receipt: receipt.uid,
                    operator: receipt.operator,
                    business_day: receipt.business_day,
                    operations: receipt.accounts,
                });
            }
        }
        let open = self.receipt.as_ref().map(Receipt::account_holds).unwrap_or_default();
        let mark = witness.mark.max(self.standing.desk.store_mark);
        Ok((TillOperations { settled, open, more, mark }, up_to))
    }

    pub(crate) async fn told(&mut self, told: Told) {
        let Told { taken, up_to, more } = told;
        let witness = &mut self.beside.witness;
        witness.asking = false;
        let Some(OperationsTaken { keep_from, tell_from, mark }) = taken else {
            // When the line is up again it hears all that it may have lost.
            (witness.heard, witness.told) = (None, None);
            return;
        };
        witness.saw(mark);
        (witness.told, witness.heard) = (Some(up_to), Some(Instant::now()));
        if tell_from.is_some() && witness.wanted_from != tell_from {
            (witness.wanted_from, witness.told, witness.heard) = (tell_from, None, None);
        } else if more {
            witness.heard = None;
        } else {
            witness.wanted_from = None;
        }
        let again = witness.heard.is_none();
        let desk = &self.standing.desk;
        let (from, mark) = (keep_from.or(desk.operations_from), witness.mark.max(desk.store_mark));
        if (from, mark) != (desk.operations_from, desk.store_mark) {
            let kept = Record::OperationsKept { from, mark };
            if let Err(error) = self.commit(Changes::of(vec![kept])).await {
                tracing::warn!(%error, "from when the store needs operations was not stored");
            }
        }
        if again && let Some(scope) = &self.beside.scope {
            scope.me::<LookAtAccounts>().nudge(LookAtAccounts);
        }
    }
}
