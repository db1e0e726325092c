//! What an operator does at a Shtrih registrar beside trade, and the codes of marked goods.

use chrono::NaiveDate;
use devices::fiscal::shtrih::Shtrih;
use devices::fiscal::{
    FiscalDetails, FiscalDevice, FiscalError, FiscalKind, FiscalReceipt, LineMark, MarkCheck, SalePermission,
};
use devices::sim::fault::Fault;
use devices::sim::shtrih::{EmulatorHandle, EmulatorSettings};

use super::over_line::with_shift;
use super::{TOTAL, groceries, receipts};

const UNIT: &str = "0104601234567893215jcmHzLmkdPML\u{1d}938p9E";
const OTHER_UNIT: &str = "0104601234567893215jcmHzLmkdPMM\u{1d}938p9E";
const UNSIGNED: &str = "0104601234567893215jcmHzLmkdPMN";
const GOOD: MarkCheck = MarkCheck { result: 0x0F, kept: true };

/// A refusal by the device with this code.
fn assert_refused<T: std::fmt::Debug>(result: Result<T, FiscalError>, code: u16) {
    assert!(matches!(&result, Err(FiscalError::Refused { code: found, .. }) if *found == code), "{result:?}");
}

fn assert_cannot<T: std::fmt::Debug>(result: Result<T, FiscalError>, part: &str) {
    assert!(matches!(&result, Err(FiscalError::Protocol { what }) if what.contains(part)), "{result:?}");
}

fn mark(line: usize, code: &str) -> LineMark {
    LineMark { line, code: code.into(), permission: None }
}

fn paid(kind: FiscalKind) -> FiscalReceipt {
    groceries(kind, TOTAL, 0)
}

#[tokio::test]
async fn a_registrar_tells_who_it_is_and_takes_the_time() {
    let (_emulator, mut driver) = with_shift().await;
    let then = NaiveDate::from_ymd_opt(2026, 2, 3).and_then(|day| day.and_hms_opt(4, 5, 6)).expect("a time");
    for then in [then, then + chrono::TimeDelta::hours(1), then + chrono::TimeDelta::days(31)] {
        driver.set_clock(then).await.expect("the clock is set");
        let FiscalDetails { model, serial, taxpayer, clock, storage_until, unsent, unsent_since, warnings } =
            driver.details().await.expect("details");
        assert_eq!((model.as_str(), serial.as_str()), ("ШТРИХ-М-01Ф", "12345"));
        assert_eq!(taxpayer.as_deref(), Some("7701234567"));
        assert!(clock.is_some_and(|clock| (clock - then).num_seconds().abs() < 20), "{clock:?}");
        assert!(storage_until.is_some_and(|day| day > then.date()), "{storage_until:?}");
        assert_eq!((unsent, unsent_since, warnings), (0, None, vec![]));
    }
}

#[tokio::test]
async fn the_lines_above_a_receipt_are_written_read_and_printed() {
    let (emulator, mut driver) = with_shift().await;
    assert_eq!(driver.header().await, Ok(vec![String::new(); 4]));
    let lines = ["ООО \"Ромашка\"".to_owned(), "Спасибо за покупку".to_owned()];
    driver.set_header(&lines).await.expect("the lines are set");
    let kept = [&lines[..], &[String::new(), String::new()]].concat();
    assert_eq!(driver.header().await, Ok(kept.clone()));
    driver.register(&paid(FiscalKind::Sale)).await.expect("a sale");
    let printed = emulator.printed();
    let title = printed.iter().position(|line| line == "ПРИХОД").expect("a receipt");
    assert_eq!(printed[title - 2..title], lines);

    assert_cannot(driver.set_header(&vec![String::new(); 5]).await, "room for 4 lines");
    assert_cannot(driver.set_header(&["я".repeat(41)]).await, "longer than 40");
    assert_eq!(driver.header().await, Ok(kept), "nothing is written of what does not fit");
    driver.set_header(&["я".repeat(40)]).await.expect("a full line");
    assert_eq!(driver.header().await.expect("lines")[..2], ["я".repeat(40), String::new()]);
}

#[tokio::test]
async fn what_was_being_printed_goes_on_when_paper_is_loaded() {
    for is_told in [true, false] {
        let (emulator, mut driver) = with_shift().await;
        driver.continue_printing().await.expect("nothing waits");
        emulator.run_out_of_paper();
        driver.register(&paid(FiscalKind::Sale)).await.expect("the storage has it");
        assert!(!driver.state().await.expect("state").paper);
        assert_refused(driver.continue_printing().await, 0x6B);
        assert_refused(driver.register(&paid(FiscalKind::Sale)).await, 0x6B);
        emulator.load_paper();
        assert!(driver.state().await.expect("state").paper);
        if is_told {
            driver.continue_printing().await.expect("the rest is printed");
        }
        driver.register(&paid(FiscalKind::Sale)).await.expect("the next sale");
        assert_eq!(receipts(&emulator), 2);
    }
}

#[tokio::test]
async fn the_last_document_is_printed_once_more() {
    let emulator = EmulatorHandle::new(EmulatorSettings::default());
    let mut driver = Shtrih::with_timing(emulator.connector(), super::over_line::QUICK);
    assert_refused(driver.print_copy().await, 0x56);
    driver.open_shift("").await.expect("a shift");
    driver.register(&paid(FiscalKind::Sale)).await.expect("a sale");
    driver.print_copy().await.expect("a copy");
    assert_eq!(emulator.printed().last().map(String::as_str), Some("КОПИЯ ФД 2 ИТОГ 406.97"));
    assert_eq!(receipts(&emulator), 1);
}

/// The receipt of [`groceries`] has units at its first and last lines.
#[tokio::test]
async fn a_unit_is_sold_once_and_comes_back_once() {
    let (emulator, mut driver) = with_shift().await;
    let marks = [mark(0, UNIT), mark(2, OTHER_UNIT)];
    for mark in &marks {
        assert_eq!(driver.check_mark(FiscalKind::Sale, &mark.code).await, Ok(GOOD));
    }
    driver.register_marked(&paid(FiscalKind::Sale), &marks).await.expect("a sale");
    let printed = emulator.printed();
    assert!(printed.ends_with(&[format!("[М] {UNIT}"), format!("[М] {OTHER_UNIT}")]), "{printed:?}");

    let again = driver.check_mark(FiscalKind::Sale, UNIT).await.expect("a check");
    assert_eq!((again, again.is_refused()), (MarkCheck { result: 7, kept: false }, true));
    assert_cannot(driver.register_marked(&paid(FiscalKind::Sale), &marks[..1]).await, "refused");
    assert!(!driver.state().await.expect("state").document_open);
    assert_eq!(receipts(&emulator), 1);

    assert_eq!(driver.check_mark(FiscalKind::Return, UNIT).await, Ok(GOOD));
    driver.register_marked(&paid(FiscalKind::Return), &marks[..1]).await.expect("it comes back");
    assert!(driver.check_mark(FiscalKind::Return, UNIT).await.is_ok_and(MarkCheck::is_refused));
    assert_eq!(driver.check_mark(FiscalKind::Sale, UNIT).await, Ok(GOOD));
    let permission =
        SalePermission { request: "b2a0e9b7-5d8e-4f8f-9d1c-1f5a2f7a9d10".into(), timestamp: 1_795_750_000_000 };
    let marked = LineMark { permission: Some(permission), ..mark(0, UNIT) };
    driver.register_marked(&paid(FiscalKind::Sale), &[marked]).await.expect("it is sold again");
    assert_eq!(receipts(&emulator), 3);
}

#[tokio::test]
async fn a_code_that_nobody_signed_is_kept_and_one_that_belongs_to_no_unit_is_not_sent() {
    let (emulator, mut driver) = with_shift().await;
    let check = driver.check_mark(FiscalKind::Sale, UNSIGNED).await.expect("a check");
    assert_eq!((check, check.is_checked()), (MarkCheck { result: 0, kept: true }, false));
    driver.register_marked(&paid(FiscalKind::Sale), &[mark(0, UNSIGNED)]).await.expect("a sale");

    let sale = paid(FiscalKind::Sale);
    assert_cannot(driver.register_marked(&sale, &[mark(3, UNIT)]).await, "no line 4");
    // 0.535 of something.
    assert_cannot(driver.register_marked(&sale, &[mark(1, UNIT)]).await, "one unit");
    assert_cannot(driver.register_marked(&sale, &[mark(0, UNIT), mark(0, OTHER_UNIT)]).await, "one unit");
    for code in [String::new(), "x".repeat(246)] {
        assert_cannot(driver.register_marked(&sale, &[mark(0, &code)]).await, "does not fit");
        assert_cannot(driver.check_mark(FiscalKind::Sale, &code).await, "does not fit");
    }
    let permission = SalePermission { request: "x".repeat(250), timestamp: 0 };
    let long = LineMark { permission: Some(permission), ..mark(0, UNIT) };
    assert_cannot(driver.register_marked(&sale, &[long]).await, "too long");
    let long = "x".repeat(245);
    driver.check_mark(FiscalKind::Sale, &long).await.expect("the longest code");
    driver.register_marked(&sale, &[mark(0, &long)]).await.expect("a sale");
    assert_eq!(receipts(&emulator), 2);
}

#[tokio::test]
async fn a_check_at_a_silent_registrar_can_be_made_again() {
    let (emulator, mut driver) = with_shift().await;
    emulator.set_fault(Fault::Offline);
    let lost = driver.check_mark(FiscalKind::Sale, UNIT).await;
    assert!(matches!(lost, Err(FiscalError::Offline { .. })), "{lost:?}");
    emulator.set_fault(Fault::None);
    assert_eq!(driver.check_mark(FiscalKind::Sale, UNIT).await, Ok(GOOD));
}
