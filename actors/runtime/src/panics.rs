//! What a panic said and where, kept until the host that caught it asks.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Keep the text of each panic for [`take_last`], and log it once. Later calls do nothing.
pub fn install_hook() {
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let said = info.payload_as_str().unwrap_or("a panic without words");
            let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
            let text = format!("{said}{place}");
            tracing::error!(panic = %text, "an actor panicked");
            LAST.with(|last| *last.borrow_mut() = Some(text));
        }));
    });
}

/// The text of this thread's last panic, once.
pub fn take_last() -> String {
    LAST.with(|last| last.borrow_mut().take()).unwrap_or_else(|| "a panic without words".to_owned())
}
