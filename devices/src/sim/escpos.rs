//! Simulator of a receipt printer that speaks ESC/POS.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::port::{self, BytePort, Connector};

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrinterFault {
    #[default]
    None,
    Offline,
    PaperOut,
    NoAnswer,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a fault: none, offline, paper_out or no_answer is expected")]
pub struct NotFault {
    text: String,
}

impl std::str::FromStr for PrinterFault {
    type Err = NotFault;
    fn from_str(text: &str) -> Result<PrinterFault, NotFault> {
        Ok(match text {
            "none" => PrinterFault::None,
            "offline" => PrinterFault::Offline,
            "paper_out" => PrinterFault::PaperOut,
            "no_answer" => PrinterFault::NoAnswer,
            _ => return Err(NotFault { text: text.to_owned() }),
        })
    }
}

/// Clones are the same device.
#[derive(Clone, Debug, Default)]
pub struct PrinterHandle {
    device: Arc<Mutex<Device>>,
}

#[derive(Debug, Default)]
struct Device {
    paper: Vec<String>,
    fault: PrinterFault,
}

impl PrinterHandle {
    pub fn new() -> PrinterHandle {
        PrinterHandle::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }))
    }

    /// Every line that came out.
    pub fn paper(&self) -> Vec<String> {
        self.device().paper.clone()
    }

    pub fn set_fault(&self, fault: PrinterFault) {
        self.device().fault = fault;
    }

    pub fn fault(&self) -> PrinterFault {
        self.device().fault
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
