//! The emulated devices beside a till's fiscal one, as they stand on its counter: they live through their till's deaths.

use std::sync::Arc;
use std::time::Duration;

use devices::display::CustomerDisplay;
use devices::display::cd5220::Cd5220;
use devices::printer::ReceiptPrinter;
use devices::printer::escpos::EscPos;
use devices::sim::cd5220::DisplayHandle;
use devices::sim::escpos::PrinterHandle;
use devices::sim::fault::Fault;
use devices::sim::scale::Platform;
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use devices::sim::{escpos, scale, shtrih, zvt};
use devices::terminal::PaymentTerminal;
use devices::terminal::zvt::{Deadlines, Zvt};
use domain::ids::{StoreId, TillId};
use domain::quantity::Quantity;
use till::{Counter, TerminalFactory};

use super::Chain;
use crate::pole::DisplayFactory;

/// How long an emulated terminal may be silent.
const TERMINAL_DEADLINE: Duration = Duration::from_secs(1);

/// The emulated devices beside a till's fiscal one.
#[derive(Clone)]
pub struct Desk {
    pub card_terminal: TerminalHandle,
    pub qr_terminal: TerminalHandle,
    pub scale: Platform,
    pub printer: PrinterHandle,
    pub display: DisplayHandle,
}

impl Desk {
    pub(super) fn new() -> Desk {
        Desk {
            card_terminal: TerminalHandle::new(TerminalSettings::default()),
            qr_terminal: TerminalHandle::new(TerminalSettings::default()),
            scale: Platform::new(),
            printer: PrinterHandle::new(),
            display: DisplayHandle::new(),
        }
    }

    pub(super) fn counter(&self) -> Counter {
        let (scale, printer) = (self.scale.clone(), self.printer.clone());
        Counter {
            card_terminal: Some(quick_terminal(self.card_terminal.clone())),
            qr_terminal: Some(quick_terminal(self.qr_terminal.clone())),
            scale: Some(Arc::new(move || devices::scale::all()[0].simulated(&scale))),
            printer: Some(Arc::new(move || Box::new(EscPos::new(printer.connector())) as Box<dyn ReceiptPrinter>)),
            ..Counter::default()
        }
    }

    pub(super) fn display(&self) -> DisplayFactory {
        let display = self.display.clone();
        Arc::new(move || Box::new(Cd5220::new(display.connector())) as Box<dyn CustomerDisplay>)
    }
}

/// A terminal without a customer answers at once or not at all.
fn quick_terminal(handle: TerminalHandle) -> TerminalFactory {
    let deadlines = Deadlines { ack: TERMINAL_DEADLINE, query: TERMINAL_DEADLINE, answer: TERMINAL_DEADLINE };
    Arc::new(move || Box::new(Zvt::with_deadlines(handle.connector(), deadlines)) as Box<dyn PaymentTerminal>)
}

impl Chain {
    /// Set a fault of one of a till's emulated devices, or put something on its scale (`weight:0.475`).
    pub fn set_fault(&self, store: &StoreId, till: TillId, device: &str, fault: &str) -> Result<(), String> {
        let place = self.till_place(store, till).map_err(|error| error.to_string())?;
        let read = |known: &[&str]| Fault::of(fault, known).map_err(|error| error.to_string());
        match device {
            "fiscal" => place.emulator.set_fault(read(shtrih::FAULTS)?),
            "terminal" => place.desk.card_terminal.set_fault(read(zvt::FAULTS)?),
            "qr" => place.desk.qr_terminal.set_fault(read(zvt::FAULTS)?),
            "printer" => place.desk.printer.set_fault(read(escpos::FAULTS)?),
            "scale" => match (fault, fault.strip_prefix("weight:")) {
                (_, Some(weight)) => {
                    place.desk.scale.put(weight.parse::<Quantity>().map_err(|error| error.to_string())?);
                }
                ("stable", _) => place.desk.scale.set_stable(true),
                ("unstable", _) => place.desk.scale.set_stable(false),
                _ => place.desk.scale.set_fault(read(scale::FAULTS)?),
            },
            other => return Err(format!("this version emulates no \"{other}\"")),
        }
        Ok(())
    }

    /// The emulated devices beside a till's fiscal one.
    pub fn desk(&self, store: &StoreId, till: TillId) -> anyhow::Result<Desk> {
        Ok(self.till_place(store, till)?.desk.clone())
    }
}
