//! What only a Shtrih registrar can show: its line, its frames, its receipts in pieces.

use std::time::{Duration, Instant};

use devices::fiscal::shtrih::{Shtrih, Timing};
use devices::fiscal::{FiscalDevice, FiscalError, FiscalKind, FiscalPayments, FiscalReceipt};
use devices::port;
use devices::sim::fault::Fault;
use devices::sim::listen::{listen_pty, listen_tcp};
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};
use domain::vat::VatRate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::scripts::{finds, trade};
use super::{TOTAL, groceries, line, money, receipts};

#[path = "noise.rs"]
mod noise;

/// Waits short enough for a test and long enough for a busy machine.
pub(crate) const QUICK: Timing =
    Timing { enquiry: Duration::from_millis(200), look: Duration::from_millis(200), byte: Duration::from_millis(60) };

pub(crate) async fn with_shift() -> (EmulatorHandle, Shtrih) {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let mut driver = Shtrih::with_timing(emulator.connector(), QUICK);
    driver.open_shift("Иванова").await.expect("a shift");
    (emulator, driver)
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
async fn a_lost_answer_is_said_to_be_unknown_and_the_document_is_found() {
    let (emulator, mut driver) = with_shift().await;
    let baseline = driver.state().await.expect("state").last_document;
    emulator.set_fault(Fault::NoAnswerAfterCommit);
    let sale = groceries(FiscalKind::Sale, TOTAL, 0);
    let lost = driver.register(&sale).await.expect_err("no answer");
    assert!(matches!(lost, FiscalError::NoAnswer { .. }), "{lost}");
    finds(&emulator, &mut driver, baseline + 1, &sale).await;
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
