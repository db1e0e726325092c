//! A place for a till to play shop: devices in this process that are not real, and a folder that is emptied.

use std::path::Path;
use std::sync::Arc;

use devices::fiscal::FiscalDevice;
use devices::fiscal::shtrih::Shtrih;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use devices::terminal::PaymentTerminal;
use devices::terminal::zvt::Zvt;
use till::{Counter, PrinterFactory, TerminalFactory, TrainingGround};

/// Each training begins with a device that has made nothing. The paper is real, if the till has a printer.
pub fn ground(till_folder: &Path, printer: Option<PrinterFactory>) -> TrainingGround {
    TrainingGround {
        folder: till_folder.join("training"),
        device: Arc::new(|| {
            let emulator = EmulatorHandle::new(EmulatorSettings::default());
            Box::new(Shtrih::new(emulator.connector())) as Box<dyn FiscalDevice>
        }),
        counter: Arc::new(Counter {
            card_terminal: Some(terminal(TerminalHandle::new(TerminalSettings::default()))),
            qr_terminal: Some(terminal(TerminalHandle::new(TerminalSettings::default()))),
            printer,
            ..Counter::default()
        }),
    }
}

/// The driver of an emulated terminal.
fn terminal(handle: TerminalHandle) -> TerminalFactory {
    Arc::new(move || Box::new(Zvt::new(handle.connector())) as Box<dyn PaymentTerminal>)
}
