//! How a book comes to be kept: at once where it is this process's own, else when its turn comes.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use runtime::clock::Clock;
use tokio::sync::{mpsc, watch};

use super::{Door, Inside, KeeperState, Making, QUEUE_MAX, Writing};
use crate::host::Machine;
use crate::store::{Store, StoreError};
use crate::turn::{Queue, Turn};

/// Loads the book and opens the door.
pub(super) struct Opener<M> {
    pub(super) making: Making<M>,
    pub(super) door: Door<M>,
    pub(super) clock: Clock,
    pub(super) see: watch::Sender<KeeperState>,
    pub(super) turn: Arc<ArcSwapOption<Turn>>,
}

impl<M: Machine + Send + 'static> Opener<M> {
    /// Answers the writer, which is then run.
    pub(super) async fn open(&self, store: Arc<dyn Store>, turn: Option<Arc<Turn>>) -> Result<Writing<M>, StoreError> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let see = (self.see.clone(), self.door.bells.clone());
        let writing = Writing::load(&self.making, store, self.clock.clone(), jobs, see).await?;
        let inside = Inside { queue, store: writing.store.clone(), blocks: writing.blocks.clone(), turn };
        self.door.inside.store(Some(Arc::new(inside)));
        Ok(writing)
    }

    /// # Panics
    /// When the turn has passed or the book cannot be read. The supervisor queues again.
    pub(super) async fn in_turn(self, queue: Queue) {
        let turn = Arc::new(queue.wait().await);
        self.turn.store(Some(turn.clone()));
        let keeping = turn.clone();
        let serving = async {
            let opened = self.open(Arc::new(turn.store()), Some(turn.clone())).await;
            opened.unwrap_or_else(|error| panic!("the account book was not loaded: {error}")).run().await;
        };
        tokio::select! {
            () = serving => {}
            () = keeping.keep() => panic!("another process keeps the account book by now"),
        }
    }
}
