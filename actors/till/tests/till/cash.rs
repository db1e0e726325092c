//! Shifts, counts and drawer movements.

use chrono::TimeDelta;
use messages::v1::document::{CashKind, Document, Pieces};
use messages::v1::settings::CashRules;
use messages::v1::till::{Counted, TillCommand};

use crate::shop::{Above, Shop, approve, close_shift, money, number, sell};

#[test]
fn retail_s49_a_blind_count_and_a_difference_above_the_limit() {
    let shop = Shop::staffed();
    shop.set(&CashRules { blind_count: true, difference_max: money("30.00"), ..CashRules::default() });
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "100.00").await;
        counter.sale(&[("1", "COFFEE")], "349.00").await;
        assert_eq!(counter.lacks(TillCommand::ReportX).await, "see_expected_cash");
        counter.give(TillCommand::Decline).await;
        // Counting tells a cashier nothing either.
        let counted = counter.give(TillCommand::Count { counted: Counted::from(money("1.00")) }).await;
        assert_eq!((counted.totals, counted.over_short), (None, None));
        let pieces = vec![Pieces { worth: money("100.00"), count: 4 }, Pieces { worth: money("1.00"), count: 18 }];
        let close =
            TillCommand::CloseShift { counted: Some(Counted { amount: money("418.00"), pieces: pieces.clone() }) };
        assert_eq!(counter.lacks(close).await, "close_with_difference");
        let closed = counter.give(approve("5", "5555")).await;
        assert_eq!(closed.over_short, Some(money("-31.00")));
        let Some(Document::ShiftClosed(document)) = counter.outbox().await.pop() else { panic!("a closed shift") };
        assert_eq!((document.pieces, document.approver), (pieces, Some(number("5"))));
        assert!(!document.not_counted);
        // Within the limit nobody is asked.
        counter.open_shift_as("8", "4321", "100.00").await;
        counter.give(close_shift("130.00")).await;
        counter.verify().await;
    });
}

#[test]
fn retail_s51_a_forgotten_shift_closes_without_a_count() {
    let mut shop = Shop::new();
    let above = Above::default();
    above.knows().day = Some("2026-03-01".parse().expect("a day"));
    shop.above = Some(above.clone());
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        counter.sell("1", "MILK").await;
        counter.give(TillCommand::Park { name: "later".to_owned() }).await;
        assert_eq!(counter.refused(TillCommand::CloseShift { counted: None }).await, "not_counted");
        shop.later(TimeDelta::hours(24) + TimeDelta::minutes(1));
        assert_eq!(counter.refused(sell("1", "MILK")).await, "shift_expired");
        let totals = *counter.give(TillCommand::CloseShift { counted: None }).await.totals.expect("totals");
        assert_eq!(totals.business_day.to_string(), "2026-03-01");
        let Some(Document::ShiftClosed(document)) = counter.outbox().await.pop() else { panic!("a closed shift") };
        assert!(document.not_counted && document.over_short.is_zero());
        // The day is the store's; without it, that of the till.
        above.knows().no_line = true;
        counter.open_shift("100.00").await;
        let sale = counter.sale(&[("1", "MILK")], "89.90").await;
        assert_eq!(sale.business_day.to_string(), "2026-03-03");
        counter.give(TillCommand::Recall { parked: None }).await;
        assert_eq!(counter.view().await.total, money("89.90"));
    });
}

#[test]
fn money_moves_for_a_reason() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        let kinds = [
            (CashKind::Loan, "50.00"),
            (CashKind::PaidIn, "5.00"),
            (CashKind::Pickup, "80.00"),
            (CashKind::PaidOut, "7.00"),
        ];
        let moves =
            |kind, amount: &str| TillCommand::MoveCash { kind, amount: money(amount), reason: "why".to_owned() };
        for (kind, amount) in kinds {
            counter.give(moves(kind, amount)).await;
        }
        assert_eq!(counter.refused(moves(CashKind::Loan, "-1.00")).await, "amount_not_positive");
        assert_eq!(counter.refused(moves(CashKind::Pickup, "68.01")).await, "not_enough_cash");
        let moved: Vec<_> = counter
            .outbox()
            .await
            .into_iter()
            .filter_map(|document| match document {
                Document::CashMoved(moved) => Some((moved.kind, moved.amount.to_string())),
                _ => None,
            })
            .collect();
        let amounts = ["50.00", "5.00", "-80.00", "-7.00"];
        let expected: Vec<_> =
            kinds.iter().zip(amounts).map(|((kind, _), amount)| (*kind, amount.to_owned())).collect();
        assert_eq!(moved, expected);
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!(
            (totals.cash_in, totals.cash_out, totals.cash_expected),
            (money("55.00"), money("87.00"), money("68.00"))
        );
        assert_eq!(shop.emulator.money_register(0xF1), Some(money("68.00")));
    });
}

#[test]
fn a_report_costs_the_same_after_many_receipts() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        // Everything the till keeps beside its journal, by which a report might be made longer.
        let cost = async || {
            let (commits, entries) = (counter.commits().await, counter.journal_kinds().await.len());
            counter.give(TillCommand::ReportX).await;
            (counter.commits().await - commits, counter.journal_kinds().await.len() - entries)
        };
        for _ in 0..10 {
            counter.sale(&[("1", "MILK")], "89.90").await;
        }
        assert_eq!(cost().await, (0, 0));
        // The receipts are out of its reach now, and the report does not miss them.
        let sql = "ALTER TABLE receipt RENAME TO hidden; ALTER TABLE journal RENAME TO hidden_journal";
        sea_orm::ConnectionTrait::execute_unprepared(&counter.database.writer, sql).await.expect("renamed");
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.sales_count, totals.sales), (10, money("899.00")));
    });
}
