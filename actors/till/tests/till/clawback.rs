//! Goods come back whose points the customer has spent already.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use devices::sim::fault::Fault;
use domain::loyalty::{Clawback, Programme};
use domain::money::Money;
use messages::v1::accounts::{OperationKind, Wallet};
use messages::v1::receipt::TenderType::{Card, Cash, Points};
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::Loyalty;
use till::SagaStep;

use crate::accounts::{CARD, card, points, programme, settle, with_accounts};
use crate::shop::accounts::POINTS;
use crate::shop::{Counter, Shop, back, close_shift, closed, money, pay};

fn shop(clawback: Clawback) -> Shop {
    of(Shop::new(), clawback)
}

fn of(shop: Shop, clawback: Clawback) -> Shop {
    let shop = with_accounts(shop);
    has(&shop, "0.00");
    let programme = Programme { clawback, ..programme() };
    shop.set(&Loyalty { programmes: vec![programme], ..Loyalty::default() });
    shop
}

fn has(shop: &Shop, balance: &str) {
    shop.above.as_ref().expect("accounts").knows().accounts.open(CARD, "Anna", Wallet::Points, POINTS, balance);
}

/// The points of a sale have arrived, and it is the next day.
async fn next_day(shop: &Shop, counter: &Counter, drawer: &str) {
    settle(shop, counter).await;
    counter.give(close_shift(drawer)).await;
    shop.later(TimeDelta::days(1));
    counter.open_shift(drawer).await;
}

/// Two coffees, 698.00, which give 69 points, a day ago.
async fn coffees(shop: &Shop, counter: &Counter, tender: TenderType) -> Receipt {
    counter.sell("2", "COFFEE").await;
    counter.give(card()).await;
    let sale = closed(counter.give(pay(tender, "698.00")).await);
    assert_eq!(sale.points.as_ref().map(|points| points.earned), Some(money("69.00")));
    next_day(shop, counter, if tender == Cash { "698.00" } else { "0.00" }).await;
    sale
}

fn tenders(receipt: &Receipt) -> Vec<(TenderType, String)> {
    receipt.tenders.iter().map(|tender| (tender.tender, tender.amount.to_string())).collect()
}

fn taken_back(receipt: &Receipt) -> Vec<String> {
    let back = receipt.accounts.iter().filter(|operation| operation.kind == OperationKind::TakeBack);
    back.map(|operation| operation.amount.to_string()).collect()
}

#[test]
fn less_money_goes_back_for_points_that_are_spent() {
    let shop = shop(Clawback::ReduceRefund);
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = coffees(&shop, counter, Cash).await;
        has(&shop, "20.00");
        // One of two: 35 of 69 points; 20 are there, and 15.00 of 349.00 stay in the drawer.
        let first = closed(counter.give(back(sale.uid, &[(1, "1")], Cash)).await);
        assert_eq!(first.total, money("349.00"), "the goods come back for what they cost");
        assert_eq!(tenders(&first), [(Points, "15.00".to_owned()), (Cash, "334.00".to_owned())]);
        assert_eq!(taken_back(&first), ["20.00"]);
        let shown = first.points.clone().expect("points");
        assert_eq!((shown.kept, shown.earned, shown.balance), (money("15.00"), money("20.00"), Some(Money::ZERO)));
        let made = shop.fiscal_receipts();
        assert_eq!(made.last().expect("a document").total, money("349.00"));
        settle(&shop, counter).await;
        assert_eq!(points(&shop), Money::ZERO);
        // The other one: 34 points, of which there are none.
        let second = closed(counter.give(back(sale.uid, &[], Cash)).await);
        assert_eq!(tenders(&second), [(Points, "34.00".to_owned()), (Cash, "315.00".to_owned())]);
        assert_eq!(taken_back(&second), Vec::<String>::new());
        settle(&shop, counter).await;
        assert_eq!(points(&shop), Money::ZERO);
        let totals = counter.give(messages::v1::till::TillCommand::ReportX).await.totals.expect("totals");
        assert_eq!((totals.returns, totals.returns_count), (money("698.00"), 2));
        assert_eq!(totals.cash_expected, money("49.00"), "what was kept is in the drawer");
        counter.verify().await;
    });
}

#[test]
fn what_nobody_knows_is_owed_and_no_money_is_kept() {
    for (clawback, online, wanted) in [
        (Clawback::ReduceRefund, false, "69.00"),
        (Clawback::Owe, true, "69.00"),
        (Clawback::Owe, false, "69.00"),
        (Clawback::Forgive, true, "20.00"),
    ] {
        let shop = shop(clawback);
        shop.run(async |counter| {
            counter.open_shift("0.00").await;
            let sale = coffees(&shop, counter, Cash).await;
            has(&shop, "20.00");
            shop.above.as_ref().expect("accounts").knows().no_line = !online;
            let returned = closed(counter.give(back(sale.uid, &[], Cash)).await);
            assert_eq!(tenders(&returned), [(Cash, "698.00".to_owned())], "{clawback:?}");
            assert_eq!(taken_back(&returned), [wanted], "{clawback:?}");
        });
    }
}

#[test]
fn points_of_the_same_day_may_be_on_their_way() {
    let shop = shop(Clawback::ReduceRefund);
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("2", "COFFEE").await;
        counter.give(card()).await;
        let sale = closed(counter.cash("698.00").await);
        let returned = closed(counter.give(back(sale.uid, &[], Cash)).await);
        assert_eq!(
            (tenders(&returned), taken_back(&returned)),
            (vec![(Cash, "698.00".to_owned())], vec!["69.00".to_owned()])
        );
    });
}

#[test]
fn a_card_gets_what_is_left_of_its_money() {
    let shop = shop(Clawback::ReduceRefund);
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let sale = coffees(&shop, counter, Card).await;
        has(&shop, "0.00");
        shop.card.set_fault(Fault::Refuse(5));
        assert_eq!(counter.refused(back(sale.uid, &[], Card)).await, "terminal");
        assert_eq!(counter.view().await.due, money("629.00"));
        assert_eq!(counter.refused(pay(Card, "698.00")).await, "over_due");
        shop.card.set_fault(Fault::None);
        let returned = closed(counter.give(back(sale.uid, &[], Card)).await);
        assert_eq!(tenders(&returned), [(Points, "69.00".to_owned()), (Card, "629.00".to_owned())]);
        assert_eq!(shop.card.charges().last().map(|charge| charge.amount), Some(money("629.00")));
        counter.verify().await;
    });
}

#[test]
fn all_of_a_small_refund_may_be_kept() {
    let shop = shop(Clawback::ReduceRefund);
    shop.set(&Loyalty {
        programmes: vec![Programme {
            earn: programme()
                .earn
                .into_iter()
                .map(|rule| domain::loyalty::EarnRule { multiplier_hundredths: 2_000, ..rule })
                .collect(),
            ..programme()
        }],
        ..Loyalty::default()
    });
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "MILK").await;
        counter.give(card()).await;
        let sale = closed(counter.cash("89.90").await);
        next_day(&shop, counter, "89.90").await;
        has(&shop, "0.00");
        let returned = closed(counter.give(back(sale.uid, &[], Cash)).await);
        // 160 points are wanted back, and the money pays for 89.90 of them: the rest is owed.
        assert_eq!(tenders(&returned), [(Points, "89.90".to_owned())]);
        assert_eq!(taken_back(&returned), ["70.10"]);
    });
}

/// The node dies after what is kept is written down, and after the money: both are done once.
#[test]
fn fault_power_cut_while_money_is_kept() {
    for (step, time) in
        [(SagaStep::Paying, 2), (SagaStep::Paying, 3), (SagaStep::Fiscalising, 2), (SagaStep::Registered, 2)]
    {
        let left = Arc::new(AtomicU32::new(time));
        let counted = left.clone();
        let hook = Arc::new(move |reached| {
            if reached == step && counted.fetch_sub(1, Ordering::SeqCst) == 1 {
                panic!("power cut at {step:?}");
            }
        });
        let shop = of(Shop::dying(hook), Clawback::ReduceRefund);
        let uid = shop.run(async |counter| {
            counter.open_shift("0.00").await;
            let sale = coffees(&shop, counter, Cash).await;
            has(&shop, "20.00");
            counter.ask(back(sale.uid, &[], Cash)).await.expect_err("the node dies");
            sale.uid
        });
        shop.run(async |counter| {
            let view = counter.view().await;
            if !view.lines.is_empty() {
                closed(counter.cash(&view.due.to_string()).await);
            }
            let receipts = counter.receipts().await;
            let returned = &receipts.last().expect("it").receipt;
            assert_eq!((returned.of, receipts.len()), (Some(uid), 2), "{step:?}");
            assert_eq!(tenders(returned), [(Points, "49.00".to_owned()), (Cash, "649.00".to_owned())], "{step:?}");
            assert_eq!(taken_back(returned), ["20.00"], "{step:?}");
            assert_eq!(shop.fiscal_receipts().len(), 2, "{step:?}");
            counter.verify().await;
        });
    }
}
