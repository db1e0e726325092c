//! One script a rule: what is asked, and what the receipt says.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset};
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::receipt::{
    Baseline, Event, Input, Kind, LineSource, NewLine, Opening, Receipt, Sign, Tender, TenderKind, VatRounding,
};
use domain::refusal::Refusal;
use domain::vat::VatRate;
use expect_test::{Expect, expect};

pub(crate) fn at() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-02T10:00:00+03:00").expect("a time")
}

pub(crate) fn opening(kind: Kind, vat_rounding: VatRounding) -> Opening {
    Opening {
        uid: ReceiptId(uuid::Uuid::nil()),
        sequence: 1,
        shift: 1,
        kind,
        operator: OperatorNumber("7".to_owned()),
        at: at(),
        vat_rounding,
        of: None,
    }
}

pub(crate) fn line(code: &str, price: Money, quantity: domain::quantity::Quantity, vat_rate: VatRate) -> NewLine {
    NewLine {
        code: ItemCode(code.to_owned()),
        name: code.to_owned(),
        price,
        quantity,
        discount: Money::ZERO,
        amount: None,
        vat_rate,
        vat: None,
        source: LineSource::Catalogue,
        of_line: None,
    }
}

pub(crate) fn tender(kind: TenderKind, amount: Money) -> Input {
    Input::Tender { tender: Tender { kind, amount, number: None, proof: None }, rounding: None }
}

/// Run a script and compare what came of each line of it.
fn check(kind: Kind, script: &str, expected: Expect) {
    let mut receipt = Receipt::new(opening(kind, VatRounding::Line));
    let mut told = String::new();
    for step in script.lines().map(str::trim).filter(|step| !step.is_empty()) {
        match receipt.decide(&read(step)) {
            Ok(events) => {
                for event in &events {
                    receipt.apply(event);
                    writeln!(told, "{}", tell(event)).expect("a string");
                }
            }
            Err(refusal) => writeln!(told, "refused {}: {refusal}", refusal.code()).expect("a string"),
        }
    }
    writeln!(told, "total {} due {} change {}", receipt.total(), receipt.due(), receipt.change()).expect("a string");
    expected.assert_eq(&told);
}

fn read(step: &str) -> Input {
    let words: Vec<&str> = step.split_whitespace().collect();
    let quantity = |text: &str| text.parse().expect("a quantity");
    let money = |text: &str| -> Money { text.parse().expect("money") };
    match words.as_slice() {
        ["add", code, price, amount] => {
            Input::Add(vec![line(code, money(price), quantity(amount), VatRate::percent(22))])
        }
        ["label", code, price, amount, sum] => Input::Add(vec![NewLine {
            amount: Some(money(sum)),
            source: LineSource::Label,
            ..line(code, money(price), quantity(amount), VatRate::percent(10))
        }]),
        ["quantity", line, amount] => {
            Input::ChangeQuantity { line: line.parse().expect("a line"), quantity: quantity(amount) }
        }
        ["void", line] => Input::Void { line: line.parse().expect("a line"), quantity: None },
        ["void", line, part] => Input::Void { line: line.parse().expect("a line"), quantity: Some(quantity(part)) },
        ["cash", amount] => tender(TenderKind::Cash, money(amount)),
        ["card", amount] => tender(TenderKind::Card, money(amount)),
        ["fiscalise", last] => {
            Input::Fiscalise(Baseline { device: "fn".to_owned(), last_document: last.parse().expect("a number") })
        }
        ["fiscalised", number] => Input::Fiscalised {
            sign: Some(Sign {
                device: "fn".to_owned(),
                number: number.parse().expect("a number"),
                sign: "1".to_owned(),
            }),
        },
        ["close"] => Input::Close { at: at() },
        ["cancel"] => Input::Cancel { at: at() },
        other => panic!("not a step: {other:?}"),
    }
}

fn tell(event: &Event) -> String {
    match event {
        Event::LinesAdded { lines } => lines
            .iter()
            .map(|line| {
                format!(
                    "{}. {} {} x {} = {} vat {}",
                    line.number, line.code, line.quantity, line.price, line.amount, line.vat
                )
            })
            .collect::<Vec<_>>()
            .join("; "),
        Event::QuantityChanged { line, quantity, amount, .. } => format!("{line}. now {quantity} = {amount}"),
        Event::LineVoided { line } => format!("{line}. voided"),
        Event::LinePartVoided { line, voided, quantity, amount, .. } => {
            format!("{line}. voided {voided}, left {quantity} = {amount}")
        }
        Event::Tendered(tender) => format!("tendered {} {}", tender.amount, tender.kind),
        Event::Paid { change, .. } => format!("paid, change {change}"),
        Event::Fiscalising(baseline) => format!("fiscalising from {}", baseline.last_document),
        Event::Fiscalised { sign } => format!("fiscalised {:?}", sign.as_ref().map(|sign| sign.number)),
        other => other.name().to_owned(),
    }
}

#[test]
fn a_sale_goes_from_lines_to_its_document() {
    check(
        Kind::Sale,
        "
        add MILK 89.90 2
        add BAG 7.00 1
        close
        cash 100.00
        add BAG 7.00 1
        void 1
        cash 100.00
        cash 1.00
        fiscalise 17
        fiscalised 18
        close
        cancel
        ",
        expect![[r#"
            1. MILK 2 x 89.90 = 179.80 vat 32.42
            2. BAG 1 x 7.00 = 7.00 vat 1.26
            refused not_covered: the tenders do not cover the receipt: 186.80 is still due
            tendered 100.00 cash
            refused payment_begun: a payment was taken: lines can no longer be changed
            refused payment_begun: a payment was taken: lines can no longer be changed
            tendered 100.00 cash
            paid, change 13.20
            refused already_paid: the receipt is paid already
            fiscalising from 17
            fiscalised Some(18)
            receipt_closed
            refused no_receipt: there is no open receipt
            total 186.80 due 0.00 change 13.20
        "#]],
    );
}

#[test]
fn a_price_is_fixed_by_the_first_line_of_an_item() {
    check(
        Kind::Sale,
        "
        add MILK 89.90 1
        add MILK 94.90 1
        void 1
        void 1
        void 2 0.5
        void 2 1
        quantity 2 3
        ",
        expect![[r#"
            1. MILK 1 x 89.90 = 89.90 vat 16.21
            2. MILK 1 x 89.90 = 89.90 vat 16.21
            1. voided
            refused line_voided: line 1 is voided already
            2. voided 0.5, left 0.5 = 44.95
            refused void_too_much: line 2 has only 0.5 to void
            2. now 3 = 269.70
            total 269.70 due 269.70 change 0.00
        "#]],
    );
}

#[test]
fn a_label_keeps_its_sum() {
    check(
        Kind::Sale,
        "
        label CHEESE 749.00 0.475 356.12
        quantity 1 1
        void 1 0.1
        card 356.13
        card 356.12
        ",
        expect![[r#"
            1. CHEESE 0.475 x 749.00 = 356.12 vat 32.37
            refused fixed_sum: the sum of line 1 is fixed by its label or its sale: void the whole line and enter it again
            refused fixed_sum: the sum of line 1 is fixed by its label or its sale: void the whole line and enter it again
            refused over_due: only 356.12 is due, and only cash gives change
            tendered 356.12 cards
            paid, change 0.00
            total 356.12 due 0.00 change 0.00
        "#]],
    );
}

#[test]
fn money_that_goes_back_is_exact() {
    check(
        Kind::Return,
        "
        cash 1.00
        add SHAMPOO 259.00 1
        cash 300.00
        cash 0.00
        cash -1.00
        cash 259.00
        ",
        expect![[r#"
            refused empty_receipt: the receipt has no lines to pay for
            1. SHAMPOO 1 x 259.00 = 259.00 vat 46.70
            refused over_due: only 259.00 is due, and only cash gives change
            refused amount_not_positive: an amount above zero is needed
            refused amount_not_positive: an amount above zero is needed
            tendered 259.00 cash
            paid, change 0.00
            total 259.00 due 0.00 change 0.00
        "#]],
    );
}

#[test]
fn absurd_input_is_refused_and_nothing_overflows() {
    check(
        Kind::Sale,
        "
        add X 9999999999.99 99999.999
        add X 92233720368547758.07 92233720368547
        add X 1.00 0
        add X 1.00 -1
        add X -1.00 1
        add FREE 0.00 1
        cash 0.00
        ",
        expect![[r#"
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            refused quantity_not_positive: a quantity above zero is needed
            refused quantity_not_positive: a quantity above zero is needed
            refused amount_negative: an amount of zero or more is needed
            1. FREE 1 x 0.00 = 0.00 vat 0.00
            tendered 0.00 cash
            paid, change 0.00
            total 0.00 due 0.00 change 0.00
        "#]],
    );
}

/// Scenario 26: one group is rounded once, and its lines share the penny.
#[test]
fn retail_s26_vat_of_a_group_is_spread_over_its_lines() {
    let mut receipt = Receipt::new(opening(Kind::Sale, VatRounding::Group));
    let bag = line("BAG", Money::from_minor(700), domain::quantity::Quantity::ONE, VatRate::percent(22));
    for input in [Input::Add(vec![bag.clone(), bag.clone(), bag]), tender(TenderKind::Card, Money::from_minor(2100))] {
        for event in receipt.decide(&input).expect("allowed") {
            receipt.apply(&event);
        }
    }
    let vats: Vec<String> = receipt.lines().iter().map(|line| line.vat.to_string()).collect();
    assert_eq!(vats, ["1.27", "1.26", "1.26"]);
    assert_eq!(receipt.vat()[0].1.to_string(), "3.79");
}

#[test]
fn codes_of_refusals_are_snake_case() {
    for code in [Refusal::NoReceipt.code(), Refusal::VoidTooMuch { line: 1, there_is: Default::default() }.code()] {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
    }
}
