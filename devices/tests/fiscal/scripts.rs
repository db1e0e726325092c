//! What every registrar does, whatever it speaks: told once, run against each simulator over its own bytes.

use std::time::Duration;

use chrono::TimeDelta;
use devices::drawer::{CashDrawer, FiscalDrawer};
use devices::fiscal::{FiscalDevice, FiscalDocumentKind, FiscalError, FiscalKind, FiscalPayments, FiscalReceipt};
use devices::port;
use devices::sim::fault::Fault;
use devices::sim::listen::listen_tcp;
use devices::sim::shtrih::{Operation, StoredKind};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;

use super::{Simulated, TOTAL, groceries, line, money, receipts};

fn device<S: Simulated>() -> (S, Box<dyn FiscalDevice>) {
    let emulator = S::start();
    let driver = S::quick(emulator.connector());
    (emulator, driver)
}

async fn with_shift<S: Simulated>() -> (S, Box<dyn FiscalDevice>) {
    let (emulator, mut driver) = device::<S>();
    driver.open_shift("Иванова").await.expect("a shift");
    (emulator, driver)
}

fn code(error: &FiscalError) -> u16 {
    match error {
        FiscalError::Refused { code, .. } => *code,
        other => panic!("{other} is no refusal"),
    }
}

/// A working day, the same over any port.
pub(crate) async fn trade(emulator: &impl Simulated, driver: &mut dyn FiscalDevice) {
    let before = driver.state().await.expect("state");
    assert!(!before.shift_open && !before.document_open && before.paper);
    assert_eq!(before.last_document, 0);

    let opened = driver.open_shift("Иванова").await.expect("open the shift");
    assert_eq!((opened.number, opened.device.as_str()), (1, "9999078900001234"));
    driver.cash_in(money(100_000)).await.expect("cash in");

    let sold = driver.register(&groceries(FiscalKind::Sale, 50_000, 0)).await.expect("a sale");
    assert_eq!(sold.number, 2);
    let found = driver.find_document(2).await.expect("an answer").expect("a document");
    assert_eq!((found.kind, found.total, &found.sign), (FiscalDocumentKind::Sale, money(TOTAL), &sold.sign));

    let mixed = driver.register(&groceries(FiscalKind::Sale, 697, 40_000)).await.expect("a mixed sale");
    let returned = driver.register(&groceries(FiscalKind::Return, TOTAL, 0)).await.expect("a return");
    assert_eq!((mixed.number, returned.number), (3, 4));
    let found = driver.find_document(4).await.expect("an answer").expect("a document");
    assert_eq!((found.kind, found.total), (FiscalDocumentKind::Return, money(TOTAL)));
    assert_eq!(driver.find_document(5).await, Ok(None));

    driver.cash_out(money(20_000)).await.expect("cash out");
    driver.report_x().await.expect("an X report");
    driver.print_text(&["Спасибо".into(), "за покупку".into()]).await.expect("text");

    let totals = driver.totals().await.expect("totals");
    assert_eq!(totals.sales.cash, money(TOTAL + 697));
    assert_eq!(totals.sales.electronic, money(40_000));
    assert_eq!(totals.returns.cash, money(TOTAL));
    assert_eq!((totals.sales_count, totals.returns_count), (2, 1));
    assert_eq!((totals.cash_in, totals.cash_out), (money(100_000), money(20_000)));
    assert_eq!(totals.cash_in_drawer, money(100_000 + 697 - 20_000));

    let state = driver.state().await.expect("state");
    assert!(state.shift_open && !state.shift_expired && !state.document_open);
    assert_eq!((state.shift, state.last_document), (1, 4));
    let closed = driver.close_shift("Иванова").await.expect("close the shift");
    assert_eq!(closed.number, 5);
    assert!(!driver.state().await.expect("state").shift_open);

    let documents = emulator.documents();
    let sale = &documents[1];
    assert_eq!(sale.kind, StoredKind::Receipt(Operation::Sale));
    assert_eq!(sale.operator, "Иванова");
    assert_eq!((sale.change, sale.payments[0]), (money(50_000 - TOTAL), money(TOTAL)));
    assert_eq!(sale.lines[1].name, "Сыр");
    assert_eq!(sale.lines[1].quantity, Quantity::from_thousandths(535));
    assert_eq!(sale.lines[1].tax, money(2427));
    let printed = emulator.printed();
    assert!(printed.iter().any(|line| line == "Спасибо"), "{printed:?}");
    assert!(printed.iter().any(|line| line == "Сыр 0.535 x 499.00 = 266.97"), "{printed:?}");
}

/// The only receipt is the document with this number, and the driver finds it.
pub(crate) async fn finds(
    emulator: &impl Simulated,
    driver: &mut dyn FiscalDevice,
    number: u32,
    receipt: &FiscalReceipt,
) {
    assert_eq!(driver.state().await.expect("state").last_document, number);
    let found = driver.find_document(number).await.expect("an answer").expect("a document");
    assert_eq!((found.kind, found.total), (FiscalDocumentKind::Sale, receipt.total()));
    let documents = emulator.documents();
    assert_eq!(found.sign, documents.last().expect("a document").sign.to_string());
    assert_eq!(receipts(emulator), 1);
}

pub(crate) async fn a_day_of_trade_over_memory<S: Simulated>() {
    let (emulator, mut driver) = device::<S>();
    trade(&emulator, driver.as_mut()).await;
}

pub(crate) async fn a_day_of_trade_over_tcp<S: Simulated>() {
    let emulator = S::start();
    let tcp = listen_tcp(&emulator, "127.0.0.1:0".parse().expect("an address")).await.expect("a listener");
    let protocol = devices::fiscal::find(S::PROTOCOL).expect("the protocol is in the list");
    let mut driver = (protocol.driver)(port::connector(tcp.address().clone()));
    trade(&emulator, driver.as_mut()).await;
}

pub(crate) async fn payments_less_than_the_total_are_refused<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    let refused = driver.register(&groceries(FiscalKind::Sale, 100, 0)).await.expect_err("too little");
    assert_eq!(code(&refused), S::CODES.paid_too_little, "{refused}");
    assert!(!driver.state().await.expect("state").document_open);
    assert_eq!(receipts(&emulator), 0);
    driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("the next receipt");
}

pub(crate) async fn a_cash_return_is_refused_when_the_drawer_lacks_the_cash<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    let refused = driver.register(&groceries(FiscalKind::Return, TOTAL, 0)).await.expect_err("no cash");
    assert_eq!(code(&refused), S::CODES.not_enough_cash, "{refused}");
    driver.register(&groceries(FiscalKind::Return, 0, TOTAL)).await.expect("a return to a card needs no cash");
    assert_eq!(receipts(&emulator), 1);
}

pub(crate) async fn without_a_shift_or_after_24_hours_nothing_is_sold<S: Simulated>() {
    let (emulator, mut driver) = device::<S>();
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let refused = driver.register(&sale).await.expect_err("no shift");
    assert_eq!(code(&refused), S::CODES.shift_closed, "{refused}");
    driver.open_shift("").await.expect("a shift");
    emulator.advance(TimeDelta::hours(25));
    assert!(driver.state().await.expect("state").shift_expired);
    let refused = driver.register(&sale).await.expect_err("an old shift");
    assert_eq!(code(&refused), S::CODES.shift_expired, "{refused}");
    driver.close_shift("").await.expect("it can be closed");
    driver.open_shift("").await.expect("a new shift");
    driver.register(&sale).await.expect("a sale");
    assert_eq!(receipts(&emulator), 1);
}

pub(crate) async fn without_paper_nothing_is_registered_until_it_is_loaded<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    emulator.set_fault(Fault::PaperOut);
    assert!(!driver.state().await.expect("state").paper);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let refused = driver.register(&sale).await.expect_err("no paper");
    assert_eq!(code(&refused), S::CODES.no_paper, "{refused}");
    emulator.set_fault(Fault::None);
    driver.register(&sale).await.expect("paper is loaded");
    assert_eq!(receipts(&emulator), 1);
}

pub(crate) async fn a_refusal_names_its_code_and_leaves_no_document<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    emulator.set_fault(S::HOT.0.parse().expect("a fault"));
    let refused = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect_err("a refusal");
    assert_eq!(refused.to_string(), S::HOT.1);
    assert_eq!(receipts(&emulator), 0);
}

pub(crate) async fn a_silent_device_is_offline_and_comes_back<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    emulator.set_fault(Fault::Offline);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let offline = driver.register(&sale).await.expect_err("silence");
    assert!(matches!(offline, FiscalError::Offline { .. }), "{offline}");
    emulator.set_fault(Fault::None);
    driver.register(&sale).await.expect("it is back");
    assert_eq!(receipts(&emulator), 1);
}

pub(crate) async fn a_port_that_nobody_listens_on_is_offline_at_once<S: Simulated>() {
    let mut driver = S::quick(port::connector("tcp://127.0.0.1:1".parse().expect("an address")));
    let offline = driver.state().await.expect_err("nobody listens");
    assert!(matches!(offline, FiscalError::Offline { .. }), "{offline}");
}

pub(crate) async fn a_slow_device_is_waited_for<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    emulator.set_fault(Fault::Slow(Duration::from_millis(350)));
    let sale = FiscalReceipt { operator: String::new(), ..groceries(FiscalKind::Sale, TOTAL, 0) };
    driver.register(&sale).await.expect("a sale, later than the driver looks");
    assert_eq!(receipts(&emulator), 1);
}

pub(crate) async fn a_receipt_of_2000_lines_is_one_document<S: Simulated>() {
    let (emulator, mut driver) = with_shift::<S>().await;
    let lines: Vec<_> = (1..=2000).map(|n| line(&format!("Товар {n}"), 1000, n, n, VatRate::None)).collect();
    let total = lines.iter().map(|line| line.amount).sum();
    let receipt = FiscalReceipt {
        kind: FiscalKind::Sale,
        operator: String::new(),
        lines,
        payments: FiscalPayments { electronic: total, ..FiscalPayments::default() },
    };
    driver.register(&receipt).await.expect("a long receipt");
    let documents = emulator.documents();
    assert_eq!((documents[1].lines.len(), documents[1].total), (2000, total));
}

pub(crate) async fn prepaid_and_credit_reach_their_registers<S: Simulated>() {
    let (_emulator, mut driver) = with_shift::<S>().await;
    let payments =
        FiscalPayments { cash: money(697), electronic: money(10_000), prepaid: money(20_000), credit: money(10_000) };
    let receipt = FiscalReceipt { payments, ..groceries(FiscalKind::Sale, 0, 0) };
    driver.register(&receipt).await.expect("a sale");
    assert_eq!(driver.totals().await.expect("totals").sales, payments);
}

pub(crate) async fn the_drawer_opens_by_the_registrar<S: Simulated>() {
    let (emulator, mut driver) = device::<S>();
    let mut drawer = FiscalDrawer::new(driver.as_mut());
    drawer.open().await.expect("a pulse");
    assert_eq!(drawer.counted().await.expect("a count"), Money::ZERO);
    assert_eq!(emulator.drawer_openings(), 1);
}

pub(crate) async fn a_restarted_registrar_keeps_its_documents_and_loses_a_torn_line<S: Simulated>() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("memory");
    let start = || S::remembering(&path);
    let emulator = start();
    let mut driver = S::quick(emulator.connector());
    driver.open_shift("").await.expect("a shift");
    driver.cash_in(money(5000)).await.expect("cash in");
    let sign = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("a sale");
    let documents = emulator.documents();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"Stored\":{\"num"))
        .expect("a torn line");
    for _ in 0..2 {
        let emulator = start();
        assert_eq!(emulator.documents(), documents);
        let mut driver = S::quick(emulator.connector());
        let state = driver.state().await.expect("state");
        assert_eq!((state.shift_open, state.last_document), (true, 2));
        let found = driver.find_document(2).await.expect("an answer").expect("a document");
        assert_eq!(found.sign, sign.sign);
        assert_eq!(driver.totals().await.expect("totals").cash_in_drawer, money(5000 + TOTAL));
    }
}
