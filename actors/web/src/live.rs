//! Live parts of a page: the node sends what changed, the browser puts it into `[data-live="name"]`.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::Responder;
use actix_web_lab::sse;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::refusal::Refusal;

/// Pages that are kept fresh at once; each holds a connection.
pub const VIEWERS_MAX: usize = 200;
/// A stream ends after this and the browser asks again, so that a session that was ended is noticed.
const STREAM_LASTS: Duration = Duration::from_secs(300);
/// A comment on a quiet line, so that a proxy does not close it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A browser that lost the line waits this long.
const RETRY: Duration = Duration::from_secs(3);
/// Changes are gathered for this long: faster than this nobody reads.
const GATHER: Duration = Duration::from_millis(500);

/// A part of a page by its name.
#[derive(Clone, Debug, Serialize)]
pub struct Fragment {
    pub name: &'static str,
    pub html: String,
}

/// Counts the open streams of a node.
#[derive(Clone, Debug, Default)]
pub struct Viewers {
    open: Arc<AtomicUsize>,
}

struct Seat {
    open: Arc<AtomicUsize>,
}

impl Viewers {
    fn seat(&self) -> Option<Seat> {
        let taken = self.open.fetch_add(1, Ordering::AcqRel);
        let seat = Seat { open: self.open.clone() };
        (taken < VIEWERS_MAX).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Send the fragments of the newest state at once and after each change.
pub fn stream<T, F>(
    viewers: &Viewers,
    mut state: watch::Receiver<T>,
    draw: F,
) -> Result<impl Responder + use<T, F>, Refusal>
where
    T: Clone + 'static,
    F: Fn(&T) -> Vec<Fragment> + 'static,
{
    let seat =
        viewers.seat().ok_or_else(|| Refusal::busy("Too many pages are open just now: reload this one later."))?;
    state.mark_changed();
    let ends = Instant::now() + STREAM_LASTS;
    let events = stream::unfold(
        (state, draw, seat, Vec::<Fragment>::new()),
        move |(mut state, draw, seat, mut ready)| async move {
            if ready.is_empty() {
                tokio::time::timeout_at(ends, state.changed()).await.ok()?.ok()?;
                ready = draw(&state.borrow_and_update());
                ready.reverse();
                tokio::time::sleep_until((Instant::now() + GATHER).min(ends)).await;
            }
            let fragment = ready.pop()?;
            let event = sse::Event::Data(sse::Data::new_json(&fragment).ok()?.event("fragment"));
            Some((Ok::<_, Infallible>(event), (state, draw, seat, ready)))
        },
    );
    Ok(sse::Sse::from_stream(events).with_keep_alive(KEEP_ALIVE).with_retry_duration(RETRY))
}
