//! Goods that come back: limits, old VAT, cards, without a receipt, from another store.

use crate::sandbox::{check, check_and};
use domain::ids::{StoreId, TillId};

#[test]
fn retail_s42_two_tills_that_take_the_last_piece_back_are_named() {
    check_and(
        r#"
{"do":"open_shift","till":2,"operator":"2","pin":"2222","float":"5000.00"}
{"do":"receipt","till":1,"id":"sold","lines":[{"code":"CHOC","quantity":"3"}],"tenders":[{"tender":"cash","amount":"359.97"}]}
{"do":"settle"}
{"do":"return","till":1,"of":"@sold","lines":[{"line":1,"quantity":"2"}],"tender":"cash","expect":{"receipt.total":"239.98"}}
{"do":"return","till":1,"of":"@sold","lines":[{"line":1,"quantity":"2"}],"tender":"cash","expect":{"ok":false,"error.code":"return_too_much"}}
{"do":"settle"}
{"do":"return","till":2,"of":"@sold","lines":[{"line":1,"quantity":"2"}],"tender":"cash","expect":{"ok":false,"error.code":"return_too_much"}}
{"do":"receipt","till":1,"id":"two","lines":[{"code":"COFFEE","quantity":"1"}],"tenders":[{"tender":"cash","amount":"349.00"}],"expect":{"receipt.sequence":3}}
{"do":"settle"}
{"do":"link","till":1,"between":["till","store"],"up":false}
{"do":"return","till":2,"of":"@two","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"349.00"}}
{"do":"return","till":1,"of":"@two","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"349.00"}}
{"do":"link","till":1,"between":["till","store"],"up":true}
{"do":"settle"}
"#,
        async |chain| {
            let database = chain.hq().expect("a head office").database().clone();
            let found = backoffice::incidents::newest(&database.reader, 10).await.expect("incidents");
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].kind, "returned_more_than_sold");
            let text = &found[0].text;
            assert!(text.contains("S1/1") && text.contains("S1/2"), "both tills are named: {text}");
        },
    );
}

#[test]
fn retail_s43_a_return_has_the_vat_of_its_sale() {
    check(
        r#"
{"do":"close_shift","counted":"5000.00"}
{"do":"item","at":"2026-12-30T09:00:00","code":"OLD","name":"Old coffee","price":"349.00","vat":"20","barcodes":[]}
{"do":"open_shift","operator":"1","pin":"1111","float":"1000.00"}
{"do":"receipt","id":"sold","lines":[{"code":"OLD","quantity":"1"}],"tenders":[{"tender":"cash","amount":"349.00"}],"expect":{"receipt.lines.0.vat":"58.17"}}
{"do":"close_shift","counted":"1349.00"}
{"do":"item","at":"2027-01-15T09:00:00","code":"OLD","name":"Old coffee","price":"349.00","vat":"22","barcodes":[]}
{"do":"open_shift","operator":"1","pin":"1111","float":"1000.00"}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.lines.0.vat":"58.17","receipt.vat.0.rate":"20"}}
{"do":"receipt","lines":[{"code":"OLD","quantity":"1"}],"tenders":[{"tender":"cash","amount":"349.00"}],"expect":{"receipt.lines.0.vat":"62.93"}}
"#,
    );
}

#[test]
fn retail_s44_money_of_a_card_goes_back_to_the_card() {
    check_and(
        r#"
{"do":"sell","code":"ANY","price":"500.00","quantity":"2","vat":"22"}
{"do":"pay","id":"sold","tender":"card","amount":"1000.00"}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"decline"}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"card","expect":{"receipt.total":"500.00","receipt.tenders.0.tender":"card"}}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","approver":"2","approver_pin":"2222","expect":{"receipt.total":"500.00","receipt.approvals.0.right":"refund_in_cash"}}
"#,
        async |chain| {
            let store = StoreId::new("S1").expect("a store");
            let charges = chain.desk(&store, TillId(1)).expect("a till").card_terminal.charges();
            assert_eq!(charges.len(), 2);
            assert_eq!(charges[1].of.as_deref(), Some(charges[0].reference.as_str()));
        },
    );
}

#[test]
fn retail_s45_without_a_receipt_by_a_supervisor_within_a_limit_at_the_lowest_price() {
    check(
        r#"
{"do":"item","code":"SHAMPOO","name":"Shampoo","price":"239.00","vat":"22","barcodes":["4600000000121"]}
{"do":"settle"}
{"do":"item","at":"2026-06-01T10:00:00","code":"SHAMPOO","name":"Shampoo","price":"299.00","vat":"22","barcodes":["4600000000121"]}
{"do":"settle"}
{"do":"return_mode"}
{"do":"scan","data":"4600000000121","expect":{"due":"239.00"}}
{"do":"return","lines":[],"tender":"cash","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"known customer","expect":{"receipt.total":"239.00","receipt.kind":"return"}}
{"do":"cash_in","amount":"10000.00","reason":"change"}
{"do":"return_mode"}
{"do":"sell","code":"ANY","price":"4800.00","vat":"22"}
{"do":"return","lines":[],"tender":"cash","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"over 5000 in a day","expect":{"ok":false,"error.code":"missing_right"}}
{"do":"decline"}
{"do":"cancel","approver":"9","approver_pin":"9999"}
{"do":"close_shift","counted":"14761.00"}
{"do":"open_shift","operator":"1","pin":"1111","float":"14761.00"}
{"do":"return_mode"}
{"do":"sell","code":"ANY","price":"4800.00","vat":"22"}
{"do":"return","lines":[],"tender":"cash","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"another shift of the same day","expect":{"ok":false,"error.code":"missing_right"}}
{"do":"approve","operator":"9","pin":"9999","reason":"I know them","expect":{"receipt.total":"4800.00"}}
{"do":"settle"}
{"do":"report","name":"returns","args":{"without_receipt":"yes"},"expect":{"rows.0.total":"239.00","rows.0.approver":"2","rows.1.total":"4800.00","rows.1.approver":"9","rows.2":null}}
"#,
    );
}

#[test]
fn retail_s46_goods_of_another_store() {
    check(
        r#"
{"do":"receipt","id":"sold","lines":[{"code":"COFFEE","quantity":"2"}],"tenders":[{"tender":"cash","amount":"698.00"}]}
{"do":"settle"}
{"do":"open_shift","store":"S2","till":1,"operator":"2","pin":"2222","float":"2000.00"}
{"do":"find","text":"S1/1-1","expect":{"found.receipt.total":"698.00"}}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"349.00"}}
{"do":"settle"}
{"do":"link","between":["store","hq"],"up":false}
{"do":"find","text":"S1/1-1","expect":{"ok":false,"error.code":"sale_unreachable"}}
{"do":"sign_off"}
{"do":"sign_on","operator":"1","pin":"1111"}
{"do":"return_mode","code":"t=20260601T0900&s=698.00&fn=9999000000028083&i=2&fp=1&n=1"}
{"do":"scan","data":"4600000000039"}
{"do":"return","lines":[],"tender":"cash","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"line down","expect":{"receipt.total":"349.00","receipt.of_fiscal.number":2}}
{"do":"link","between":["store","hq"],"up":true}
{"do":"settle"}
"#,
    );
}
