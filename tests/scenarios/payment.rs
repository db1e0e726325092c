//! Money: cash and its rounding, terminals and their faults, power cuts, refusals of the fiscal device, copies.

use crate::sandbox::{check, check_and};
use devices::sim::zvt::Charge;
use domain::ids::{StoreId, TillId};
use domain::money::Money;
use store_node::chain::Chain;

fn s1() -> StoreId {
    StoreId::new("S1").expect("a store")
}

/// What the bank has moved for the first till, net: sales less what went back.
fn charged(chain: &Chain) -> Money {
    use devices::terminal::TerminalOperation;
    let net = |charge: &Charge| match charge.operation {
        TerminalOperation::Sale if charge.reversed => Money::ZERO,
        TerminalOperation::Sale => charge.amount,
        TerminalOperation::Refund => -charge.amount,
        TerminalOperation::Reverse => Money::ZERO,
    };
    chain.desk(&s1(), TillId(1)).expect("a till").card_terminal.charges().iter().map(net).sum()
}

fn money(text: &str) -> Money {
    text.parse().expect("money")
}

#[test]
fn retail_s27_mixed_tenders_give_change_from_cash_only() {
    check_and(
        r#"
{"do":"sell","code":"ANY","price":"1532.30","quantity":"1","vat":"22"}
{"do":"pay","tender":"card","amount":"1532.31","expect":{"ok":false,"error.code":"over_due"}}
{"do":"pay","tender":"card","amount":"1000.00","expect":{"due":"532.30"}}
{"do":"pay","tender":"cash","amount":"600.00","expect":{"receipt.change":"67.70","receipt.total":"1532.30","receipt.tenders.0.tender":"card","receipt.tenders.0.amount":"1000.00"}}
"#,
        async |chain| assert_eq!(charged(chain), money("1000.00")),
    );
}

#[test]
fn retail_s28_kopecks_are_forgiven_and_come_back_as_they_were_paid() {
    check(
        r#"
{"do":"settings","section":"cash","value":{"round_to":"1.00","round":"down"}}
{"do":"scan","data":"4600000000015"}
{"do":"quantity","line":1,"quantity":"2"}
{"do":"scan","data":"4600000000022"}
{"do":"scan","data":"4600000000077","expect":{"due":"232.30"}}
{"do":"pay","id":"sold","tender":"cash","amount":"232.00","expect":{"receipt.total":"232.00","receipt.discount":"0.30","receipt.rounding":"-0.30","receipt.lines.0.discount":"0.23","receipt.lines.1.discount":"0.06","receipt.lines.2.discount":"0.01","receipt.vat.0.amount":"20.45","receipt.vat.1.amount":"1.26","receipt.change":"0.00"}}
{"do":"return","of":"@sold","lines":[],"tender":"cash","expect":{"receipt.total":"232.00"}}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"card","amount":"89.90","expect":{"receipt.total":"89.90","receipt.rounding":"0.00"}}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows.0.sales":"321.90","rows.0.returns":"232.00"}}
"#,
    );
}

#[test]
fn retail_s29_rounding_is_the_same_both_ways() {
    check(
        r#"
{"do":"settings","section":"cash","value":{"round_to":"1.00","round":"down"}}
{"do":"sell","code":"A","price":"7.50","vat":"22"}
{"do":"pay","tender":"cash","amount":"7.00","expect":{"receipt.total":"7.00"}}
{"do":"return_mode"}
{"do":"sell","code":"A","price":"7.50","vat":"22"}
{"do":"return","lines":[],"tender":"cash","approver":"2","approver_pin":"2222","expect":{"receipt.total":"7.00","receipt.kind":"return"}}
{"do":"settings","section":"cash","value":{"round_to":"1.00","round":"up"}}
{"do":"sell","code":"B","price":"95.00","vat":"22"}
{"do":"sell","code":"C","price":"42.00","quantity":"2","vat":"22"}
{"do":"pay","tender":"cash","amount":"200.00","expect":{"receipt.total":"179.00","receipt.change":"21.00"}}
"#,
    );
}

#[test]
fn retail_s30_enter_twice_makes_one_receipt() {
    check(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"keys","text":"<+>100<Enter><Enter><Enter>","expect":{"receipt.sequence":1}}
{"do":"scan","data":"4600000000022"}
{"do":"pay","tender":"cash","amount":"45.50","expect":{"receipt.sequence":2,"receipt.fiscal.number":3}}
"#,
    );
}

#[test]
fn retail_s31_an_approval_whose_answer_was_lost_is_found() {
    check_and(
        r#"
{"do":"scan","data":"4600000000039"}
{"do":"device","device":"terminal","fault":"no_answer_after_commit"}
{"do":"pay","tender":"card","amount":"349.00","expect":{"receipt.total":"349.00","receipt.tenders.0.tender":"card"}}
{"do":"scan","data":"4600000000039"}
{"do":"device","device":"terminal","fault":"no_answer"}
{"do":"pay","tender":"card","amount":"349.00","expect":{"ok":false,"error.code":"terminal"}}
{"do":"pay","tender":"card","amount":"349.00","expect":{"receipt.total":"349.00"}}
{"do":"scan","data":"4600000000039"}
{"do":"device","device":"terminal","fault":"declined"}
{"do":"pay","tender":"card","amount":"349.00","expect":{"ok":false,"error.code":"terminal"}}
{"do":"device","device":"terminal","fault":"none"}
{"do":"pay","tender":"qr","amount":"349.00","expect":{"receipt.tenders.0.tender":"qr"}}
"#,
        async |chain| {
            assert_eq!(charged(chain), money("698.00"));
            let qr = chain.desk(&s1(), TillId(1)).expect("a till").qr_terminal;
            assert_eq!(qr.charges().len(), 1);
        },
    );
}

#[test]
fn retail_s32_a_till_that_dies_at_any_step_finishes_its_receipt_once() {
    let steps = [
        "open",
        "terminalasked",
        "terminalanswered",
        "paying",
        "paid",
        "fiscalising",
        "registered",
        "fiscalised",
        "closed",
    ];
    for step in steps {
        for tender in ["cash", "card"] {
            if tender == "cash" && step.starts_with("terminal") {
                continue;
            }
            check_and(
                &format!(
                    r#"
{{"do":"sell","code":"ANY","price":"500.00","vat":"22"}}
{{"do":"crash","node":"till","when":"{step}"}}
{{"do":"pay","tender":"{tender}","amount":"500.00","expect":{{"receipt.sequence":1,"receipt.total":"500.00","receipt.fiscal.number":2}}}}
{{"do":"receipt","lines":[{{"code":"BREAD","quantity":"1"}}],"tenders":[{{"tender":"cash","amount":"45.50"}}],"expect":{{"receipt.sequence":2,"receipt.fiscal.number":3}}}}
{{"do":"settle"}}
{{"do":"report","name":"sales","args":{{"by":"day"}},"expect":{{"rows.0.receipts":2,"rows.0.net":"545.50"}}}}
"#
                ),
                async |chain| {
                    let once = if tender == "card" { "500.00" } else { "0.00" };
                    assert_eq!(charged(chain), money(once), "{step} {tender}");
                },
            );
        }
    }
}

#[test]
fn retail_s34_a_refused_document_after_a_card_payment_is_settled_before_anything_else() {
    check_and(
        r#"
{"do":"scan","data":"4600000000039"}
{"do":"scan","data":"4600000000015"}
{"do":"device","device":"fiscal","fault":"refuse:33"}
{"do":"pay","tender":"card","amount":"438.90","expect":{"ok":false,"error.code":"waiting_for_fiscal"}}
{"do":"scan","data":"4600000000039","expect":{"ok":false,"error.code":"waiting_for_fiscal"}}
{"do":"receipt","lines":[{"code":"MILK","quantity":"1"}],"tenders":[{"tender":"cash","amount":"89.90"}],"expect":{"ok":false}}
{"do":"resume","expect":{"ok":false,"error.code":"waiting_for_fiscal"}}
{"do":"device","device":"fiscal","fault":"none"}
{"do":"take_out","line":2,"expect":{"receipt.total":"349.00","receipt.lines.1.voided":true,"receipt.tenders.0.amount":"349.00"}}
{"do":"scan","data":"4600000000015"}
{"do":"device","device":"fiscal","fault":"refuse:33"}
{"do":"pay","tender":"card","amount":"89.90","expect":{"ok":false,"error.code":"waiting_for_fiscal"}}
{"do":"cancel","approver":"9","approver_pin":"9999","expect":{"receipt.total":"89.90"}}
{"do":"device","device":"fiscal","fault":"none"}
{"do":"scan","data":"4600000000015"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.sequence":3,"receipt.fiscal.number":3}}
"#,
        async |chain| assert_eq!(charged(chain), money("349.00")),
    );
}

#[test]
fn retail_s35_a_copy_is_marked_and_makes_no_document() {
    check_and(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"device","device":"fiscal","fault":"no_answer_after_commit"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.fiscal.number":2}}
{"do":"device","device":"printer","fault":"paper_out"}
{"do":"reprint","expect":{"ok":false,"error.code":"printer"}}
{"do":"device","device":"printer","fault":"none"}
{"do":"reprint","expect":{"receipt.fiscal.number":2,"notes.0":"copy 1"}}
{"do":"scan","data":"4600000000022"}
{"do":"pay","tender":"cash","amount":"45.50","expect":{"receipt.fiscal.number":3}}
{"do":"settle"}
{"do":"report","name":"audit","args":{"kind":"reprinted"},"expect":{"rows.0.reason":"copy 1","rows.1":null}}
"#,
        async |chain| {
            let paper = chain.desk(&s1(), TillId(1)).expect("a till").printer.paper().join("\n");
            assert!(paper.contains("КОПИЯ"), "{paper}");
            assert!(paper.contains("89,90") || paper.contains("89.90"), "{paper}");
        },
    );
}
