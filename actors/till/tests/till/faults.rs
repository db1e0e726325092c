//! Devices that fail and disks that refuse.

use devices::fiscal::shtrih::Shtrih;
use devices::fiscal::{FiscalDevice, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt};
use devices::sim::fault::Fault;
use messages::v1::document::CashKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::TillMode;
use sea_orm::ConnectionTrait;
use till::SagaStep;

use crate::shop::{Counter, Shop, close_shift, closed, money, pay, quantity, sell};

#[test]
fn a_lost_answer_makes_no_second_document() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        shop.emulator.set_fault(Fault::NoAnswerAfterCommit);
        let receipt = closed(counter.cash("349.00").await);
        let fiscal = shop.fiscal_receipts();
        assert_eq!(fiscal.len(), 1);
        assert_eq!(receipt.fiscal.expect("its proof").number, fiscal[0].number);
    });
}

#[test]
fn paper_out_waits_and_resumes() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        shop.emulator.set_fault(Fault::PaperOut);
        assert_eq!(counter.refused(pay(TenderType::Card, "349.00")).await, "waiting");
        let view = counter.view().await;
        assert_eq!((view.mode, view.fiscal.works), (TillMode::WaitingForFiscal, false));
        assert_eq!(counter.refused(sell("1", "MILK")).await, "waiting_for_fiscal");
        assert_eq!(counter.refused(close_shift("0.00")).await, "waiting_for_fiscal");
        assert_eq!(counter.refused(TillCommand::Resume).await, "waiting");
        shop.emulator.set_fault(Fault::None);
        assert_eq!(closed(counter.give(TillCommand::Resume).await).total, money("349.00"));
        assert_eq!(shop.fiscal_receipts().len(), 1);
        assert_eq!(counter.refused(TillCommand::Resume).await, "nothing_waits");
    });
}

#[test]
fn a_whole_receipt_waits_for_a_device_that_is_off() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = counter.sale(&[("1", "COFFEE")], "349.00").await;
        let back = TillCommand::Return { of: Some(sale.uid), lines: Vec::new(), tender: TenderType::Cash };
        shop.emulator.set_fault(Fault::Offline);
        assert_eq!(counter.refused(back.clone()).await, "waiting");
        shop.emulator.set_fault(Fault::None);
        let cancelled = counter.give(TillCommand::Cancel).await.receipt.expect("the receipt");
        assert_eq!((cancelled.sequence, cancelled.of), (2, Some(sale.uid)));
        shop.emulator.set_fault(Fault::Offline);
        assert_eq!(counter.refused(back.clone()).await, "waiting");
        shop.emulator.set_fault(Fault::None);
        let returned = closed(counter.give(TillCommand::Resume).await);
        assert_eq!((returned.sequence, returned.total), (3, money("349.00")));
        assert_eq!(counter.refused(back).await, "nothing_left");
        assert_eq!(shop.fiscal_receipts().len(), 2);
        counter.verify().await;
    });
}

#[test]
fn a_refused_receipt_can_be_given_up() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        shop.emulator.set_fault(Fault::Refuse(0x33));
        assert_eq!(counter.refused(pay(TenderType::Card, "349.00")).await, "waiting");
        let cancelled = counter.give(TillCommand::Cancel).await.receipt.expect("the receipt");
        assert!(cancelled.fiscal.is_none());
        shop.emulator.set_fault(Fault::None);
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 2);
        assert_eq!(shop.fiscal_receipts().len(), 1);
    });
}

#[test]
fn a_dead_device_at_the_start_of_the_till_is_waited_for() {
    let shop = Shop::dying(std::sync::Arc::new(|step| assert_ne!(step, SagaStep::Registered, "power cut")));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.ask(pay(TenderType::Cash, "349.00")).await.expect_err("the node dies");
    });
    shop.emulator.set_fault(Fault::Offline);
    shop.run(async |counter| {
        let view = counter.view().await;
        assert_eq!((view.mode, view.restored.as_deref()), (TillMode::WaitingForFiscal, Some("waiting_for_fiscal")));
        shop.emulator.set_fault(Fault::None);
        assert_eq!(closed(counter.give(TillCommand::Resume).await).sequence, 1);
        assert_eq!(shop.fiscal_receipts().len(), 1);
    });
}

#[test]
fn a_foreign_document_stops_the_till_for_a_supervisor() {
    let shop = Shop::dying(std::sync::Arc::new(|step| assert_ne!(step, SagaStep::Fiscalising, "power cut")));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.ask(pay(TenderType::Cash, "349.00")).await.expect_err("the node dies");
    });
    // The device made nothing, so the next start registers the receipt.
    shop.run(async |counter| assert_eq!(counter.view().await.restored.as_deref(), Some("finished_receipt")));
    assert_eq!(shop.fiscal_receipts().len(), 1);

    let shop = Shop::dying(std::sync::Arc::new(|step| assert_ne!(step, SagaStep::Fiscalising, "power cut")));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.ask(pay(TenderType::Cash, "349.00")).await.expect_err("the node dies");
        foreign_sale(&shop).await;
    });
    shop.run(async |counter| {
        assert_eq!(counter.refused(sell("1", "MILK")).await, "fiscal_conflict");
        assert_eq!(counter.refused(TillCommand::Resume).await, "fiscal_conflict");
        assert_eq!(counter.refused(TillCommand::Cancel).await, "fiscal_conflict");
        let conflicts = counter.journal_kinds().await.iter().filter(|kind| *kind == "fiscal_conflict").count();
        assert_eq!((conflicts, shop.fiscal_receipts().len()), (1, 1));
        assert!(counter.receipts().await.is_empty());
    });
}

/// Somebody sells past the till on the same device.
pub(crate) async fn foreign_sale(shop: &Shop) {
    let mut device = Shtrih::new(shop.emulator.connector());
    let line = FiscalLine {
        name: "foreign".to_owned(),
        quantity: quantity("1"),
        price: money("1.00"),
        amount: money("1.00"),
        vat: domain::vat::VatRate::percent(22),
    };
    let payments = FiscalPayments { cash: money("1.00"), ..FiscalPayments::default() };
    let receipt = FiscalReceipt { kind: FiscalKind::Sale, operator: String::new(), lines: vec![line], payments };
    device.register(&receipt).await.expect("a foreign document");
}

#[test]
fn shifts_and_drawer_find_out_before_they_repeat() {
    let shop = Shop::new();
    shop.run(async |counter| {
        shop.emulator.set_fault(Fault::NoAnswerAfterCommit);
        counter.open_shift("100.00").await;
        assert_eq!(shop.emulator.documents().len(), 1);
        assert_eq!(shop.emulator.money_register(0xF1), Some(money("100.00")));
        shop.emulator.set_fault(Fault::PaperOut);
        let put = TillCommand::MoveCash { kind: CashKind::Loan, amount: money("5.00"), reason: "change".to_owned() };
        assert_eq!(counter.refused(put.clone()).await, "fiscal_device");
        shop.emulator.set_fault(Fault::None);
        counter.give(put).await;
        assert_eq!(shop.emulator.money_register(0xF1), Some(money("105.00")));
        shop.emulator.set_fault(Fault::NoAnswerAfterCommit);
        counter.give(close_shift("105.00")).await;
        assert_eq!(shop.emulator.documents().len(), 2);
        shop.emulator.set_fault(Fault::None);
    });
}

#[test]
fn a_stray_shift_of_the_device_is_closed_first() {
    let shop = Shop::new();
    shop.run(async |counter| {
        let mut device = Shtrih::new(shop.emulator.connector());
        device.open_shift("").await.expect("a shift of somebody");
        drop(device);
        counter.open_shift("0.00").await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 1);
        assert!(counter.journal_kinds().await.contains(&"stray_shift_closed".to_owned()));
    });
}

#[test]
fn a_journal_that_begins_before_the_first_shift_goes_on() {
    let shop = Shop::new();
    shop.run(async |counter| {
        let mut device = Shtrih::new(shop.emulator.connector());
        device.open_shift("").await.expect("a shift of somebody");
        drop(device);
        forbid(counter, "opening_shift", false).await;
        let open =
            TillCommand::OpenShift { operator: crate::shop::number("7"), pin: String::new(), float: money("0.00") };
        counter.refused(open).await;
        assert_eq!(counter.journal_kinds().await, ["stray_shift_closed"]);
    });
    shop.mend("DROP TRIGGER forbidden");
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 1);
        counter.verify().await;
    });
}

async fn disk(counter: &Counter, refuses: bool) {
    let sql = format!("PRAGMA query_only = {}", u8::from(refuses));
    counter.database.writer.execute_unprepared(&sql).await.expect("a pragma");
}

#[test]
fn a_disk_that_refuses_changes_nothing() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        let before = counter.view().await;
        disk(counter, true).await;
        assert_eq!(counter.refused(sell("1", "MILK")).await, "not_stored");
        assert_eq!(counter.refused(pay(TenderType::Cash, "349.00")).await, "not_stored");
        let after = counter.view().await;
        assert_eq!((after.lines, after.mode), (before.lines, before.mode));
        assert!(shop.fiscal_receipts().is_empty());
        disk(counter, false).await;
        assert_eq!(closed(counter.cash("349.00").await).sequence, 1);
        counter.verify().await;
    });
}

#[test]
fn a_changed_entry_of_the_journal_is_named() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("1", "MILK")], "89.90").await;
        counter.verify().await;
        let sql = "UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 3";
        counter.database.writer.execute_unprepared(sql).await.expect("an update");
        let error = till::records::verify_journal(&counter.database).await.expect_err("a broken journal");
        assert_eq!(error.to_string(), "entry 3 of the journal was changed after it was written");
    });
}

/// The database refuses entries of this kind, or, with `late`, the commit that holds one.
async fn forbid(counter: &Counter, kind: &str, late: bool) {
    let act = if late { "INSERT INTO orphan VALUES (1)" } else { "SELECT RAISE(ABORT, 'the disk is full')" };
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY);
         CREATE TABLE IF NOT EXISTS orphan (of INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER forbidden AFTER INSERT ON journal WHEN NEW.kind = '{kind}' BEGIN {act}; END;"
    );
    counter.database.writer.execute_unprepared(&sql).await.expect("a trigger");
}

async fn allow(counter: &Counter) {
    counter.database.writer.execute_unprepared("DROP TRIGGER forbidden").await.expect("no trigger");
}

#[test]
fn a_document_whose_proof_could_not_be_stored_is_found_again() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        forbid(counter, "fiscalised", false).await;
        assert_eq!(counter.refused(pay(TenderType::Cash, "349.00")).await, "waiting");
        assert_eq!((shop.fiscal_receipts().len(), counter.receipts().await.len()), (1, 0));
        allow(counter).await;
        assert_eq!(closed(counter.give(TillCommand::Resume).await).sequence, 1);
        assert_eq!((shop.fiscal_receipts().len(), counter.receipts().await.len()), (1, 1));
        counter.verify().await;
    });
}

#[test]
fn a_commit_of_unknown_outcome_ends_the_till_and_the_next_one_reads_the_truth() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        forbid(counter, "receipt_opened", true).await;
        counter.ask(sell("1", "COFFEE")).await.expect_err("the till fails on purpose");
        allow(counter).await;
        while counter.ask(TillCommand::ReportX).await.is_err() {
            tokio::task::yield_now().await;
        }
        let view = counter.view().await;
        assert_eq!((view.mode, view.lines.len(), view.sequence), (TillMode::Selling, 0, 1));
        assert!(shop.fiscal_receipts().is_empty());
        counter.sell("1", "COFFEE").await;
        assert_eq!(closed(counter.cash("349.00").await).sequence, 1);
        counter.verify().await;
    });
}

#[test]
fn a_shift_and_a_drawer_movement_survive_a_power_cut_behind_the_device() {
    let shop = Shop::new();
    let put = TillCommand::MoveCash { kind: CashKind::Loan, amount: money("5.00"), reason: "change".to_owned() };
    let close = close_shift("105.00");
    let open =
        TillCommand::OpenShift { operator: crate::shop::number("7"), pin: String::new(), float: money("100.00") };
    for (command, documents, drawer) in [(open, 1, "100.00"), (put, 1, "105.00"), (close, 2, "105.00")] {
        shop.run(async |counter| {
            forbid(counter, "device_done", false).await;
            assert_eq!(counter.refused(command).await, "waiting");
        });
        shop.mend("DROP TRIGGER forbidden");
        shop.run(async |counter| {
            assert_eq!(counter.view().await.restored.as_deref(), Some("finished_operation"));
            assert_eq!(shop.emulator.documents().len(), documents);
            assert_eq!(shop.emulator.money_register(0xF1), Some(money(drawer)));
            counter.verify().await;
        });
    }
    shop.run(async |counter| {
        let view = counter.view().await;
        assert_eq!((view.mode, view.shift), (TillMode::ShiftClosed, None));
        assert_eq!(counter.outbox().await.len(), 3);
    });
}
