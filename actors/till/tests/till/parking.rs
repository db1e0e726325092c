//! Receipts that are put aside and taken up again.

use domain::ids::TillId;
use messages::v1::receipt::Receipt;
use messages::v1::settings::SaleRules;
use messages::v1::till::{Answer, TillCommand};

use crate::shop::{Above, Counter, Shop, closed, money, percent, quantity, scan, sell, void};

fn park(name: &str) -> TillCommand {
    TillCommand::Park { name: name.to_owned() }
}

async fn parked(counter: &Counter, code: &str) -> Receipt {
    counter.sell("1", code).await;
    closed(counter.give(park(code)).await)
}

const ONLY: TillCommand = TillCommand::Recall { parked: None };

fn recall(receipt: &Receipt) -> TillCommand {
    TillCommand::Recall { parked: Some(receipt.uid) }
}

#[test]
fn a_till_takes_up_its_own_without_a_store() {
    let mut shop = Shop::new();
    let above = Above::default();
    above.knows().no_line = true;
    shop.above = Some(above);
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(ONLY).await, "nothing_parked");
        assert_eq!(counter.refused(park("")).await, "no_receipt");
        counter.sell("1", "COFFEE").await;
        counter.sell("2", "MILK").await;
        counter.give(percent(Some(2), 1_000)).await;
        counter.give(void(1)).await;
        counter.give(TillCommand::Customer { number: "79001234567".to_owned() }).await;
        let first = closed(counter.give(park("the lady in red")).await);
        assert_eq!((first.sequence, first.total), (1, money("161.82")));
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.sequence, view.parked), (0, 2, 1));
    });
    shop.run(async |counter| {
        assert_eq!(counter.view().await.parked, 1);
        let listed = counter.give(TillCommand::ListParked).await.parked.expect("a list");
        assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].lines), (1, "the lady in red", 1));
        let second = parked(counter, "BREAD").await;
        assert_eq!(counter.refused(ONLY).await, "choose_parked");
        counter.give(TillCommand::Recall { parked: Some(listed[0].uid) }).await;
        let view = counter.view().await;
        assert_eq!((view.total, view.lines.len(), view.parked), (money("161.82"), 1, 1));
        assert_eq!((view.customer.as_deref(), view.discounts[0].line), (Some("79001234567"), Some(1)));
        assert_eq!(counter.refused(recall(&second)).await, "receipt_open");
        let receipt = closed(counter.cash("161.82").await);
        assert_eq!((receipt.sequence, receipt.recalled), (3, Some(listed[0].uid)));
        let again = TillCommand::Recall { parked: Some(listed[0].uid) };
        assert_eq!(counter.refused(again).await, "parked_taken");
        counter.give(ONLY).await;
        counter.give(TillCommand::Cancel).await;
        assert_eq!(counter.refused(recall(&second)).await, "parked_taken");
        let kinds: Vec<_> = counter.receipts().await.into_iter().map(|ended| ended.kind).collect();
        assert_eq!(kinds, ["parked", "parked", "sale", "cancelled"]);
        assert_eq!(shop.fiscal_receipts().len(), 1);
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.sales, totals.sales_count, totals.cancelled_count), (money("161.82"), 1, 1));
        counter.verify().await;
    });
}

#[test]
fn retail_s23_the_store_gives_each_to_one_till_once() {
    let other = Shop::new();
    let theirs = other.run(async |counter| {
        counter.open_shift("0.00").await;
        let mut theirs = parked(counter, "COFFEE").await;
        theirs.till = TillId(2);
        theirs
    });
    let gone = Receipt { uid: domain::ids::ReceiptId(uuid::Uuid::from_u128(1)), ..theirs.clone() };
    let mut shop = Shop::new();
    let above = Above::default();
    above.knows().parked = vec![(theirs.clone(), None), (gone.clone(), Some(TillId(3)))];
    shop.above = Some(above.clone());
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(recall(&gone)).await, "parked_taken");
        counter.give(ONLY).await;
        assert_eq!(closed(counter.cash("349.00").await).recalled, Some(theirs.uid));
        // The store gives it to the same till again, as long as it does not know what became of it.
        assert_eq!(counter.refused(recall(&theirs)).await, "parked_taken");
        // What the store does not have yet is this till's to take up.
        let own = parked(counter, "MILK").await;
        counter.give(recall(&own)).await;
        counter.give(TillCommand::Cancel).await;
        // Another till has taken one of this till's: it is gone here too.
        let own = parked(counter, "MILK").await;
        above.knows().parked.push((own.clone(), Some(TillId(3))));
        assert_eq!(counter.view().await.parked, 1);
        assert!(counter.give(TillCommand::ListParked).await.parked.expect("a list").is_empty());
        assert_eq!(counter.view().await.parked, 0);
        above.knows().no_line = true;
        assert_eq!(counter.refused(recall(&own)).await, "parked_taken");
        assert_eq!(counter.refused(recall(&gone)).await, "parked_unreachable");
    });
}

#[test]
fn retail_s23_prices_are_those_of_now_unless_the_shop_keeps_them() {
    for keep in [false, true] {
        let shop = Shop::new();
        shop.set(&SaleRules { parked_keep_prices: keep, ..SaleRules::default() });
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            counter.sell("2", "MILK").await;
            counter.scan("2400456356122").await;
            counter.asked(scan("FLOWERS")).await;
            counter.answer(Answer::Price(money("50.00"))).await;
            counter.give(park("")).await;
            for (code, price) in [("MILK", "94.90"), ("CHEESE", "800.00")] {
                let mut item = counter.item(code).await;
                item.price = money(price);
                counter.put_item(&item).await;
            }
            let notes = counter.give(ONLY).await.notes;
            let view = counter.view().await;
            // A label's sum and an entered price stand.
            let amounts: Vec<_> = view.lines.iter().map(|line| line.amount.to_string()).collect();
            if keep {
                assert_eq!(
                    (amounts.as_slice(), notes.len()),
                    (&["179.80", "356.12", "50.00"].map(String::from)[..], 0)
                );
            } else {
                assert_eq!(amounts, ["189.80", "356.12", "50.00"]);
                assert_eq!(notes, ["MILK: 89.90 is now 94.90"]);
            }
        });
    }
}

#[test]
fn marked_units_are_free_while_their_receipt_waits() {
    let water = |serial: &str| scan(&format!("010460000000008421{serial}~193abcd"));
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(water("A1")).await;
        counter.give(water("A2")).await;
        counter.sell("1", "COLA").await;
        counter.give(park("")).await;
        // Somebody else is faster with the first.
        counter.give(water("A1")).await;
        counter.cash("64.90").await;
        let notes = counter.give(ONLY).await.notes;
        assert_eq!(notes.len(), 1, "{notes:?}");
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.total), (3, money("129.90")));
        assert_eq!(view.lines[2].deposit_of, Some(2), "the deposit follows the new number of its goods");
        assert_eq!(counter.refused(water("A2")).await, "mark_twice");
        closed(counter.cash("129.90").await);
        assert_eq!(counter.refused(water("A2")).await, "mark_sold");
    });
}

#[test]
fn what_is_begun_to_be_paid_or_comes_back_is_not_parked() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("500.00").await;
        counter.sell("2", "MILK").await;
        counter.cash("10.00").await;
        assert_eq!(counter.refused(park("")).await, "payment_begun");
        counter.give(TillCommand::Cancel).await;
        counter.give(TillCommand::ToggleReturn).await;
        counter.give(sell("1", "MILK")).await;
        assert_eq!(counter.refused(park("")).await, "return_not_parked");
        counter.give(TillCommand::VoidLine { line: 1, quantity: Some(quantity("1")) }).await;
        counter.give(TillCommand::Cancel).await;
    });
}
