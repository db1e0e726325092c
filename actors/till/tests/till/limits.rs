//! What a cashier gives to accounts of a business day is limited, whatever restarts and shifts there are.

use chrono::TimeDelta;
use domain::loyalty::limits::CashierLimits;
use messages::v1::document::AuditKind;
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::Loyalty;
use messages::v1::till::{Answer, TillCommand};

use crate::accounts::{burn, card, programme, with_accounts};
use crate::shop::{Counter, Shop, approve, back, close_shift, closed, money, number, pay, sell};

fn limited(cashier: CashierLimits) -> Shop {
    let shop = with_accounts(Shop::staffed());
    shop.set(&Loyalty { programmes: vec![programme()], cashier, ..Loyalty::default() });
    shop
}

async fn gift_card(counter: &Counter, last: u32) {
    counter.asked(sell("1", "GIFTCARD")).await;
    counter.give(TillCommand::Answer(Answer::Gift(format!("990000000000{last:04}")))).await;
}

/// A sale of 698.00 in which 100 points were burned.
async fn burned(counter: &Counter) -> Receipt {
    counter.sell("2", "COFFEE").await;
    counter.give(card()).await;
    counter.give(burn("100.00")).await;
    closed(counter.cash("598.00").await)
}

#[test]
fn gift_cards_above_the_cashiers_limit_need_a_supervisor() {
    let shop = limited(CashierLimits { gift_load_day_max: Some(money("2500.00")), ..CashierLimits::default() });
    let over = pay(TenderType::Cash, "1000.00");
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        gift_card(counter, 2).await;
        gift_card(counter, 3).await;
        closed(counter.cash("2000.00").await);
        gift_card(counter, 4).await;
        assert_eq!(counter.lacks(over.clone()).await, "give_over_limit");
        counter.give(TillCommand::Decline).await;
    });
    // A restart has forgotten nothing, and another payment is no way round.
    shop.run(async |counter| {
        assert_eq!(counter.lacks(over.clone()).await, "give_over_limit");
        assert_eq!(counter.lacks(pay(TenderType::Card, "1.00")).await, "give_over_limit");
        assert_eq!(counter.lacks(crate::accounts::gift("10.00")).await, "give_over_limit");
        counter.give(TillCommand::VoidLine { line: 1, quantity: None }).await;
        counter.sell("1", "COFFEE").await;
        closed(counter.cash("349.00").await);
        counter.give(close_shift("2349.00")).await;
        // Another shift of the day begins where the first one ended.
        counter.open_shift_as("8", "4321", "0.00").await;
        gift_card(counter, 4).await;
        assert_eq!(counter.lacks(over.clone()).await, "give_over_limit");
        assert_eq!(counter.refused(approve("8", "4321")).await, "own_approval");
        let sold = closed(counter.give(approve("5", "5555")).await);
        assert_eq!((sold.approvals.len(), sold.approvals[0].right.as_str()), (1, "give_over_limit"));
        let noted = counter.audits(AuditKind::Approved).await;
        assert_eq!(noted.last().expect("a note").amount, Some(money("3000.00")));
        // One word is for one receipt.
        gift_card(counter, 5).await;
        assert_eq!(counter.lacks(over.clone()).await, "give_over_limit");
        counter.give(TillCommand::VoidLine { line: 1, quantity: None }).await;
        counter.sell("1", "COFFEE").await;
        closed(counter.cash("349.00").await);
        counter.give(close_shift("1349.00")).await;
        // A senior cashier has the right, and the next day is another one.
        counter.open_shift_as("5", "5555", "0.00").await;
        gift_card(counter, 5).await;
        closed(counter.give(over.clone()).await);
        counter.give(close_shift("1000.00")).await;
        shop.later(TimeDelta::days(1));
        counter.open_shift_as("8", "4321", "0.00").await;
        gift_card(counter, 6).await;
        closed(counter.give(over).await);
        counter.verify().await;
    });
}

#[test]
fn points_put_back_above_the_cashiers_limit_need_a_supervisor() {
    let shop = limited(CashierLimits { put_back_day_max: Some(money("120.00")), ..CashierLimits::default() });
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "1000.00").await;
        let (first, second) = (burned(counter).await, burned(counter).await);
        closed(counter.give(back(first.uid, &[], TenderType::Cash)).await);
        // 50 of 100 points come back with one of two.
        let one = back(second.uid, &[(1, "1")], TenderType::Cash);
        assert_eq!(counter.lacks(one.clone()).await, "give_over_limit");
        let kept = counter.view().await;
        assert!(kept.lines.is_empty(), "nothing is open before it is allowed");
        let returned = closed(counter.give(approve("5", "5555")).await);
        assert_eq!(returned.approvals[0].right, "give_over_limit");
        assert_eq!(counter.lacks(one).await, "give_over_limit");
        counter.verify().await;
    });
}

#[test]
fn a_cashier_does_so_many_operations_a_day() {
    let shop = limited(CashierLimits { operations_day_max: Some(2), ..CashierLimits::default() });
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "1000.00").await;
        let sale = burned(counter).await;
        closed(counter.give(back(sale.uid, &[(1, "1")], TenderType::Cash)).await);
        gift_card(counter, 2).await;
        closed(counter.cash("1000.00").await);
        gift_card(counter, 3).await;
        assert_eq!(counter.lacks(pay(TenderType::Cash, "1000.00")).await, "give_over_limit");
        // Whoever takes the receipt over stands in for it.
        counter.give(TillCommand::SignOn { operator: number("5"), pin: "5555".to_owned() }).await;
        closed(counter.cash("1000.00").await);
        // What gives nothing to accounts is no such operation.
        counter.give(TillCommand::SignOn { operator: number("8"), pin: "4321".to_owned() }).await;
        counter.sell("1", "COFFEE").await;
        closed(counter.cash("349.00").await);
    });
}
