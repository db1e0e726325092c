//! The interface for web shops: scripts of lines, and the lines of their answers.

use expect_test::{Expect, expect};
use futures_util::future::join_all;

use super::office::{Office, Shop};

async fn check(office: &Office, script: &str, expected: Expect) {
    let mut answers = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let shown: String = line.chars().take(100).collect();
        answers += &format!("> {shown}\n{}\n", office.api(line).await);
    }
    expected.assert_eq(&answers);
}

#[actix_web::test]
async fn money_is_topped_up_held_captured_and_spent() {
    let office = Office::open().await;
    office.customer("Anna", "100").await;
    office.customer("Boris", "200").await;
    let script = r#"
        topup a1 {"number":"100","wallet":"prepaid","amount":"100.00","tender":1}
        spend a2 {"number":"100","wallet":"prepaid","amount":"30.5"}
        hold a3 {"number":"100","wallet":"prepaid","amount":"20.00","timeout_s":600}
        get customers/100/balance?wallet=prepaid
        capture a4 {"hold":"HOLD","amount":"15.00"}
        capture a5 {"hold":"HOLD"}
        void a6 {"hold":"HOLD"}
        hold b1 {"number":"100","wallet":"prepaid","amount":"5"}
        void b2 {"hold":"HOLD2"}
        capture b3 {"hold":"HOLD2"}
        transfer c1 {"from":"100","to":"200","wallet":"prepaid","amount":"4.50"}
        spend c2 {"number":"200","wallet":"prepaid","amount":"4.51"}
        get customers/200
    "#;
    let hold = office.api(r#"hold a3 {"number":"100","wallet":"prepaid","amount":"20.00","timeout_s":600}"#).await;
    expect!["422 not_enough: The wallet has not so much."].assert_eq(&hold);
    // That key is used up, so the script's has another.
    let script = script.replace("hold a3", "hold a3x");
    let number = |key: &str| {
        let office = &office;
        let line = format!(r#"void probe-{key} {{"hold":"{key}"}}"#);
        async move { office.api(&line).await }
    };
    assert!(number("nothing").await.starts_with("404 hold_unknown"));
    let (first, rest) = script.split_once("capture a4").unwrap();
    check(&office, first, expect![[""]]).await;
    let held = office.api(r#"hold a3x {"number":"100","wallet":"prepaid","amount":"20.00","timeout_s":600}"#).await;
    let held2 = office.api(r#"hold b1 {"number":"100","wallet":"prepaid","amount":"5"}"#).await;
    let id = |answer: &str| super::office::between(answer, "\"operation\":\"", "\"").unwrap().to_owned();
    let rest = format!("capture a4{rest}").replace("HOLD2", &id(&held2)).replace("HOLD", &id(&held));
    check(&office, &rest, expect![[""]]).await;
    expect![[""]].assert_eq(&office.statement("100", "wallet=prepaid").await);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn the_same_key_is_the_same_operation() {
    let office = Office::open().await;
    let owner = office.customer("Anna", "100").await;
    check(
        &office,
        r#"
        topup a1 {"number":"100","wallet":"prepaid","amount":"50.00"}
        topup a1 {"amount":"50.00","wallet":"prepaid","number":"100"}
        topup a1 {"number":"100","wallet":"prepaid","amount":"51.00"}
        topup a1 {"number":"100","wallet":"prepaid","amount":"50.00","tender":2}
        spend a1 {"number":"100","wallet":"prepaid","amount":"50.00"}
        topup a1 {"number":"100","wallet":"points","amount":"50.00"}
        spend a2 {"number":"100","wallet":"prepaid","amount":"80.00"}
        topup a3 {"number":"100","wallet":"prepaid","amount":"50.00"}
        spend a2 {"number":"100","wallet":"prepaid","amount":"80.00"}
        spend a2 {"number":"100","wallet":"prepaid","amount":"8.00"}
        "#,
        expect![[""]],
    )
    .await;
    // Many at once, as a shop that lost patience sends them: one is posted, all hear the same.
    let line = r#"spend many {"number":"100","wallet":"prepaid","amount":"10.00"}"#;
    let answers = join_all((0..40).map(|_| office.api(line))).await;
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.starts_with("200 ")), "{answers:?}");
    // And other keys at once take what is there and no more.
    let lines: Vec<String> =
        (0..40).map(|n| format!(r#"spend race-{n} {{"number":"100","wallet":"prepaid","amount":"7.00"}}"#)).collect();
    let answers = join_all(lines.iter().map(|line| office.api(line))).await;
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("200 ")).count(), 12, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.starts_with("422 not_enough")).count(), 28);

    // What was done before is answered as it was, although the customer is blocked since.
    office.send("anna", &format!("/accounts/{owner}"), &[("do", "block")]).await;
    check(
        &office,
        r#"
        spend many {"number":"100","wallet":"prepaid","amount":"10.00"}
        spend new {"number":"100","wallet":"prepaid","amount":"1.00"}
        "#,
        expect![[""]],
    )
    .await;
    office.node.shutdown().await;
}

#[actix_web::test]
async fn what_cannot_be_used_is_refused_and_posts_nothing() {
    let office = Office::open().await;
    office.customer("Anna", "100").await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = &deep[..3_000];
    let long = "9".repeat(1024 * 1024);
    let script = format!(
        r#"
        topup - {{"number":"100","wallet":"prepaid","amount":"1"}}
        topup {key} {{"number":"100","wallet":"prepaid","amount":"1"}}
        topup k
        topup k []
        topup k null
        topup k {{"number":"100","wallet":"prepaid"}}
        topup k {{"number":"100","wallet":"prepaid","amount":NaN}}
        topup k {{"number":"100","wallet":"prepaid","amount":"NaN"}}
        topup k {{"number":"100","wallet":"prepaid","amount":1}}
        topup k {{"number":"100","wallet":"prepaid","amount":1e999}}
        topup k {{"number":"100","wallet":"prepaid","amount":"1e3"}}
        topup k {{"number":"100","wallet":"prepaid","amount":"99999999999999999999999999"}}
        topup k {{"number":"100","wallet":"prepaid","amount":"1.001"}}
        topup k {{"number":"100","wallet":"prepaid","amount":"0.00"}}
        topup k {{"number":"100","wallet":"prepaid","amount":"-5"}}
        topup k {{"number":"100","wallet":"prepaid","amount":{{"a":1}}}}
        topup k {{"number":100,"wallet":"prepaid","amount":"1"}}
        topup k {{"number":"100","wallet":"purse","amount":"1"}}
        topup k {{"number":"100","wallet":"gift","amount":"1"}}
        topup k {{"number":"999","wallet":"prepaid","amount":"1"}}
        topup k {{"number":"","wallet":"prepaid","amount":"1"}}
        topup k {{"number":"100","wallet":"prepaid","asset":-1,"amount":"1"}}
        topup k {{"number":"100","wallet":"prepaid","asset":978,"amount":"1"}}
        topup k {{"number":"100","wallet":"prepaid","amount":"1","tender":18446744073709551615}}
        topup k {{"number":"100","wallet":"prepaid","amount":"1","free":true}}
        topup k {{"number":"100","number":"200","wallet":"prepaid","amount":"1"}}
        topup k {{"number":"100","wallet":"prepaid","amount":{deep}}}
        topup k {{"number":"100","wallet":"prepaid","amount":"{long}"}}
        hold k {{"number":"100","wallet":"prepaid","amount":"1","timeout_s":0}}
        capture k {{"hold":"no uuid"}}
        capture k {{"hold":"00000000-0000-0000-0000-000000000000"}}
        void k {{"hold":"0190a0a0-0000-7000-8000-000000000000"}}
        transfer k {{"from":"100","to":"100","wallet":"prepaid","amount":"1"}}
        get customers/999
        get customers/100/balance?wallet=purse
        get customers/100/balance
        get customers/100/statement?wallet=prepaid&as_of=yesterday
        get customers/100/statement?wallet=prepaid&before=1.2
        get customers/100/statement?wallet=prepaid&before=999999.1.1
        "#,
        key = "k".repeat(129),
    );
    check(&office, &script, expect![[""]]).await;
    expect![["balance 0.00\n"]].assert_eq(&office.statement("100", "wallet=prepaid").await);
    // Who may only look may not post.
    let looks = office.ask("eve", reqwest::Method::POST, "/api/accounts/topup").send().await.unwrap();
    assert_eq!(looks.status().as_u16(), 403);
    let looks = office.ask("eve", reqwest::Method::GET, "/api/accounts/customers/100").send().await.unwrap();
    assert_eq!(looks.status().as_u16(), 200);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn cards_that_are_blocked_replaced_or_merged() {
    let office = Office::open().await;
    let owner = office.customer("Anna", "100").await;
    office.customer("Anna again", "200").await;
    let path = format!("/accounts/{owner}");
    let spend =
        |key: &str, number: &str| format!(r#"spend {key} {{"number":"{number}","wallet":"prepaid","amount":"1.00"}}"#);
    check(
        &office,
        r#"topup t1 {"number":"100","wallet":"prepaid","amount":"10"}
        topup t2 {"number":"200","wallet":"prepaid","amount":"7"}"#,
        expect![[""]],
    )
    .await;
    assert_eq!(
        office.send("anna", &path, &[("do", "block_card"), ("card", "100")]).await,
        format!("{path}?done=saved")
    );
    check(&office, &spend("s1", "100"), expect![[""]]).await;
    office.send("anna", &path, &[("do", "unblock_card"), ("card", "100")]).await;
    office.send("anna", &path, &[("do", "replace_card"), ("card", "100"), ("number", "101")]).await;
    check(&office, &[spend("s1", "100"), spend("s1", "101")].join("\n"), expect![[""]]).await;
    office.send("anna", &path, &[("do", "merge"), ("number", "200")]).await;
    check(
        &office,
        &[spend("s2", "200"), "get customers/200/balance?wallet=prepaid".to_owned()].join("\n"),
        expect![[""]],
    )
    .await;
    office.send("anna", &path, &[("do", "unmerge"), ("merge", "1")]).await;
    check(&office, "get customers/200/balance?wallet=prepaid", expect![[""]]).await;
    office.node.shutdown().await;
}

#[actix_web::test]
async fn what_stores_hold_is_asked_back() {
    let office = Office::open().await;
    office.customer("Anna", "100").await;
    let shop = Shop::open(&office, "S1").await;
    office.api(r#"topup t1 {"number":"100","wallet":"prepaid","amount":"100"}"#).await;
    shop.meets("100", &office).await;
    check(
        &office,
        r#"get customers/100/balance?wallet=prepaid
        spend s1 {"number":"100","wallet":"prepaid","amount":"60.00"}
        spend s2 {"number":"100","wallet":"prepaid","amount":"2500.00"}"#,
        expect![[""]],
    )
    .await;
    shop.meets("100", &office).await;
    shop.close().await;
    // The store is silent: the shop is told to come again, and nothing is used up by asking.
    let line = r#"spend s3 {"number":"100","wallet":"prepaid","amount":"20.00"}"#;
    check(&office, &format!("{line}\n{line}"), expect![[""]]).await;
    expect![[""]].assert_eq(&office.statement("100", "wallet=prepaid").await);
    office.node.shutdown().await;
}
