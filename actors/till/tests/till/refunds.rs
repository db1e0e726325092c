//! Goods that come back by what is on paper, and how their money goes back.

use chrono::TimeDelta;
use devices::sim::fault::Fault;
use devices::terminal::TerminalOperation;
use domain::money::Money;
use domain::rounding::Direction;
use messages::v1::receipt::TenderType::{Card, Cash};
use messages::v1::receipt::{FoundReceipt, ReceiptKind};
use messages::v1::settings::{CashRules, SaleRules};
use messages::v1::till::{ItemChoice, TillCommand};

use crate::shop::{Above, Shop, approve, back, closed, money, pay, percent, quantity, sell};
use crate::terminals::net;

fn find(text: &str) -> TillCommand {
    TillCommand::FindSale { text: text.to_owned() }
}

#[test]
fn a_sale_is_found_by_number_uid_or_qr_code() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = counter.sale(&[("3", "CHOC")], "400.00").await;
        let fiscal = sale.fiscal.clone().expect("its proof");
        let qr = format!("t=20260302T1000&s=359.97&fn={}&i={}&fp={}&n=1", fiscal.device, fiscal.number, fiscal.sign);
        let one = back(sale.uid, &[(1, "1")], Cash);
        closed(counter.give(one).await);
        for text in ["1", " 1-1 ", "S1/1-1", &sale.uid.to_string(), &qr] {
            let found = counter.give(find(text)).await.found.unwrap_or_else(|| panic!("{text}"));
            assert_eq!((&found.receipt, found.returned[0].quantity), (&sale, quantity("1")), "{text}");
        }
        assert_eq!(counter.refused(find("2")).await, "not_a_sale");
        assert_eq!(counter.refused(find("3")).await, "sale_not_found");
        assert_eq!(counter.refused(find("S2/1-1")).await, "sale_not_found");
        assert_eq!(counter.refused(find("what")).await, "sale_not_found");
        assert_eq!(counter.refused(find("t=1&s=1.00&fn=9")).await, "not_fiscal_code");
    });
}

#[test]
fn retail_s46_a_sale_of_another_store_needs_the_head_office() {
    let other = Shop::new();
    let mut sale = other.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sale(&[("1", "COFFEE")], "349.00").await
    });
    sale.store = domain::ids::StoreId::new("S2").expect("a code");
    let mut shop = Shop::staffed();
    let above = Above::default();
    above.knows().sales.push(FoundReceipt { receipt: sale.clone(), returned: Vec::new() });
    shop.above = Some(above.clone());
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "1000.00").await;
        assert_eq!(counter.give(find("S2/1-1")).await.found.expect("found").receipt.uid, sale.uid);
        above.knows().no_line = true;
        assert_eq!(counter.refused(find("S2/1-1")).await, "sale_unreachable");
        assert_eq!(counter.refused(back(sale.uid, &[], Cash)).await, "store_unreachable");
        // By its fiscal code, with a supervisor's word, and not above its sum.
        let code = "t=20260302T1000&s=349.00&fn=9999078900009999&i=12&fp=1234567890&n=1".to_owned();
        counter.give(TillCommand::ReturnByFiscalCode { code: code.clone() }).await;
        counter.sell("2", "COFFEE").await;
        assert_eq!(counter.refused(pay(Cash, "698.00")).await, "return_over_sale");
        counter.give(TillCommand::ChangeQuantity { line: 1, quantity: quantity("1") }).await;
        assert_eq!(counter.lacks(pay(Cash, "349.00")).await, "return_by_fiscal_code");
        let returned = closed(counter.give(approve("5", "5555")).await);
        assert_eq!(returned.of_fiscal.map(|code| code.number), Some(12));
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.returns, totals.returns_without_receipt), (money("349.00"), Money::ZERO));
    });
}

#[test]
fn retail_s44_a_cards_money_goes_back_to_it() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "1000.00").await;
        counter.sell("2", "COFFEE").await;
        let sale = closed(counter.give(pay(Card, "698.00")).await);
        assert_eq!(counter.lacks(back(sale.uid, &[(1, "1")], Cash)).await, "refund_in_cash");
        counter.give(TillCommand::Decline).await;
        let first = closed(counter.give(back(sale.uid, &[(1, "1")], Card)).await);
        let charges = shop.card.charges();
        assert_eq!((charges[1].operation, charges[1].amount), (TerminalOperation::Refund, money("349.00")));
        assert_eq!(charges[1].of.as_ref(), Some(&charges[0].reference));
        assert_eq!(first.tenders[0].proof.as_ref().map(|proof| &proof.reference), Some(&charges[1].reference));
        // The bank says no; the return stays open, and cash still needs a word.
        shop.card.set_fault(Fault::Refuse(5));
        assert_eq!(counter.refused(back(sale.uid, &[], Card)).await, "terminal");
        assert_eq!(counter.lacks(back(sale.uid, &[], Cash)).await, "refund_in_cash");
        assert_eq!(counter.lacks(pay(Cash, "349.00")).await, "refund_in_cash");
        assert_eq!(counter.lacks(pay(Cash, "1.00")).await, "refund_in_cash");
        shop.card.set_fault(Fault::None);
        closed(counter.give(pay(Card, "349.00")).await);
        let last = shop.card.charges().pop().expect("a charge");
        assert_eq!(last.of.as_ref(), Some(&charges[0].reference));
        assert_eq!(net(&shop.card.charges()), Money::ZERO);
        assert_eq!(counter.refused(back(sale.uid, &[], Card)).await, "nothing_left");
    });
}

#[test]
fn a_mixed_sale_goes_back_as_it_was_paid() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.sell("2", "COFFEE").await;
        counter.give(pay(Card, "500.00")).await;
        let sale = closed(counter.cash("300.00").await);
        // All of it at once is more than the card paid, and more than the cash.
        assert_eq!(counter.refused(back(sale.uid, &[], Card)).await, "terminal");
        counter.give(pay(Card, "500.00")).await;
        let returned = closed(counter.cash("198.00").await);
        assert_eq!((returned.kind, returned.total), (ReceiptKind::Return, money("698.00")));
        assert_eq!(net(&shop.card.charges()), Money::ZERO);
        assert_eq!(counter.give(TillCommand::ReportX).await.totals.expect("totals").cash_expected, Money::ZERO);
        counter.verify().await;
    });
}

#[test]
fn a_discount_comes_back_with_its_line() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("3", "CHOC").await;
        counter.give(percent(None, 1_000)).await;
        let sale = closed(counter.cash("323.97").await);
        let parts: Vec<Money> = [
            closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await).total,
            closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await).total,
            closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await).total,
        ]
        .into();
        assert_eq!(parts.iter().copied().sum::<Money>(), sale.total, "{parts:?}");
    });
}

#[test]
fn a_sale_may_be_too_old_to_come_back() {
    let shop = Shop::new();
    shop.set(&SaleRules { return_days_max: 14, ..SaleRules::default() });
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = counter.sale(&[("2", "CHOC")], "300.00").await;
        for (days, code) in [(14, "ok"), (1, "return_too_late")] {
            shop.later(TimeDelta::days(days));
            counter.give(crate::shop::close_shift("0.00")).await;
            counter.open_shift("300.00").await;
            match code {
                "ok" => drop(counter.give(back(sale.uid, &[(1, "1")], Cash)).await),
                code => assert_eq!(counter.refused(back(sale.uid, &[], Cash)).await, code),
            }
        }
    });
}

#[test]
fn retail_s45_without_a_receipt_by_right_within_a_limit_at_the_lowest_price() {
    let shop = Shop::staffed();
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "9000.00").await;
        counter.give(TillCommand::ToggleReturn).await;
        // 80.00 ten days ago; that it was 50.00 forty days ago does not count.
        counter.sell("1", "PASTE").await;
        assert_eq!(counter.view().await.total, money("80.00"));
        let dear = TillCommand::Sell {
            item: ItemChoice::Code(domain::ids::ItemCode("PASTE".to_owned())),
            quantity: quantity("1"),
            price: Some(money("95.00")),
            vat: None,
        };
        assert_eq!(counter.lacks(dear).await, "change_price");
        counter.give(approve("5", "5555")).await;
        assert_eq!(counter.view().await.total, money("160.00"), "not above the lowest");
        let out = TillCommand::Return { of: None, lines: Vec::new(), tender: Cash };
        assert_eq!(counter.lacks(out.clone()).await, "return_without_receipt");
        closed(counter.give(approve("5", "5555")).await);
        // The senior cashier's limit is 5 000.00 a day.
        counter.give(TillCommand::ToggleReturn).await;
        counter.give(sell("14", "COFFEE")).await;
        assert_eq!(counter.lacks(out).await, "return_without_receipt");
        assert_eq!(counter.refused(approve("5", "5555")).await, "missing_right");
        closed(counter.give(approve("1", "1111")).await);
        let totals = counter.give(TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.returns_without_receipt, totals.returns_count), (money("5046.00"), 2));
        counter.verify().await;
    });
}

#[test]
fn retail_s28_s29_cash_is_rounded_and_comes_back_as_it_was_paid() {
    let rules = |round| CashRules { round_to: money("1.00"), round, ..CashRules::default() };
    let shop = Shop::new();
    shop.set(&rules(Direction::Down));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        for (amount, code) in [("2", "MILK"), ("1", "BREAD"), ("1", "BAG")] {
            counter.sell(amount, code).await;
        }
        let view = counter.view().await;
        assert_eq!((view.due, view.due_in_cash), (money("232.30"), money("232.00")));
        let sale = closed(counter.cash("500.00").await);
        assert_eq!((sale.total, sale.change, sale.rounding), (money("232.00"), money("268.00"), money("-0.30")));
        let discounts: Vec<_> = sale.lines.iter().map(|line| line.discount.to_string()).collect();
        assert_eq!(discounts, ["0.23", "0.06", "0.01"]);
        assert_eq!(shop.fiscal_receipts()[0].total, money("232.00"));
        assert_eq!(closed(counter.give(back(sale.uid, &[], Cash)).await).total, money("232.00"));
        // A card is not rounded.
        counter.sell("1", "MILK").await;
        assert_eq!(closed(counter.give(pay(Card, "89.90")).await).total, money("89.90"));
        // A part by card, the rest in cash: only the rest is rounded.
        counter.sell("1", "MILK").await;
        counter.give(pay(Card, "50.50")).await;
        let sale = closed(counter.cash("39.00").await);
        assert_eq!((sale.total, sale.rounding), (money("89.50"), money("-0.40")));
        counter.verify().await;
    });
    let shop = Shop::new();
    shop.set(&rules(Direction::Up));
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = counter.sale(&[("1", "MILK")], "100.00").await;
        assert_eq!((sale.total, sale.change), (money("90.00"), money("10.00")));
        assert_eq!(closed(counter.give(back(sale.uid, &[], Cash)).await).total, money("90.00"));
        assert_eq!(counter.give(TillCommand::ReportX).await.totals.expect("totals").cash_expected, Money::ZERO);
    });
}
