//! Scripts of payment terminals: asked, refused, given back.

use domain::receipt::Kind;
use expect_test::expect;

use crate::language::check;

/// Scenario 31, the receipt's part: nothing else happens while the terminal has not answered; one yes is one tender.
#[test]
fn retail_s31_asked_again() {
    check(
        Kind::Sale,
        "
        add TV 1532.30 1
        yes
        ask card 1532.31
        ask card 0.00
        ask card 1000.00
        ask card 532.30
        add TV 1532.30 1
        cash 10.00
        cancel
        park later
        given-back
        no
        no
        ask card 1000.00
        yes
        yes
        ask qr 532.30
        yes
        ask card 1.00
        ",
        expect![[r#"
            1. TV 1 x 1532.30 = 1532.30 vat 276.32
            refused nothing_waits: nothing waits to be finished
            refused over_due: only 1532.30 is due, and only cash gives change
            refused amount_not_positive: an amount above zero is needed
            terminal asked for 1000.00 cards
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            terminal_refused
            refused nothing_waits: nothing waits to be finished
            terminal asked for 1000.00 cards
            tendered 1000.00 cards
            refused nothing_waits: nothing waits to be finished
            terminal asked for 532.30 QR payments
            tendered 532.30 QR payments
            paid, change 0.00
            refused already_paid: the receipt is paid already
            total 1532.30 due 0.00 change 0.00
        "#]],
    );
}

/// Scenario 44's like: what a bank took goes back before the receipt is given up.
#[test]
fn retail_s44_reversal_then_cancel() {
    check(
        Kind::Sale,
        "
        add TV 1000.00 1
        ask card 600.00
        yes
        cancel
        ask-back 1 600.00
        ask-back 0 600.01
        ask-back 0 0.00
        ask-back 0 600.00
        cash 400.00
        yes
        given-back
        add BAG 7.00 1
        ask-back 0 600.00
        cancel
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            terminal asked for 600.00 cards
            tendered 600.00 cards
            refused payment_not_reversed: a payment was taken by the terminal and not given back
            refused over_due: only 0.00 is due, and only cash gives change
            refused over_due: only 600.00 is due, and only cash gives change
            refused over_due: only 600.00 is due, and only cash gives change
            terminal asked for 600.00 cards
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            tender 0 gave 600.00 back
            2. BAG 1 x 7.00 = 7.00 vat 1.26
            refused over_due: only 0.00 is due, and only cash gives change
            receipt_cancelled
            total 1007.00 due 1007.00 change 0.00
        "#]],
    );
    check(
        Kind::Sale,
        "
        add TV 1000.00 1
        add BAG 7.00 1
        ask card 1007.00
        yes
        fiscalise 17
        ask-back 0 1007.00
        no
        ask-back 0 1007.00
        given-back
        fiscalise 17
        fiscalised 18
        out 2
        cancel
        cancel
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            2. BAG 1 x 7.00 = 7.00 vat 1.26
            terminal asked for 1007.00 cards
            tendered 1007.00 cards
            paid, change 0.00
            fiscalising from 17
            terminal asked for 1007.00 cards
            terminal_refused
            terminal asked for 1007.00 cards
            tender 0 gave 1007.00 back
            refused not_covered: the tenders do not cover the receipt: 1007.00 is still due
            refused not_covered: the tenders do not cover the receipt: 1007.00 is still due
            refused not_covered: the tenders do not cover the receipt: 1007.00 is still due
            receipt_cancelled
            refused no_receipt: there is no open receipt
            total 1007.00 due 1007.00 change 0.00
        "#]],
    );
}

/// A paid receipt whose money went back is paid again; what was given in cash stays and its change is counted anew.
#[test]
fn what_went_back_is_paid_again() {
    check(
        Kind::Sale,
        "
        add TV 100.00 1
        ask card 10.00
        yes
        cash 150.00
        fiscalise 17
        ask-back 0 10.00
        given-back
        fiscalise 17
        card 0.01
        cash 0.00
        fiscalise 17
        ",
        expect![[r#"
            1. TV 1 x 100.00 = 100.00 vat 18.03
            terminal asked for 10.00 cards
            tendered 10.00 cards
            tendered 150.00 cash
            paid, change 60.00
            fiscalising from 17
            terminal asked for 10.00 cards
            tender 0 gave 10.00 back
            refused payment_begun: a payment was taken: lines can no longer be changed
            refused over_due: only 0.00 is due, and only cash gives change
            tendered 0.00 cash
            paid, change 50.00
            fiscalising from 17
            total 100.00 due 0.00 change 50.00
        "#]],
    );
}

/// A paid receipt whose money went back is not sent to the device.
#[test]
fn what_is_not_paid_any_more_gets_no_document() {
    check(
        Kind::Sale,
        "
        add TV 1000.00 1
        ask card 1000.00
        yes
        ask-back 0 1000.00
        fiscalise 17
        given-back
        fiscalise 17
        cancel
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            terminal asked for 1000.00 cards
            tendered 1000.00 cards
            paid, change 0.00
            terminal asked for 1000.00 cards
            refused terminal_asked: the terminal is asked for money and has not answered: wait for it
            tender 0 gave 1000.00 back
            refused not_covered: the tenders do not cover the receipt: 1000.00 is still due
            receipt_cancelled
            total 1000.00 due 1000.00 change 0.00
        "#]],
    );
}

#[test]
fn what_has_a_document_gives_nothing_back() {
    check(
        Kind::Sale,
        "
        add TV 1000.00 1
        add BAG 7.00 1
        ask card 1007.00
        yes
        fiscalise 17
        fiscalised 18
        ask-back 0 1007.00
        out 2
        cancel
        close
        ask-back 0 1007.00
        out 2
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            2. BAG 1 x 7.00 = 7.00 vat 1.26
            terminal asked for 1007.00 cards
            tendered 1007.00 cards
            paid, change 0.00
            fiscalising from 17
            fiscalised Some(18)
            refused already_paid: the receipt is paid already
            refused already_paid: the receipt is paid already
            refused already_paid: the receipt is paid already
            receipt_closed
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            total 1007.00 due 0.00 change 0.00
        "#]],
    );
}
