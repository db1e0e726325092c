//! The sales report by everything, and what it refuses.

use super::*;

#[tokio::test]
async fn sales_by_everything() {
    let shop = Shop::open().await;
    shop.receipts(&trade()).await;
    shop.report(
        "day",
        expect![[r#"
        day         receipts   sales  returns    net   vat
        ----------  --------  ------  -------  -----  ----
        2026-11-25         3  207.80   186.80  21.00  3.79
        2026-11-26         1   47.70     0.00  47.70  3.88
        ----------  --------  ------  -------  -----  ----
        total              4  255.50   186.80  68.70  7.67
    "#]],
    )
    .await;
    shop.report(
        "till",
        expect![[r#"
        till   receipts   sales  returns    net   vat
        -----  --------  ------  -------  -----  ----
        S1/1          3  207.80   186.80  21.00  3.79
        S2/1          1   47.70     0.00  47.70  3.88
        -----  --------  ------  -------  -----  ----
        total         4  255.50   186.80  68.70  7.67
    "#]],
    )
    .await;
    shop.report(
        "product",
        expect![[r#"
        product  lines   sales  returns    net   vat
        -------  -----  ------  -------  -----  ----
        10           3  222.50   179.80  42.70  3.88
        20           3   28.00     7.00  21.00  3.79
        9            1    5.00     0.00   5.00  0.00
        -------  -----  ------  -------  -----  ----
        total        7  255.50   186.80  68.70  7.67
    "#]],
    )
    .await;
    shop.report(
        "hour",
        expect![[r#"
        hour   receipts   sales  returns      net     vat
        -----  --------  ------  -------  -------  ------
        09            2  234.50     0.00   234.50   21.49
        10            2   21.00   186.80  -165.80  -13.82
        -----  --------  ------  -------  -------  ------
        total         4  255.50   186.80    68.70    7.67
    "#]],
    )
    .await;
    shop.report(
        "tender",
        expect![[r#"
        tender  receipts   sales  returns    net
        ------  --------  ------  -------  -----
        card           1   21.00     0.00  21.00
        cash           3  234.50   186.80  47.70
        ------  --------  ------  -------  -----
        total             255.50   186.80  68.70
    "#]],
    )
    .await;
    shop.report(
        "vat",
        expect![[r#"
        vat    receipts   sales  returns    net  vat_amount
        -----  --------  ------  -------  -----  ----------
        none          1    5.00     0.00   5.00        0.00
        10            3  222.50   179.80  42.70        3.88
        22            3   28.00     7.00  21.00        3.79
        -----  --------  ------  -------  -----  ----------
        total            255.50   186.80  68.70        7.67
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_report_takes_days_and_a_store_and_refuses_what_it_does_not_know() {
    let shop = Shop::open().await;
    shop.receipts(&trade()).await;
    let run = async |by: &str, from: &str, to: &str, store: Option<&str>| {
        let arguments = Arguments {
            by: Some(by.to_owned()),
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            store: store.map(str::to_owned),
            ..Arguments::default()
        };
        reports::find("store_sales").unwrap().run(&shop.database.reader, &arguments).await
    };
    let table = run("store", "2026-11-26", "2026-11-26", None).await.unwrap();
    expect![[r#"
        store,receipts,sales,returns,net,vat
        S2,1,47.70,0.00,47.70,3.88
    "#]]
    .assert_eq(&String::from_utf8(render::csv(&table)).unwrap());
    let table = run("product", "2026-11-01", "2026-11-30", Some("S1")).await.unwrap();
    expect![[r#"[{"lines":2,"net":"0.00","product":"10","returns":"179.80","sales":"179.80","vat":"0.00"},{"lines":3,"net":"21.00","product":"20","returns":"7.00","sales":"28.00","vat":"3.79"}]"#]].assert_eq(&render::json(&table).to_string());
    let xlsx = render::xlsx("Sales", &table).unwrap();
    assert_eq!(&xlsx[..2], b"PK", "a workbook is a zip file");
    let refusal = run("weather", "2026-11-26", "2026-11-26", None).await.unwrap_err().to_string();
    expect![[r#"report "store_sales" cannot be made by "weather": choose one of day, store, till, product, hour, tender, vat"#]].assert_eq(&refusal);
    let refusal = run("day", "2026-11-27", "2026-11-26", None).await.unwrap_err().to_string();
    expect!["the first day, 2026-11-27, is after the last, 2026-11-26"].assert_eq(&refusal);
    expect![[r#"there is no report "profit": choose one of sales, store_sales, shifts, cash, returns, cancelled, audit, reconcile"#]]
        .assert_eq(&reports::find("profit").unwrap_err().to_string());
}
