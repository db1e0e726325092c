//! When the operating system or a person at the keyboard wants the process to end.

use tokio::signal::unix::{SignalKind, signal};

/// Wait for SIGTERM or SIGINT; which of them came. Call [`crate::node::Node::shutdown`] then.
pub async fn asked_to_stop() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}
