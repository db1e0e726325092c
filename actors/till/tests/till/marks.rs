//! Marked units: one code is sold once, whoever sold it, and comes back to be sold again.

use chrono::TimeDelta;
use domain::ids::ReceiptId;
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, Ask, TillCommand};
use uuid::Uuid;

use crate::shop::{Above, Counter, Shop, back, closed, money, quantity, scan, sell, void};

/// The code of a unit of WATER, with a separator as scanners write it.
fn water(serial: &str, separator: &str) -> String {
    format!("010460000000008421{serial}{separator}93abcd")
}

fn mark(code: String) -> TillCommand {
    TillCommand::Answer(Answer::Mark(code))
}

async fn asks_mark(counter: &Counter, command: TillCommand) {
    assert_eq!(counter.asked(command).await, Ask::Mark { name: "WATER".to_owned() });
}

#[test]
fn retail_s47_a_unit_is_sold_once() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(scan(&water("A1", "\u{1d}"))).await;
        // The same unit, however the separator came.
        for separator in ["\u{1d}", "~1", "<GS>", "\\x1d"] {
            assert_eq!(counter.refused(scan(&water("A1", separator))).await, "mark_twice", "{separator:?}");
        }
        counter.give(scan(&format!("]d2{}", water("A2", "~1")))).await;
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.total), (2, money("129.80")));
        assert_eq!(view.lines[0].mark.as_deref(), Some("010460000000008421A1"));
        let two = TillCommand::Scan { data: water("A3", "~1"), quantity: Some(quantity("2")) };
        assert_eq!(counter.refused(two).await, "one_unit");
        let change = TillCommand::ChangeQuantity { line: 1, quantity: quantity("2") };
        assert_eq!(counter.refused(change).await, "one_unit");
        let sale = closed(counter.cash("129.80").await);
        assert_eq!(counter.refused(scan(&water("A1", "~1"))).await, "mark_sold");
        // It comes back, and may be sold again.
        closed(counter.give(back(sale.uid, &[(1, "1")], TenderType::Cash)).await);
        counter.give(scan(&water("A1", "~1"))).await;
        assert_eq!(counter.refused(scan(&water("A2", "~1"))).await, "mark_sold");
        closed(counter.cash("64.90").await);
    });
    shop.run(async |counter| {
        assert_eq!(counter.refused(scan(&water("A1", "~1"))).await, "mark_sold");
        counter.verify().await;
    });
}

#[test]
fn retail_s47_a_plain_barcode_asks_for_the_unit() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        asks_mark(counter, scan("4600000000084")).await;
        assert_eq!(counter.refused(mark("4600000000084".to_owned())).await, "not_the_mark");
        assert_eq!(counter.refused(mark("010460000000014521B1~193abcd".to_owned())).await, "not_the_mark");
        // Half a code, without its signature.
        assert_eq!(counter.refused(mark("010460000000008421A1".to_owned())).await, "not_the_mark");
        // The question stands, and a scan answers it.
        counter.give(scan(&water("A1", "~1"))).await;
        assert_eq!(counter.view().await.lines.len(), 1);
        asks_mark(counter, sell("1", "WATER")).await;
        counter.give(TillCommand::Decline).await;
        assert_eq!(counter.refused(mark(water("A2", "~1"))).await, "nothing_asked");
        asks_mark(counter, TillCommand::RepeatLast).await;
        assert_eq!(counter.refused(mark(water("A1", "~1"))).await, "mark_twice");
        asks_mark(counter, TillCommand::RepeatLast).await;
        counter.give(mark(water("A2", "~1"))).await;
        assert_eq!(counter.view().await.total, money("129.80"));
    });
}

#[test]
fn retail_s47_a_unit_is_voided_by_its_own_code() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(scan(&water("A1", "~1"))).await;
        counter.give(scan(&water("A2", "~1"))).await;
        asks_mark(counter, void(1)).await;
        assert_eq!(counter.refused(scan(&water("A2", "~1"))).await, "not_the_mark");
        counter.give(scan(&water("A1", "~1"))).await;
        assert!(counter.view().await.lines[0].voided);
        counter.give(scan(&water("A1", "~1"))).await;
        let sale = closed(counter.cash("129.80").await);
        assert_eq!(sale.lines.len(), 3);
        // A cancelled receipt sold nothing.
        counter.give(scan(&water("A3", "~1"))).await;
        counter.give(TillCommand::Cancel).await;
        counter.give(scan(&water("A3", "~1"))).await;
    });
}

#[test]
fn retail_s47_the_store_knows_of_other_tills() {
    let mut shop = Shop::new();
    let above = Above::default();
    above.knows().marks.insert("010460000000008421A1".to_owned(), ReceiptId(Uuid::from_u128(7)));
    shop.above = Some(above.clone());
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(scan(&water("A1", "~1"))).await, "mark_sold");
        counter.give(scan(&water("A2", "~1"))).await;
        let sale = closed(counter.cash("64.90").await);
        assert_eq!(above.knows().marks.get("010460000000008421A2"), Some(&sale.uid), "reserved for its receipt");
        // The first line of a receipt claims for it before it is open; the next unit for the same one.
        counter.give(scan(&water("A3", "~1"))).await;
        counter.give(scan(&water("A4", "~1"))).await;
        let sale = closed(counter.cash("129.80").await);
        let knows = above.knows();
        let holders: Vec<_> = ["A3", "A4"].map(|serial| knows.marks[&format!("010460000000008421{serial}")]).into();
        assert_eq!(holders, [sale.uid, sale.uid]);
    });
}

#[test]
fn retail_s47_a_silent_store_stops_marked_goods_after_three_days() {
    let mut shop = Shop::new();
    let above = Above::default();
    shop.above = Some(above.clone());
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(scan(&water("A1", "~1"))).await;
        counter.cash("64.90").await;
        above.knows().no_line = true;
    });
    let new_day = async |counter: &Counter| {
        counter.give(crate::shop::close_shift("0.00")).await;
        counter.open_shift("0.00").await;
    };
    shop.run(async |counter| {
        // On its own knowledge.
        shop.later(TimeDelta::hours(71));
        new_day(counter).await;
        assert_eq!(counter.refused(scan(&water("A1", "~1"))).await, "mark_sold");
        counter.give(scan(&water("A2", "~1"))).await;
        counter.cash("64.90").await;
        shop.later(TimeDelta::hours(1));
        assert_eq!(counter.refused(scan(&water("A3", "~1"))).await, "marks_unchecked");
        asks_mark(counter, scan("4600000000084")).await;
        assert_eq!(counter.refused(scan(&water("A3", "~1"))).await, "marks_unchecked");
        counter.sale(&[("1", "MILK")], "89.90").await;
        above.knows().no_line = false;
        counter.give(scan(&water("A3", "~1"))).await;
        above.knows().no_line = true;
        counter.give(scan(&water("A4", "~1"))).await;
    });
}
