//! Goods that come back.

use domain::ids::ReceiptId;
use messages::v1::receipt::TenderType::Cash;
use messages::v1::receipt::{FoundReceipt, ReceiptKind, ReturnedLine, TenderType};
use messages::v1::till::TillCommand;

use crate::shop::{Above, Shop, back, closed, money, pay, quantity, sell, vat};

#[test]
fn retail_s42_no_more_comes_back_than_was_sold() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = counter.sale(&[("3", "CHOC"), ("1", "MILK")], "500.00").await;
        let first = closed(counter.give(back(sale.uid, &[(1, "2")], Cash)).await);
        assert_eq!((first.kind, first.total, first.of), (ReceiptKind::Return, money("239.98"), Some(sale.uid)));
        assert_eq!(first.lines[0].of_line, Some(1));
        assert_eq!(counter.refused(back(sale.uid, &[(1, "2")], Cash)).await, "return_too_much");
        let rest = closed(counter.give(back(sale.uid, &[], Cash)).await);
        assert_eq!(first.total + rest.total, sale.total);
        let of = |receipt: &messages::v1::receipt::Receipt| -> domain::money::Money {
            receipt.vat.iter().map(|vat| vat.amount).sum()
        };
        assert_eq!(of(&first) + of(&rest), of(&sale), "{:?} {:?} {:?}", vat(&first), vat(&rest), vat(&sale));
        assert_eq!(counter.refused(back(sale.uid, &[], Cash)).await, "nothing_left");
        assert_eq!(counter.refused(back(first.uid, &[], Cash)).await, "not_a_sale");
        let unknown = domain::ids::ReceiptId(uuid::Uuid::nil());
        assert_eq!(counter.refused(back(unknown, &[], Cash)).await, "unknown_receipt");
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.returns_count, totals.returns), (2, sale.total));
        assert_eq!(totals.cash_expected, money("0.00"));
    });
}

#[test]
fn retail_s45_return_without_receipt() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("300.00").await;
        counter.give(TillCommand::ToggleReturn).await;
        assert_eq!(counter.view().await.kind, ReceiptKind::Return);
        counter.sell("1", "SHAMPOO").await;
        assert_eq!(counter.refused(TillCommand::ToggleReturn).await, "receipt_open");
        assert_eq!(counter.refused(pay(TenderType::Cash, "300.00")).await, "over_due");
        let paid_out = TillCommand::Return { of: None, lines: Vec::new(), tender: TenderType::Cash };
        let receipt = closed(counter.give(paid_out.clone()).await);
        assert_eq!((receipt.kind, receipt.total), (ReceiptKind::Return, money("259.00")));
        assert_eq!(counter.view().await.kind, ReceiptKind::Sale);
        counter.give(TillCommand::ToggleReturn).await;
        counter.give(sell("1", "SHAMPOO")).await;
        assert_eq!(counter.refused(paid_out).await, "not_enough_cash");
    });
}

#[test]
fn a_return_refunds_the_vat_of_its_sale() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let open_price = |vat: &str| TillCommand::Sell {
            item: messages::v1::till::ItemChoice::Code(domain::ids::ItemCode("COFFEE".to_owned())),
            quantity: quantity("1"),
            price: Some(money("349.00")),
            vat: Some(vat.parse().expect("a rate")),
        };
        counter.give(open_price("20")).await;
        let sale = closed(counter.cash("349.00").await);
        let returned = closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await);
        assert_eq!(vat(&returned), ["20: 58.17"]);
    });
}

#[test]
fn retail_s46_goods_of_another_till_are_found_at_the_store() {
    let other = Shop::new();
    let sale = other.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("3", "CHOC")], "500.00").await
    });
    let by = ReceiptId(uuid::Uuid::from_u128(9));
    let returned = vec![ReturnedLine { line: 1, quantity: quantity("1"), by }];
    let mut shop = Shop::new();
    let above = Above::default();
    above.knows().sales.push(FoundReceipt { receipt: sale.clone(), returned });
    shop.above = Some(above);
    shop.run(async |counter| {
        counter.open_shift("1000.00").await;
        assert_eq!(counter.refused(back(sale.uid, &[(1, "3")], Cash)).await, "return_too_much");
        let first = closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await);
        assert_eq!((first.total, first.of), (money("119.99"), Some(sale.uid)));
        // The store does not know of the first one yet, but this till does.
        assert_eq!(counter.refused(back(sale.uid, &[(1, "2")], Cash)).await, "return_too_much");
        closed(counter.give(back(sale.uid, &[], Cash)).await);
        assert_eq!(counter.refused(back(sale.uid, &[], Cash)).await, "nothing_left");
    });

    let mut cut_off = Shop::new();
    let above = Above::default();
    above.knows().no_line = true;
    cut_off.above = Some(above);
    cut_off.run(async |counter| {
        counter.open_shift("1000.00").await;
        assert_eq!(counter.refused(back(sale.uid, &[], Cash)).await, "store_unreachable");
        let own = counter.sale(&[("1", "MILK")], "89.90").await;
        closed(counter.give(back(own.uid, &[], Cash)).await);
    });
}
