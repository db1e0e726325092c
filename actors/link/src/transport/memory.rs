//! Frames within a process: several nodes in one, each on its own thread, and tests. A place can be taken down and up
//! again, as a dead node is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Accept, Acceptor, Dial, DialError, Duplex, QUEUE_FRAMES_MAX};

/// Two connected ends. Cutting one cuts both.
pub fn pair() -> (Duplex, Duplex) {
    pair_until(CancellationToken::new())
}

fn pair_until(cut: CancellationToken) -> (Duplex, Duplex) {
    let (up, from_below) = mpsc::channel(QUEUE_FRAMES_MAX);
    let (down, from_above) = mpsc::channel(QUEUE_FRAMES_MAX);
    let near = true;
    (
        Duplex { sender: up, receiver: from_above, cut: cut.clone(), near },
        Duplex { sender: down, receiver: from_below, cut, near },
    )
}

/// The network of one process: names and who takes connections there. Cheap to clone, good on every thread.
#[derive(Clone, Debug, Default)]
pub struct MemoryHub {
    places: Arc<Mutex<HashMap<String, Place>>>,
}

#[derive(Debug)]
struct Place {
    acceptor: Acceptor,
    cut: CancellationToken,
}

impl MemoryHub {
    pub fn new() -> MemoryHub {
        MemoryHub::default()
    }

    /// From now on `name` can be reached; who took connections there before is cut off.
    pub fn up(&self, name: &str, acceptor: Acceptor) {
        let place = Place { acceptor, cut: CancellationToken::new() };
        let before = self.lock().insert(name.to_owned(), place);
        if let Some(before) = before {
            before.cut.cancel();
        }
    }

    /// `name` cannot be reached and its connections are cut, as if its machine had lost power.
    pub fn down(&self, name: &str) {
        let place = self.lock().remove(name);
        if let Some(place) = place {
            place.cut.cancel();
        }
    }

    /// The way to `name`, up or not.
    pub fn way_to(&self, name: &str) -> MemoryDial {
        MemoryDial { hub: self.clone(), name: name.to_owned() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Place>> {
        // The map is whole at every step: a panic elsewhere does not spoil it.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dials a name of a [`MemoryHub`].
#[derive(Clone, Debug)]
pub struct MemoryDial {
    hub: MemoryHub,
    name: String,
}

impl MemoryDial {
    fn connect(&self) -> Result<Duplex, DialError> {
        let places = self.hub.lock();
        let Some(place) = places.get(&self.name) else {
            return Err(DialError(format!("{} cannot be reached: it is not running", self.name)));
        };
        let (ours, theirs) = pair_until(place.cut.child_token());
        match place.acceptor.tell(Accept { duplex: theirs, from: "this process".to_owned() }) {
            Ok(()) => Ok(ours),
            Err(refused) => Err(DialError(format!("{} does not take connections: {refused}", self.name))),
        }
    }
}

impl Dial for MemoryDial {
    fn dial(&self) -> BoxFuture<'_, Result<Duplex, DialError>> {
        std::future::ready(self.connect()).boxed()
    }

    fn to(&self) -> String {
        format!("memory:{}", self.name)
    }
}
