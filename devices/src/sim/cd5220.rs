//! Simulator of a customer display of two lines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::port::{self, BytePort, Connector};

/// Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct DisplayHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug, Default)]
struct Device {
    lines: [String; 2],
}

impl DisplayHandle {
    pub fn new() -> DisplayHandle {
        DisplayHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }))
    }

    pub fn lines(&self) -> [String; 2] {
        self.device().lines.clone()
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
