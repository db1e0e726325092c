//! Scripts of marked units, deposits and parking.

use domain::claims::ClaimState;
use domain::receipt::{Kind, Receipt};
use expect_test::expect;

use crate::language::{check, opening, run};

/// Scenario 47: a unit is sold once, and a void makes it free again.
#[test]
fn retail_s47_a_marked_unit_is_claimed_once() {
    check(
        Kind::Sale,
        "
        add WATER 64.90 1 mark=W1
        add WATER 64.90 1 mark=W1
        add WATER 64.90 1 mark=W2
        quantity 1 2
        void 1 0.5
        void 1
        add WATER 64.90 1 mark=W1
        cash 200.00
        ",
        expect![[r#"
            claimed W1
            1. WATER 1 x 64.90 = 64.90 vat 11.70
            refused mark_twice: this unit is on the receipt already
            claimed W2
            2. WATER 1 x 64.90 = 64.90 vat 11.70
            refused one_unit: line 1 is one marked unit: scan each unit by itself
            refused one_unit: line 1 is one marked unit: scan each unit by itself
            1. voided
            released W1
            claimed W1
            3. WATER 1 x 64.90 = 64.90 vat 11.70
            tendered 200.00 cash
            paid, change 70.20
            total 129.80 due 0.00 change 70.20 voids 64.90
        "#]],
    );
}

#[test]
fn claims_end_with_their_receipt() {
    let end = |script: &str| -> Vec<ClaimState> {
        let mut receipt = Receipt::new(opening(Kind::Sale, Default::default()));
        let lines = "add A 1.00 1 mark=A\nadd B 1.00 1 mark=B\nvoid 2\n";
        assert_eq!(run(&mut receipt, &format!("{lines}{script}")), [""; 0]);
        receipt.claims().all().map(|(_, state)| state).collect()
    };
    use ClaimState::*;
    assert_eq!(end(""), [Claimed, Released]);
    assert_eq!(end("park later"), [Released, Released]);
    assert_eq!(end("cancel"), [Released, Released]);
    assert_eq!(end("cash 1.00\nfiscalise 17"), [Pinned, Released]);
    assert_eq!(end("cash 1.00\nfiscalise 17\ncancel"), [Released, Released]);
    assert_eq!(end("cash 1.00\nfiscalise 17\nfiscalised 18\nclose"), [Confirmed, Released]);
}

#[test]
fn a_deposit_follows_its_goods() {
    check(
        Kind::Sale,
        "
        add BOTTLE 5.00 1 deposit=1
        add WATER 64.90 2
        add BOTTLE 5.00 2 deposit=1
        discount 2 10%
        discount all 10%
        quantity 1 6
        void 1 2
        show
        void 1
        add BAG 7.00 1
        ",
        expect![[r#"
            refused no_such_line: the receipt has no line 1
            1. WATER 2 x 64.90 = 129.80 vat 23.41
            2. BOTTLE 2 x 5.00 = 10.00 vat 1.80
            refused not_discountable: no discount may be taken from this
            discounted
            repriced 1. less 12.98 = 116.82 vat 21.07
            1. now 6 = 389.40
            2. now 6 = 30.00
            repriced 1. less 38.94 = 350.46 vat 63.20
            1. voided 2, left 4 = 259.60
            2. voided 2, left 4 = 20.00
            repriced 1. less 25.96 = 233.64 vat 42.13
              1. WATER less 25.96 = 233.64 vat 42.13
              2. BOTTLE less 0.00 = 20.00 vat 3.61
            1. voided
            2. voided
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            repriced 3. less 0.70 = 6.30 vat 1.14
            total 6.30 due 6.30 change 0.00 discount 0.70 voids 380.46
        "#]],
    );
}

#[test]
fn what_is_put_aside_is_over() {
    check(
        Kind::Sale,
        "
        park early
        add WATER 64.90 1 mark=W1
        discount 1 10%
        park later
        add BAG 7.00 1
        discount 1 20%
        cash 100.00
        ask card 10.00
        park again
        cancel
        ",
        expect![[r#"
            refused empty_receipt: the receipt has no lines to pay for
            claimed W1
            1. WATER 1 x 64.90 = 64.90 vat 11.70
            discounted
            repriced 1. less 6.49 = 58.41 vat 10.53
            receipt_parked
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            refused no_receipt: there is no open receipt
            total 58.41 due 58.41 change 0.00 discount 6.49
        "#]],
    );
    check(
        Kind::Sale,
        "
        add BAG 7.00 1
        cash 5.00
        park later
        ",
        expect![[r#"
            1. BAG 1 x 7.00 = 7.00 vat 1.26
            tendered 5.00 cash
            refused payment_begun: a payment was taken: lines can no longer be changed
            total 7.00 due 2.00 change 0.00
        "#]],
    );
    check(
        Kind::Return,
        "
        add BAG 7.00 1
        park later
        ",
        expect![[r#"
            1. BAG 1 x 7.00 = 7.00 vat 1.26
            refused return_not_parked: a return is not put aside: finish or cancel it
            total 7.00 due 7.00 change 0.00
        "#]],
    );
}
