//! Simulator of a Shtrih-M fiscal registrar with a fiscal storage.
//!
//! Owns the documents it has made; a till reaches them only through the bytes of the protocol. A restart keeps what was
//! stored, if a memory file is given, and loses a receipt that was only begun.
//!
//! Files: `line` speaks low level 1, `registrar` runs commands, `listen` moves the bytes, `control` is the control port of the
//! stand-alone command.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{Local, TimeDelta};
use domain::money::Money;
use tokio::sync::watch;

use super::fault::Fault;
use super::journal;
pub use super::register::EmulatorSettings;
use super::register::memory::Memory;
pub use super::register::memory::{Operation, StoredDocument, StoredKind, StoredLine};
use crate::fiscal::shtrih::codec::Decoder;
use line::Line;
use registrar::{Registrar, Roll};

mod control;
mod line;
mod listen;
mod registrar;

/// The faults that it shows.
pub const FAULTS: &[&str] = &["paper_out", "offline", "no_answer_after_commit", "refuse", "garbage", "slow"];

/// The simulated device and all control over it. Clones are the same device; it lives as long as one of them.
#[derive(Clone, Debug)]
pub struct EmulatorHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: Mutex<Device>,
    /// True while answers are held back.
    held: watch::Sender<bool>,
    /// Documents in the storage.
    stored: watch::Sender<usize>,
    /// Counts up when every link is to be cut.
    cut: watch::Sender<u64>,
}

#[derive(Debug)]
struct Device {
    registrar: Registrar,
    line: Line,
    file: Option<File>,
}

impl EmulatorHandle {
    pub fn new(settings: EmulatorSettings) -> EmulatorHandle {
        EmulatorHandle::start(settings, Memory::default(), None)
    }

    /// A device that remembers its documents in a file, one event a line.
    pub fn with_memory(settings: EmulatorSettings, path: &Path) -> io::Result<EmulatorHandle> {
        let mut memory = Memory::default();
        let file = journal::restore(path, |event| memory.apply(event))?;
        Ok(EmulatorHandle::start(settings, memory, Some(file)))
    }

    fn start(settings: EmulatorSettings, memory: Memory, file: Option<File>) -> EmulatorHandle {
        let stored = memory.documents.len();
        let device =
            Device { registrar: Registrar::new(settings, memory, file.is_some()), line: Line::default(), file };
        EmulatorHandle {
            shared: Arc::new(Shared {
                device: Mutex::new(device),
                held: watch::Sender::new(false),
                stored: watch::Sender::new(stored),
                cut: watch::Sender::new(0),
            }),
        }
    }

    pub fn set_fault(&self, fault: Fault) {
        self.device().registrar.register.fault = fault;
    }

    pub fn fault(&self) -> Fault {
        self.device().registrar.register.fault
    }

    /// Every document of the storage, in order.
    pub fn documents(&self) -> Vec<StoredDocument> {
        self.device().registrar.register.memory.documents.clone()
    }

    pub fn document(&self, number: u32) -> Option<StoredDocument> {
        self.device().registrar.register.memory.find(number).cloned()
    }

    /// The last ten thousand printed lines.
    pub fn printed(&self) -> Vec<String> {
        let printed: VecDeque<String> = self.device().registrar.register.printed.clone();
        printed.into()
    }

    pub fn drawer_openings(&self) -> u32 {
        self.device().registrar.register.drawer_openings
    }

    pub fn money_register(&self, number: u16) -> Option<Money> {
        self.device().registrar.money_register(u64::from(number))
    }

    pub fn counter(&self, number: u8) -> u16 {
        self.device().registrar.counter(number)
    }

    /// Move the device's clock.
    pub fn advance(&self, by: TimeDelta) {
        self.device().registrar.register.clock_offset += by;
    }

    /// Let the paper run out while the next document is printed.
    pub fn run_out_of_paper(&self) {
        self.device().registrar.roll = Roll::Ends;
    }

    /// Put in another roll.
    pub fn load_paper(&self) {
        let mut device = self.device();
        let roll = &mut device.registrar.roll;
        *roll = if matches!(roll, Roll::Stopped | Roll::Loaded) { Roll::Loaded } else { Roll::Fine };
    }

    /// Hold answers back: a command is run, and its answer waits until [`EmulatorHandle::release_answers`].
    pub fn hold_answers(&self) {
        self.shared.held.send_replace(true);
    }

    pub fn release_answers(&self) {
        self.shared.held.send_replace(false);
    }

    /// Wait until the storage holds so many documents.
    pub async fn documents_reach(&self, count: usize) {
        let mut stored = self.shared.stored.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _reached = stored.wait_for(|stored| *stored >= count).await.is_ok();
    }

    /// Cut every link, as a pulled cable does.
    pub fn cut_links(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A panic inside a command is a defect that its own test shows; the device goes on as a real one would.
        self.shared.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Take bytes, append the bytes that go out at once. Some if an answer waits, with how long it is delayed.
    fn feed(&self, decoder: &mut Decoder, bytes: &[u8], out: &mut Vec<u8>) -> Option<Duration> {
        let mut device = self.device();
        let Device { registrar, line, file } = &mut *device;
        let waits = line.feed(registrar, decoder, bytes, Local::now().naive_local(), out);
        if let (Some(file), Some(events)) = (file, &mut registrar.register.unsaved) {
            journal::save(file, events);
        }
        if registrar.register.stored {
            self.shared.stored.send_replace(registrar.register.memory.documents.len());
        }
        let delay = if let Fault::Slow(delay) = registrar.register.fault { delay } else { Duration::ZERO };
        waits.then_some(delay)
    }

    fn release(&self, out: &mut Vec<u8>) {
        self.device().line.release(out);
    }

    fn finish_answer(&self) {
        self.device().line.finish();
    }

    fn give_up_frame(&self, decoder: &mut Decoder, out: &mut Vec<u8>) {
        let mut device = self.device();
        if device.registrar.register.fault != Fault::Offline {
            device.line.give_up_frame(decoder, out);
        }
    }
}
