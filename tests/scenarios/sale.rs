//! Lines: weights, bursts, repeats, ages, prices, deposits, customers, parked receipts, people.

use crate::sandbox::{check, check_and};
use domain::ids::{StoreId, TillId};

#[test]
fn retail_s06_a_weight_is_net_stable_and_above_zero() {
    check(
        r#"
{"do":"device","device":"scale","fault":"weight:0.512"}
{"do":"weigh","data":"456","tare":"0.012","expect":{"due":"374.50"}}
{"do":"device","device":"scale","fault":"unstable"}
{"do":"weigh","data":"456","expect":{"ok":false,"error.code":"weight_unstable"}}
{"do":"device","device":"scale","fault":"stable"}
{"do":"device","device":"scale","fault":"weight:0"}
{"do":"weigh","data":"456","expect":{"ok":false,"error.code":"no_weight"}}
{"do":"device","device":"scale","fault":"weight:0.012"}
{"do":"weigh","data":"456","tare":"0.012","expect":{"ok":false,"error.code":"no_weight"}}
{"do":"device","device":"scale","fault":"overload"}
{"do":"weigh","data":"456","expect":{"ok":false,"error.code":"scale_overload"}}
{"do":"pay","tender":"cash","amount":"374.50","expect":{"receipt.lines.0.quantity":"0.5","receipt.total":"374.50"}}
"#,
    );
}

#[test]
fn retail_s09_an_unknown_code_among_others_adds_the_others() {
    check(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"scan","data":"4099999999996","expect":{"ok":false,"error.code":"unknown_code"}}
{"do":"scan","data":"4600000000022","expect":{"due":"135.40"}}
{"do":"pay","tender":"cash","amount":"135.40","expect":{"receipt.total":"135.40","receipt.lines.1.code":"BREAD"}}
"#,
    );
}

#[test]
fn retail_s10_two_enters_of_a_scanner_add_one_line() {
    check(
        r#"
{"do":"keys","text":"4600000000039<Enter><Enter>","expect":{"due":"349.00"}}
{"do":"keys","text":"<Enter>"}
{"do":"scan","data":"4600000000077","expect":{"due":"356.00","line":2}}
{"do":"pay","tender":"cash","amount":"356.00"}
"#,
    );
}

#[test]
fn retail_s11_the_last_item_three_times_more() {
    check(
        r#"
{"do":"scan","data":"4600000000039"}
{"do":"keys","text":"<F6><F6><F6>","expect":{"due":"1396.00"}}
{"do":"pay","tender":"cash","amount":"1396.00","expect":{"receipt.lines.3.code":"COFFEE","receipt.lines.3.amount":"349.00"}}
"#,
    );
}

#[test]
fn retail_s48_age_and_hours() {
    check(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"scan","data":"4600000000091","expect":{"ok":false,"error.code":"asks_age"}}
{"do":"answer","old_enough":false,"expect":{"ok":false,"error.code":"too_young"}}
{"do":"scan","data":"4600000000091","expect":{"ok":false,"error.code":"asks_age"}}
{"do":"answer","old_enough":true,"expect":{"due":"188.90"}}
{"do":"scan","data":"4600000000091","expect":{"due":"287.90"}}
{"do":"pay","tender":"cash","amount":"287.90"}
{"do":"scan","at":"2026-06-01T21:59:00","data":"4600000000091","expect":{"ok":false,"error.code":"asks_age"}}
{"do":"answer","old_enough":true,"expect":{"due":"99.00"}}
{"do":"park","name":"beer"}
{"do":"scan","at":"2026-06-01T22:05:00","data":"4600000000091","expect":{"ok":false,"error.code":"no_sale_now"}}
{"do":"recall","name":"beer","expect":{"due":"99.00"}}
{"do":"pay","tender":"cash","amount":"99.00","approver":"9","approver_pin":"9999","expect":{"ok":false,"error.code":"no_sale_now"}}
{"do":"cancel","approver":"9","approver_pin":"9999"}
{"do":"settle"}
{"do":"report","name":"audit","args":{"kind":"declined"},"expect":{"rows.0.subject":"age"}}
"#,
    );
}

#[test]
fn a_price_is_entered_within_its_range() {
    check(
        r#"
{"do":"scan","data":"4600000000145","expect":{"ok":false,"error.code":"asks_price"}}
{"do":"answer","price":"1000.01","expect":{"ok":false,"error.code":"price_out_of_range"}}
{"do":"answer","price":"350.00","expect":{"due":"350.00"}}
{"do":"price","line":1,"price":"300.00","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"price","line":1,"price":"300.00","approver":"2","approver_pin":"2222","expect":{"due":"300.00"}}
{"do":"pay","tender":"cash","amount":"300.00","expect":{"receipt.approvals.0.right":"change_price","receipt.approvals.0.approver":"2","receipt.approvals.0.requester":"1"}}
"#,
    );
}

#[test]
fn a_deposit_follows_its_bottle() {
    check(
        r#"
{"do":"scan","data":"4600000000114","expect":{"due":"130.00"}}
{"do":"quantity","line":1,"quantity":"3","expect":{"due":"390.00"}}
{"do":"void","line":1,"quantity":"1","expect":{"due":"260.00"}}
{"do":"pay","tender":"cash","amount":"260.00","expect":{"receipt.lines.1.deposit_of":1,"receipt.lines.1.quantity":"2"}}
"#,
    );
}

#[test]
fn a_customer_is_known_by_card_or_phone_and_the_display_shows_the_sale() {
    let store = StoreId::new("S1").expect("a store");
    check_and(
        r#"
{"do":"card","number":"+7 (921) 555-01-23"}
{"do":"scan","data":"4600000000015"}
{"do":"price_check","data":"4600000000039","expect":{"item.price":"349.00","item.name":"Coffee"}}
{"do":"pay","tender":"cash","amount":"100.00","expect":{"receipt.customer":"79215550123"}}
"#,
        async |chain| {
            let display = chain.desk(&store, TillId(1)).expect("a till").display;
            let lines = crate::sandbox::eventually("the change", std::time::Duration::from_secs(5), async || {
                Some(display.lines()).filter(|lines| lines[0].contains("CHANGE"))
            });
            assert_eq!(lines.await[0], "CHANGE         10.10");
        },
    );
}

#[test]
fn retail_s23_a_parked_receipt_is_taken_up_once_at_the_prices_of_now() {
    check(
        r#"
{"do":"open_shift","till":2,"operator":"2","pin":"2222","float":"0.00"}
{"do":"scan","till":1,"data":"4600000000015"}
{"do":"park","name":"forgot her purse","expect":{"receipt.sequence":1}}
{"do":"item","code":"MILK","name":"Milk","price":"94.90","vat":"10","barcodes":["4600000000015"]}
{"do":"settle"}
{"do":"recall","till":2,"name":"forgot her purse","expect":{"due":"94.90","notes.0":"Milk: 89.90 is now 94.90"}}
{"do":"settle"}
{"do":"recall","till":1,"expect":{"ok":false,"error.code":"nothing_parked"}}
{"do":"pay","till":2,"tender":"cash","amount":"94.90"}
{"do":"scan","till":1,"data":"4600000000022"}
{"do":"park","name":"here"}
{"do":"link","till":1,"between":["till","store"],"up":false}
{"do":"recall","till":1,"expect":{"due":"45.50"}}
{"do":"pay","tender":"cash","amount":"45.50","expect":{"receipt.sequence":3}}
{"do":"link","till":1,"between":["till","store"],"up":true}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows.0.sales":"140.40","rows.0.receipts":2}}
"#,
    );
}

#[test]
fn a_wrong_pin_slows_down_and_a_locked_till_waits_for_its_operator() {
    check(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"lock","break":true}
{"do":"scan","data":"4600000000015","expect":{"ok":false,"error.code":"locked"}}
{"do":"sign_on","operator":"1","pin":"1","expect":{"ok":false,"error.code":"wrong_pin"}}
{"do":"sign_on","operator":"1","pin":"2","expect":{"ok":false,"error.code":"wrong_pin"}}
{"do":"sign_on","operator":"1","pin":"3","expect":{"ok":false,"error.code":"wrong_pin"}}
{"do":"sign_on","operator":"1","pin":"1111","expect":{"ok":false,"error.code":"pin_wait"}}
{"do":"sign_on","at":"2026-06-01T10:00:00","operator":"1","pin":"1111"}
{"do":"pay","tender":"cash","amount":"89.90"}
{"do":"sign_off"}
{"do":"sign_on","operator":"card-of-pavel"}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.operator":"2"}}
{"do":"settle"}
{"do":"report","name":"audit","args":{"kind":"locked"},"expect":{"rows.0.subject":"break"}}
"#,
    );
}
