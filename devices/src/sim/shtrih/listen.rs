//! Links to the simulated registrar.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::EmulatorHandle;
use crate::fiscal::shtrih::codec::Decoder;
use crate::port::{BytePort, Connector};
use crate::sim::listen::{self, Emulated};

/// Silence inside a frame that ends it; the default of real devices.
const BYTE_TIMEOUT: Duration = Duration::from_millis(50);
/// One read takes the longest frame and more.
const READ_BYTES: usize = 1024;

impl EmulatorHandle {
    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        listen::connector(self)
    }
}

impl Emulated for EmulatorHandle {
    /// Move bytes between one host and the device until the link ends or is cut.
    async fn serve(&self, mut port: impl BytePort + 'static) {
        // An answer that an earlier link did not live to see is offered to this one.
        self.finish_answer();
        let mut cut = self.shared.cut.subscribe();
        let mut held = self.shared.held.subscribe();
        let mut decoder = Decoder::default();
        let mut bytes = [0; READ_BYTES];
        let mut out = Vec::with_capacity(READ_BYTES);
        // When the waiting answer is due.
        let mut due: Option<Instant> = None;
        loop {
            out.clear();
            tokio::select! {
                biased;
                _ = cut.changed() => return,
                read = port.read(&mut bytes) => match read {
                    Ok(count) if count > 0 => {
                        if let Some(delay) = self.feed(&mut decoder, &bytes[..count], &mut out) {
                            if delay.is_zero() && !*held.borrow() {
                                self.release(&mut out);
                            } else {
                                due = Some(Instant::now() + delay);
                            }
                        }
                    }
                    _ => return,
                },
                () = answer_due(due, &mut held), if due.is_some() => {
                    due = None;
                    self.release(&mut out);
                }
                () = tokio::time::sleep(BYTE_TIMEOUT), if decoder.is_mid_frame() => {
                    self.give_up_frame(&mut decoder, &mut out);
                }
            }
            if !out.is_empty() && port.write_all(&out).await.is_err() {
                return;
            }
        }
    }
}

async fn answer_due(due: Option<Instant>, held: &mut tokio::sync::watch::Receiver<bool>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
    // A device that is gone holds nothing back.
    let _free = held.wait_for(|held| !held).await.is_ok();
}
