//! Simulator of a CAS ECR scale.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::port::{self, BytePort, Connector};
use domain::quantity::Quantity;

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleFault {
    #[default]
    None,
    Offline,
    Garbage,
    Overload,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a fault: none, offline, garbage or overload is expected")]
pub struct NotFault {
    text: String,
}

impl std::str::FromStr for ScaleFault {
    type Err = NotFault;
    fn from_str(text: &str) -> Result<ScaleFault, NotFault> {
        Ok(match text {
            "none" => ScaleFault::None,
            "offline" => ScaleFault::Offline,
            "garbage" => ScaleFault::Garbage,
            "overload" => ScaleFault::Overload,
            _ => return Err(NotFault { text: text.to_owned() }),
        })
    }
}

/// Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct ScaleHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug, Default)]
struct Device {
    gross: Quantity,
    is_stable: bool,
    fault: ScaleFault,
}

impl ScaleHandle {
    pub fn new() -> ScaleHandle {
        ScaleHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }))
    }

    /// In kilograms.
    pub fn put(&self, gross: Quantity) {
        self.device().gross = gross;
    }

    pub fn set_stable(&self, is_stable: bool) {
        self.device().is_stable = is_stable;
    }

    pub fn set_fault(&self, fault: ScaleFault) {
        self.device().fault = fault;
    }

    pub fn fault(&self) -> ScaleFault {
        self.device().fault
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
