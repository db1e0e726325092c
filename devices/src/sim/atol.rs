//! Simulator of an ATOL registrar behind the web server of its driver 10.
//!
//! Owns the documents it has made and the results of the requests it has heard; a till reaches them only through HTTP. A
//! restart keeps what was stored, if a memory file is given, and forgets the requests.
//!
//! Files: `server` keeps requests by their ids, `tasks` does what they ask, `control` is the control port of the stand-alone
//! command.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{Local, TimeDelta};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::Fault;
use super::journal;
use super::listen::{self, Emulated};
use super::register::CashRegister;
pub use super::register::EmulatorSettings;
use super::register::memory::Memory;
pub use super::register::memory::{Operation, StoredDocument, StoredKind};
use crate::fiscal::atol::BODY_BYTES_MAX;
use crate::http::{self, Read};
use crate::port::{BytePort, Connector};
use server::{Now, Server};

mod control;
mod server;
mod tasks;

/// The faults that it shows.
pub const FAULTS: &[&str] = &["paper_out", "offline", "no_answer_after_commit", "loses", "refuse", "garbage", "slow"];

/// One read takes the usual request.
const READ_BYTES: usize = 4096;

/// The simulated device and all control over it. Clones are the same device; it lives as long as one of them.
#[derive(Clone, Debug)]
pub struct AtolHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: Mutex<Device>,
    /// Documents in the storage.
    stored: watch::Sender<usize>,
    /// Counts up when every link is to be cut.
    cut: watch::Sender<u64>,
}

#[derive(Debug)]
struct Device {
    server: Server,
    file: Option<File>,
}

impl AtolHandle {
    pub fn new(settings: EmulatorSettings) -> AtolHandle {
        AtolHandle::start(settings, Memory::default(), None)
    }

    /// A device that remembers its documents in a file, one event a line.
    pub fn with_memory(settings: EmulatorSettings, path: &Path) -> io::Result<AtolHandle> {
        let mut memory = Memory::default();
        let file = journal::restore(path, |event| memory.apply(event))?;
        Ok(AtolHandle::start(settings, memory, Some(file)))
    }

    fn start(settings: EmulatorSettings, memory: Memory, file: Option<File>) -> AtolHandle {
        let stored = watch::Sender::new(memory.documents.len());
        let server = Server::new(CashRegister::new(settings, memory, file.is_some()));
        let device = Mutex::new(Device { server, file });
        AtolHandle { shared: Arc::new(Shared { device, stored, cut: watch::Sender::new(0) }) }
    }

    pub fn set_fault(&self, fault: Fault) {
        self.device().server.register.fault = fault;
    }

    pub fn fault(&self) -> Fault {
        self.device().server.register.fault
    }

    /// Every document of the storage, in order.
    pub fn documents(&self) -> Vec<StoredDocument> {
        self.device().server.register.memory.documents.clone()
    }

    /// The last ten thousand printed lines.
    pub fn printed(&self) -> Vec<String> {
        self.device().server.register.printed.iter().cloned().collect()
    }

    pub fn drawer_openings(&self) -> u32 {
        self.device().server.register.drawer_openings
    }

    /// Move the device's clock.
    pub fn advance(&self, by: TimeDelta) {
        self.device().server.register.clock_offset += by;
    }

    /// Hold results back: a task is done, and its result is not there until [`AtolHandle::release_answers`].
    pub fn hold_answers(&self) {
        self.device().server.is_held = true;
    }

    pub fn release_answers(&self) {
        self.device().server.is_held = false;
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

    /// Opens a new link in memory each time. Must be used inside a runtime, which then serves the link.
    pub fn connector(&self) -> Connector {
        listen::connector(self)
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A panic inside a task is a defect that its own test shows; the device goes on as a real one would.
        self.shared.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to one request; none if it is lost.
    fn hear(&self, request: &http::Request<'_>) -> Option<Vec<u8>> {
        let mut device = self.device();
        let Device { server, file } = &mut *device;
        let now = Now { clock: Local::now().naive_local(), instant: Instant::now() };
        let answer = server.hear(request, now);
        if let (Some(file), Some(events)) = (file, &mut server.register.unsaved) {
            journal::save(file, events);
        }
        self.shared.stored.send_replace(server.register.memory.documents.len());
        answer
    }

    /// What goes out for what came in; None while more is needed.
    fn answer(&self, bytes: &[u8]) -> Option<Option<Vec<u8>>> {
        match http::read_request(bytes, BODY_BYTES_MAX) {
            Read::Whole(request) => Some(self.hear(&request)),
            Read::Part => None,
            Read::Noise => Some(Some(server::refuse_noise())),
        }
    }
}

impl Emulated for AtolHandle {
    /// One request and its answer, then the link is closed; a device that is off keeps it open and silent.
    async fn serve(&self, mut port: impl BytePort + 'static) {
        let mut cut = self.shared.cut.subscribe();
        let mut bytes = Vec::new();
        let mut piece = [0; READ_BYTES];
        loop {
            let count = tokio::select! {
                biased;
                _ = cut.changed() => return,
                read = port.read(&mut piece) => match read {
                    Ok(count) if count > 0 => count,
                    _ => return,
                },
            };
            if self.fault() == Fault::Offline {
                continue;
            }
            bytes.extend_from_slice(&piece[..count]);
            if let Some(answer) = self.answer(&bytes) {
                if let Some(answer) = answer
                    && let Err(error) = port.write_all(&answer).await
                {
                    tracing::debug!(%error, "the answer was not sent");
                }
                return;
            }
        }
    }
}
