//! Simulator of a payment terminal that speaks ZVT.
//!
//! Owns the ledger of what it approved, as the bank would; a till reaches it only through the bytes of the protocol. A
//! restart keeps the ledger, if a memory file is given, and loses an operation that was not approved yet.
//!
//! Files: `machine` speaks the protocol, `answer` is what it tells, `ledger` is what the bank keeps, `listen` moves the
//! bytes, `control` is what its control port knows.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::Local;
use tokio::sync::watch;

use super::fault::Fault;
use super::journal;
use crate::terminal::TerminalTotals;
pub use ledger::Charge;
use ledger::Ledger;
use machine::{Conversation, Machine, Now};

mod answer;
mod control;
mod ledger;
mod listen;
mod machine;

/// The faults that it shows.
pub const FAULTS: &[&str] = &["refuse", "offline", "no_answer", "no_answer_after_commit", "slow", "hang"];

#[derive(Clone, Debug)]
pub struct TerminalSettings {
    /// Eight digits.
    pub terminal: String,
    /// Slips are sent as one block instead of line by line.
    pub text_block: bool,
}

impl Default for TerminalSettings {
    fn default() -> TerminalSettings {
        TerminalSettings { terminal: "10203040".into(), text_block: false }
    }
}

/// The simulated terminal and all control over it. Clones are the same device; it lives as long as one of them.
#[derive(Clone, Debug)]
pub struct TerminalHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: Mutex<Device>,
    /// True while an operation waits for its customer or its bank.
    working: watch::Sender<bool>,
    /// Counts up when every link is to be cut.
    cut: watch::Sender<u64>,
}

#[derive(Debug)]
struct Device {
    machine: Machine,
    file: Option<File>,
    /// Links that there have been.
    links: u64,
}

impl TerminalHandle {
    pub fn new(settings: TerminalSettings) -> TerminalHandle {
        TerminalHandle::start(settings, Ledger::default(), None)
    }

    /// A device that remembers its ledger in a file, one event a line.
    pub fn with_memory(settings: TerminalSettings, path: &Path) -> io::Result<TerminalHandle> {
        let mut ledger = Ledger::default();
        let file = journal::restore(path, |event| ledger.apply(event))?;
        Ok(TerminalHandle::start(settings, ledger, Some(file)))
    }

    fn start(settings: TerminalSettings, ledger: Ledger, file: Option<File>) -> TerminalHandle {
        let device = Device { machine: Machine::new(settings, ledger), file, links: 0 };
        TerminalHandle {
            shared: Arc::new(Shared {
                device: Mutex::new(device),
                working: watch::Sender::new(false),
                cut: watch::Sender::new(0),
            }),
        }
    }

    pub fn set_fault(&self, fault: Fault) {
        self.with(|machine, _| machine.fault = fault);
    }

    pub fn fault(&self) -> Fault {
        self.with(|machine, _| machine.fault)
    }

    /// Every operation that was ever approved, in order.
    pub fn charges(&self) -> Vec<Charge> {
        self.with(|machine, _| machine.ledger.charges().to_vec())
    }

    /// Sums of the open day.
    pub fn totals(&self) -> TerminalTotals {
        self.with(|machine, _| machine.ledger.totals())
    }

    /// Wait until an operation waits for its customer or its bank, as it does with the faults `slow` and `hang`.
    pub async fn begins_work(&self) {
        let mut working = self.shared.working.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _began = working.wait_for(|working| *working).await.is_ok();
    }

    /// Cut every link, as a pulled cable does.
    pub fn cut_links(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A panic inside a command is a defect that its own test shows; the device goes on as a real one would.
        self.shared.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Use the machine after it did what is due by now, and write down what it did.
    fn with<T>(&self, act: impl FnOnce(&mut Machine, Now) -> T) -> T {
        let mut device = self.device();
        let Device { machine, file, .. } = &mut *device;
        let now = Now { clock: Local::now().naive_local(), instant: Instant::now() };
        machine.finish_due(now);
        let value = act(machine, now);
        match file {
            Some(file) => journal::save(file, &mut machine.unsaved),
            None => machine.unsaved.clear(),
        }
        let working = machine.is_working();
        self.shared.working.send_if_modified(|was| std::mem::replace(was, working) != working);
        value
    }

    fn begin_link(&self) -> Conversation {
        let mut device = self.device();
        device.links += 1;
        Conversation::new(device.links)
    }

    /// Take bytes, append the bytes that go out at once; answers when [`TerminalHandle::tick`] is due.
    fn feed(&self, conversation: &mut Conversation, bytes: &[u8], out: &mut Vec<u8>) -> Option<Instant> {
        self.with(|machine, now| {
            machine.feed(conversation, bytes, now, out);
            machine.due()
        })
    }

    fn tick(&self, conversation: &mut Conversation, out: &mut Vec<u8>) -> Option<Instant> {
        self.with(|machine, now| {
            machine.tick(conversation, now, out);
            machine.due()
        })
    }
}
