//! The Shtrih driver against the simulated registrar, over memory, TCP and a pseudo-terminal.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use devices::drawer::{CashDrawer, FiscalDrawer};
use devices::fiscal::shtrih::{Shtrih, Timing};
use devices::fiscal::{
    FiscalDevice, FiscalDocumentKind, FiscalError, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt,
};
use devices::port;
use devices::sim::fault::Fault;
use devices::sim::listen::{listen_pty, listen_tcp};
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings, Operation, StoredKind};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[path = "fiscal/noise.rs"]
mod noise;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing =
    Timing { enquiry: Duration::from_millis(200), look: Duration::from_millis(200), byte: Duration::from_millis(60) };

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

fn device() -> (EmulatorHandle, Shtrih) {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let driver = Shtrih::with_timing(emulator.connector(), QUICK);
    (emulator, driver)
}

async fn with_shift() -> (EmulatorHandle, Shtrih) {
    let (emulator, mut driver) = device();
    driver.open_shift("Иванова").await.expect("a shift");
    (emulator, driver)
}

fn receipts(emulator: &EmulatorHandle) -> usize {
    emulator.documents().iter().filter(|document| matches!(document.kind, StoredKind::Receipt(_))).count()
}

/// A working day, the same over any port.
async fn trade(emulator: &EmulatorHandle, driver: &mut dyn FiscalDevice) {
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

#[tokio::test]
async fn a_day_of_trade_over_memory() {
    let (emulator, mut driver) = device();
    trade(&emulator, &mut driver).await;
}

#[tokio::test]
async fn a_day_of_trade_over_tcp() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let tcp = listen_tcp(&emulator, "127.0.0.1:0".parse().expect("an address")).await.expect("a listener");
    let protocol = devices::fiscal::find("shtrih").expect("the protocol is in the list");
    let mut driver = (protocol.driver)(port::connector(tcp.address().clone()));
    trade(&emulator, driver.as_mut()).await;
}

#[tokio::test]
async fn a_day_of_trade_over_a_pseudo_terminal() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let folder = tempfile::tempdir().expect("a folder");
    let pty = listen_pty(&emulator, Some(&folder.path().join("kkt"))).expect("a pseudo-terminal");
    let address = pty.address().to_string().parse().expect("the address reads back");
    let mut driver = Shtrih::new(port::connector(address));
    trade(&emulator, &mut driver).await;
    drop(pty);
    assert!(!folder.path().join("kkt").is_symlink());
}

#[tokio::test]
async fn the_next_host_finds_the_pseudo_terminal_working() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let pty = listen_pty(&emulator, None).expect("a pseudo-terminal");
    for _ in 0..3 {
        let mut driver = Shtrih::with_timing(port::connector(pty.address().clone()), QUICK);
        assert!(driver.state().await.expect("state").paper);
    }
}

#[tokio::test]
async fn payments_less_than_the_total_are_refused_and_the_receipt_is_cancelled() {
    let (emulator, mut driver) = with_shift().await;
    let refused = driver.register(&groceries(FiscalKind::Sale, 100, 0)).await.expect_err("too little");
    assert!(matches!(refused, FiscalError::Refused { code: 0x45, .. }), "{refused}");
    assert!(!driver.state().await.expect("state").document_open);
    assert_eq!(receipts(&emulator), 0);
    assert_eq!(emulator.money_register(0xF9), Some(money(TOTAL)), "the register of cancelled sales");
    driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("the next receipt");
}

#[tokio::test]
async fn a_cash_return_is_refused_when_the_drawer_lacks_the_cash() {
    let (emulator, mut driver) = with_shift().await;
    let refused = driver.register(&groceries(FiscalKind::Return, TOTAL, 0)).await.expect_err("no cash");
    assert!(matches!(refused, FiscalError::Refused { code: 0x46, .. }), "{refused}");
    driver.register(&groceries(FiscalKind::Return, 0, TOTAL)).await.expect("a return to a card needs no cash");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn without_a_shift_or_after_24_hours_nothing_is_sold() {
    let (emulator, mut driver) = device();
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let refused = driver.register(&sale).await.expect_err("no shift");
    assert!(matches!(refused, FiscalError::Refused { code: 0x3D, .. }), "{refused}");
    driver.open_shift("").await.expect("a shift");
    emulator.advance(TimeDelta::hours(25));
    assert!(driver.state().await.expect("state").shift_expired);
    let refused = driver.register(&sale).await.expect_err("an old shift");
    assert!(matches!(refused, FiscalError::Refused { code: 0x4E, .. }), "{refused}");
    driver.close_shift("").await.expect("it can be closed");
    driver.open_shift("").await.expect("a new shift");
    driver.register(&sale).await.expect("a sale");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn without_paper_nothing_is_registered_until_it_is_loaded() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::PaperOut);
    assert!(!driver.state().await.expect("state").paper);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let refused = driver.register(&sale).await.expect_err("no paper");
    assert!(matches!(refused, FiscalError::Refused { code: 0x6B, .. }), "{refused}");
    emulator.set_fault(Fault::None);
    driver.register(&sale).await.expect("paper is loaded");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_refusal_names_its_code_and_leaves_no_document() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault("refuse:C9".parse().expect("a fault"));
    let refused = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect_err("a refusal");
    assert_eq!(refused.to_string(), "the fiscal device refuses: the print head is too hot; wait a little (code C9h)");
    assert_eq!(receipts(&emulator), 0);
}

#[tokio::test]
async fn a_lost_answer_is_said_to_be_unknown_and_the_document_is_found() {
    let (emulator, mut driver) = with_shift().await;
    let baseline = driver.state().await.expect("state").last_document;
    emulator.set_fault(Fault::NoAnswerAfterCommit);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let lost = driver.register(&sale).await.expect_err("no answer");
    assert!(matches!(lost, FiscalError::NoAnswer { .. }), "{lost}");
    let state = driver.state().await.expect("state");
    assert_eq!(state.last_document, baseline + 1);
    let found = driver.find_document(state.last_document).await.expect("an answer").expect("a document");
    assert_eq!((found.kind, found.total), (FiscalDocumentKind::Sale, sale.total()));
    assert_eq!(found.sign, emulator.documents()[1].sign.to_string());
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_silent_device_is_offline_and_comes_back() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Offline);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let offline = driver.register(&sale).await.expect_err("silence");
    assert!(matches!(offline, FiscalError::Offline { .. }), "{offline}");
    emulator.set_fault(Fault::None);
    driver.register(&sale).await.expect("it is back");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_offline_at_once() {
    let mut driver = Shtrih::new(port::connector("tcp://127.0.0.1:1".parse().expect("an address")));
    let offline = driver.state().await.expect_err("nobody listens");
    assert!(matches!(offline, FiscalError::Offline { .. }), "{offline}");
}

#[tokio::test]
async fn a_cut_link_is_opened_again_by_itself() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let tcp = listen_tcp(&emulator, "127.0.0.1:0".parse().expect("an address")).await.expect("a listener");
    let mut driver = Shtrih::with_timing(port::connector(tcp.address().clone()), QUICK);
    driver.open_shift("").await.expect("a shift");
    for number in 2..6 {
        emulator.cut_links();
        let made = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("a sale");
        assert_eq!(made.number, number);
    }
}

#[tokio::test]
async fn an_answer_is_fetched_over_a_new_link_when_the_old_one_is_cut_before_it() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Slow(Duration::from_millis(40)));
    let control = emulator.clone();
    // The cable is pulled after the document is stored and before its answer is sent.
    let pulled = tokio::spawn(async move {
        control.documents_reach(2).await;
        control.cut_links();
    });
    let made = driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("the answer is fetched");
    pulled.await.expect("the cable was pulled");
    assert_eq!(made.sign, emulator.documents()[1].sign.to_string());
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn an_answer_held_back_is_waited_for() {
    let (emulator, mut driver) = with_shift().await;
    emulator.hold_answers();
    let control = emulator.clone();
    let released = tokio::spawn(async move {
        control.documents_reach(2).await;
        control.release_answers();
    });
    let (shift, ()) = tokio::join!(driver.close_shift(""), async { released.await.expect("released") });
    assert_eq!(shift.expect("the shift is closed").number, 2);
}

#[tokio::test]
async fn garbled_answers_are_asked_for_again() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Garbage);
    let sale = FiscalReceipt { operator: String::new(), ..groceries(FiscalKind::Sale, TOTAL, 0) };
    let made = driver.register(&sale).await.expect("a sale");
    assert_eq!(made.number, 2);
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_slow_device_is_waited_for() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Slow(Duration::from_millis(350)));
    let sale = FiscalReceipt { operator: String::new(), ..groceries(FiscalKind::Sale, TOTAL, 0) };
    driver.register(&sale).await.expect("a sale, later than the driver looks");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_receipt_left_open_is_cancelled_by_the_next_one() {
    let (emulator, _) = with_shift().await;
    let mut port = (emulator.connector())().await.expect("a port");
    let mut answer = [0; 64];
    port.write_all(&[2, 6, 0x8D, 30, 0, 0, 0, 0, 6 ^ 0x8D ^ 30]).await.expect("written");
    let count = port.read(&mut answer).await.expect("an answer");
    assert_eq!(answer[..count], [6, 2, 3, 0x8D, 0, 30, 3 ^ 0x8D ^ 30]);
    let mut driver = Shtrih::with_timing(emulator.connector(), QUICK);
    assert!(driver.state().await.expect("state").document_open);
    driver.register(&groceries(FiscalKind::Sale, TOTAL, 0)).await.expect("a sale");
    driver.cancel_document().await.expect("nothing to cancel is fine");
    assert_eq!(receipts(&emulator), 1);
}

#[tokio::test]
async fn a_receipt_of_2000_lines_is_one_document() {
    let (emulator, mut driver) = with_shift().await;
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

#[tokio::test]
async fn prepaid_and_credit_reach_their_registers() {
    let (_emulator, mut driver) = with_shift().await;
    let payments =
        FiscalPayments { cash: money(697), electronic: money(10_000), prepaid: money(20_000), credit: money(10_000) };
    let receipt = FiscalReceipt { payments, ..groceries(FiscalKind::Sale, 0, 0) };
    driver.register(&receipt).await.expect("a sale");
    assert_eq!(driver.totals().await.expect("totals").sales, payments);
}

#[tokio::test]
async fn the_drawer_opens_by_the_registrar() {
    let (emulator, mut driver) = device();
    let mut drawer = FiscalDrawer::new(&mut driver);
    drawer.open().await.expect("a pulse");
    assert_eq!(drawer.counted().await.expect("a count"), Money::ZERO);
    assert_eq!(emulator.drawer_openings(), 1);
}

#[tokio::test]
async fn a_restarted_registrar_keeps_its_documents_and_loses_a_torn_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("memory");
    let start = || EmulatorHandle::with_memory(EmulatorSettings::default(), &path).expect("a memory file");
    let emulator = start();
    let mut driver = Shtrih::with_timing(emulator.connector(), QUICK);
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
        let mut driver = Shtrih::with_timing(emulator.connector(), QUICK);
        let state = driver.state().await.expect("state");
        assert_eq!((state.shift_open, state.last_document), (true, 2));
        let found = driver.find_document(2).await.expect("an answer").expect("a document");
        assert_eq!(found.sign, sign.sign);
        assert_eq!(driver.totals().await.expect("totals").cash_in_drawer, money(5000 + TOTAL));
    }
}

/// Run with `--ignored --nocapture`: the time of one receipt of 20 lines over a port in memory.
#[tokio::test]
#[ignore = "a measurement, not a check"]
async fn measure_a_receipt_of_20_lines() {
    let (emulator, mut driver) = with_shift().await;
    let lines: Vec<_> =
        (1..=20).map(|n| line("Молоко 3,2 % 1 л", 1000, 100 * n, 100 * n, VatRate::percent(10))).collect();
    let total = lines.iter().map(|line| line.amount).sum();
    let receipt = FiscalReceipt {
        kind: FiscalKind::Sale,
        operator: "Иванова".into(),
        lines,
        payments: FiscalPayments { cash: total, ..FiscalPayments::default() },
    };
    const RECEIPTS: u32 = 2000;
    let begun = Instant::now();
    for _ in 0..RECEIPTS {
        driver.register(&receipt).await.expect("a sale");
    }
    println!("{:?} a receipt of 20 lines", begun.elapsed() / RECEIPTS);
    assert_eq!(receipts(&emulator), 2000);
}
