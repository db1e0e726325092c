//! A port in memory to a simulator that answers at once.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::port::{self, BytePort, Connector};

/// As much as a port in memory holds.
const READ_BYTES: usize = 4096;

/// A device as a pure machine: bytes in, bytes out.
pub(super) trait Machine: Send + 'static {
    /// Take bytes and append the bytes that go out.
    fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>);
    /// Another host is there: forget a command that the last one only began.
    fn begin_link(&mut self) {}
}

/// Opens a new link each time. Must be used inside a runtime, which then serves the link.
pub(super) fn connector<M: Machine>(machine: &Arc<Mutex<M>>) -> Connector {
    let machine = machine.clone();
    Arc::new(move || {
        let machine = machine.clone();
        Box::pin(async move {
            let (host, device) = port::memory();
            tokio::spawn(serve(machine, device));
            Ok(Box::new(host) as Box<dyn BytePort>)
        })
    })
}

async fn serve<M: Machine>(machine: Arc<Mutex<M>>, mut port: impl BytePort) {
    let lock = || machine.lock().unwrap_or_else(PoisonError::into_inner);
    lock().begin_link();
    let mut bytes = [0; READ_BYTES];
    let mut out = Vec::new();
    while let Ok(count) = port.read(&mut bytes).await
        && count > 0
    {
        out.clear();
        lock().feed(&bytes[..count], &mut out);
        if port.write_all(&out).await.is_err() {
            return;
        }
    }
}
