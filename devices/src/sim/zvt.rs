//! Simulator of a payment terminal that speaks ZVT.
//!
//! Owns the ledger of what it approved, as the bank would; a till reaches it only through the bytes of the protocol. A
//! restart keeps the ledger, if a memory file is given, and loses an operation that was not approved yet.
//!
//! Files: `terminal` speaks the protocol (pure), `ledger` is what the bank keeps, `listen` moves the bytes, `control` is
//! the control port of the stand-alone command.

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::money::Money;
use serde::{Deserialize, Serialize};

use crate::port::{self, BytePort, Connector};
use crate::terminal::{TerminalOperation, TerminalTotals};

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalFault {
    None,
    /// Whatever moves money is declined with this code.
    Declined(u8),
    /// Nothing is answered.
    Offline,
    /// The next operation is taken, not done and never answered; then the fault is over.
    NoAnswer,
    /// The next operation is approved and its answer is lost; then the fault is over.
    NoAnswerAfterCommit,
    /// The answer to an operation comes so much later; an abort is honoured meanwhile.
    Slow(Duration),
    /// The customer never comes: an operation waits until it is aborted.
    Hang,
}

/// What a bank answers when it gives no better reason.
const DECLINED_CODE: u8 = 0x05;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a fault: none, declined, declined:CODE, offline, no_answer, no_answer_after_commit, slow:MS or hang is expected"
)]
pub struct NotTerminalFault {
    text: String,
}

impl FromStr for TerminalFault {
    type Err = NotTerminalFault;
    fn from_str(text: &str) -> Result<TerminalFault, NotTerminalFault> {
        let refuse = || NotTerminalFault { text: text.to_owned() };
        Ok(match text.split_once(':') {
            None => match text {
                "none" => TerminalFault::None,
                "declined" => TerminalFault::Declined(DECLINED_CODE),
                "offline" => TerminalFault::Offline,
                "no_answer" => TerminalFault::NoAnswer,
                "no_answer_after_commit" => TerminalFault::NoAnswerAfterCommit,
                "hang" => TerminalFault::Hang,
                _ => return Err(refuse()),
            },
            Some(("declined", code)) => {
                TerminalFault::Declined(u8::from_str_radix(code, 16).ok().filter(|code| *code != 0).ok_or_else(refuse)?)
            }
            Some(("slow", ms)) => TerminalFault::Slow(Duration::from_millis(ms.parse().map_err(|_| refuse())?)),
            Some(_) => return Err(refuse()),
        })
    }
}

/// One approved operation, as the bank has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub operation: TerminalOperation,
    pub amount: Money,
    /// The same text that the driver gives as the reference of its approval.
    pub reference: String,
    /// Refund and reverse: the reference of the payment that was given back.
    pub of: Option<String>,
    pub reversed: bool,
}

#[derive(Clone, Debug)]
pub struct TerminalSettings {
    /// Eight digits.
    pub terminal: String,
}

impl Default for TerminalSettings {
    fn default() -> TerminalSettings {
        TerminalSettings { terminal: "10203040".into() }
    }
}

/// The simulated terminal and all control over it. Clones are the same device; it lives as long as one of them.
#[derive(Clone, Debug)]
pub struct TerminalHandle {
    shared: Arc<Mutex<TerminalFault>>,
}

impl TerminalHandle {
    pub fn new(_settings: TerminalSettings) -> TerminalHandle {
        TerminalHandle { shared: Arc::new(Mutex::new(TerminalFault::None)) }
    }

    pub fn set_fault(&self, fault: TerminalFault) {
        *self.device() = fault;
    }

    pub fn fault(&self) -> TerminalFault {
        *self.device()
    }

    /// Every operation that was ever approved, in order.
    pub fn charges(&self) -> Vec<Charge> {
        Vec::new()
    }

    /// Sums of the open day.
    pub fn totals(&self) -> TerminalTotals {
        TerminalTotals::default()
    }

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        Arc::new(|| Box::pin(async { Ok(Box::new(port::memory().0) as Box<dyn BytePort>) }))
    }

    fn device(&self) -> MutexGuard<'_, TerminalFault> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
