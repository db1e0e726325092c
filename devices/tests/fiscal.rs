//! The fiscal drivers against the simulated registrars, over memory, TCP and a pseudo-terminal.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use devices::fiscal::atol::{self, Atol};
use devices::fiscal::shtrih::Shtrih;
use devices::fiscal::{FiscalDevice, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt};
use devices::port::Connector;
use devices::sim::atol::AtolHandle;
use devices::sim::fault::Fault;
use devices::sim::listen::Emulated;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings, StoredDocument, StoredKind};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use uuid::Uuid;

#[path = "fiscal/beside_trade.rs"]
mod beside_trade;
#[path = "fiscal/atol.rs"]
mod over_http;
#[path = "fiscal/shtrih.rs"]
mod over_line;
#[path = "fiscal/scripts.rs"]
mod scripts;

/// The numbers with which a registrar refuses.
struct Codes {
    paid_too_little: u16,
    not_enough_cash: u16,
    shift_closed: u16,
    shift_expired: u16,
    no_paper: u16,
}

/// A simulated registrar, whatever it speaks.
trait Simulated: Emulated {
    /// As the settings call it.
    const PROTOCOL: &'static str;
    const CODES: Codes;
    /// The fault of a print head that is too hot, and what the driver says of it.
    const HOT: (&'static str, &'static str);

    fn start() -> Self;
    /// With what is in this file.
    fn remembering(path: &Path) -> Self;
    /// A driver that does not wait for long.
    fn quick(connector: Connector) -> Box<dyn FiscalDevice>;
    fn connector(&self) -> Connector;
    fn set_fault(&self, fault: Fault);
    fn documents(&self) -> Vec<StoredDocument>;
    fn printed(&self) -> Vec<String>;
    fn drawer_openings(&self) -> u32;
    fn advance(&self, by: TimeDelta);
}

/// What both handles call the same.
macro_rules! controls {
    () => {
        fn start() -> Self {
            Self::new(EmulatorSettings::default())
        }
        fn remembering(path: &Path) -> Self {
            Self::with_memory(EmulatorSettings::default(), path).expect("a memory file")
        }
        fn connector(&self) -> Connector {
            self.connector()
        }
        fn set_fault(&self, fault: Fault) {
            self.set_fault(fault);
        }
        fn documents(&self) -> Vec<StoredDocument> {
            self.documents()
        }
        fn printed(&self) -> Vec<String> {
            self.printed()
        }
        fn drawer_openings(&self) -> u32 {
            self.drawer_openings()
        }
        fn advance(&self, by: TimeDelta) {
            self.advance(by);
        }
    };
}

impl Simulated for EmulatorHandle {
    const PROTOCOL: &'static str = "shtrih";
    const CODES: Codes =
        Codes { paid_too_little: 0x45, not_enough_cash: 0x46, shift_closed: 0x3D, shift_expired: 0x4E, no_paper: 0x6B };
    const HOT: (&'static str, &'static str) =
        ("refuse C9", "the fiscal device refuses: the print head is too hot; wait a little (code C9h)");

    fn quick(connector: Connector) -> Box<dyn FiscalDevice> {
        Box::new(Shtrih::with_timing(connector, over_line::QUICK))
    }
    controls!();
}

impl Simulated for AtolHandle {
    const PROTOCOL: &'static str = "atol";
    const CODES: Codes =
        Codes { paid_too_little: 66, not_enough_cash: 80, shift_closed: 73, shift_expired: 68, no_paper: 44 };
    const HOT: (&'static str, &'static str) =
        ("refuse 72", "the fiscal device refuses: the print head is too hot; wait a little (error 114)");

    fn quick(connector: Connector) -> Box<dyn FiscalDevice> {
        Box::new(Atol::with_timing(connector, QUICK_HTTP, Box::new(Uuid::now_v7)))
    }
    controls!();
}

/// Waits short enough for a test and long enough for a busy machine.
const QUICK_HTTP: atol::Timing = atol::Timing {
    exchange: Duration::from_millis(300),
    poll_first: Duration::from_millis(2),
    poll_max: Duration::from_millis(20),
    result: Duration::from_secs(2),
    shift: Duration::from_secs(2),
};

/// Each script against each registrar.
macro_rules! on_every_registrar {
    ($($script:ident,)*) => {
        mod shtrih {
            $(#[tokio::test] async fn $script() { super::scripts::$script::<super::EmulatorHandle>().await })*
        }
        mod atol_web_server {
            $(#[tokio::test] async fn $script() { super::scripts::$script::<super::AtolHandle>().await })*
        }
    };
}

on_every_registrar! {
    a_day_of_trade_over_memory,
    a_day_of_trade_over_tcp,
    payments_less_than_the_total_are_refused,
    a_cash_return_is_refused_when_the_drawer_lacks_the_cash,
    without_a_shift_or_after_24_hours_nothing_is_sold,
    without_paper_nothing_is_registered_until_it_is_loaded,
    a_refusal_names_its_code_and_leaves_no_document,
    a_silent_device_is_offline_and_comes_back,
    a_port_that_nobody_listens_on_is_offline_at_once,
    a_slow_device_is_waited_for,
    a_receipt_of_2000_lines_is_one_document,
    prepaid_and_credit_reach_their_registers,
    the_drawer_opens_by_the_registrar,
    a_restarted_registrar_keeps_its_documents_and_loses_a_torn_line,
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn line(name: &str, thousandths: i64, price: i64, amount: i64, vat: VatRate) -> FiscalLine {
    FiscalLine {
        name: name.into(),
        quantity: Quantity::from_thousandths(thousandths),
        price: money(price),
        amount: money(amount),
        vat,
    }
}

/// Three lines of 50.00, 267.00 and 100.00 less 10 %: 406.97 in all.
fn groceries(kind: FiscalKind, cash: i64, electronic: i64) -> FiscalReceipt {
    FiscalReceipt {
        kind,
        operator: "Иванова".into(),
        lines: vec![
            line("Хлеб", 1000, 5000, 5000, VatRate::percent(10)),
            line("Сыр", 535, 49_900, 26_697, VatRate::percent(10)),
            line("Чай", 1000, 10_000, 9000, VatRate::percent(22)),
        ],
        payments: FiscalPayments { cash: money(cash), electronic: money(electronic), ..FiscalPayments::default() },
    }
}

const TOTAL: i64 = 40_697;

fn receipts(emulator: &impl Simulated) -> usize {
    emulator.documents().iter().filter(|document| matches!(document.kind, StoredKind::Receipt(_))).count()
}
