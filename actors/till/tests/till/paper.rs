//! Copies on paper, and playing shop.

use std::path::Path;

use devices::sim::fault::Fault;
use messages::v1::document::AuditKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use messages::v1::view::TillMode;

use crate::shop::{Counter, Shop, approve, closed, money, number, pay, sell};

const LAST: TillCommand = TillCommand::Reprint { sequence: None };

#[test]
fn retail_s35_a_copy_says_so_and_is_counted() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(LAST).await, "nothing_to_print");
        let sale = counter.sale(&[("1", "COFFEE")], "400.00").await;
        shop.printer.set_fault(Fault::PaperOut);
        assert_eq!(counter.refused(LAST).await, "printer");
        assert_eq!(
            (counter.journal_count("reprinted").await, counter.audits(AuditKind::Reprinted).await.len()),
            (0, 0)
        );
        shop.printer.set_fault(Fault::None);
        let copy = counter.give(LAST).await;
        assert_eq!((copy.notes, *copy.receipt.expect("the receipt")), (vec!["copy 1".to_owned()], sale.clone()));
        counter.sell("1", "MILK").await;
        counter.give(TillCommand::Cancel).await;
        assert_eq!(counter.give(TillCommand::Reprint { sequence: Some(1) }).await.notes, ["copy 2"]);
        assert_eq!(counter.refused(TillCommand::Reprint { sequence: Some(2) }).await, "nothing_to_print");
        let paper = shop.printer.paper().join("\n");
        assert!(paper.contains("КОПИЯ"), "{paper}");
        assert!(paper.contains("COFFEE"), "{paper}");
        let noted = counter.audits(AuditKind::Reprinted).await;
        assert_eq!((noted.len(), noted[1].reason.as_str(), noted[1].receipt), (2, "copy 2", Some(sale.uid)));
        assert_eq!(shop.fiscal_receipts().len(), 1);
        assert_eq!(counter.give(TillCommand::ListReceipts).await.receipts.expect("a list"), [sale]);
    });
}

/// Rows of the tables that count.
async fn rows(counter: &Counter) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in ["journal", "receipt", "outbox", "put_aside", "mark_sold", "returned"] {
        let sql =
            sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, format!("SELECT COUNT(*) AS n FROM {table}"));
        let row = sea_orm::ConnectionTrait::query_one_raw(&counter.database.reader, sql).await.expect(table);
        rows.push(row.expect("a row").try_get("", "n").expect("a number"));
    }
    rows
}

/// Sell, park and pay by card where nothing counts.
async fn play(counter: &Counter) {
    let open = TillCommand::OpenShift { operator: number("8"), pin: "4321".to_owned(), float: money("0.00") };
    counter.give(open).await;
    counter.sell("2", "COFFEE").await;
    let receipt = closed(counter.give(pay(TenderType::Card, "698.00")).await);
    assert_eq!((receipt.sequence, receipt.tenders[0].proof.is_some()), (1, true));
    counter.sell("1", "MILK").await;
    counter.give(TillCommand::Park { name: String::new() }).await;
    let view = counter.view().await;
    assert!(view.training && view.parked == 1);
}

#[test]
fn retail_s66_training_leaves_nothing() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("1", "MILK").await;
        assert_eq!(counter.refused(TillCommand::Train { on: true }).await, "receipt_open");
        assert_eq!(counter.lacks(TillCommand::Cancel).await, "cancel_receipt");
        counter.give(approve("5", "5555")).await;
        let (before, drawer) = (rows(counter).await, shop.emulator.drawer_openings());
        counter.give(TillCommand::Train { on: true }).await;
        assert_eq!(counter.refused(TillCommand::Train { on: true }).await, "training");
        let view = counter.view().await;
        assert_eq!(
            (view.training, view.mode, view.operator.as_deref()),
            (true, TillMode::ShiftClosed, Some("Петрова"))
        );
        play(counter).await;
        let version = counter.view().await.version;
        counter.give(TillCommand::Train { on: false }).await;
        let view = counter.view().await;
        assert!(!view.training && view.version > version && view.parked == 0);
        // Two entries and their two notes.
        let mut expected = before;
        (expected[0], expected[2]) = (expected[0] + 2, expected[2] + 2);
        assert_eq!(rows(counter).await, expected);
        assert!(shop.card.charges().is_empty() && shop.fiscal_receipts().is_empty());
        assert_eq!(shop.emulator.drawer_openings(), drawer);
        assert!(!Path::new(&shop.training_folder()).exists());
        assert_eq!(counter.refused(TillCommand::Train { on: false }).await, "nothing_asked");
        // The next sale is real, and its number has no gap.
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 2);
        counter.verify().await;
    });
}

#[test]
fn a_till_that_dies_in_training_comes_back_real() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.give(TillCommand::Train { on: true }).await;
        play(counter).await;
        counter.sell("1", "BREAD").await;
    });
    shop.run(async |counter| {
        let view = counter.view().await;
        assert_eq!((view.training, view.lines.len(), view.mode), (false, 0, TillMode::Selling));
        assert!(!Path::new(&shop.training_folder()).exists());
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 1);
    });
}

#[test]
fn training_needs_its_right() {
    let shop = Shop::staffed();
    let mut roles = messages::v1::settings::Roles::default();
    let mut cashier = domain::rights::Permissions::cashier();
    cashier.rights.remove(&domain::rights::Right::Train);
    roles.roles.insert(messages::v1::catalogue::Role::Cashier, cashier);
    shop.set(&roles);
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        assert_eq!(counter.lacks(TillCommand::Train { on: true }).await, "train");
        counter.give(approve("5", "5555")).await;
        assert!(counter.view().await.training);
        assert_eq!(counter.refused(sell("1", "MILK")).await, "shift_closed");
    });
}
