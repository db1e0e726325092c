//! Manual discounts, and VAT by line and by group.

use crate::sandbox::check;

#[test]
fn retail_s12_a_discount_above_the_limit_is_allowed_once() {
    check(
        r#"
{"do":"scan","data":"4600000000039"}
{"do":"discount","line":1,"percent":"5","reason":"crumpled","expect":{"due":"331.55"}}
{"do":"discount","line":1,"percent":"10","reason":"torn","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"1","pin":"1111","reason":"self","expect":{"ok":false,"error.code":"own_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"torn","expect":{"due":"314.10"}}
{"do":"scan","data":"4600000000039"}
{"do":"discount","line":2,"percent":"10","reason":"torn too","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"decline"}
{"do":"void","line":2}
{"do":"pay","tender":"cash","amount":"314.10","expect":{"receipt.total":"314.10","receipt.discount":"34.90","receipt.lines.0.vat":"56.64","receipt.lines.0.discount":"34.90","receipt.approvals.0.approver":"2","receipt.approvals.0.requester":"1","receipt.approvals.0.reason":"torn","receipt.approvals.1":null}}
{"do":"settle"}
{"do":"report","name":"audit","args":{"kind":"approved"},"expect":{"rows.0.subject":"discount","rows.0.approver":"2"}}
"#,
    );
}

#[test]
fn retail_s13_three_equal_shares_of_a_hundred() {
    check(
        r#"
{"do":"sell","code":"PASTE"}
{"do":"sell","code":"PASTE"}
{"do":"sell","code":"PASTE"}
{"do":"discount","amount":"100.00","reason":"birthday","approver":"9","approver_pin":"9999","expect":{"due":"200.00"}}
{"do":"pay","tender":"cash","amount":"200.00","id":"sold","expect":{"receipt.lines.0.discount":"33.34","receipt.lines.1.discount":"33.33","receipt.lines.2.discount":"33.33","receipt.lines.0.amount":"66.66","receipt.lines.1.amount":"66.67","receipt.lines.2.amount":"66.67","receipt.total":"200.00"}}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows.0.sales":"200.00"}}
{"do":"report","name":"store_sales","args":{"by":"store"},"expect":{"rows.0.sales":"200.00"}}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"66.66"}}
{"do":"return","of":"@sold","lines":[],"tender":"cash","expect":{"receipt.total":"133.34"}}
"#,
    );
}

#[test]
fn retail_s14_a_tiny_discount_over_many_lines() {
    let lines: String =
        (0..9).map(|_| "{\"do\":\"sell\",\"code\":\"TINY\",\"price\":\"1.00\",\"vat\":\"22\"}\n").collect();
    check(&format!(
        r#"
{lines}
{{"do":"discount","amount":"0.05","reason":"pennies","expect":{{"due":"8.95"}}}}
{{"do":"pay","tender":"cash","amount":"8.95","expect":{{"receipt.lines.0.discount":"0.01","receipt.lines.4.discount":"0.01","receipt.lines.5.discount":"0.00","receipt.lines.8.discount":"0.00","receipt.total":"8.95"}}}}
"#
    ));
}

#[test]
fn retail_s26_vat_of_lines_and_of_groups() {
    let bags = r#"
{"do":"scan","data":"4600000000077"}
{"do":"scan","data":"4600000000077"}
{"do":"scan","data":"4600000000077"}
"#;
    check(&format!(
        r#"{bags}{{"do":"pay","tender":"cash","amount":"21.00","expect":{{"receipt.vat.0.amount":"3.78","receipt.lines.0.vat":"1.26"}}}}"#
    ));
    let grouped = format!(
        r#"{bags}{{"do":"pay","tender":"cash","amount":"21.00","expect":{{"receipt.vat.0.amount":"3.79","receipt.lines.0.vat":"1.27","receipt.lines.1.vat":"1.26","receipt.lines.2.vat":"1.26"}}}}
{{"do":"close_shift","counted":"5021.00","expect":{{"totals.vat.0.sales_vat":"3.79"}}}}
{{"do":"settle"}}
{{"do":"report","name":"sales","args":{{"by":"store"}},"expect":{{"rows.0.vat":"3.79"}}}}
"#
    );
    check(&format!("{{\"do\":\"settings\",\"section\":\"tax\",\"value\":{{\"vat_rounding\":\"group\"}}}}\n{grouped}"));
}

#[test]
fn retail_s26_vat_on_top_of_prices() {
    for (rounding, vat, total) in [("line", "1.48", "8.18"), ("group", "1.47", "8.17")] {
        check(&format!(
            r#"
{{"do":"settings","section":"tax","value":{{"vat_rounding":"{rounding}","price_vat":"added"}}}}
{{"do":"sell","code":"A","price":"1.48","quantity":"4","vat":"22"}}
{{"do":"sell","code":"B","price":"0.39","vat":"22"}}
{{"do":"sell","code":"C","price":"0.39","vat":"22","expect":{{"due":"{total}"}}}}
{{"do":"pay","id":"sold","tender":"cash","amount":"10.00","expect":{{"receipt.total":"{total}","receipt.vat.0.amount":"{vat}"}}}}
{{"do":"settle"}}
{{"do":"report","name":"sales","args":{{"by":"store"}},"expect":{{"rows.0.sales":"{total}","rows.0.vat":"{vat}"}}}}
{{"do":"return","of":"@sold","lines":[],"tender":"cash","expect":{{"receipt.total":"{total}","receipt.vat.0.amount":"{vat}"}}}}
{{"do":"close_shift","counted":"5000.00","expect":{{"over_short":"0.00","totals.vat.0.sales_vat":"{vat}","totals.vat.0.returns_vat":"{vat}"}}}}
"#
        ));
    }
}

#[test]
fn goods_that_take_no_discount_keep_their_price() {
    check(
        r#"
{"do":"scan","data":"4600000000091","expect":{"ok":false,"error.code":"asks_age"}}
{"do":"answer","old_enough":true}
{"do":"discount","line":1,"percent":"5","reason":"friend","expect":{"ok":false,"error.code":"not_discountable"}}
{"do":"scan","data":"4600000000138"}
{"do":"discount","percent":"5","reason":"friend","expect":{"due":"194.00"}}
{"do":"pay","tender":"cash","amount":"194.00","expect":{"receipt.lines.0.discount":"0.00","receipt.lines.1.discount":"5.00"}}
"#,
    );
}
