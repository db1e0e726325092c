//! Simulators of label-printing scales: one handle, whatever protocol the scale speaks.
//!
//! A simulated scale keeps its articles as the bytes that the protocol brought, so it can only print what was really
//! sent. Many live in one process: a scale is its memory and, for each address it listens on, one task.
//!
//! Files: `shelf` is what every scale has, one file a protocol obeys its commands, `listen` moves the bytes, `control` is a
//! control port for whoever is not in this process.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Local, NaiveDateTime};
use domain::quantity::Quantity;
use tokio::sync::watch;

use crate::label_scale::cas_cl5000::codec as cas;
use crate::label_scale::massak_vpm::codec as massak;
use crate::label_scale::shtrih_print::codec::Decoder;
use crate::label_scale::{BarcodeValue, Frames, ScaleItem, ScaleTotal, Wire};
use crate::sim::fault::Fault;
pub use shelf::{Label, LabelScaleSettings, NotWeighed};
use shelf::{Now, Shelf};

mod cas_cl5000;
mod control;
mod listen;
mod massak_vpm;
mod mertech;
mod shelf;
mod shtrih_print;

/// What a simulated scale speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelScaleKind {
    ShtrihPrint,
    MassakVpm,
    CasCl5000,
    Mertech,
}

/// A simulated label scale and all control over it. Clones are the same device.
#[derive(Clone, Debug)]
pub struct LabelScaleHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: Mutex<Device>,
    /// Counts up when every link is to be cut.
    cut: watch::Sender<u64>,
}

#[derive(Debug)]
struct Device {
    shelf: Shelf,
    machine: Machine,
}

#[derive(Debug)]
enum Machine {
    ShtrihPrint(shtrih_print::Scale),
    MassakVpm(massak_vpm::Scale),
    CasCl5000(cas_cl5000::Scale),
    Mertech(mertech::Scale),
}

/// One host's end: what it has begun to say.
enum Conversation {
    ShtrihPrint(shtrih_print::Conversation),
    MassakVpm(Frames<massak::Item>),
    CasCl5000(Frames<cas::Item>),
    Mertech(Decoder),
}

impl Conversation {
    /// The host that speaks, where hosts share one socket.
    fn is_from(&mut self, peer: SocketAddr) {
        if let Conversation::ShtrihPrint(talk) = self {
            talk.peer = Some(peer);
        }
    }
}

impl LabelScaleHandle {
    pub fn new(kind: LabelScaleKind, settings: LabelScaleSettings) -> LabelScaleHandle {
        let machine = match kind {
            LabelScaleKind::ShtrihPrint => Machine::ShtrihPrint(shtrih_print::Scale::default()),
            LabelScaleKind::MassakVpm => Machine::MassakVpm(massak_vpm::Scale::default()),
            LabelScaleKind::CasCl5000 => Machine::CasCl5000(cas_cl5000::Scale::default()),
            LabelScaleKind::Mertech => Machine::Mertech(mertech::Scale::default()),
        };
        let device = Mutex::new(Device { shelf: Shelf::new(settings), machine });
        LabelScaleHandle { shared: Arc::new(Shared { device, cut: watch::Sender::new(0) }) }
    }

    pub fn set_fault(&self, fault: Fault) {
        self.device().shelf.fault = fault;
    }

    pub fn fault(&self) -> Fault {
        self.device().shelf.fault
    }

    /// Whether somebody is in the menu of the scale.
    pub fn set_busy(&self, is_busy: bool) {
        self.device().shelf.is_busy = is_busy;
    }

    /// Somebody begins to weigh an article, or ends it.
    pub fn select(&self, plu: Option<u32>) {
        self.device().shelf.selected = plu;
    }

    /// Lay so much on the platform, in kilograms, in place of what was there.
    pub fn put(&self, weight: Quantity) {
        self.device().shelf.grams = i16::try_from(weight.thousandths()).unwrap_or(i16::MAX);
    }

    /// Call an article, weigh or count it, and take the label.
    pub fn weigh(&self, plu: u32, quantity: Quantity) -> Result<Label, NotWeighed> {
        let mut device = self.device();
        let item = device.item(plu).ok_or(NotWeighed::NoPlu { plu })?;
        let value = device.barcode_value(&item).ok_or(NotWeighed::Layout)?;
        device.shelf.print(item, quantity, value, now())
    }

    /// Every article in memory, in the order of their PLU, as the scale would print it.
    pub fn items(&self) -> Vec<ScaleItem> {
        let device = self.device();
        device.plus().into_iter().filter_map(|plu| device.item(plu)).collect()
    }

    /// Articles in memory.
    pub fn count(&self) -> usize {
        self.device().plus().len()
    }

    /// The last printed label as SVG.
    pub fn last_label(&self) -> Option<String> {
        let device = self.device();
        device.shelf.labels.back().map(|label| label.svg(&device.shelf.settings.shop))
    }

    /// The last ten thousand printed labels.
    pub fn labels(&self) -> Vec<Label> {
        self.device().shelf.labels.iter().cloned().collect()
    }

    pub fn totals(&self) -> Vec<ScaleTotal> {
        self.device().shelf.totals.values().copied().collect()
    }

    /// Pairs of key and PLU.
    pub fn hot_keys(&self) -> Vec<(u16, u32)> {
        self.device().shelf.hot_keys.iter().map(|(key, plu)| (*key, *plu)).collect()
    }

    pub fn clock(&self) -> NaiveDateTime {
        self.device().shelf.clock(now())
    }

    /// Cut every link, as a pulled cable does.
    pub fn cut_links(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    fn device(&self) -> MutexGuard<'_, Device> {
        // A panic inside a command is a defect that its own test shows; the device goes on as a real one would.
        self.shared.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_link(&self, wire: Wire) -> Conversation {
        match &self.device().machine {
            Machine::ShtrihPrint(_) => Conversation::ShtrihPrint(shtrih_print::Conversation::new(wire)),
            Machine::MassakVpm(_) => Conversation::MassakVpm(massak::decoder()),
            Machine::CasCl5000(_) => Conversation::CasCl5000(cas::decoder()),
            Machine::Mertech(_) => Conversation::Mertech(Decoder::new(Wire::Tcp)),
        }
    }

    /// Take bytes, put the bytes that go out, and tell how much later they go.
    fn feed(&self, conversation: &mut Conversation, bytes: &[u8], out: &mut Vec<u8>) -> Duration {
        let mut device = self.device();
        let Device { shelf, machine } = &mut *device;
        shelf.heard = shelf.heard.wrapping_add(1);
        let loses = match shelf.fault {
            Fault::Loses(count) if shelf.heard.is_multiple_of(count) => Some(shelf.heard / count),
            _ => None,
        };
        let is_lost = loses.is_some_and(|times| times % 2 == 1);
        if shelf.fault == Fault::Offline || is_lost {
            return Duration::ZERO;
        }
        shelf.committed = false;
        match (machine, conversation) {
            (Machine::ShtrihPrint(scale), Conversation::ShtrihPrint(talk)) => {
                talk.feed(scale, shelf, bytes, now(), out);
            }
            (Machine::MassakVpm(scale), Conversation::MassakVpm(talk)) => scale.hear(talk, shelf, bytes, out),
            (Machine::CasCl5000(scale), Conversation::CasCl5000(talk)) => scale.hear(talk, shelf, bytes, out),
            (Machine::Mertech(scale), Conversation::Mertech(talk)) => scale.hear(talk, shelf, bytes, now(), out),
            // A conversation is always begun for its own machine.
            _ => {}
        }
        match shelf.fault {
            Fault::NoAnswerAfterCommit if shelf.committed => {
                shelf.fault = Fault::None;
                out.clear();
            }
            Fault::Loses(_) if loses.is_some() => out.clear(),
            Fault::Garbage => out.iter_mut().for_each(|byte| *byte = !*byte),
            Fault::Slow(delay) => return delay,
            _ => {}
        }
        Duration::ZERO
    }
}

impl Device {
    fn item(&self, plu: u32) -> Option<ScaleItem> {
        match &self.machine {
            Machine::ShtrihPrint(scale) => scale.item(plu),
            Machine::MassakVpm(scale) => scale.item(plu),
            Machine::CasCl5000(scale) => scale.item(plu),
            Machine::Mertech(scale) => scale.item(plu),
        }
    }

    /// What the barcode of this article carries; nothing if the scale is set to a layout that is not simulated.
    fn barcode_value(&self, item: &ScaleItem) -> Option<BarcodeValue> {
        match &self.machine {
            Machine::ShtrihPrint(scale) => scale.barcode_value(),
            Machine::MassakVpm(scale) => scale.barcode_value(item),
            // Set by hand.
            Machine::CasCl5000(_) | Machine::Mertech(_) => Some(self.shelf.settings.barcode_value),
        }
    }

    fn plus(&self) -> Vec<u32> {
        match &self.machine {
            Machine::ShtrihPrint(scale) => scale.plus(),
            Machine::MassakVpm(scale) => scale.plus(),
            Machine::CasCl5000(scale) => scale.plus(),
            Machine::Mertech(scale) => scale.plus(),
        }
    }
}

fn now() -> Now {
    Now { clock: Local::now().naive_local(), instant: Instant::now() }
}
