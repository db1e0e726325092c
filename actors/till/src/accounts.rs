//! Customers' accounts as a till uses them: who it is, may so much be taken, give it back, and what closed receipts did.
//!
//! `identify` asks who the customer is while goods are scanned; `authorise` asks for an amount and waits a moment for the
//! answer; `release` gives back what was not used until the store has heard it; `witness` tells the store what closed
//! receipts did, so that a store that lost its books gets them back. `points` are the rules of programmes, for one receipt.
//!
//! An authorisation whose answer was lost is never guessed about: it is given back, and the cashier takes another payment.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix::Message;
use domain::loyalty::{self, Programme};
use link::requests::{AskAbove, RequestError};
use messages::v1::settings::Loyalty;
use runtime::actor::Scope;
use runtime::reference::{ActorRef, SendError};

use crate::till::Till;

mod authorise;
mod change;
mod identify;
mod limits;
mod points;
mod release;
mod settles;
mod witness;

pub(crate) use identify::CustomerAnswered;
pub(crate) use release::Released;
pub(crate) use witness::Told;
use witness::Witness;

/// The currency in which gift cards and accounts of money are kept, by its number in ISO 4217.
pub(crate) const MONEY_ASSET: u32 = 643;
/// How often the till looks whether something is to be told to the store: a line that came up is noticed so soon.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A customer at the counter waits this long for the answer about an account.
const COUNTER_DEADLINE: Duration = Duration::from_secs(3);
/// A question about accounts that nobody at the counter waits for.
const BACKGROUND_DEADLINE: Duration = Duration::from_secs(5);

/// Look whether something about accounts is to be told to the store.
///
/// Sender: the till itself. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct LookAtAccounts;

/// What the till does beside its commands. None while it plays shop: then there is nobody to tell.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) scope: Option<Scope<Till>>,
    /// The number that is being asked.
    identifying: Rc<RefCell<Option<String>>>,
    releasing: Rc<Cell<bool>>,
    witness: Witness,
}

impl Till {
    /// Whom to ask from a task beside the till, and the till's own address.
    fn beside(&self) -> Option<(Scope<Till>, ActorRef<AskAbove>)> {
        Some((self.beside.scope.clone()?, self.ports.above.clone()?))
    }

    pub(crate) async fn look_at_accounts(&mut self) {
        self.identify_again();
        self.release_held();
        self.tell_operations().await;
    }

    /// The version of each programme that counts today.
    pub(crate) fn programmes(&self) -> Vec<Programme> {
        let Some(day) = self.standing.desk.shift.as_ref().map(|shift| shift.business_day) else { return Vec::new() };
        let all = self.section::<Loyalty>().programmes;
        let mut assets: Vec<u32> = all.iter().map(|programme| programme.asset).collect();
        assets.sort_unstable();
        assets.dedup();
        assets.into_iter().filter_map(|asset| loyalty::programme_on(&all, asset, day).cloned()).collect()
    }
}

/// The body of an answer, if there was one.
fn answered(answer: Result<Result<Vec<u8>, RequestError>, SendError>) -> Option<Vec<u8>> {
    match answer {
        Ok(Ok(body)) => Some(body),
        Ok(Err(reason)) => {
            tracing::debug!(%reason, "nobody above answers about accounts");
            None
        }
        Err(_) => None,
    }
}
