//! What stands on a till's counter, from the settings: drivers for real addresses, emulated devices for `memory`.

use std::sync::Arc;

use devices::port::{Connector, PortAddress, connector};
use devices::sim::cd5220::DisplayHandle;
use devices::sim::escpos::PrinterHandle;
use devices::sim::scale::Platform;
use devices::sim::zvt::{TerminalHandle, TerminalSettings};
use devices::{display, printer, terminal};
use till::{Counter, TerminalFactory};

use crate::pole::DisplayFactory;
use crate::settings::TillNodeSettings;

/// Terminals, scale and printer of a till.
pub fn counter(settings: &TillNodeSettings) -> Counter {
    let (scales, printers) = (settings.scale_protocol.0, printer::all()[0].driver);
    let scale = at(settings.scale.as_ref(), || (scales.emulator)(&Platform::new()).connector());
    let printer = at(settings.printer.as_ref(), || PrinterHandle::new().connector());
    Counter {
        card_terminal: terminal(settings.card_terminal.as_ref()),
        qr_terminal: terminal(settings.qr_terminal.as_ref()),
        scale: scale.map(|connector| Arc::new(move || (scales.driver)(connector.clone())) as till::ScaleFactory),
        printer: printer.map(|connector| Arc::new(move || printers(connector.clone())) as till::PrinterFactory),
        ..Counter::default()
    }
}

/// The display that the customer sees.
pub fn display(settings: &TillNodeSettings) -> Option<DisplayFactory> {
    let displays = display::all()[0].driver;
    let connector = at(settings.display.as_ref(), || DisplayHandle::new().connector());
    connector.map(|connector| Arc::new(move || displays(connector.clone())) as DisplayFactory)
}

fn terminal(address: Option<&PortAddress>) -> Option<TerminalFactory> {
    let terminals = terminal::all()[0].driver;
    let connector = at(address, || TerminalHandle::new(TerminalSettings::default()).connector());
    connector.map(|connector| Arc::new(move || terminals(connector.clone())) as TerminalFactory)
}

fn at(address: Option<&PortAddress>, emulated: impl FnOnce() -> Connector) -> Option<Connector> {
    Some(match address? {
        PortAddress::Memory => emulated(),
        address => connector(address.clone()),
    })
}
