//! Customers' accounts at the till: asked first, taken once, given back when nothing comes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use domain::loyalty::{BurnRule, EarnRule, Expiry, Give, Programme, Stacking};
use domain::money::Money;
use messages::v1::accounts::{Identified, OperationKind, OperationsTaken, Wallet};
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::settings::Loyalty;
use messages::v1::till::{Answer, Ask, TillCommand, TillError, TillReply};
use till::SagaStep;

use crate::shop::accounts::{POINTS, ROUBLES};
use crate::shop::{Above, Counter, Shop, back, closed, money, pay, sell};

pub(crate) const CARD: &str = "79160001122";
pub(crate) const GIFT: &str = "9900000000000001";

pub(crate) fn programme() -> Programme {
    Programme {
        asset: POINTS,
        name: "Bonus".to_owned(),
        from: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"),
        until: None,
        decimals: 0,
        campaigns: Vec::new(),
        earn: vec![EarnRule {
            name: "base".to_owned(),
            campaign: 1,
            when: Default::default(),
            goods: Default::default(),
            give: Give::PerStep { step: money("10.00"), points: money("1.00") },
            multiplier_hundredths: 100,
            stacking: Stacking::Added,
            receipt_max: None,
            again_after_days: 0,
            activation_days: None,
            expiry: None,
        }],
        day_max: None,
        burn: BurnRule { share_hundredths_max: 3_000, ..BurnRule::default() },
        tiers: Default::default(),
        activation_days: 0,
        expiry: Expiry::AfterDays(365),
        clawback: Default::default(),
        change_to_points_max: Money::ZERO,
    }
}

pub(crate) fn with_accounts(mut shop: Shop) -> Shop {
    let above = Above::default();
    {
        let accounts = &mut above.knows().accounts;
        accounts.open(CARD, "Анна П.", Wallet::Points, POINTS, "1000.00");
        accounts.open(GIFT, "", Wallet::Gift, ROUBLES, "1000.00");
    }
    shop.above = Some(above);
    shop.set(&Loyalty { programmes: vec![programme()], ..Loyalty::default() });
    shop
}

fn shop_with_accounts() -> Shop {
    with_accounts(Shop::new())
}

pub(crate) fn points(shop: &Shop) -> Money {
    balance(shop, CARD, Wallet::Points, POINTS)
}

pub(crate) fn balance(shop: &Shop, number: &str, wallet: Wallet, asset: u32) -> Money {
    shop.above.as_ref().expect("accounts").knows().accounts.balance(number, wallet, asset)
}

pub(crate) fn holds(shop: &Shop) -> usize {
    shop.above.as_ref().expect("accounts").knows().accounts.holds.len()
}

pub(crate) async fn settle(shop: &Shop, counter: &Counter) {
    let documents = counter.outbox().await;
    shop.above.as_ref().expect("accounts").knows().accounts.settle(&documents);
}

/// What the till does beside its commands is done.
pub(crate) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let begun = std::time::Instant::now();
    while !done().await {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{what}");
        tokio::task::yield_now().await;
    }
}

pub(crate) fn card() -> TillCommand {
    TillCommand::Customer { number: CARD.to_owned() }
}

pub(crate) fn burn(points: &str) -> TillCommand {
    TillCommand::Burn { points: Some(money(points)) }
}

pub(crate) fn gift(amount: &str) -> TillCommand {
    TillCommand::Pay { tender: TenderType::Gift, amount: money(amount), number: Some(GIFT.to_owned()) }
}

pub(crate) async fn known(counter: &Counter) {
    until("the customer is known", async || {
        counter.view().await.account.is_some_and(|account| account.known.is_some())
    })
    .await;
}

/// The receipt of scenario 38, with the customer's card: 1 000.00.
async fn thousand(counter: &Counter) {
    for code in ["COFFEE", "SHAMPOO", "BATT"] {
        counter.sell("1", code).await;
    }
    let rest = TillCommand::Sell {
        item: messages::v1::till::ItemChoice::Code(domain::ids::ItemCode("REST".to_owned())),
        quantity: domain::quantity::Quantity::ONE,
        price: Some(money("193.00")),
        vat: None,
    };
    counter.give(rest).await;
    counter.give(card()).await;
}

fn operations(receipt: &Receipt) -> Vec<(OperationKind, String)> {
    receipt.accounts.iter().map(|operation| (operation.kind, operation.amount.to_string())).collect()
}

#[test]
fn retail_s38_s39_points_are_burned_and_come_back() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("1000.00").await;
        thousand(counter).await;
        known(counter).await;
        let account = counter.view().await.account.expect("a customer");
        assert!(matches!(account.known, Some(Identified::Customer(customer)) if customer.name == "Анна П."));
        assert_eq!((account.points_max, account.earns), (money("300.00"), money("100.00")));
        assert_eq!(counter.refused(burn("300.01")).await, "burn_too_much");
        let reply = counter.give(burn("300.00")).await;
        assert_eq!((reply.due, reply.taken.map(|taken| taken.online)), (Some(money("700.00")), Some(true)));
        assert_eq!(counter.refused(sell("1", "MILK")).await, "points_burned");
        assert_eq!(counter.refused(burn("1.00")).await, "points_burned");
        let sale = closed(counter.cash("700.00").await);
        let nets: Vec<String> = sale.lines.iter().map(|line| line.amount.to_string()).collect();
        assert_eq!(nets, ["244.30", "181.30", "139.30", "135.10"]);
        assert_eq!(
            operations(&sale),
            [(OperationKind::Spend, "300.00".to_owned()), (OperationKind::Earn, "70.00".to_owned())]
        );
        let shown = sale.points.clone().expect("points");
        assert_eq!(
            (shown.burned, shown.earned, shown.balance),
            (money("300.00"), money("70.00"), Some(money("770.00")))
        );
        settle(&shop, counter).await;
        assert_eq!((points(&shop), holds(&shop)), (money("770.00"), 0));

        let back_1 = closed(counter.give(back(sale.uid, &[(2, "1")], TenderType::Cash)).await);
        assert_eq!(back_1.total, money("181.30"));
        assert_eq!(
            operations(&back_1),
            [(OperationKind::PutBack, "77.70".to_owned()), (OperationKind::TakeBack, "19.00".to_owned())]
        );
        // 200 of the first lot and 100 of the second were taken: the last goes back first.
        let lots: Vec<_> = back_1.accounts[0].lots.iter().map(|lot| (lot.origin.as_u128(), lot.amount)).collect();
        assert_eq!(lots, [(2, money("77.70"))]);
        let back_2 = closed(counter.give(back(sale.uid, &[(1, "1"), (3, "1"), (4, "1")], TenderType::Cash)).await);
        assert_eq!(
            operations(&back_2),
            [(OperationKind::PutBack, "222.30".to_owned()), (OperationKind::TakeBack, "51.00".to_owned())]
        );
        let lots: Vec<_> = back_2.accounts[0].lots.iter().map(|lot| (lot.origin.as_u128(), lot.amount)).collect();
        assert_eq!(lots, [(2, money("22.30")), (1, money("200.00"))]);
        settle(&shop, counter).await;
        assert_eq!(points(&shop), money("1000.00"));
        assert_eq!(counter.refused(back(sale.uid, &[], TenderType::Cash)).await, "nothing_left");
        counter.verify().await;
    });
}

#[test]
fn retail_s37_what_points_paid_earns_nothing() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        let tv = TillCommand::Sell {
            item: messages::v1::till::ItemChoice::Code(domain::ids::ItemCode("TV".to_owned())),
            quantity: domain::quantity::Quantity::ONE,
            price: Some(money("1234.56")),
            vat: None,
        };
        counter.give(tv).await;
        assert_eq!(counter.refused(burn("200.00")).await, "no_customer");
        counter.give(card()).await;
        counter.give(burn("200.00")).await;
        let sale = closed(counter.cash("1034.56").await);
        assert_eq!(sale.points.expect("points").earned, money("103.00"));
    });
}

#[test]
fn a_no_is_said_as_the_accounts_say_it() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(sell("20", "COFFEE")).await;
        counter.give(card()).await;
        match counter.ask(burn("1500.00")).await {
            Ok(Err(TillError::Refused { code, text })) => {
                assert_eq!(code, "not_enough");
                assert_eq!(text, "there is not enough on the account: 1000.00 can be taken");
            }
            other => panic!("{other:?}"),
        }
        let all = counter.give(TillCommand::Burn { points: None }).await;
        assert_eq!(all.taken.map(|taken| taken.amount), Some(money("1000.00")));
        counter.give(TillCommand::GiveBack).await;
        until("the points are free", async || holds(&shop) == 0).await;
        assert_eq!(counter.refused(TillCommand::GiveBack).await, "nothing_taken");
        let mut other = gift("10.00");
        if let TillCommand::Pay { number, .. } = &mut other {
            *number = Some("12345678".to_owned());
        }
        assert_eq!(counter.refused(other).await, "unknown_card");
        assert_eq!(counter.refused(gift("1000.01")).await, "not_enough");
        assert_eq!(counter.journal_count("account_refused").await, 3);
        let sale = closed(counter.cash("6980.00").await);
        assert_eq!(operations(&sale), [(OperationKind::Earn, "698.00".to_owned())]);
    });
}

#[test]
fn an_answer_that_is_lost_is_given_back() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        shop.above.as_ref().expect("accounts").knows().accounts.loses_answer = true;
        assert_eq!(counter.refused(gift("349.00")).await, "accounts_unreachable");
        until("what was held is free", async || holds(&shop) == 0).await;
        until("the till knows it", async || counter.journal_count("release_heard").await == 1).await;
        shop.above.as_ref().expect("accounts").knows().no_line = true;
        assert_eq!(counter.refused(gift("349.00")).await, "accounts_unreachable");
        closed(counter.cash("349.00").await);
        settle(&shop, counter).await;
        assert_eq!(balance(&shop, GIFT, Wallet::Gift, ROUBLES), money("1000.00"));
    });
    // The store is there again in another life: the second one is given back, too.
    shop.above.as_ref().expect("accounts").knows().no_line = false;
    shop.run(async |counter| {
        until("the till knows it", async || counter.journal_count("release_heard").await == 2).await;
        counter.verify().await;
    });
}

#[test]
fn retail_s36_a_gift_card_is_sold_redeemed_and_paid_back() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("1000.00").await;
        let asked = counter.asked(sell("1", "GIFTCARD")).await;
        assert_eq!(asked, Ask::Gift { name: "GIFTCARD".to_owned() });
        let answer = |text: &str| TillCommand::Answer(Answer::Gift(text.to_owned()));
        assert_eq!(counter.refused(answer("12")).await, "not_a_gift_card");
        counter.give(answer("9900000000000002")).await;
        let sold = closed(counter.cash("1000.00").await);
        assert_eq!(operations(&sold), [(OperationKind::Load, "1000.00".to_owned())]);
        assert!(sold.vat.iter().all(|vat| vat.amount.is_zero()), "an advance, and no goods");
        settle(&shop, counter).await;
        assert_eq!(balance(&shop, "9900000000000002", Wallet::Gift, ROUBLES), money("1000.00"));
        assert_eq!(counter.refused(back(sold.uid, &[(1, "1")], TenderType::Cash)).await, "load_not_returned");

        counter.sell("3", "COFFEE").await;
        assert_eq!(counter.refused(gift("1047.01")).await, "over_due");
        assert_eq!(counter.give(gift("750.00")).await.due, Some(money("297.00")));
        let sale = closed(counter.cash("300.00").await);
        assert_eq!(
            (sale.change, operations(&sale)),
            (money("3.00"), vec![(OperationKind::Spend, "750.00".to_owned())])
        );
        settle(&shop, counter).await;
        assert_eq!(balance(&shop, GIFT, Wallet::Gift, ROUBLES), money("250.00"));

        // Two of three come back: what the card paid goes to the card, no more; the rest as cash.
        let first = closed(counter.give(back(sale.uid, &[(1, "2")], TenderType::Gift)).await);
        assert_eq!(operations(&first), [(OperationKind::PutBack, "698.00".to_owned())]);
        let part = counter.give(back(sale.uid, &[(1, "1")], TenderType::Gift)).await;
        assert_eq!(part.due, Some(money("297.00")));
        let second = closed(counter.cash("297.00").await);
        assert_eq!(operations(&second), [(OperationKind::PutBack, "52.00".to_owned())]);
        settle(&shop, counter).await;
        assert_eq!(balance(&shop, GIFT, Wallet::Gift, ROUBLES), money("1000.00"));
        counter.verify().await;
    });
}

#[test]
fn what_is_cancelled_undone_or_parked_is_free_again() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.give(gift("100.00")).await;
        assert_eq!(holds(&shop), 1);
        assert_eq!(counter.give(TillCommand::GiveBack).await.due, Some(money("349.00")));
        until("undone", async || holds(&shop) == 0).await;
        counter.give(gift("100.00")).await;
        counter.give(TillCommand::Cancel).await;
        until("cancelled", async || holds(&shop) == 0).await;
        counter.sell("1", "COFFEE").await;
        counter.give(card()).await;
        counter.give(burn("50.00")).await;
        let parked = counter.give(TillCommand::Park { name: String::new() }).await;
        assert_eq!(parked.receipt.expect("it").total, money("349.00"));
        until("parked", async || holds(&shop) == 0).await;
        settle(&shop, counter).await;
        assert_eq!((points(&shop), balance(&shop, GIFT, Wallet::Gift, ROUBLES)), (money("1000.00"), money("1000.00")));
    });
}

#[test]
fn a_receipt_goes_on_by_the_number_alone() {
    let shop = shop_with_accounts();
    shop.above.as_ref().expect("accounts").knows().no_line = true;
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.give(card()).await;
        let sale = closed(counter.cash("349.00").await);
        let earned = &sale.accounts[0];
        assert_eq!((earned.owner, earned.number.as_str(), earned.amount), (0, CARD, money("34.00")));
        assert_eq!(sale.points.expect("points").balance, None);
    });
}

/// The node dies at each step of a receipt with points and a gift card: each is taken once, or not at all.
#[test]
fn fault_power_cut_at_every_step_of_accounts() {
    let steps = SagaStep::ALL.into_iter().chain(SagaStep::OF_ACCOUNTS);
    for step in steps.filter(|step| !matches!(step, SagaStep::TerminalAsked | SagaStep::TerminalAnswered)) {
        for time in 1..=2 {
            let left = Arc::new(std::sync::atomic::AtomicU32::new(time));
            let armed = Arc::new(AtomicBool::new(true));
            let (counted, once) = (left.clone(), armed.clone());
            let shop = with_accounts(Shop::dying(Arc::new(move |reached| {
                let dies = reached == step && counted.fetch_sub(1, Ordering::SeqCst) == 1;
                if dies && once.swap(false, Ordering::SeqCst) {
                    panic!("power cut at {step:?}");
                }
            })));
            shop.run(async |counter| {
                counter.open_shift("0.00").await;
                for command in
                    [sell("1", "COFFEE"), card(), burn("100.00"), gift("200.00"), pay(TenderType::Cash, "49.00")]
                {
                    if counter.ask(command).await.is_err() {
                        break;
                    }
                }
            });
            shop.run(async |counter| {
                let view = counter.view().await;
                if view.lines.is_empty() && counter.receipts().await.is_empty() {
                    counter.sell("1", "COFFEE").await;
                }
                let view = counter.view().await;
                if !view.lines.is_empty() {
                    closed(counter.cash(&view.due.to_string()).await);
                }
                until("all is given back", async || {
                    let settled = counter.outbox().await;
                    shop.above.as_ref().expect("accounts").knows().accounts.settle(&settled);
                    holds(&shop) == 0
                })
                .await;
                let receipts = counter.receipts().await;
                assert_eq!(receipts.iter().filter(|ended| ended.is_closed()).count(), 1, "{step:?}");
                let sale = &receipts[0].receipt;
                let spent = |wallet| -> Money {
                    let of = sale
                        .accounts
                        .iter()
                        .filter(|operation| operation.kind == OperationKind::Spend && operation.wallet == wallet);
                    of.map(|operation| operation.amount).sum()
                };
                let earned = sale.accounts.iter().filter(|operation| operation.kind == OperationKind::Earn);
                let earned: Money = earned.map(|operation| operation.amount).sum();
                assert_eq!(points(&shop), money("1000.00") - spent(Wallet::Points) + earned, "{step:?}");
                let left = balance(&shop, GIFT, Wallet::Gift, ROUBLES);
                assert_eq!(left, money("1000.00") - spent(Wallet::Gift), "{step:?}");
                assert_eq!(shop.fiscal_receipts().len(), 1, "{step:?}");
                counter.verify().await;
            });
        }
    }
}

#[test]
fn the_store_is_told_what_receipts_did() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.give(gift("349.00")).await;
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
        let answer = OperationsTaken { keep_from: Some(day), tell_from: None, mark: 0 };
        shop.above.as_ref().expect("accounts").knows().accounts.answer = answer;
    });
    shop.run(async |counter| {
        counter.sell("1", "COFFEE").await;
        counter.give(gift("100.00")).await;
        until("the store is told", async || counter.journal_count("operations_kept").await == 1).await;
        let told = shop.above.as_ref().expect("accounts").knows().accounts.told.clone();
        let last = told.last().expect("told");
        assert_eq!((last.settled.len(), last.settled[0].operations.len(), last.more), (1, 1, false));
        assert_eq!(last.settled[0].operations[0].amount, money("349.00"));
    });
    shop.run(async |_| {
        let told = || shop.above.as_ref().expect("accounts").knows().accounts.told.clone();
        let count = told().len();
        until("it is told again", async || told().len() > count).await;
        assert_eq!(told().last().expect("told").open.len(), 1, "the open receipt's gift card");
    });
}

#[test]
fn training_touches_no_accounts() {
    let shop = shop_with_accounts();
    shop.run(async |counter| {
        counter.open_shift("0.00").await;
        counter.give(TillCommand::Train { on: true }).await;
        counter.open_shift("0.00").await;
        counter.sell("1", "COFFEE").await;
        counter.give(card()).await;
        counter.give(burn("100.00")).await;
        let TillReply { receipt, .. } = counter.give(gift("249.00")).await;
        assert_eq!(receipt.expect("closed").total, money("249.00"));
        counter.give(TillCommand::Train { on: false }).await;
        assert!(shop.above.as_ref().expect("accounts").knows().accounts.asked.is_empty());
    });
}
