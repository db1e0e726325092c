//! Searching beside the keys: one query at a time, and after it the newest text only. Typing never waits for it, and a
//! query of a million goods cannot pile up behind another.

use std::future::pending;

use futures_util::future::{BoxFuture, FutureExt};
use messages::v1::catalogue::Item;

use super::Finder;

pub(super) struct Finding {
    finder: Option<Finder>,
    running: Option<BoxFuture<'static, (String, Vec<Item>)>>,
    next: Option<String>,
}

impl Finding {
    pub(super) fn new(finder: Option<Finder>) -> Finding {
        Finding { finder, running: None, next: None }
    }

    pub(super) fn look_for(&mut self, text: String) {
        match &self.finder {
            Some(_) if self.running.is_some() => self.next = Some(text),
            Some(finder) => {
                let found = finder(text.clone());
                self.running = Some(async move { (text, found.await) }.boxed());
            }
            None => self.running = Some(std::future::ready((text, Vec::new())).boxed()),
        }
    }

    /// The next result; never ready while nothing is looked for. May be dropped and called again.
    pub(super) async fn found(&mut self) -> (String, Vec<Item>) {
        let Some(running) = &mut self.running else { return pending().await };
        let found = running.await;
        self.running = None;
        if let Some(next) = self.next.take() {
            self.look_for(next);
        }
        found
    }
}
