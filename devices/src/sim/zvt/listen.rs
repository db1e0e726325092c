//! Links to the simulated terminal.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::TerminalHandle;
use crate::port::{BytePort, Connector};
use crate::sim::listen::{self, Emulated};

/// Silence inside a packet after which its beginning is forgotten.
const PACKET_TIMEOUT: Duration = Duration::from_secs(1);
/// One read takes the usual packet and more.
const READ_BYTES: usize = 1024;

impl TerminalHandle {
    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        listen::connector(self)
    }
}

impl Emulated for TerminalHandle {
    /// Move bytes between one till and the device until the link ends or is cut.
    async fn serve(&self, mut port: impl BytePort + 'static) {
        let mut cut = self.shared.cut.subscribe();
        let mut conversation = self.begin_link();
        let mut bytes = [0; READ_BYTES];
        let mut out = Vec::with_capacity(READ_BYTES);
        let mut due = None;
        loop {
            out.clear();
            tokio::select! {
                biased;
                _ = cut.changed() => return,
                read = port.read(&mut bytes) => match read {
                    Ok(count) if count > 0 => due = self.feed(&mut conversation, &bytes[..count], &mut out),
                    _ => return,
                },
                () = until(due), if due.is_some() => due = self.tick(&mut conversation, &mut out),
                () = tokio::time::sleep(PACKET_TIMEOUT), if conversation.decoder.is_mid_packet() => {
                    conversation.decoder.clear();
                }
            }
            if !out.is_empty() && port.write_all(&out).await.is_err() {
                return;
            }
        }
    }
}

async fn until(due: Option<std::time::Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(Instant::from_std(due)).await;
    }
}
