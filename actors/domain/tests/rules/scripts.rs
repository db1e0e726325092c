//! One script a rule: what is asked, and what the receipt says.

use domain::money::Money;
use domain::receipt::{Input, Kind, Receipt, TenderKind, VatRounding};
use domain::refusal::Refusal;
use domain::vat::VatRate;
use expect_test::expect;

use crate::language::{check, line, opening, tender};

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
            total 269.70 due 269.70 change 0.00 voids 134.85
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

/// Scenarios 7 and 8: a voided line stays to be seen; a cancelled receipt keeps nothing.
#[test]
fn retail_s07_s08_void_then_cancel() {
    check(
        Kind::Sale,
        "
        add MILK 89.90 2 10%
        add BREAD 45.50 1 10%
        add BAG 7.00 1
        void 3
        void 3
        void 1 3
        void 9
        void 1 1
        cancel
        add BAG 7.00 1
        cash 300.00
        ",
        expect![[r#"
            1. MILK 2 x 89.90 = 179.80 vat 16.35
            2. BREAD 1 x 45.50 = 45.50 vat 4.14
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            3. voided
            refused line_voided: line 3 is voided already
            refused void_too_much: line 1 has only 2 to void
            refused no_such_line: the receipt has no line 9
            1. voided 1, left 1 = 89.90
            receipt_cancelled
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            total 135.40 due 135.40 change 0.00 voids 96.90
        "#]],
    );
}

#[test]
fn a_changed_price_is_of_one_line() {
    check(
        Kind::Sale,
        "
        add MILK 89.90 2
        price 1 50.00
        quantity 1 3
        add MILK 94.90 1
        label CHEESE 749.00 0.475 356.12
        price 3 1.00
        price 2 -1.00
        price 2 9999999999.99
        price 2 10000000000.00
        price 1 0.00
        ",
        expect![[r#"
            1. MILK 2 x 89.90 = 179.80 vat 32.42
            1. now at 50.00 = 100.00
            1. now 3 = 150.00
            2. MILK 1 x 89.90 = 89.90 vat 16.21
            3. CHEESE 0.475 x 749.00 = 356.12 vat 32.37
            refused fixed_sum: the sum of line 3 is fixed by its label or its sale: void the whole line and enter it again
            refused amount_negative: an amount of zero or more is needed
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            1. now at 0.00 = 0.00
            total 446.02 due 446.02 change 0.00
        "#]],
    );
}

#[test]
fn codes_of_refusals_are_snake_case() {
    for code in [Refusal::NoReceipt.code(), Refusal::VoidTooMuch { line: 1, there_is: Default::default() }.code()] {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
    }
}
