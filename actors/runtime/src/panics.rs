//! What a panic said and where, caught at the boundary at which it is noticed.
//!
//! A panic inside `caught` belongs to an actor: it is logged and its text is kept. Any other panic goes to the hook that
//! was there before, so a failed assertion of a test or a fault of `main` is still printed as usual.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

static HOOK: Once = Once::new();

/// Keep the text of each panic that an actor is going to answer for, and log it once. Later calls do nothing.
pub fn install_hook() {
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                before(info);
                return;
            }
            let said = info.payload_as_str().unwrap_or(WORDLESS);
            let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
            let text = format!("{said}{place}");
            tracing::error!(panic = %text, "an actor panicked");
            LAST.with(|last| *last.borrow_mut() = Some(text));
        }));
    });
}

const WORDLESS: &str = "a panic without words";

struct Inside;

impl Inside {
    fn enter() -> Inside {
        DEPTH.set(DEPTH.get() + 1);
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// Do `work`; if it unwinds, what it said.
pub(crate) fn caught_now<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let _inside = Inside::enter();
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| take_last())
}

/// Run `work` to its end; if it unwinds, what it said.
pub(crate) async fn caught<F: Future>(work: F) -> Result<F::Output, String> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match caught_now(|| work.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(text) => Poll::Ready(Err(text)),
    })
    .await
}

fn take_last() -> String {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or_else(|| WORDLESS.to_owned())
}
