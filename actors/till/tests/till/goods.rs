//! Goods that need more than a scan: by age and hour, by the scale, with a deposit; repeats, price checks, customers.

use devices::sim::fault::Fault;
use messages::v1::document::AuditKind;
use messages::v1::receipt::TenderType;
use messages::v1::till::{Answer, Ask, TillCommand};

use crate::shop::{Shop, approve, closed, money, pay, percent, quantity, scan, sell, time, void};

const OLD_ENOUGH: TillCommand = TillCommand::Answer(Answer::OldEnough(true));
const TOO_YOUNG: TillCommand = TillCommand::Answer(Answer::OldEnough(false));

#[test]
fn retail_s48_age_is_asked_once_a_receipt() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "MILK").await;
        assert_eq!(counter.asked(scan("4600000000091")).await, Ask::Age { years: 18, name: "BEER".to_owned() });
        assert_eq!(counter.view().await.asks, Some(Ask::Age { years: 18, name: "BEER".to_owned() }));
        assert_eq!(counter.refused(TOO_YOUNG).await, "too_young");
        assert_eq!(counter.view().await.lines.len(), 1);
        assert_eq!(counter.audits(AuditKind::Declined).await.len(), 1);
        // Going on with something else is a no as well.
        counter.asked(scan("4600000000091")).await;
        counter.sell("1", "BREAD").await;
        assert_eq!(counter.audits(AuditKind::Declined).await.len(), 2);
        counter.asked(TillCommand::Scan { data: "4600000000091".to_owned(), quantity: Some(quantity("2")) }).await;
        assert_eq!(counter.refused(TillCommand::Answer(Answer::Price(money("1.00")))).await, "nothing_asked");
        counter.give(OLD_ENOUGH).await;
        counter.scan("4600000000091").await;
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.total, view.asks), (4, money("432.40"), None));
        assert_eq!(counter.journal_count("age_confirmed").await, 1);
        closed(counter.cash("432.40").await);
        counter.asked(scan("4600000000091")).await;
    });
}

#[test]
fn retail_s48_forbidden_hours_hold_at_the_line_and_at_the_payment() {
    let shop = Shop::staffed();
    shop.clock.set(time("2026-03-02T21:59:00+03:00"));
    shop.run(async |counter| {
        counter.open_shift_as("8", "4321", "0.00").await;
        counter.asked(scan("4600000000091")).await;
        counter.give(OLD_ENOUGH).await;
        shop.clock.set(time("2026-03-02T22:01:00+03:00"));
        assert_eq!(counter.refused(scan("4600000000091")).await, "no_sale_now");
        assert_eq!(counter.refused(pay(TenderType::Cash, "99.00")).await, "no_sale_now");
        assert_eq!(counter.refused(pay(TenderType::Card, "99.00")).await, "no_sale_now");
        // Nobody is asked for permission, and a supervisor has none to give.
        assert_eq!(counter.refused(approve("1", "1111")).await, "nothing_asked");
        counter.give(TillCommand::Park { name: String::new() }).await;
        counter.give(TillCommand::Recall { parked: None }).await;
        assert_eq!(counter.refused(pay(TenderType::Cash, "99.00")).await, "no_sale_now");
        counter.give(void(1)).await;
        counter.sell("1", "MILK").await;
        closed(counter.cash("89.90").await);
        assert!(shop.card.charges().is_empty());
    });
}

#[test]
fn retail_s06_the_scale_gives_the_net_weight() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let weigh =
            |code: &str, tare: Option<&str>| TillCommand::Weigh { data: code.to_owned(), tare: tare.map(quantity) };
        shop.scale.put(quantity("0.512"));
        counter.give(weigh("CHEESE", Some("0.012"))).await;
        let line = counter.view().await.lines.remove(0);
        assert_eq!((line.quantity, line.amount), (quantity("0.5"), money("374.50")));
        // Its own wrapping comes off by itself.
        shop.scale.put(quantity("0.320"));
        counter.give(weigh("HAM", None)).await;
        assert_eq!(counter.view().await.lines[1].amount, money("150.00"));
        counter.give(weigh("HAM", Some("0.1"))).await;
        assert_eq!(counter.view().await.lines[2].quantity, quantity("0.2"));
        assert_eq!(counter.refused(weigh("HAM", Some("0.3"))).await, "no_weight");
        shop.scale.set_stable(false);
        assert_eq!(counter.refused(weigh("HAM", None)).await, "weight_unstable");
        shop.scale.set_stable(true);
        shop.scale.put(quantity("0"));
        assert_eq!(counter.refused(weigh("APPLE", None)).await, "no_weight");
        shop.scale.put(quantity("1"));
        shop.scale.set_fault(Fault::Overload);
        assert_eq!(counter.refused(weigh("APPLE", None)).await, "scale_overload");
        shop.scale.set_fault(Fault::Offline);
        assert_eq!(counter.refused(weigh("APPLE", None)).await, "scale");
        shop.scale.set_fault(Fault::None);
        assert_eq!(counter.refused(weigh("MILK", None)).await, "not_weighed");
        assert_eq!(counter.refused(weigh("NOTHING", None)).await, "unknown_code");
        assert_eq!(counter.view().await.lines.len(), 3);
        // A scan of goods by weight asks how much.
        assert_eq!(counter.asked(scan("APPLE")).await, Ask::Quantity { name: "APPLE".to_owned() });
        assert_eq!(
            counter.refused(TillCommand::Answer(Answer::Quantity(quantity("0")))).await,
            "quantity_not_positive"
        );
        counter.answer(Answer::Quantity(quantity("1.5"))).await;
        assert_eq!(counter.view().await.lines[3].amount, money("194.85"));
        assert_eq!(counter.asked(TillCommand::RepeatLast).await, Ask::Quantity { name: "APPLE".to_owned() });
    });
}

#[test]
fn a_till_without_devices_says_so() {
    let mut shop = Shop::new();
    shop.bare = true;
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(TillCommand::Weigh { data: "APPLE".to_owned(), tare: None }).await, "scale");
        counter.sell("1", "COFFEE").await;
        assert_eq!(counter.refused(pay(TenderType::Qr, "349.00")).await, "no_terminal");
        // The cashier answers for the card.
        let receipt = closed(counter.give(pay(TenderType::Card, "349.00")).await);
        assert_eq!(receipt.tenders[0].proof, None);
        assert_eq!(counter.refused(TillCommand::Train { on: true }).await, "no_training");
        counter.give(TillCommand::Reprint { sequence: None }).await;
    });
}

#[test]
fn a_deposit_follows_its_goods() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("3", "COLA").await;
        let view = counter.view().await;
        assert_eq!((view.total, view.lines[1].deposit_of), (money("195.00"), Some(1)));
        counter.give(TillCommand::ChangeQuantity { line: 1, quantity: quantity("2") }).await;
        assert_eq!(counter.view().await.total, money("130.00"));
        counter.give(percent(None, 1_000)).await;
        assert_eq!(counter.view().await.total, money("118.00"), "no discount from a deposit");
        counter.sell("1", "MILK").await;
        counter.give(void(1)).await;
        let view = counter.view().await;
        assert_eq!((view.lines[1].voided, view.total), (true, money("80.91")));
        counter.give(void(3)).await;
        counter.sell("1", "COLA").await;
        counter.give(TillCommand::RepeatLast).await;
        assert_eq!(counter.view().await.lines.iter().filter(|line| !line.voided).count(), 4);
    });
}

#[test]
fn retail_s11_the_last_item_again() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        assert_eq!(counter.refused(TillCommand::RepeatLast).await, "nothing_to_repeat");
        counter.sell("1", "COFFEE").await;
        // the price of this receipt, whatever the head office does meanwhile.
        let mut coffee = counter.item("COFFEE").await;
        coffee.price = money("400.00");
        counter.put_item(&coffee).await;
        for _ in 0..3 {
            counter.give(TillCommand::RepeatLast).await;
        }
        assert_eq!(counter.view().await.total, money("1396.00"));
        counter.scan("2400456356122").await;
        assert_eq!(counter.refused(TillCommand::RepeatLast).await, "label_quantity");
        let twice = TillCommand::Scan { data: "2400456356122".to_owned(), quantity: Some(quantity("2")) };
        assert_eq!(counter.refused(twice).await, "label_quantity");
    });
}

#[test]
fn a_price_check_sells_nothing() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let check = |data: &str| TillCommand::CheckPrice { data: data.to_owned() };
        let shown = counter.give(check("4600000000039")).await.item.expect("an item");
        assert_eq!((shown.code.0.as_str(), shown.price), ("COFFEE", money("349.00")));
        assert_eq!(counter.give(check("2400456356122")).await.item.expect("a label").price, money("356.12"));
        assert_eq!(counter.refused(check("4600000000038")).await, "bad_check_digit");
        assert_eq!(counter.refused(check("nothing")).await, "unknown_code");
        let view = counter.view().await;
        assert_eq!((view.lines.len(), view.sequence), (0, 1));
        assert_eq!(counter.refused(sell("1", "nothing")).await, "unknown_code");
    });
}

#[test]
fn a_customer_is_known_by_number_or_card() {
    let shop = Shop::new();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let customer = |number: &str| TillCommand::Customer { number: number.to_owned() };
        assert_eq!(counter.refused(customer("+7 (900) abc")).await, "not_a_customer");
        assert_eq!(counter.refused(customer("12")).await, "not_a_customer");
        counter.give(customer("+7 (900) 123-45-67")).await;
        assert_eq!(counter.view().await.customer.as_deref(), Some("79001234567"));
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.customer.as_deref(), Some("79001234567"));
        counter.sell("1", "MILK").await;
        counter.scan("2712345678902").await;
        assert_eq!(closed(counter.cash("89.90").await).customer.as_deref(), Some("1234567890"));
        // One who goes away before the first line leaves a number and nothing else.
        counter.give(customer("1234567")).await;
        counter.give(TillCommand::Cancel).await;
        assert_eq!(counter.sale(&[("1", "MILK")], "89.90").await.sequence, 4);
    });
}
