//! Connections that have not shown who they are. There are never more than [`STRANGERS_MAX`]: when one more comes, the one
//! that has been silent longest goes. So whoever opens many and says nothing displaces only himself, while a node says its
//! Hello within a round trip.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio_util::sync::CancellationToken;

use super::Sessions;

/// With the frames that each may have sent, at most about 1 GiB; as a rule far less, for a Hello is a hundred bytes.
const STRANGERS_MAX: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Strangers {
    last: u64,
    /// By the order in which they came.
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Strangers {
    pub(super) fn count(&self) -> usize {
        self.waiting.len()
    }
}

/// Counts a connection as a stranger until it is known or gone.
pub(super) struct Stranger {
    sessions: Rc<RefCell<Sessions>>,
    number: u64,
    displaced: CancellationToken,
}

impl Stranger {
    pub(super) fn new(sessions: &Rc<RefCell<Sessions>>) -> Stranger {
        let strangers = &mut sessions.borrow_mut().strangers;
        if strangers.waiting.len() >= STRANGERS_MAX
            && let Some((_, longest)) = strangers.waiting.pop_first()
        {
            longest.cancel();
        }
        strangers.last += 1;
        let (number, displaced) = (strangers.last, CancellationToken::new());
        strangers.waiting.insert(number, displaced.clone());
        Stranger { sessions: sessions.clone(), number, displaced }
    }

    /// Completes when it must make room.
    pub(super) async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.sessions.borrow_mut().strangers.waiting.remove(&self.number);
    }
}
