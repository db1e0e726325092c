//! Rules that give only so much, and thanks to whoever brought the customer.

use chrono::NaiveDate;
use domain::loyalty::{EarnRule, Give, Programme, When};
use messages::v1::accounts::OperationKind;
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::Loyalty;

use crate::accounts::{CARD, card, known, programme, settle, with_accounts};
use crate::shop::accounts::Card;
use crate::shop::{Counter, Shop, back, closed, money};

const FRIEND: u64 = 77;

/// Two points for every receipt, once in 300 days; thanks for a friend; twelve points a day at most.
fn published(shop: Shop, knows: impl FnOnce(&mut Card)) -> Shop {
    let plain = programme();
    let like = |name: &str, campaign, give| EarnRule { name: name.to_owned(), campaign, give, ..plain.earn[0].clone() };
    let gift = EarnRule { again_after_days: 300, ..like("gift", 2, Give::Receipt { points: money("2") }) };
    let thanks = EarnRule {
        when: When { first_purchase: true, sum_min: money("50"), ..When::default() },
        ..like("thanks", 3, Give::Referral { points: money("100") })
    };
    let earn = vec![plain.earn[0].clone(), gift, thanks];
    shop.set(&Loyalty {
        programmes: vec![Programme { earn, day_max: Some(money("12")), ..plain }],
        ..Loyalty::default()
    });
    knows(shop.above.as_ref().unwrap().knows().accounts.cards.get_mut(CARD).unwrap());
    shop
}

async fn buys(counter: &Counter, goods: &str) -> Receipt {
    counter.sell("1", goods).await;
    counter.give(card()).await;
    known(counter).await;
    closed(counter.cash("500.00").await)
}

/// Rule by rule what a receipt gave, and to whom.
fn gave(receipt: &Receipt) -> String {
    let earned = receipt.accounts.iter().filter(|operation| operation.kind == OperationKind::Earn);
    let awards = &receipt.points.as_ref().unwrap().awards;
    let line = |operation: &messages::v1::accounts::AccountOperation| {
        let award = awards.iter().find(|award| award.operation == operation.operation).unwrap();
        format!("{} {} to {}", award.rule, operation.amount, operation.owner)
    };
    earned.map(line).collect::<Vec<_>>().join(", ")
}

fn check(knows: impl FnOnce(&mut Card, NaiveDate), goods: &str, expected: &str) {
    let shop = with_accounts(Shop::new());
    let day = shop.clock.now().date_naive();
    let shop = published(shop, |card| knows(card, day));
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        assert_eq!(gave(&buys(counter, goods).await), expected);
    });
}

#[test]
fn a_gift_is_given_again_after_its_days() {
    check(|_, _| (), "MILK", "base 8.00 to 5, gift 2.00 to 5");
    let ago = |days| {
        move |card: &mut Card, day: NaiveDate| {
            let given = day - chrono::Days::new(days);
            (card.earned, card.given) = (Some((given, money("10"))), vec![(2, given)]);
        }
    };
    check(ago(299), "MILK", "base 8.00 to 5");
    check(ago(300), "MILK", "base 8.00 to 5, gift 2.00 to 5");
}

#[test]
fn a_day_gives_so_many_points_in_all_shops_together() {
    check(|card, day| card.earned = Some((day, money("3"))), "MILK", "base 8.00 to 5, gift 1.00 to 5");
    check(|card, day| card.earned = Some((day, money("12"))), "MILK", "");
    let yesterday = |card: &mut Card, day: NaiveDate| card.earned = Some((day - chrono::Days::new(1), money("12")));
    check(yesterday, "MILK", "base 8.00 to 5, gift 2.00 to 5");
}

#[test]
fn thanks_for_a_friend_are_given_once_and_taken_back_only_with_the_purchase() {
    check(|card, _| card.referred_by = Some(FRIEND), "MILK", "base 8.00 to 5, gift 2.00 to 5");
    check(|card, _| card.first_purchase = true, "MILK", "base 8.00 to 5, gift 2.00 to 5");
    let shop =
        published(with_accounts(Shop::new()), |card| (card.referred_by, card.first_purchase) = (Some(FRIEND), true));
    shop.run(async |counter| {
        counter.open_shift("100.00").await;
        counter.sell("1", "MILK").await;
        let sale = buys(counter, "MILK").await;
        assert_eq!(gave(&sale), "base 12.00 to 5, thanks 100.00 to 77");
        settle(&shop, counter).await;
        let taken = |receipt: &Receipt| {
            let back = receipt.accounts.iter().filter(|operation| operation.kind == OperationKind::TakeBack);
            back.map(|operation| format!("{} of {}", operation.amount, operation.owner)).collect::<Vec<_>>()
        };
        // What stays is still a purchase of 50.
        let first = closed(counter.give(back(sale.uid, &[(1, "1")], TenderType::Cash)).await);
        assert_eq!(taken(&first), ["4.00 of 5"]);
        let second = closed(counter.give(back(sale.uid, &[(2, "1")], TenderType::Cash)).await);
        assert_eq!(taken(&second), ["8.00 of 5", "100.00 of 77"]);
    });
}
