//! A simulated device that answers at once, or later by its fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::Fault;
use super::listen::{self, Emulated};
use crate::port::{BytePort, Connector};

/// As much as a port in memory holds.
const READ_BYTES: usize = 4096;

/// A device as a pure machine: bytes in, bytes out.
pub(super) trait Machine: Send + 'static {
    /// Take bytes and append the bytes that go out.
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>);
    /// Another host is there, or the device is off: forget a command that was only begun.
    fn begin_link(&mut self) {}
    fn fault(&self) -> Fault {
        Fault::None
    }
}

/// Opens a new link each time. Must be used inside a runtime, which then serves the link.
pub(super) fn connector<M: Machine>(machine: &Arc<Mutex<M>>) -> Connector {
    listen::connector(&AtOnce { machine: machine.clone() })
}

pub(super) struct AtOnce<M> {
    pub(super) machine: Arc<Mutex<M>>,
}

impl<M> Clone for AtOnce<M> {
    fn clone(&self) -> AtOnce<M> {
        AtOnce { machine: self.machine.clone() }
    }
}

impl<M: Machine> AtOnce<M> {
    fn lock(&self) -> MutexGuard<'_, M> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Machine> Emulated for AtOnce<M> {
    async fn serve(&self, mut port: impl BytePort + 'static) {
        self.lock().begin_link();
        let mut bytes = [0; READ_BYTES];
        let mut out = Vec::new();
        while let Ok(count) = port.read(&mut bytes).await
            && count > 0
        {
            out.clear();
            let fault = self.lock().fault();
            match fault {
                Fault::Offline => self.lock().begin_link(),
                _ => self.lock().feed(&bytes[..count], &mut out),
            }
            if let Fault::Slow(delay) = fault {
                tokio::time::sleep(delay).await;
            }
            if port.write_all(&out).await.is_err() {
                return;
            }
        }
    }
}
