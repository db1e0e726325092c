//! What the customer sees: two lines made of the till's view, on a display over the counter.
//!
//! Owns nothing: a restart shows the newest view. A display that cannot be reached is tried again with the next view.

use std::sync::Arc;

use actix::Message;
use devices::display::{COLUMNS, CustomerDisplay};
use domain::money::Money;
use messages::v1::view::{TillMode, TillView};
use runtime::actor::{Actor, Handle, Scope};
use runtime::spec::StartError;
use serde::Serialize;
use tokio::sync::watch;

/// Makes the driver of a customer display.
pub type DisplayFactory = Arc<dyn Fn() -> Box<dyn CustomerDisplay> + Send + Sync>;

pub struct Pole {
    display: Box<dyn CustomerDisplay>,
    views: watch::Receiver<Arc<TillView>>,
    shown: [String; 2],
    failure: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PoleState {
    pub lines: [String; 2],
    pub failure: Option<String>,
}

/// The view has changed. Sender: its own task. Answer: none. Repeat: yes.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Changed;

impl Pole {
    pub fn new(display: Box<dyn CustomerDisplay>, views: watch::Receiver<Arc<TillView>>) -> Pole {
        Pole { display, views, shown: Default::default(), failure: None }
    }

    async fn follow(&mut self) {
        let lines = lines(&self.views.borrow_and_update().clone());
        if lines == self.shown && self.failure.is_none() {
            return;
        }
        self.failure = self.display.show(&lines).await.err().map(|error| {
            tracing::warn!(%error, "the customer display does not show what is sold");
            error.to_string()
        });
        self.shown = lines;
    }
}

/// What a view says to the customer: the last line and its sum, then the total, what is due, and the change.
pub fn lines(view: &TillView) -> [String; 2] {
    let total = |word: &str, amount: Money| spread(word, &amount.to_string());
    if let Some(work) = &view.terminal {
        return [spread("CARD", &work.amount.to_string()), String::new()];
    }
    let paid = !view.tenders.is_empty();
    match (view.lines.iter().find(|line| Some(line.line) == view.last_line), view.change) {
        _ if view.mode == TillMode::Paying && paid => [total("TOTAL", view.total), total("DUE", view.due)],
        (Some(line), _) => [spread(&line.name, &line.amount.to_string()), total("TOTAL", view.total)],
        (None, Some(change)) => [total("CHANGE", change), String::new()],
        (None, None) => Default::default(),
    }
}

/// Words at the left, a sum at the right; the words give way.
fn spread(left: &str, right: &str) -> String {
    let room = COLUMNS.saturating_sub(right.chars().count() + 1);
    let left: String = left.chars().take(room).collect();
    let gap = COLUMNS - left.chars().count() - right.chars().count().min(COLUMNS);
    format!("{left}{}{right}", " ".repeat(gap))
}

impl Actor for Pole {
    type State = PoleState;

    async fn started(&mut self, scope: &Scope<Pole>) -> Result<(), StartError> {
        self.follow().await;
        let me = scope.me::<Changed>();
        let mut views = self.views.clone();
        scope.spawn(async move {
            while views.changed().await.is_ok() {
                // One at a time: while the display writes, newer views wait for the next look.
                me.ask(Changed).await.ok();
            }
        });
        Ok(())
    }

    fn observe(&self) -> PoleState {
        PoleState { lines: self.shown.clone(), failure: self.failure.clone() }
    }
}

impl Handle<Changed> for Pole {
    async fn handle(&mut self, _: Changed, _: &Scope<Pole>) {
        self.follow().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_never_cut() {
        assert_eq!(spread("Milk 3.2 % 0.93 l", "179.80"), "Milk 3.2 % 0. 179.80");
        assert_eq!(spread("TOTAL", "232.30"), "TOTAL         232.30");
        assert_eq!(spread("x", "12345678901234567890"), "12345678901234567890");
    }
}
