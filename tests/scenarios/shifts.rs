//! Shifts: counts, differences, shifts that nobody closed, training, and that everything agrees.

use crate::sandbox::{check, check_and};
use domain::ids::{StoreId, TillId};

#[test]
fn retail_s49_the_count_says_over_and_short() {
    check(
        r#"
{"do":"settings","section":"cash","value":{"blind_count":true,"difference_max":"30.00"}}
{"do":"sell","code":"ANY","price":"48730.00","quantity":"1","vat":"22"}
{"do":"pay","tender":"cash","amount":"48730.00"}
{"do":"receipt","kind":"return","of":null,"lines":[{"code":"ANY","name":"Any","quantity":"1","price":"830.00","vat":"22"}],"tenders":[{"tender":"cash","amount":"830.00"}]}
{"do":"cash_out","amount":"20000.00","reason":"to the safe","kind":"pickup"}
{"do":"x_report","expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"decline"}
{"do":"count","counted":{"5000":3,"2000":2,"1000":7,"500":9,"200":4,"100":11,"50":6,"10":12,"5":3,"2":4,"1":7},"expect":{"over_short":null}}
{"do":"close_shift","counted":{"5000":3,"2000":2,"1000":7,"500":9,"200":4,"100":11,"50":6,"10":12,"5":3,"2":4,"1":7},"expect":{"ok":false,"error.code":"asks_approval"}}
{"do":"approve","operator":"2","pin":"2222","reason":"found later","expect":{"over_short":"-50.00","totals.cash_expected":"32900.00"}}
{"do":"settle"}
{"do":"report","name":"shifts","expect":{"rows.0.over_short":"-50.00"}}
"#,
    );
}

#[test]
fn retail_s51_a_forgotten_shift_is_closed_with_one_word() {
    check(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"park","name":"tomorrow"}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"cash","amount":"89.90"}
{"do":"close_shift","expect":{"ok":false,"error.code":"not_counted"}}
{"do":"scan","at":"2026-06-02T09:02:00","data":"4600000000015","expect":{"ok":false,"error.code":"shift_expired"}}
{"do":"close_shift","expect":{"totals.business_day":"2026-06-01","totals.sales":"89.90"}}
{"do":"open_shift","operator":"1","pin":"1111","float":"0.00"}
{"do":"recall","expect":{"due":"89.90"}}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.business_day":"2026-06-02"}}
"#,
    );
}

#[test]
fn the_store_keeps_the_business_day() {
    check(
        r#"
{"do":"settle","at":"2026-06-01T22:00:00"}
{"do":"open_shift","till":2,"at":"2026-06-02T00:30:00","operator":"2","pin":"2222","float":"0.00"}
{"do":"sell","code":"MILK"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.business_day":"2026-06-01"}}
"#,
    );
}

#[test]
fn retail_s66_training_leaves_nothing() {
    let store = StoreId::new("S1").expect("a store");
    check_and(
        r#"
{"do":"train","on":true}
{"do":"open_shift","operator":"1","pin":"1111","float":"100.00"}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"card","amount":"89.90","expect":{"receipt.sequence":1,"receipt.fiscal.number":2}}
{"do":"reprint"}
{"do":"scan","data":"4600000000022"}
{"do":"park","name":"left over"}
{"do":"train","on":false}
{"do":"recall","expect":{"ok":false,"error.code":"nothing_parked"}}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows":[]}}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.sequence":1,"receipt.fiscal.number":2}}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows.0.receipts":1,"rows.0.net":"89.90"}}
"#,
        async |chain| {
            let desk = chain.desk(&store, TillId(1)).expect("a till");
            assert!(desk.card_terminal.charges().is_empty(), "the real terminal was not asked");
            let documents = chain.emulator(&store, TillId(1)).expect("a till").documents();
            assert_eq!(documents.len(), 2, "the opening of the shift and one sale: {documents:?}");
            let paper = desk.printer.paper().join("\n");
            assert!(paper.contains("УЧЕБНЫЙ"), "{paper}");
        },
    );
}
