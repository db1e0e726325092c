//! Customers' accounts through the whole chain: points and gift cards at tills, rights at stores, one book at the head office.

use std::time::{Duration, Instant};

use domain::ids::{ItemCode, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use messages::v1::receipt::TenderType;
use messages::v1::till::{ItemChoice, TillCommand, TillError, TillReply};
use store_node::chain::Chain;

use crate::sandbox::{check, check_and, eventually};

/// How long one command of a till may take here.
const DEADLINE: Duration = Duration::from_secs(30);
/// A connected store hears of a blocked card within this.
const BLOCK_WITHIN: Duration = Duration::from_secs(2);

/// A point for every full 10.00 of money, up to 30 % paid with points; gift cards; a second till and a second store.
const LOYALTY: &str = r#"
{"do":"settings","section":"loyalty","value":{"programmes":[{"asset":1,"name":"Points","from":"2026-01-01","campaigns":[{"id":1,"name":"Everyday"}],"earn":[{"name":"A point for 10","campaign":1,"give":{"per_step":{"step":"10","points":"1"}}}],"burn":{"share_hundredths_max":3000},"clawback":"owe"}],"gift":{"prefix":"2777"}}}
{"do":"item","code":"CARD1000","name":"Gift card","price":"1000.00","vat":"22","gift_card":true}
{"do":"account","card":"2900000000018","name":"Anna","opening":{"points":"1000"}}
{"do":"open_shift","till":2,"operator":"9","pin":"9999","float":"5000.00"}
{"do":"open_shift","store":"S2","till":1,"operator":"2","pin":"2222","float":"5000.00"}
"#;

fn with_loyalty(script: &str) -> String {
    format!("{LOYALTY}{script}")
}

fn place(store: &str, till: u32) -> (StoreId, TillId) {
    (StoreId::new(store).expect("a store"), TillId(till))
}

fn money(text: &str) -> Money {
    text.parse().expect("money")
}

async fn ask(chain: &Chain, at: &(StoreId, TillId), command: TillCommand) -> Result<TillReply, TillError> {
    chain.ask(&at.0, at.1, DEADLINE, command).await.expect("the till answers")
}

async fn sell(chain: &Chain, at: &(StoreId, TillId), price: &str) {
    let item = ItemChoice::Code(ItemCode("ANY".to_owned()));
    let vat = Some(VatRate::Percent { hundredths: 2_200 });
    let sell = TillCommand::Sell { item, quantity: Quantity::ONE, price: Some(money(price)), vat };
    ask(chain, at, sell).await.expect("sold");
}

fn pay(tender: TenderType, amount: &str, number: &str) -> TillCommand {
    TillCommand::Pay { tender, amount: money(amount), number: Some(number.to_owned()) }
}

fn cash(amount: &str) -> TillCommand {
    TillCommand::Pay { tender: TenderType::Cash, amount: money(amount), number: None }
}

#[test]
fn retail_s36_gift_card() {
    check_and(
        &with_loyalty(
            r#"
{"do":"sell","store":"S1","till":1,"code":"CARD1000","expect":{"ok":false,"error.code":"asks_gift"}}
{"do":"answer","gift":"2777000000000000000000018","expect":{"ok":false,"error.code":"not_a_gift_card"}}
{"do":"answer","gift":"2777000000000000000000019","expect":{"due":"1000.00"}}
{"do":"pay","tender":"cash","amount":"1000.00","expect":{"receipt.total":"1000.00","receipt.vat.0.rate":"none","receipt.vat.0.amount":"0.00"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2777000000000000000000019"},"expect":{"rows.0.balance":"1000.00","rows.0.wallet":"gift"}}
{"do":"sell","code":"ANY","price":"750.00","vat":"22"}
{"do":"pay","tender":"gift","amount":"750.00","number":"2777000000000000000000019","expect":{"receipt.total":"750.00","receipt.tenders.0.tender":"gift"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2777000000000000000000019"},"expect":{"rows.0.balance":"250.00"}}
"#,
        ),
        async |chain| {
            const CARD: &str = "2777000000000000000000019";
            let (first, second) = (place("S1", 1), place("S1", 2));
            sell(chain, &first, "200.00").await;
            sell(chain, &second, "200.00").await;
            let both = futures_util::future::join(
                ask(chain, &first, pay(TenderType::Gift, "200.00", CARD)),
                ask(chain, &second, pay(TenderType::Gift, "200.00", CARD)),
            );
            let both: [_; 2] = both.await.into();
            assert_eq!(both.iter().filter(|answer| answer.is_ok()).count(), 1, "{both:?}");
            for (till, answer) in [first.clone(), second].iter().zip(both) {
                if let Err(error) = answer {
                    assert_eq!(error.code(), "not_enough");
                    assert!(error.to_string().contains("50.00 can be taken"), "{error}");
                    ask(chain, till, cash("200.00")).await.expect("paid otherwise");
                }
            }
            chain.set_store_link(&first.0, false).await.expect("cut");
            sell(chain, &first, "60.00").await;
            let error = ask(chain, &first, pay(TenderType::Gift, "60.00", CARD)).await.expect_err("beyond the lease");
            assert_eq!(error.code(), "not_enough_here");
            assert!(error.to_string().contains("the head office was not asked"), "{error}");
            assert!(
                ask(chain, &first, pay(TenderType::Gift, "50.00", CARD)).await.is_ok(),
                "what is here can be taken"
            );
        },
    );
}

#[test]
fn retail_s36_a_card_with_a_pin() {
    let wrong = r#"
{"do":"answer","pin":"0000","expect":{"ok":false,"error.code":"wrong_pin"}}"#;
    let script = format!(
        r#"
{{"do":"account","card":"2900000000025","pin":"4711","opening":{{"gift":"1000.00"}}}}
{{"do":"sell","store":"S1","till":1,"code":"ANY","price":"300.00","vat":"22"}}
{{"do":"pay","tender":"gift","amount":"300.00","number":"2900000000025","expect":{{"ok":false,"error.code":"asks_pin"}}}}{wrong}
{{"do":"answer","pin":"4711","expect":{{"receipt.total":"300.00"}}}}
{{"do":"settle"}}
{{"do":"report","name":"account","args":{{"card":"2900000000025"}},"expect":{{"rows.0.balance":"700.00"}}}}
{{"do":"sell","code":"ANY","price":"300.00","vat":"22"}}
{{"do":"pay","tender":"gift","amount":"300.00","number":"2900000000025","expect":{{"ok":false,"error.code":"asks_pin"}}}}{}
{{"do":"answer","pin":"4711","expect":{{"ok":false,"error.code":"pin_locked"}}}}
{{"do":"pay","tender":"cash","amount":"300.00"}}
"#,
        wrong.repeat(5)
    );
    check(&with_loyalty(&script));
}

#[test]
fn retail_s37_earn() {
    check(&with_loyalty(
        r#"
{"do":"sell","store":"S1","till":1,"code":"TV","price":"1234.56","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"200","expect":{"due":"1034.56"}}
{"do":"pay","tender":"cash","amount":"1034.56","expect":{"receipt.total":"1034.56","receipt.points.earned":"103","receipt.points.burned":"200","receipt.points.balance":"903"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.wallet":"points","rows.0.balance":"903.00"}}
"#,
    ));
}

#[test]
fn retail_s38_burn() {
    check(&with_loyalty(
        r#"
{"do":"scan","store":"S1","till":1,"data":"4600000000039"}
{"do":"scan","data":"4600000000121"}
{"do":"scan","data":"4600000000107"}
{"do":"sell","code":"ANY","price":"193.00","vat":"22","expect":{"due":"1000.00"}}
{"do":"burn","points":"10","expect":{"ok":false,"error.code":"no_customer"}}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"300.01","expect":{"ok":false,"error.code":"burn_too_much"}}
{"do":"burn","points":"137","expect":{"due":"863.00"}}
{"do":"give_back","expect":{"due":"1000.00"}}
{"do":"burn","points":"300","expect":{"due":"700.00"}}
{"do":"pay","tender":"cash","amount":"700.00","expect":{"receipt.lines.0.amount":"244.30","receipt.lines.1.amount":"181.30","receipt.lines.2.amount":"139.30","receipt.lines.3.amount":"135.10","receipt.points.earned":"70","receipt.points.balance":"770"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"770.00"}}
"#,
    ));
}

#[test]
fn retail_s39_return_with_points() {
    check(&with_loyalty(
        r#"
{"do":"scan","store":"S1","till":1,"data":"4600000000039"}
{"do":"scan","data":"4600000000121"}
{"do":"scan","data":"4600000000107"}
{"do":"sell","code":"ANY","price":"193.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"300"}
{"do":"pay","id":"sold","tender":"cash","amount":"700.00","expect":{"receipt.total":"700.00"}}
{"do":"settle"}
{"do":"return","of":"@sold","lines":[{"line":2,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"181.30","receipt.accounts.0.kind":"put_back","receipt.accounts.0.amount":"77.70","receipt.accounts.1.kind":"take_back","receipt.accounts.1.amount":"19.00"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"828.70"}}
{"do":"return","store":"S2","till":1,"of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"244.30","receipt.accounts.0.amount":"104.70"}}
{"do":"settle"}
{"do":"return","store":"S1","till":1,"of":"@sold","lines":[],"tender":"cash","expect":{"receipt.total":"274.40"}}
{"do":"return","of":"@sold","lines":[],"tender":"cash","expect":{"ok":false,"error.code":"nothing_left"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1000.00"}}
"#,
    ));
}

#[test]
fn change_is_taken_in_points() {
    let script = with_loyalty(
        r#"
{"do":"card","store":"S1","till":1,"number":"2900000000018"}
{"do":"sell","code":"ANY","price":"99.40","vat":"22"}
{"do":"change_to_points","cash":"99.40","expect":{"ok":false,"error.code":"no_change_to_keep"}}
{"do":"change_to_points","cash":"120.00","expect":{"receipt.total":"104.40","receipt.change":"15.60","receipt.accounts.0.kind":"load","receipt.accounts.0.wallet":"points","receipt.accounts.0.amount":"5.00"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.wallet":"points","rows.0.balance":"1014.00"}}
{"do":"sell","code":"ANY","price":"100.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"5","expect":{"due":"95.00"}}
{"do":"pay","tender":"cash","amount":"95.00"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1018.00"}}
"#,
    );
    check(&script.replace(r#""clawback":"owe""#, r#""clawback":"owe","change_to_points_max":"5.00""#));
}

#[test]
fn retail_s40_offline_burn() {
    check_and(
        &with_loyalty(
            r#"
{"do":"card","store":"S1","till":1,"number":"2900000000018"}
{"do":"cancel"}
{"do":"link","between":["store","hq"],"up":false}
{"do":"sell","till":1,"code":"ANY","price":"3000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"600","expect":{"due":"2400.00","taken.online":false,"taken.here":"400.00"}}
{"do":"sell","till":2,"code":"ANY","price":"2000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"500","expect":{"ok":false,"error.code":"not_enough_here"}}
{"do":"burn","expect":{"due":"1600.00","taken.amount":"400.00"}}
{"do":"pay","tender":"cash","amount":"1600.00","expect":{"receipt.points.earned":"160"}}
{"do":"pay","till":1,"tender":"cash","amount":"2400.00","expect":{"receipt.points.earned":"240"}}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1000.00"}}
{"do":"link","between":["store","hq"],"up":true}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"400.00"}}
{"do":"crash","node":"store"}
{"do":"crash","node":"hq"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"400.00"}}
"#,
        ),
        async |chain| {
            chain.feed_again(&place("S1", 1).0).await.expect("fed again");
            chain.settle(DEADLINE).await.expect("settled");
            assert_eq!(balance(chain, "2900000000018").await, "400.00");
            let (chain, till) = (&*chain, place("S1", 1));
            sell(chain, &till, "1000.00").await;
            let card = TillCommand::Customer { number: "2900000000018".to_owned() };
            ask(chain, &till, card).await.expect("a customer");
            eventually("the store is ready again", Duration::from_secs(15), async || {
                ask(chain, &till, TillCommand::Burn { points: Some(money("100.00")) }).await.ok()
            })
            .await;
        },
    );
}

async fn balance(chain: &Chain, card: &str) -> String {
    let rows = chain.customer_accounts(card).await.expect("the root answers").expect("the card is known");
    rows[0]["balance"].as_str().expect("a balance").to_owned()
}

#[test]
fn retail_s41_two_stores_offline_have_one_balance() {
    check(&with_loyalty(
        r#"
{"do":"card","store":"S1","till":1,"number":"2900000000018"}
{"do":"cancel"}
{"do":"link","between":["store","hq"],"up":false}
{"do":"link","store":"S2","between":["store","hq"],"up":false}
{"do":"sell","store":"S2","code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"1","expect":{"ok":false}}
{"do":"cancel"}
{"do":"sell","store":"S1","code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"1000","expect":{"taken.online":false,"taken.here":"0.00"}}
{"do":"pay","tender":"cash","amount":"8000.00"}
{"do":"sell","code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"burn","points":"1","expect":{"ok":false,"error.code":"not_enough_here"}}
{"do":"pay","tender":"cash","amount":"9000.00"}
{"do":"link","store":"S1","between":["store","hq"],"up":true}
{"do":"link","store":"S2","between":["store","hq"],"up":true}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1700.00"}}
"#,
    ));
}

#[test]
fn processing_s02_the_same_account_in_two_stores_without_a_line() {
    let mut script = with_loyalty(
        r#"
{"do":"account","card":"2900000000025","name":"Boris","opening":{"prepaid":"600.00"}}
{"do":"item","code":"TOPUP","name":"Top up","price":"400.00","vat":"22","gift_card":true}
{"do":"card","store":"S1","till":1,"number":"2900000000025"}
{"do":"cancel"}
{"do":"link","between":["store","hq"],"up":false}
{"do":"card","store":"S2","till":1,"number":"2900000000025"}
{"do":"sell","code":"TOPUP","expect":{"ok":false,"error.code":"asks_gift"}}
{"do":"answer","gift":"2900000000025","expect":{"due":"400.00"}}
{"do":"pay","tender":"cash","amount":"400.00","expect":{"receipt.accounts.0.wallet":"prepaid"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000025"},"expect":{"rows.0.balance":"1000.00","rows.0.stores":"1000.00"}}
{"do":"link","between":["store","hq"],"up":false}
"#,
    );
    for (store, yes) in [("S1", 6), ("S2", 4)] {
        for n in 0..20 {
            let expect = if n < yes { r#"{"ok":true}"# } else { r#"{"ok":false,"error.code":"not_enough_here"}"# };
            let end = if n < yes { "" } else { r#"{"do":"pay","tender":"cash","amount":"100.00"}"# };
            script.push_str(&format!(
                r#"
{{"do":"sell","store":"{store}","code":"ANY","price":"100.00","vat":"22"}}
{{"do":"pay","tender":"prepaid","amount":"100.00","number":"2900000000025","expect":{expect}}}
{end}
"#
            ));
        }
    }
    script.push_str(
        r#"
{"do":"link","store":"S1","between":["store","hq"],"up":true}
{"do":"link","store":"S2","between":["store","hq"],"up":true}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000025"},"expect":{"rows.0.balance":"0.00"}}
"#,
    );
    check(&script);
}

#[test]
fn processing_s07_an_answer_that_is_lost_takes_nothing_twice() {
    const CARD: &str = "2900000000025";
    let opening = format!(r#"{{"do":"account","card":"{CARD}","opening":{{"gift":"1000.00"}}}}"#);
    check_and(&with_loyalty(&opening), async |chain| {
        let till = place("S1", 1);
        for step in ["accountasked", "accountanswered", "paying", "closed"] {
            sell(chain, &till, "200.00").await;
            chain.crash_till_at(&till.0, till.1, step).expect("a step");
            drop(ask(chain, &till, pay(TenderType::Gift, "200.00", CARD)).await);
            assert!(chain.is_dead(&till.0, till.1), "{step}");
            chain.revive_till(&till.0, till.1).await.expect("it comes back");
            let chain = &*chain;
            eventually("the receipt is paid", DEADLINE, async || {
                let is_open = !chain.view(&till.0, till.1).await.expect("a view").lines.is_empty();
                let paid = !is_open || ask(chain, &till, pay(TenderType::Gift, "200.00", CARD)).await.is_ok();
                paid.then_some(())
            })
            .await;
        }
        chain.settle(DEADLINE).await.expect("settled");
        assert_eq!(balance(chain, CARD).await, "200.00");
        sell(chain, &till, "200.00").await;
        let chain = &*chain;
        eventually("what did not come to pass is given back", DEADLINE, async || {
            ask(chain, &till, pay(TenderType::Gift, "200.00", CARD)).await.ok()
        })
        .await;
    });
}

#[test]
fn processing_s13_block() {
    check_and(
        &with_loyalty(
            r#"
{"do":"card","store":"S1","till":1,"number":"2900000000018"}
{"do":"cancel"}
{"do":"sell","till":1,"code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
"#,
        ),
        async |chain| {
            let till = place("S1", 1);
            let begun = Instant::now();
            let exposed = chain.block_card("2900000000018").await.expect("the root answers").expect("blocked");
            assert_eq!(exposed, [(till.0.clone(), money("1000.00"))], "what the block cannot stop yet");
            loop {
                match ask(chain, &till, TillCommand::Burn { points: Some(money("1.00")) }).await {
                    Err(error) => break assert_eq!(error.code(), "card_blocked"),
                    Ok(_) => drop(ask(chain, &till, TillCommand::GiveBack).await.expect("given back")),
                }
                assert!(begun.elapsed() < BLOCK_WITHIN, "a connected store hears of it");
            }
        },
    );
}

#[test]
fn processing_s15_recall() {
    check(&with_loyalty(
        r#"
{"do":"account","card":"2900000000025","name":"Boris","opening":{"points":"2000"}}
{"do":"card","store":"S1","till":1,"number":"2900000000025"}
{"do":"cancel"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000025"},"expect":{"rows.0.stores":"2000.00"}}
{"do":"sell","store":"S2","code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000025"}
{"do":"burn","points":"2000","expect":{"due":"7000.00","taken.amount":"2000.00"}}
{"do":"pay","tender":"cash","amount":"7000.00"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000025"},"expect":{"rows.0.balance":"700.00"}}
"#,
    ));
}

#[test]
fn processing_s19_points_that_wait() {
    check(&with_loyalty(
        r#"
{"do":"settings","section":"loyalty","value":{"programmes":[{"asset":1,"name":"Points","from":"2026-01-01","activation_days":14,"campaigns":[{"id":1,"name":"Everyday"}],"earn":[{"name":"A point for 10","campaign":1,"give":{"per_step":{"step":"10","points":"1"}}}],"clawback":"owe"}]}}
{"do":"sell","store":"S1","till":1,"code":"ANY","price":"1000.00","quantity":"2","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"pay","id":"sold","tender":"cash","amount":"2000.00","expect":{"receipt.points.earned":"200","receipt.points.balance":"1000"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1000.00","rows.0.pending":"200.00"}}
{"do":"close_shift","counted":"7000.00"}
{"do":"open_shift","at":"2026-06-11T09:00:00","operator":"1","pin":"1111","float":"5000.00"}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"1000.00","receipt.accounts.0.kind":"take_back","receipt.accounts.0.amount":"100.00"}}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1000.00","rows.0.pending":"100.00"}}
{"do":"close_shift","counted":"4000.00"}
{"do":"open_shift","at":"2026-06-15T09:00:00","operator":"1","pin":"1111","float":"5000.00"}
{"do":"sell","code":"ANY","price":"9000.00","vat":"22"}
{"do":"card","number":"2900000000018"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"1100.00","rows.0.pending":"0.00"}}
{"do":"burn","points":"1100","expect":{"due":"7900.00"}}
{"do":"pay","tender":"cash","amount":"7900.00"}
{"do":"settle"}
{"do":"report","name":"account","args":{"card":"2900000000018"},"expect":{"rows.0.balance":"0.00","rows.0.pending":"790.00"}}
"#,
    ));
}
