//! The interface for web shops: scripts of lines, and the lines of their answers.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};
use futures_util::future::join_all;
use hq_node::web::api::accounts::error::ApiErrorKind;
use hq_node::web::routes;

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
    let hold = r#"hold a3 {"number":"100","wallet":"prepaid","amount":"20.00","timeout_s":600}"#;
    // A refusal of the book uses the key up.
    expect!["422 not_enough: The wallet has not so much."].assert_eq(&office.api(hold).await);
    let hold = hold.replace("a3", "a4");
    let script = format!(
        r#"
        topup a1 {{"number":"100","wallet":"prepaid","amount":"100.00","tender":1}}
        spend a2 {{"number":"100","wallet":"prepaid","amount":"30.5"}}
        {hold}
        get customers/100/balance?wallet=prepaid
        "#
    );
    check(&office, &script, expect![[r#"
        > topup a1 {"number":"100","wallet":"prepaid","amount":"100.00","tender":1}
        200 {"amount":"100.00","operation":"6bbbd37b-fd95-55e2-9bbf-3da048926a00"}
        > spend a2 {"number":"100","wallet":"prepaid","amount":"30.5"}
        200 {"amount":"30.50","operation":"ace044f4-36d2-5586-a596-953d2124a890"}
        > hold a4 {"number":"100","wallet":"prepaid","amount":"20.00","timeout_s":600}
        200 {"amount":"20.00","operation":"4f67a663-aedb-5f26-9f5b-37b41c9276a0"}
        > get customers/100/balance?wallet=prepaid
        200 {"asset":643,"at_stores":"0.00","balance":"69.50","credit_limit":"0.00","expiring":null,"free":"49.50","held":"20.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"prepaid"}
    "#]]).await;
    let other = r#"hold b1 {"number":"100","wallet":"prepaid","amount":"5"}"#;
    let id = |answer: &str| super::office::between(answer, "\"operation\":\"", "\"").unwrap().to_owned();
    let (hold, other) = (id(&office.api(&hold).await), id(&office.api(other).await));
    let rest = format!(
        r#"
        capture a5 {{"hold":"{hold}","amount":"20.01"}}
        capture a6 {{"hold":"{hold}","amount":"15.00"}}
        capture a6 {{"hold":"{hold}","amount":"15.00"}}
        capture a7 {{"hold":"{hold}"}}
        void a8 {{"hold":"{hold}"}}
        void b2 {{"hold":"{other}"}}
        capture b3 {{"hold":"{other}"}}
        transfer c1 {{"from":"100","to":"200","wallet":"prepaid","amount":"4.50"}}
        transfer c2 {{"from":"200","to":"200","wallet":"prepaid","amount":"4.50"}}
        spend c3 {{"number":"200","wallet":"prepaid","amount":"4.51"}}
        get customers/200
        "#
    );
    check(&office, &rest, expect![[r#"
        > capture a5 {"hold":"4f67a663-aedb-5f26-9f5b-37b41c9276a0","amount":"20.01"}
        422 exceeds_hold: More than was held.
        > capture a6 {"hold":"4f67a663-aedb-5f26-9f5b-37b41c9276a0","amount":"15.00"}
        200 {"amount":"15.00","operation":"4f354abe-ced6-5a0b-9f24-9122e9f9c3b0"}
        > capture a6 {"hold":"4f67a663-aedb-5f26-9f5b-37b41c9276a0","amount":"15.00"}
        200 {"amount":"15.00","operation":"4f354abe-ced6-5a0b-9f24-9122e9f9c3b0"}
        > capture a7 {"hold":"4f67a663-aedb-5f26-9f5b-37b41c9276a0"}
        409 hold_captured: The hold was captured before.
        > void a8 {"hold":"4f67a663-aedb-5f26-9f5b-37b41c9276a0"}
        409 hold_captured: The hold was captured before.
        > void b2 {"hold":"f29ec60e-5aed-5b3e-8bcf-e4c7bdb48c70"}
        200 {"amount":"5.00","operation":"205103c9-e371-5f24-b370-9d7fc0b0a500"}
        > capture b3 {"hold":"f29ec60e-5aed-5b3e-8bcf-e4c7bdb48c70"}
        409 hold_voided: The hold was given back before.
        > transfer c1 {"from":"100","to":"200","wallet":"prepaid","amount":"4.50"}
        200 {"amount":"4.50","operation":"acae52e0-5ede-59ec-8863-6b40d7647c20"}
        > transfer c2 {"from":"200","to":"200","wallet":"prepaid","amount":"4.50"}
        400 body_bad: The body cannot be used: from and to are the same customer.
        > spend c3 {"number":"200","wallet":"prepaid","amount":"4.51"}
        422 not_enough: The wallet has not so much.
        > get customers/200
        200 {"blocked":false,"cards":[{"day_max":null,"number":"200","state":"active"}],"closed":false,"name":"Boris","owner":2,"tier":"","wallets":[{"asset":643,"at_stores":"0.00","balance":"4.50","credit_limit":"0.00","expiring":null,"free":"4.50","held":"0.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"prepaid"},{"asset":1,"at_stores":"0.00","balance":"0.00","credit_limit":"0.00","expiring":null,"free":"0.00","held":"0.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"points"}]}
    "#]]).await;
    expect![[r#"
        balance 50.00
        person_to_person -4.50 held 0.00 -> 50.00
        void 0.00 held -5.00 -> 54.50
        capture -15.00 held -20.00 -> 54.50
        hold 0.00 held 5.00 -> 69.50
        hold 0.00 held 20.00 -> 69.50
        purchase -30.50 held 0.00 -> 69.50
        top_up 100.00 held 0.00 -> 100.00
    "#]]
    .assert_eq(&office.statement("100", "wallet=prepaid").await);
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
        expect![[r#"
            > topup a1 {"number":"100","wallet":"prepaid","amount":"50.00"}
            200 {"amount":"50.00","operation":"6bbbd37b-fd95-55e2-9bbf-3da048926a00"}
            > topup a1 {"amount":"50.00","wallet":"prepaid","number":"100"}
            200 {"amount":"50.00","operation":"6bbbd37b-fd95-55e2-9bbf-3da048926a00"}
            > topup a1 {"number":"100","wallet":"prepaid","amount":"51.00"}
            409 operation_differs: This key was used for something else.
            > topup a1 {"number":"100","wallet":"prepaid","amount":"50.00","tender":2}
            409 operation_differs: This key was used for something else.
            > spend a1 {"number":"100","wallet":"prepaid","amount":"50.00"}
            409 operation_differs: This key was used for something else.
            > topup a1 {"number":"100","wallet":"points","amount":"50.00"}
            409 operation_differs: This key was used for something else.
            > spend a2 {"number":"100","wallet":"prepaid","amount":"80.00"}
            422 not_enough: The wallet has not so much.
            > topup a3 {"number":"100","wallet":"prepaid","amount":"50.00"}
            200 {"amount":"50.00","operation":"fe606a2d-8526-5fd6-b4a9-e35a869983b0"}
            > spend a2 {"number":"100","wallet":"prepaid","amount":"80.00"}
            422 not_enough: The wallet has not so much.
            > spend a2 {"number":"100","wallet":"prepaid","amount":"8.00"}
            409 operation_differs: This key was used for something else.
        "#]],
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
        expect![[r#"
            > spend many {"number":"100","wallet":"prepaid","amount":"10.00"}
            200 {"amount":"10.00","operation":"d50917e6-49bf-55b8-8598-b20319511660"}
            > spend new {"number":"100","wallet":"prepaid","amount":"1.00"}
            422 card_blocked: The card or the customer is blocked.
        "#]],
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
        transfer k {{"from":"100","to":"nobody","wallet":"prepaid","amount":"1"}}
        get customers/999
        get customers/100/balance?wallet=purse
        get customers/100/balance
        get customers/100/statement?wallet=prepaid&as_of=yesterday
        get customers/100/statement?wallet=prepaid&before=1.2
        get customers/100/statement?wallet=prepaid&before=999999.1.1
        "#,
        key = "k".repeat(129),
    );
    check(&office, &script, expect![[r#"
        > topup - {"number":"100","wallet":"prepaid","amount":"1"}
        400 key_missing: The header Idempotency-Key is missing.
        > topup kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
        400 key_bad: The header Idempotency-Key has 1 to 128 visible characters.
        > topup k
        400 body_bad: The body cannot be used: a JSON object is expected.
        > topup k []
        400 body_bad: The body cannot be used: a JSON object is expected.
        > topup k null
        400 body_bad: The body cannot be used: a JSON object is expected.
        > topup k {"number":"100","wallet":"prepaid"}
        400 body_bad: The body cannot be used: missing field `amount` at line 1 column 35.
        > topup k {"number":"100","wallet":"prepaid","amount":NaN}
        400 body_bad: The body cannot be used: expected value at line 1 column 45.
        > topup k {"number":"100","wallet":"prepaid","amount":"NaN"}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":"100","wallet":"prepaid","amount":1}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":"100","wallet":"prepaid","amount":1e999}
        400 body_bad: The body cannot be used: number out of range at line 1 column 49.
        > topup k {"number":"100","wallet":"prepaid","amount":"1e3"}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":"100","wallet":"prepaid","amount":"99999999999999999999999999"}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":"100","wallet":"prepaid","amount":"1.001"}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":"100","wallet":"prepaid","amount":"0.00"}
        400 amount_not_positive: An amount above zero is needed.
        > topup k {"number":"100","wallet":"prepaid","amount":"-5"}
        400 amount_not_positive: An amount above zero is needed.
        > topup k {"number":"100","wallet":"prepaid","amount":{"a":1}}
        400 amount_bad: An amount is a string of digits with at most two decimals, as "12.50".
        > topup k {"number":100,"wallet":"prepaid","amount":"1"}
        400 body_bad: The body cannot be used: invalid type: integer `100`, expected a string at line 1 column 13.
        > topup k {"number":"100","wallet":"purse","amount":"1"}
        400 body_bad: The body cannot be used: unknown variant `purse`, expected one of `points`, `gift`, `prepaid`, `credit`, `stamps` at line 1 column 32.
        > topup k {"number":"100","wallet":"gift","amount":"1"}
        404 no_such_wallet: The customer has no such wallet; of several the asset must say which.
        > topup k {"number":"999","wallet":"prepaid","amount":"1"}
        404 unknown_card: No customer has this card or phone.
        > topup k {"number":"","wallet":"prepaid","amount":"1"}
        404 unknown_card: No customer has this card or phone.
        > topup k {"number":"100","wallet":"prepaid","asset":-1,"amount":"1"}
        400 body_bad: The body cannot be used: invalid value: integer `-1`, expected u32 at line 1 column 45.
        > topup k {"number":"100","wallet":"prepaid","asset":978,"amount":"1"}
        404 no_such_wallet: The customer has no such wallet; of several the asset must say which.
        > topup k {"number":"100","wallet":"prepaid","amount":"1","tender":18446744073709551615}
        400 body_bad: The body cannot be used: tender is 0 to 999.
        > topup k {"number":"100","wallet":"prepaid","amount":"1","free":true}
        400 body_bad: The body cannot be used: unknown field `free`, expected one of `number`, `wallet`, `asset`, `amount`, `tender` at line 1 column 54.
        > topup k {"number":"100","number":"200","wallet":"prepaid","amount":"1"}
        400 body_bad: The body cannot be used: duplicate field `number` at line 1 column 24.
        > topup k {"number":"100","wallet":"prepaid","amount":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
        400 body_bad: The body cannot be used: recursion limit exceeded at line 1 column 171.
        > topup k {"number":"100","wallet":"prepaid","amount":"99999999999999999999999999999999999999999999999
        413 body_bad: The body cannot be used: it has more than 4096 bytes.
        > hold k {"number":"100","wallet":"prepaid","amount":"1","timeout_s":0}
        400 body_bad: The body cannot be used: timeout_s is 1 to 2592000.
        > capture k {"hold":"no uuid"}
        404 hold_unknown: There is no such hold.
        > capture k {"hold":"00000000-0000-0000-0000-000000000000"}
        404 hold_unknown: There is no such hold.
        > void k {"hold":"0190a0a0-0000-7000-8000-000000000000"}
        404 hold_unknown: There is no such hold.
        > transfer k {"from":"100","to":"nobody","wallet":"prepaid","amount":"1"}
        404 unknown_card: No customer has this card or phone.
        > get customers/999
        404 unknown_card: No customer has this card or phone.
        > get customers/100/balance?wallet=purse
        404 no_such_wallet: The customer has no such wallet; of several the asset must say which.
        > get customers/100/balance
        404 no_such_wallet: The customer has no such wallet; of several the asset must say which.
        > get customers/100/statement?wallet=prepaid&as_of=yesterday
        400 body_bad: The address cannot be used: "yesterday" is not a moment: write it as 2026-11-25T14:30:00+03:00.
        > get customers/100/statement?wallet=prepaid&before=1.2
        400 body_bad: The place in the statement cannot be used: begin anew.
        > get customers/100/statement?wallet=prepaid&before=999999.1.1
        400 body_bad: The place in the statement cannot be used: begin anew.
    "#]]).await;
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
        expect![[r#"
            > topup t1 {"number":"100","wallet":"prepaid","amount":"10"}
            200 {"amount":"10.00","operation":"750f85c8-a5eb-5a85-af92-f48895a905e0"}
            > topup t2 {"number":"200","wallet":"prepaid","amount":"7"}
            200 {"amount":"7.00","operation":"9a00789e-1314-56c7-b161-423634cbfd30"}
        "#]],
    )
    .await;
    assert_eq!(
        office.send("anna", &path, &[("do", "block_card"), ("card", "100")]).await,
        format!("{path}?done=saved")
    );
    check(
        &office,
        &spend("s1", "100"),
        expect![[r#"
        > spend s1 {"number":"100","wallet":"prepaid","amount":"1.00"}
        422 card_blocked: The card or the customer is blocked.
    "#]],
    )
    .await;
    office.send("anna", &path, &[("do", "unblock_card"), ("card", "100")]).await;
    office.send("anna", &path, &[("do", "replace_card"), ("card", "100"), ("number", "101")]).await;
    check(
        &office,
        &[spend("s1", "100"), spend("s1", "101")].join("\n"),
        expect![[r#"
        > spend s1 {"number":"100","wallet":"prepaid","amount":"1.00"}
        422 card_blocked: The card or the customer is blocked.
        > spend s1 {"number":"101","wallet":"prepaid","amount":"1.00"}
        200 {"amount":"1.00","operation":"3c147c2d-ef99-5a8f-961e-b306fd816e00"}
    "#]],
    )
    .await;
    office.send("anna", &path, &[("do", "merge"), ("number", "200")]).await;
    check(
        &office,
        &[spend("s2", "200"), "get customers/200/balance?wallet=prepaid".to_owned()].join("\n"),
        expect![[r#"
            > spend s2 {"number":"200","wallet":"prepaid","amount":"1.00"}
            200 {"amount":"1.00","operation":"ae449a1c-8c83-54d8-b9ff-e2c07f3de0b0"}
            > get customers/200/balance?wallet=prepaid
            200 {"asset":643,"at_stores":"0.00","balance":"15.00","credit_limit":"0.00","expiring":null,"free":"15.00","held":"0.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"prepaid"}
        "#]],
    )
    .await;
    office.send("anna", &path, &[("do", "unmerge"), ("merge", "1")]).await;
    check(&office, "get customers/200/balance?wallet=prepaid", expect![[r#"
        > get customers/200/balance?wallet=prepaid
        200 {"asset":643,"at_stores":"0.00","balance":"7.00","credit_limit":"0.00","expiring":null,"free":"7.00","held":"0.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"prepaid"}
    "#]]).await;
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
        expect![[r#"
            > get customers/100/balance?wallet=prepaid
            200 {"asset":643,"at_stores":"100.00","balance":"100.00","credit_limit":"0.00","expiring":null,"free":"0.00","held":"0.00","owed":"0.00","pending":"0.00","set_aside":"0.00","wallet":"prepaid"}
            > spend s1 {"number":"100","wallet":"prepaid","amount":"60.00"}
            200 {"amount":"60.00","operation":"3c147c2d-ef99-5a8f-961e-b306fd816e00"}
            > spend s2 {"number":"100","wallet":"prepaid","amount":"2500.00"}
            422 not_enough: The wallet has not so much.
        "#]],
    )
    .await;
    shop.meets("100", &office).await;
    shop.close().await;
    // The store is silent: the shop is told to come again, and nothing is used up by asking.
    let line = r#"spend s3 {"number":"100","wallet":"prepaid","amount":"20.00"}"#;
    check(
        &office,
        &format!("{line}\n{line}"),
        expect![[r#"
        > spend s3 {"number":"100","wallet":"prepaid","amount":"20.00"}
        409 elsewhere after 1 s: The rest is at stores and was asked back: ask again with the same key.
        > spend s3 {"number":"100","wallet":"prepaid","amount":"20.00"}
        409 elsewhere after 1 s: The rest is at stores and was asked back: ask again with the same key.
    "#]],
    )
    .await;
    expect![[r#"
        balance 40.00
        purchase -60.00 held 0.00 -> 40.00
        top_up 100.00 held 0.00 -> 100.00
    "#]]
    .assert_eq(&office.statement("100", "wallet=prepaid").await);
    office.node.shutdown().await;
}

#[actix_web::test]
async fn the_description_has_every_path_and_every_code() {
    let office = Office::open().await;
    let request = office.ask("shop", reqwest::Method::GET, "/api/accounts/openapi.json");
    let described = request.send().await.unwrap().json::<serde_json::Value>().await.unwrap();
    let paths: BTreeSet<String> = described["paths"].as_object().unwrap().keys().cloned().collect();
    let served = routes().into_iter().filter(|route| route.path.starts_with("/api/accounts/"));
    let served = served.map(|route| {
        let described = &described["paths"][route.path][route.method.to_lowercase()];
        assert!(described.is_object(), "{} {}", route.method, route.path);
        route.path.to_owned()
    });
    assert_eq!(served.collect::<BTreeSet<String>>(), paths);
    let codes = &described["components"]["schemas"]["Refusal"]["properties"]["code"]["enum"];
    let known: Vec<&str> = ApiErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(*codes, serde_json::json!(known));
    let paper = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/ACCOUNTS.md")).unwrap();
    for code in known {
        assert!(paper.contains(&format!("`{code}`")), "deploy/ACCOUNTS.md does not explain {code}");
    }
    office.node.shutdown().await;
}
