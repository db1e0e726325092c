//! Shifts, cash movements, and numbers that cancelled receipts took.

use backoffice::tills;
use messages::v1::document::{CashKind, CashMoved, ReceiptCancelled, ShiftClosed, ShiftOpened, ShiftTotals};

use super::*;

#[tokio::test]
async fn shifts_cash_and_cancelled_receipts() {
    let shop = Shop::open().await;
    let store = StoreId::new("S1").unwrap();
    let (till, operator) = (TillId(1), OperatorNumber("7".to_owned()));
    let opened = ShiftOpened {
        store: store.clone(),
        till,
        shift: 1,
        business_day: "2026-11-25".parse().unwrap(),
        at: at("2026-11-25T08:00:00+03:00"),
        operator: operator.clone(),
        float: money("100.00"),
    };
    let moved = CashMoved {
        store: store.clone(),
        till,
        shift: 1,
        at: at("2026-11-25T12:00:00+03:00"),
        operator: operator.clone(),
        amount: money("-50.00"),
        reason: "to the bank".to_owned(),
        kind: CashKind::Pickup,
    };
    let closed = ShiftClosed {
        store,
        till,
        at: at("2026-11-25T22:00:00+03:00"),
        operator,
        counted: money("229.80"),
        over_short: money("0.00"),
        totals: ShiftTotals {
            shift: 1,
            business_day: opened.business_day,
            opened_at: opened.at,
            float: opened.float,
            cash_in: Money::ZERO,
            cash_out: money("50.00"),
            cash_expected: money("229.80"),
            sales_count: 1,
            sales: money("179.80"),
            returns_count: 0,
            returns: Money::ZERO,
            cancelled_count: 1,
            cancelled: money("7.00"),
            returns_without_receipt: Money::ZERO,
            journal: 0,
            journal_hash: String::new(),
            tenders: Vec::new(),
            vat: Vec::new(),
        },
        pieces: Vec::new(),
        not_counted: false,
        approver: None,
    };
    let sold = sale("S1", 1, "2026-11-25T09:15:00+03:00", TenderType::Cash, &[("10", "2", "89.90", "10")]);
    let given_up = sale("S1", 2, "2026-11-25T09:20:00+03:00", TenderType::Cash, &[("20", "1", "7", "22")]);
    let documents = [
        Document::ShiftOpened(opened),
        Document::ReceiptClosed(Box::new(sold)),
        Document::ReceiptCancelled(Box::new(ReceiptCancelled { receipt: given_up })),
        Document::CashMoved(moved),
        Document::ShiftClosed(Box::new(closed)),
    ];
    let batch: Vec<Received> = documents.iter().map(|document| shop.received("S1", document)).collect();
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Applied; 5]);
    assert_eq!(shop.apply(&batch).await, vec![Outcome::Duplicate; 5]);
    let states = tills::states(&shop.database.reader).await.unwrap();
    assert_eq!((states[0].last_sequence, states[0].shift, states[0].shift_open), (2, 1, false));
    assert_eq!(states[0].last_total, 17980, "a cancelled receipt is no last sale");
    let shifts = tills::closed_shifts(&shop.database.reader, 5).await.unwrap();
    assert_eq!((shifts[0].sales, shifts[0].over_short), (17980, 0));
    shop.report(
        "day",
        expect![[r#"
        day         receipts   sales  returns     net    vat
        ----------  --------  ------  -------  ------  -----
        2026-11-25         1  179.80     0.00  179.80  16.35
        ----------  --------  ------  -------  ------  -----
        total              1  179.80     0.00  179.80  16.35
    "#]],
    )
    .await;
}
