//! Scripts of lines that are taken out of a paid receipt which the fiscal device refused.

use domain::receipt::Kind;
use expect_test::expect;

use crate::language::check;

/// Scenario 34: the device refuses a line after the money was taken by card.
#[test]
fn retail_s34_a_line_is_taken_out_by_card() {
    check(
        Kind::Sale,
        "
        vat group
        add WATER 64.90 1 mark=W1
        add BAG 7.00 1
        add BAG 7.00 1
        ask card 78.90
        yes
        fiscalise 17
        out 1
        out 1 given-back
        ask-back 0 64.90
        out 2 given-back
        out 1
        out 1 given-back
        ask-back 0 7.00
        out 2 given-back
        out 3
        show
        fiscalise 17
        fiscalised 18
        close
        ",
        expect![[r#"
            claimed W1
            1. WATER 1 x 64.90 = 64.90 vat 11.70
            2. BAG 1 x 7.00 = 7.00 vat 1.26
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            terminal asked for 78.90 cards
            tendered 78.90 cards
            paid, change 0.00, vats 11.71 1.26 1.26
            fiscalising from 17
            refused payment_not_reversed: a payment was taken by the terminal and not given back
            refused nothing_waits: nothing waits to be finished
            terminal asked for 64.90 cards
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            tender 0 gave 64.90 back
            1. voided
            released W1
            paid, change 0.00, vats 11.71 1.26 1.26
            terminal asked for 7.00 cards
            tender 0 gave 7.00 back
            2. voided
            paid, change 0.00, vats 11.71 1.26 1.26
            refused last_line: this is the last line: cancel the receipt instead
              3. BAG less 0.00 = 7.00 vat 1.26
            fiscalising from 17
            fiscalised Some(18)
            receipt_closed
            total 7.00 due 0.00 change 0.00 voids 71.90
        "#]],
    );
}

#[test]
fn retail_s34_a_line_is_taken_out_in_cash() {
    check(
        Kind::Sale,
        "
        add A 60.00 1
        add B 40.00 1
        out 1
        cash 150.00
        out 1
        out 1
        out 2
        ",
        expect![[r#"
            1. A 1 x 60.00 = 60.00 vat 10.82
            2. B 1 x 40.00 = 40.00 vat 7.21
            refused not_covered: the tenders do not cover the receipt: 100.00 is still due
            tendered 150.00 cash
            paid, change 50.00
            1. voided
            paid, change 110.00
            refused line_voided: line 1 is voided already
            refused last_line: this is the last line: cancel the receipt instead
            total 40.00 due 0.00 change 110.00 voids 60.00
        "#]],
    );
    check(
        Kind::Sale,
        "
        add A 60.00 1
        add B 40.00 1
        add FREE 0.00 1
        ask card 50.00
        yes
        cash 50.00
        out 1
        out 3
        out 2
        ask-back 0 40.00
        out 2 given-back
        show
        ",
        expect![[r#"
            1. A 1 x 60.00 = 60.00 vat 10.82
            2. B 1 x 40.00 = 40.00 vat 7.21
            3. FREE 1 x 0.00 = 0.00 vat 0.00
            terminal asked for 50.00 cards
            tendered 50.00 cards
            tendered 50.00 cash
            paid, change 0.00
            refused payment_not_reversed: a payment was taken by the terminal and not given back
            3. voided
            paid, change 0.00
            refused payment_not_reversed: a payment was taken by the terminal and not given back
            terminal asked for 40.00 cards
            tender 0 gave 40.00 back
            2. voided
            paid, change 0.00
              1. A less 0.00 = 60.00 vat 10.82
            total 60.00 due 0.00 change 0.00 voids 40.00
        "#]],
    );
}

/// The deposit goes with its bottle, by the same way and before the last line is asked for.
#[test]
fn a_line_is_taken_out_with_its_deposit() {
    check(
        Kind::Sale,
        "
        add WATER 64.90 2
        add BOTTLE 5.00 2 deposit=1
        add BAG 7.00 1
        ask card 146.80
        yes
        ask-back 0 139.80
        out 1 given-back
        show
        ",
        expect![[r#"
            1. WATER 2 x 64.90 = 129.80 vat 23.41
            2. BOTTLE 2 x 5.00 = 10.00 vat 1.80
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            terminal asked for 146.80 cards
            tendered 146.80 cards
            paid, change 0.00
            terminal asked for 139.80 cards
            tender 0 gave 139.80 back
            1. voided
            2. voided
            paid, change 0.00
              3. BAG less 0.00 = 7.00 vat 1.26
            total 7.00 due 0.00 change 0.00 voids 139.80
        "#]],
    );
    check(
        Kind::Sale,
        "
        add WATER 64.90 2
        add BOTTLE 5.00 2 deposit=1
        cash 139.80
        out 1
        out 2
        ",
        expect![[r#"
            1. WATER 2 x 64.90 = 129.80 vat 23.41
            2. BOTTLE 2 x 5.00 = 10.00 vat 1.80
            tendered 139.80 cash
            paid, change 0.00
            refused last_line: this is the last line: cancel the receipt instead
            2. voided
            paid, change 10.00
            total 129.80 due 0.00 change 10.00 voids 10.00
        "#]],
    );
}
