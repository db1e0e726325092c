//! Scripts of customers' accounts: points off the lines, gift cards as payments.

use domain::receipt::Kind;
use expect_test::expect;

use crate::language::check;

#[test]
fn retail_s38_points_are_off_the_lines() {
    check(
        Kind::Sale,
        "
        add COFFEE 349.00 1
        add SHAMPOO 259.00 1
        add BATT 199.00 1
        add REST 193.00 1
        points-yes 104.70 77.70 59.70 57.90
        points-ask 300.00
        add MILK 1.00 1
        cash 1.00
        points-yes 104.70 77.70 59.70 67.90
        points-yes 104.70 77.70 59.70 57.90
        points-ask 1.00
        add MILK 1.00 1
        discount all 10%
        void 1
        customer 79990000000
        cash 700.00
        give-back
        fiscalise 17
        out 3
        ",
        expect![[r#"
            1. COFFEE 1 x 349.00 = 349.00 vat 62.93
            2. SHAMPOO 1 x 259.00 = 259.00 vat 46.70
            3. BATT 1 x 199.00 = 199.00 vat 35.89
            4. REST 1 x 193.00 = 193.00 vat 34.80
            refused nothing_waits: nothing waits to be finished
            asked for 300.00 points
            refused account_asked: an account is asked and has not answered: wait for it
            refused account_asked: an account is asked and has not answered: wait for it
            refused account_asked: an account is asked and has not answered: wait for it
            claimed 00000000-0000-0000-0000-000000000010
            points_burned 1. less 104.70 = 244.30 vat 44.05; 2. less 77.70 = 181.30 vat 32.69; 3. less 59.70 = 139.30 vat 25.12; 4. less 57.90 = 135.10 vat 24.36
            refused points_burned: points are taken off already: give them back before anything else is changed
            refused points_burned: points are taken off already: give them back before anything else is changed
            refused points_burned: points are taken off already: give them back before anything else is changed
            refused points_burned: points are taken off already: give them back before anything else is changed
            refused points_burned: points are taken off already: give them back before anything else is changed
            tendered 700.00 cash
            paid, change 0.00
            refused already_paid: the receipt is paid already
            fiscalising from 17
            3. voided
            paid, change 139.30
            total 560.70 due 0.00 change 139.30 discount 240.30 voids 139.30
            Spend 240.30 points of lots 100.00+140.30
        "#]],
    );
}

#[test]
fn points_go_back_before_the_first_payment() {
    check(
        Kind::Sale,
        "
        give-back
        points-ask 10.00
        add COFFEE 349.00 1
        points-ask 0.00
        points-ask 100.00
        account-no
        account-no
        points-ask-up-to 200.00
        points-yes 150.00
        give-back
        add MILK 89.90 1
        points-ask 10.00
        points-yes 10.00 0.00
        park later
        ",
        expect![[r#"
            refused nothing_taken: nothing of this receipt was taken from an account
            refused empty_receipt: the receipt has no lines to pay for
            1. COFFEE 1 x 349.00 = 349.00 vat 62.93
            refused amount_not_positive: an amount above zero is needed
            asked for 100.00 points
            account_refused
            refused nothing_waits: nothing waits to be finished
            asked for 200.00 points
            claimed 00000000-0000-0000-0000-000000000010
            points_burned 1. less 150.00 = 199.00 vat 35.89
            released 00000000-0000-0000-0000-000000000010
            burn_undone 1. less 0.00 = 349.00 vat 62.93
            2. MILK 1 x 89.90 = 89.90 vat 16.21
            asked for 10.00 points
            claimed 00000000-0000-0000-0000-000000000010
            points_burned 1. less 10.00 = 339.00 vat 61.13; 2. less 0.00 = 89.90 vat 16.21
            released 00000000-0000-0000-0000-000000000010
            burn_undone 1. less 0.00 = 349.00 vat 62.93; 2. less 0.00 = 89.90 vat 16.21
            receipt_parked
            total 438.90 due 438.90 change 0.00
        "#]],
    );
}

#[test]
fn retail_s36_a_gift_card_pays_a_part() {
    check(
        Kind::Sale,
        "
        add TV 1000.00 1
        gift-yes
        gift-ask 1000.01
        gift-ask 750.00
        card 250.00
        cancel
        gift-yes
        gift-yes
        points-ask 10.00
        give-back
        gift-ask 750.00
        gift-yes
        card 250.00
        give-back
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            refused nothing_waits: nothing waits to be finished
            refused over_due: only 1000.00 is due, and only cash gives change
            asked for 750.00 gift
            refused account_asked: an account is asked and has not answered: wait for it
            refused account_asked: an account is asked and has not answered: wait for it
            claimed 00000000-0000-0000-0000-000000000010
            tendered 750.00 gift cards
            refused nothing_waits: nothing waits to be finished
            refused payment_begun: a payment was taken: lines can no longer be changed
            released 00000000-0000-0000-0000-000000000010
            tender 0 undone
            asked for 750.00 gift
            claimed 00000000-0000-0000-0000-000000000010
            tendered 750.00 gift cards
            tendered 250.00 cards
            paid, change 0.00
            refused already_paid: the receipt is paid already
            total 1000.00 due 0.00 change 0.00
            Spend 750.00 gift of lots 100.00+650.00
        "#]],
    );
}

#[test]
fn an_account_does_not_pay_for_a_return() {
    check(
        Kind::Return,
        "
        add TV 1000.00 1
        points-ask 10.00
        gift-ask 10.00
        ",
        expect![[r#"
            1. TV 1 x 1000.00 = 1000.00 vat 180.33
            refused not_of_a_return: accounts pay for sales; what comes back goes back to them by the receipt
            refused not_of_a_return: accounts pay for sales; what comes back goes back to them by the receipt
            total 1000.00 due 1000.00 change 0.00
        "#]],
    );
}
