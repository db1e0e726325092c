//! The pages: all of them answer, two people are needed where two are needed, and lists go out as files.

use expect_test::expect;

use super::office::{MONEY, Office, Shop, between};

/// The hidden field of the form that does `what`.
fn operation(page: &str, what: &str) -> String {
    let forms = page.split("<form ").filter(|form| form.contains(&format!("value=\"{what}\"")));
    let found = forms.filter_map(|form| between(form, "name=\"operation\" value=\"", "\"")).next();
    found.unwrap_or_else(|| panic!("no form does {what}")).to_owned()
}

#[actix_web::test]
async fn every_page_answers_and_lists_are_files() {
    let office = Office::open().await;
    let owner = office.customer("Anna <b>Karenina</b>", "4600000000100").await;
    let shop = Shop::open(&office, "S1").await;
    office.api(r#"topup t1 {"number":"4600000000100","wallet":"prepaid","amount":"100"}"#).await;
    office.api(r#"hold h1 {"number":"4600000000100","wallet":"prepaid","amount":"20"}"#).await;
    shop.meets("4600000000100", &office).await;
    let customer = format!("/accounts/{owner}");
    let paths = [
        ("/accounts", "Anna &#60;b&#62;Karenina"),
        ("/accounts?q=4600000000100", "Found"),
        ("/accounts?q=karen", "4600000000100"),
        ("/accounts?q=nobody", "Nobody is found."),
        ("/accounts/requests", "Nothing was asked for yet."),
        ("/accounts/stores", "in touch"),
        ("/accounts/holds", "20.00"),
        ("/accounts/alerts", "There is no alert."),
        ("/accounts/gift", "No cards were issued here yet."),
        ("/accounts/budgets", "No campaign has a budget"),
        (&customer, "stores may still spend 80.00"),
        (&format!("{customer}?wallet=prepaid.{MONEY}&rights=true"), "right given to a store"),
        (&format!("{customer}?as_of=2026-11-24T10:00"), "Balance as of 2026-11-24T10:00: 0.00"),
        (&format!("{customer}?as_of=2026-11-26"), "Balance as of 2026-11-26: 100.00"),
    ];
    for (path, contains) in paths {
        for who in ["anna", "eve"] {
            let (status, page) = office.page(who, path).await;
            assert_eq!(status.as_u16(), 200, "{path}: {page}");
            assert!(page.contains(contains), "{path} as {who} has no \"{contains}\":\n{page}");
            assert!(!page.contains("style=") && !page.contains("onclick"), "nothing inline");
            let may_change = who == "anna";
            assert!(may_change || !page.contains("method=\"post\" action=\"/accounts"), "{path}: eve only looks");
        }
        let file = format!("{path}{}format=csv", if path.contains('?') { '&' } else { '?' });
        if path != "/accounts/gift" {
            let (status, file) = office.page("eve", &file).await;
            assert_eq!(status.as_u16(), 200, "{path}");
            assert!(!file.contains('<') || file.contains("Karenina"), "{file}");
        }
    }
    expect![[r#"
        store,what,wallet,asset,customers,amount
        S1,may be spent,prepaid,643,1,80.00
    "#]]
    .assert_eq(&office.page("eve", "/accounts/stores?format=csv").await.1);
    for path in ["/accounts/999", "/accounts/x", "/accounts/gift/numbers?q=none"] {
        assert_eq!(office.page("anna", path).await.0.as_u16(), 404, "{path}");
    }
    shop.close().await;
    office.node.shutdown().await;
}

#[actix_web::test]
async fn a_correction_needs_two_people() {
    let office = Office::open().await;
    let owner = office.customer("Anna", "100").await;
    let path = format!("/accounts/{owner}");
    let operation = operation(&office.page("anna", &path).await.1, "adjust");
    let wallet = format!("prepaid.{MONEY}");
    let adjust = async |amount: &str, reason: &str| {
        let fields =
            [("do", "adjust"), ("operation", &operation), ("wallet", &wallet), ("amount", amount), ("reason", reason)];
        office.send("anna", &path, &fields).await
    };
    assert!(adjust("5", " ").await.starts_with("422 A reason is needed"));
    assert!(adjust("5e2", "x").await.starts_with("422 An amount is digits"));
    assert!(adjust("0", "x").await.starts_with("422 An amount above zero"));
    assert_eq!(adjust("500.00", "a broken till").await, format!("{path}?done=asked"));
    assert_eq!(adjust("500.00", "a broken till").await, format!("{path}?done=asked"), "sent twice, asked once");
    assert!(adjust("600.00", "a broken till").await.starts_with("422"), "the same page cannot ask for more");
    expect!["balance 0.00\n"].assert_eq(&office.statement("100", "wallet=prepaid").await);

    let page = office.page("boris", "/accounts/requests").await.1;
    assert!(page.contains("give 500.00: prepaid of customer 1 (a broken till)"), "{page}");
    let judge = async |who: &str, action: &str| {
        office.send(who, "/accounts/requests", &[("do", action), ("operation", &operation)]).await
    };
    assert_eq!(judge("anna", "allow").await, "422 Another person must allow it.");
    assert_eq!(judge("eve", "allow").await.split(' ').next(), Some("403"));
    assert_eq!(judge("boris", "allow").await, "/accounts/requests?done=saved");
    assert!(judge("boris", "allow").await.starts_with("422 There is no such request, or it was judged"));
    expect![[r#"
        balance 500.00
        manual_adjustment 500.00 held 0.00 -> 500.00
    "#]]
    .assert_eq(&office.statement("100", "wallet=prepaid").await);
    let page = office.page("eve", "/accounts/requests").await.1;
    assert!(page.contains("allowed by boris"), "{page}");
    office.node.shutdown().await;
}

#[actix_web::test]
async fn a_correction_below_zero_waits_for_what_stores_hold() {
    let office = Office::open().await;
    let owner = office.customer("Anna", "100").await;
    let shop = Shop::open(&office, "S1").await;
    office.api(r#"topup t1 {"number":"100","wallet":"prepaid","amount":"100"}"#).await;
    shop.meets("100", &office).await;
    let path = format!("/accounts/{owner}");
    let wallet = format!("prepaid.{MONEY}");
    let ask = async |amount: &str| {
        let operation = operation(&office.page("anna", &path).await.1, "adjust");
        let fields = [
            ("do", "adjust"),
            ("operation", operation.as_str()),
            ("wallet", &wallet),
            ("amount", amount),
            ("reason", "x"),
        ];
        assert_eq!(office.send("anna", &path, &fields).await, format!("{path}?done=asked"));
        operation
    };
    let allow = async |operation: &str| {
        office.send("boris", "/accounts/requests", &[("do", "allow"), ("operation", operation)]).await
    };
    let operation = ask("-70.00").await;
    let first = allow(&operation).await;
    assert!(first.starts_with("422 Only 0.00 are free, the rest is at stores"), "{first}");
    let mut answer = first;
    for _ in 0..200 {
        answer = allow(&operation).await;
        if !answer.starts_with("422 Only") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(answer, "/accounts/requests?done=saved");
    let too_much = allow(&ask("-31.00").await).await;
    assert!(too_much.starts_with("422 The wallet has only 30.00"), "{too_much}");
    shop.close().await;
    office.node.shutdown().await;
}

#[actix_web::test]
async fn a_lost_store_is_fenced_and_written_off_by_two() {
    let office = Office::open().await;
    office.customer("Anna", "100").await;
    let shop = Shop::open(&office, "S1").await;
    office.api(r#"topup t1 {"number":"100","wallet":"prepaid","amount":"100"}"#).await;
    shop.meets("100", &office).await;
    shop.close().await;
    let by_two = async |action: &str| {
        let operation = operation(&office.page("anna", "/accounts/stores").await.1, action);
        let fields = [("do", action), ("operation", &operation), ("store", "1"), ("reason", "it burned down")];
        assert_eq!(office.send("anna", "/accounts/stores", &fields).await, "/accounts/stores?done=asked");
        let fields = [("do", "allow"), ("operation", operation.as_str())];
        assert_eq!(office.send("boris", "/accounts/requests", &fields).await, "/accounts/requests?done=saved");
        office.page("eve", "/accounts/stores?format=csv").await.1
    };
    expect![[r#"
        store,what,wallet,asset,customers,amount
        S1,set aside,prepaid,643,1,100.00
    "#]]
    .assert_eq(&by_two("fence").await);
    expect![[r#"
        store,what,wallet,asset,customers,amount
    "#]]
    .assert_eq(&by_two("write_off").await);
    let spent = office.api(r#"spend s1 {"number":"100","wallet":"prepaid","amount":"100"}"#).await;
    assert!(spent.starts_with("200"), "{spent}");
    office.node.shutdown().await;
}

#[actix_web::test]
async fn gift_cards_are_issued_in_a_batch() {
    let office = Office::open().await;
    let issue = async |label: &str, count: &str, value: &str| {
        let fields = [
            ("do", "issue"),
            ("label", label),
            ("prefix", "99"),
            ("count", count),
            ("value", value),
            ("valid_days", "365"),
        ];
        office.send("anna", "/accounts/gift", &fields).await
    };
    assert_eq!(issue("Spring", "300", "25.00").await, "/accounts/gift?done=saved");
    assert!(issue("Spring", "1", "25.00").await.starts_with("422 Cards were issued under the label \"Spring\" before"));
    for (count, value, text) in
        [("0", "1", "1 to 10000 cards"), ("x", "1", "1 to 10000"), ("1", "-1", "An amount above zero")]
    {
        let refused = issue("Other", count, value).await;
        assert!(refused.starts_with("422") && refused.contains(text), "{refused}");
    }
    let (status, file) = office.page("anna", "/accounts/gift/numbers?q=Spring&format=csv").await;
    assert_eq!(status.as_u16(), 200);
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines.len(), lines[0]), (301, "number,balance,last_day,state"));
    let number = lines[7].split(',').next().unwrap();
    assert!(domain::loyalty::gift::number_is_well_formed("99", number) && lines[7].ends_with(",25.00,2027-11-25,open"));
    assert_eq!(office.page("eve", "/accounts/gift/numbers?q=Spring&format=csv").await.0.as_u16(), 403);
    assert!(!office.page("eve", "/accounts").await.1.contains(number), "whole numbers are for administrators");

    let spend = |key: &str| format!(r#"spend {key} {{"number":"{number}","wallet":"gift","amount":"5.00"}}"#);
    assert!(office.api(&spend("s1")).await.starts_with("200"));
    assert_eq!(
        office.send("anna", "/accounts/gift", &[("do", "block"), ("number", number)]).await,
        "/accounts/gift?done=saved"
    );
    assert!(office.api(&spend("s2")).await.starts_with("422 card_blocked"));
    office.node.shutdown().await;
}

#[actix_web::test]
async fn a_customer_is_added_and_a_budget_set_on_a_page() {
    let office = Office::open().await;
    let add = async |fields: &[(&str, &str)]| {
        let fields: Vec<_> = [("do", "add")].iter().chain(fields).copied().collect();
        office.send("anna", "/accounts", &fields).await
    };
    let anna = [
        ("name", "Anna"),
        ("card", "100"),
        ("phone", "+491700"),
        ("points", "true"),
        ("asset", "1"),
        ("prepaid", "true"),
    ];
    assert_eq!(add(&anna).await, "/accounts/1?done=saved");
    assert_eq!(add(&anna).await, "422 The number 100 is in use by customer 1.");
    assert_eq!(add(&[("name", " ")]).await, "422 A name has 1 to 200 bytes.");
    assert!(add(&[("name", "B"), ("birthday", "02-30")]).await.starts_with("422 A birthday is month and day"));
    assert!(office.page("eve", "/accounts?q=%2B4917").await.1.contains("/accounts/1"));
    let change = async |fields: &[(&str, &str)]| office.send("anna", "/accounts/1", fields).await;
    assert_eq!(change(&[("do", "add_card"), ("number", "101"), ("day_max", "50.00")]).await, "/accounts/1?done=saved");
    assert!(change(&[("do", "add_card"), ("number", "101")]).await.starts_with("422 The number 101 is in use"));
    let limited = office.api(r#"spend s0 {"number":"101","wallet":"prepaid","amount":"50.01"}"#).await;
    assert_eq!(limited, "422 operation_refused: The card may spend at most 50.00 a day.");
    assert_eq!(
        change(&[("do", "wallet"), ("wallet", "credit"), ("asset", "643"), ("limit", "300.00")]).await,
        "/accounts/1?done=saved"
    );
    let spent = office.api(r#"spend s1 {"number":"100","wallet":"credit","amount":"300.00"}"#).await;
    assert!(spent.starts_with("200"), "{spent}");
    assert!(change(&[("do", "wallet"), ("wallet", "points"), ("asset", "1"), ("limit", "5")]).await.starts_with("422"));

    let budget = [("campaign", "7"), ("asset", "1"), ("budget", "1000.00")];
    assert_eq!(office.send("anna", "/accounts/budgets", &budget).await, "/accounts/budgets?done=saved");
    expect![[r#"
        campaign,asset,given,budget,left
        7,1,0.00,1000.00,1000.00
    "#]]
    .assert_eq(&office.page("eve", "/accounts/budgets?format=csv").await.1);

    assert_eq!(add(&[("name", "Boris"), ("card", "300"), ("brought_by", "101")]).await, "/accounts/2?done=saved");
    assert!(office.page("eve", "/accounts/2").await.1.contains("customer 1"));
    assert!(add(&[("name", "C"), ("brought_by", "999")]).await.starts_with("422 The card or phone 999 is not known"));
    let brought = async |by: &str| change(&[("do", "brought"), ("brought_by", by)]).await;
    assert_eq!(brought("100").await, "422 A customer is not brought by himself.");
    assert_eq!(brought("300").await, "/accounts/1?done=saved");
    office.node.shutdown().await;
}
