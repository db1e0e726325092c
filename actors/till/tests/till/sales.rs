//! Selling: the basic scenarios, shifts and cash, refusals.

use chrono::TimeDelta;
use domain::quantity::Quantity;
use messages::v1::document::{CashKind, Document};
use messages::v1::receipt::{Tender, TenderType};
use messages::v1::settings::TaxRules;
use messages::v1::till::{Counted, TillCommand, WholeLine, WholeReceipt};
use messages::v1::view::TillMode;

use crate::shop::{Shop, close_shift, closed, money, number, pay, quantity, sell, vat};

#[test]
fn retail_s01_cash_sale() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("1000.00").await;
        counter.give(TillCommand::Scan { data: "4600000000015".to_owned(), quantity: Some(quantity("2")) }).await;
        counter.scan("4600000000022").await;
        counter.scan("4600000000077").await;
        assert_eq!(counter.view().await.total, money("232.30"));
        let receipt = closed(counter.cash("500.00").await);
        assert_eq!((receipt.total, receipt.change), (money("232.30"), money("267.70")));
        let fiscal = receipt.fiscal.as_ref().expect("a fiscal document");
        assert_eq!(shop.fiscal_receipts().iter().map(|document| document.number).collect::<Vec<_>>(), [fiscal.number]);
        // Rounded a line at a time: 16.35 + 4.14 where the group of 225.30 would have 20.48.
        assert_eq!(vat(&receipt), ["10: 20.49", "22: 1.26"]);
        assert_eq!(shop.emulator.drawer_openings(), 1);
        counter.verify().await;
    });
}

#[test]
fn retail_s01_vat_of_a_group() {
    let shop = Shop::new();
    shop.set(&TaxRules { vat_rounding: domain::receipt::VatRounding::Group, ..TaxRules::default() });
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let receipt = counter.sale(&[("2", "MILK"), ("1", "BREAD"), ("1", "BAG")], "500.00").await;
        assert_eq!(vat(&receipt), ["10: 20.48", "22: 1.26"]);
    });
}

#[test]
fn retail_s02_quantity() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("3", "CHOC").await;
        let view = counter.view().await;
        assert_eq!((view.total, view.lines[0].vat), (money("359.97"), money("64.91")));
        counter.give(TillCommand::ChangeQuantity { line: 1, quantity: quantity("2") }).await;
        assert_eq!(counter.view().await.total, money("239.98"));
        let kinds = counter.journal_kinds().await;
        assert_eq!(kinds[kinds.len() - 3..], ["receipt_opened", "lines_added", "quantity_changed"]);
    });
}

#[test]
fn retail_s03_weight_barcode() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.scan("2200123012500").await;
        let line = counter.view().await.lines.remove(0);
        assert_eq!((line.quantity, line.amount, line.vat), (quantity("1.25"), money("162.38"), money("14.76")));
    });
}

#[test]
fn retail_s04_bad_check_digit() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "MILK").await;
        let scan = |data: &str| TillCommand::Scan { data: data.to_owned(), quantity: None };
        assert_eq!(counter.refused(scan("2200123012501")).await, "bad_check_digit");
        assert_eq!(counter.refused(scan("no such thing")).await, "unknown_code");
        assert_eq!(counter.view().await.total, money("89.90"));
        let kinds = counter.journal_kinds().await;
        assert_eq!(kinds[kinds.len() - 2..], ["input_rejected", "input_rejected"]);
    });
}

#[test]
fn retail_s05_price_barcode_keeps_its_sum() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.scan("2400456356122").await;
        let line = counter.view().await.lines.remove(0);
        assert_eq!((line.quantity, line.amount), (quantity("0.475"), money("356.12")));
        let change = TillCommand::ChangeQuantity { line: 1, quantity: quantity("1") };
        assert_eq!(counter.refused(change).await, "fixed_sum");
        assert_eq!(closed(counter.cash("356.12").await).total, money("356.12"));
    });
}

#[test]
fn retail_s07_void() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        for (amount, code) in [("2", "MILK"), ("1", "BREAD"), ("1", "BAG")] {
            counter.sell(amount, code).await;
        }
        let void = |line, part: Option<&str>| TillCommand::VoidLine { line, quantity: part.map(quantity) };
        counter.give(void(3, None)).await;
        let view = counter.view().await;
        assert_eq!((view.total, view.lines.len(), view.lines[2].voided), (money("225.30"), 3, true));
        assert_eq!(counter.refused(void(3, None)).await, "line_voided");
        assert_eq!(counter.refused(void(1, Some("3"))).await, "void_too_much");
        assert_eq!(counter.refused(void(9, None)).await, "no_such_line");
        counter.give(void(1, Some("1"))).await;
        let receipt = closed(counter.cash("200.00").await);
        assert_eq!((receipt.total, receipt.change), (money("135.40"), money("64.60")));
        assert_eq!(shop.fiscal_receipts()[0].lines.len(), 2);
    });
}

#[test]
fn retail_s08_cancel_spends_the_number() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        for (amount, code) in [("2", "MILK"), ("1", "BREAD"), ("1", "BAG")] {
            counter.sell(amount, code).await;
        }
        let cancelled = counter.give(TillCommand::Cancel).await.receipt.expect("the receipt as it stood");
        assert_eq!((cancelled.sequence, cancelled.total, cancelled.fiscal.is_none()), (1, money("232.30"), true));
        assert!(shop.fiscal_receipts().is_empty());
        assert_eq!(counter.sale(&[("1", "MILK")], "100.00").await.sequence, 2);
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.cancelled_count, totals.cancelled), (1, money("232.30")));
        assert!(counter.outbox().await.iter().any(|document| matches!(document, Document::ReceiptCancelled(_))));
        assert_eq!(counter.refused(TillCommand::Cancel).await, "no_receipt");
    });
}

#[test]
fn retail_s30_paying_twice_makes_one_receipt() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        let cash = || counter.ask(pay(TenderType::Cash, "400.00"));
        let (first, second) = tokio::join!(cash(), cash());
        assert_eq!(closed(first.expect("an answer").expect("closed")).change, money("51.00"));
        assert!(second.expect("an answer").is_err());
        assert_eq!((shop.fiscal_receipts().len(), shop.emulator.drawer_openings()), (1, 1));
        assert_eq!(counter.receipts().await.len(), 1);
    });
}

#[test]
fn retail_s27_card_gives_no_change() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("4", "COFFEE").await;
        assert_eq!(counter.refused(pay(TenderType::Card, "1400.00")).await, "over_due");
        assert_eq!(counter.refused(pay(TenderType::Gift, "10.00")).await, "no_gift_card");
        assert_eq!(counter.give(pay(TenderType::Card, "1000.00")).await.due, Some(money("396.00")));
        assert_eq!(counter.view().await.mode, TillMode::Paying);
        assert_eq!(counter.refused(sell("1", "MILK")).await, "payment_begun");
        let receipt = closed(counter.cash("400.00").await);
        assert_eq!((receipt.change, receipt.tenders.len()), (money("4.00"), 2));
    });
}

#[test]
fn retail_s49_cash_count() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("5000.00").await;
        let whole = |kind, price: &str| {
            TillCommand::Whole(WholeReceipt {
                kind,
                lines: vec![WholeLine {
                    code: domain::ids::ItemCode("X".to_owned()),
                    name: None,
                    quantity: Quantity::ONE,
                    price: Some(money(price)),
                    vat: None,
                }],
                tenders: vec![Tender::new(TenderType::Cash, money(price))],
                of: None,
                operator: None,
                customer: None,
            })
        };
        counter.give(whole(messages::v1::receipt::ReceiptKind::Sale, "48730.00")).await;
        counter.give(whole(messages::v1::receipt::ReceiptKind::Return, "830.00")).await;
        let out = |amount: &str| TillCommand::MoveCash {
            kind: CashKind::Pickup,
            amount: money(amount),
            reason: "to the safe".to_owned(),
        };
        assert_eq!(counter.refused(out("60000.00")).await, "not_enough_cash");
        counter.give(out("20000.00")).await;
        let counted = counter.give(TillCommand::Count { counted: Counted::from(money("32850.00")) }).await;
        assert_eq!(counted.totals.expect("totals").cash_expected, money("32900.00"));
        assert_eq!(counted.over_short, Some(money("-50.00")));
        let totals = counter.give(close_shift("32850.00")).await;
        assert_eq!(totals.over_short, Some(money("-50.00")));
        assert_eq!(shop.emulator.money_register(0xF1), Some(money("32900.00")));
        assert_eq!(counter.refused(sell("1", "MILK")).await, "shift_closed");
        let last = counter.outbox().await.pop();
        assert!(matches!(last, Some(Document::ShiftClosed(closed)) if closed.over_short == money("-50.00")));
        counter.open_shift("100.00").await;
        assert_eq!(shop.emulator.money_register(0xF1), Some(money("100.00")));
        assert_eq!(counter.view().await.shift, Some(2));
    });
}

#[test]
fn retail_s51_a_shift_of_more_than_a_day_only_closes() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "MILK").await;
        shop.clock.set(shop.clock.now() + TimeDelta::hours(24) + TimeDelta::minutes(1));
        assert!(counter.view().await.shift_expired);
        assert_eq!(counter.refused(sell("1", "MILK")).await, "shift_expired");
        assert_eq!(counter.refused(pay(TenderType::Cash, "100.00")).await, "shift_expired");
        counter.give(TillCommand::Cancel).await;
        counter.give(close_shift("0.00")).await;
    });
}

#[test]
fn only_people_with_their_pin_sign_on() {
    let mut shop = Shop::new();
    shop.settings.unknown_operators = till::UnknownOperators::Refuse;
    shop.run(async |counter| {
        let sign_on = |who: &str, pin: &str| TillCommand::SignOn { operator: number(who), pin: pin.to_owned() };
        assert_eq!(counter.refused(sell("1", "MILK")).await, "not_signed_on");
        assert_eq!(counter.refused(sign_on("77", "4321")).await, "unknown_operator");
        assert_eq!(counter.refused(sign_on("8", "1234")).await, "wrong_pin");
        counter.give(sign_on("8", "4321")).await;
        let view = counter.view().await;
        assert_eq!((view.operator.as_deref(), view.mode), (Some("Петрова"), TillMode::ShiftClosed));
        counter.give(TillCommand::SignOff).await;
        assert_eq!(counter.view().await.mode, TillMode::SignedOff);
    });
}

#[test]
fn lines_of_nothing_stay_on_the_receipt_and_off_the_device() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let receipt = counter.sale(&[("1", "GIFT"), ("1", "MILK")], "89.90").await;
        assert_eq!((receipt.lines.len(), shop.fiscal_receipts()[0].lines.len()), (2, 1));
        let gift = counter.sale(&[("1", "GIFT")], "0.00").await;
        assert_eq!((gift.total, gift.fiscal, shop.fiscal_receipts().len()), (money("0.00"), None, 1));
    });
}

#[test]
fn two_thousand_lines_are_one_receipt() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let line = |number: usize| WholeLine {
            code: domain::ids::ItemCode(format!("A{number}")),
            name: Some(format!("Item {number}")),
            quantity: quantity("1"),
            price: Some(money("1.05")),
            vat: Some(domain::vat::VatRate::percent(22)),
        };
        let whole = |count: usize, total: &str| {
            TillCommand::Whole(WholeReceipt {
                kind: messages::v1::receipt::ReceiptKind::Sale,
                lines: (0..count).map(line).collect(),
                tenders: vec![Tender::new(TenderType::Card, money(total))],
                of: None,
                operator: None,
                customer: None,
            })
        };
        assert_eq!(counter.refused(whole(2_001, "2101.05")).await, "too_many_lines");
        assert_eq!(counter.refused(whole(2, "2.00")).await, "not_covered");
        let receipt = closed(counter.give(whole(2_000, "2100.00")).await);
        assert_eq!((receipt.sequence, receipt.total), (1, money("2100.00")));
        assert_eq!(shop.fiscal_receipts()[0].lines.len(), 2_000);
    });
}

#[test]
fn paying_takes_three_commits_and_a_whole_receipt_two() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "MILK").await;
        let before = counter.commits().await;
        let sale = closed(counter.cash("89.90").await);
        assert_eq!(counter.commits().await - before, 3);
        let back = TillCommand::Whole(WholeReceipt {
            kind: messages::v1::receipt::ReceiptKind::Return,
            lines: Vec::new(),
            tenders: vec![Tender::new(TenderType::Cash, sale.total)],
            of: Some(sale.uid),
            operator: None,
            customer: None,
        });
        counter.give(back).await;
        assert_eq!(counter.commits().await - before, 5);
    });
}
