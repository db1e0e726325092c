//! Scripts of manual discounts.

use domain::receipt::Kind;
use expect_test::expect;

use crate::language::check;

/// Scenario 12, the receipt's part of it: what is discounted, and its VAT.
#[test]
fn retail_s12_ten_per_cent_of_coffee() {
    check(
        Kind::Sale,
        "
        add COFFEE 349.00 1
        discount 1 10%
        show
        cash 314.10
        return all
        show
        cash 314.10
        ",
        expect![[r#"
            1. COFFEE 1 x 349.00 = 349.00 vat 62.93
            discounted
            repriced 1. less 34.90 = 314.10 vat 56.64
              1. COFFEE less 34.90 = 314.10 vat 56.64
            tendered 314.10 cash
            paid, change 0.00
            1. COFFEE 1 x 349.00 = 314.10 vat 56.64
              1. COFFEE less 34.90 = 314.10 vat 56.64
            tendered 314.10 cash
            paid, change 0.00
            total 314.10 due 0.00 change 0.00 discount 34.90
        "#]],
    );
}

/// Scenarios 13 and 14: odd pennies go to the earlier lines, and no line falls below zero.
#[test]
fn retail_s13_s14_shares_by_largest_remainder() {
    check(
        Kind::Sale,
        "
        add A 100.00 1
        add B 100.00 1
        add C 100.00 1
        discount all 100.00
        show
        ",
        expect![[r#"
            1. A 1 x 100.00 = 100.00 vat 18.03
            2. B 1 x 100.00 = 100.00 vat 18.03
            3. C 1 x 100.00 = 100.00 vat 18.03
            discounted
            repriced 1. less 33.34 = 66.66 vat 12.02; 2. less 33.33 = 66.67 vat 12.02; 3. less 33.33 = 66.67 vat 12.02
              1. A less 33.34 = 66.66 vat 12.02
              2. B less 33.33 = 66.67 vat 12.02
              3. C less 33.33 = 66.67 vat 12.02
            total 200.00 due 200.00 change 0.00 discount 100.00
        "#]],
    );
    check(
        Kind::Sale,
        "
        add A 1.00 1
        add B 1.00 1
        add C 1.00 1
        add D 1.00 1
        add E 1.00 1
        add F 1.00 1
        add G 1.00 1
        add H 1.00 1
        add I 1.00 1
        discount all 0.05
        ",
        expect![[r#"
            1. A 1 x 1.00 = 1.00 vat 0.18
            2. B 1 x 1.00 = 1.00 vat 0.18
            3. C 1 x 1.00 = 1.00 vat 0.18
            4. D 1 x 1.00 = 1.00 vat 0.18
            5. E 1 x 1.00 = 1.00 vat 0.18
            6. F 1 x 1.00 = 1.00 vat 0.18
            7. G 1 x 1.00 = 1.00 vat 0.18
            8. H 1 x 1.00 = 1.00 vat 0.18
            9. I 1 x 1.00 = 1.00 vat 0.18
            discounted
            repriced 1. less 0.01 = 0.99 vat 0.18; 2. less 0.01 = 0.99 vat 0.18; 3. less 0.01 = 0.99 vat 0.18; 4. less 0.01 = 0.99 vat 0.18; 5. less 0.01 = 0.99 vat 0.18
            total 8.95 due 8.95 change 0.00 discount 0.05
        "#]],
    );
}

/// Scenario 25: what is left is rounded. A percentage has two decimals, so 96.019 % is given as the amount that it is.
#[test]
fn retail_s25_what_is_left_is_rounded() {
    check(
        Kind::Sale,
        "
        add CHAIR 829.00 1
        discount 1 96.01%
        discount 1 96.02%
        discount 1 796.00
        add PEN 2.30 1
        discount 2 5%
        ",
        expect![[r#"
            1. CHAIR 1 x 829.00 = 829.00 vat 149.49
            discounted
            repriced 1. less 795.92 = 33.08 vat 5.97
            discounted
            repriced 1. less 796.01 = 32.99 vat 5.95
            discounted
            repriced 1. less 796.00 = 33.00 vat 5.95
            2. PEN 1 x 2.30 = 2.30 vat 0.41
            discounted
            repriced 2. less 0.11 = 2.19 vat 0.39
            total 35.19 due 35.19 change 0.00 discount 796.11
        "#]],
    );
}

#[test]
fn a_discount_follows_the_quantity_and_the_price() {
    check(
        Kind::Sale,
        "
        add COFFEE 349.00 1
        discount 1 10%
        quantity 1 3
        void 1 1
        price 1 100.00
        discount 1 20%
        discount 1 500.00
        discount 1 200.00
        quantity 1 1
        quantity 1 3
        ",
        expect![[r#"
            1. COFFEE 1 x 349.00 = 349.00 vat 62.93
            discounted
            repriced 1. less 34.90 = 314.10 vat 56.64
            1. now 3 = 1047.00
            repriced 1. less 104.70 = 942.30 vat 169.92
            1. voided 1, left 2 = 698.00
            repriced 1. less 69.80 = 628.20 vat 113.28
            1. now at 100.00 = 200.00
            repriced 1. less 20.00 = 180.00 vat 32.46
            discounted
            repriced 1. less 40.00 = 160.00 vat 28.85
            refused discount_too_large: the discount is more than there is to pay
            discounted
            repriced 1. less 200.00 = 0.00 vat 0.00
            1. now 1 = 100.00
            repriced 1. less 100.00 = 0.00 vat 0.00
            1. now 3 = 300.00
            repriced 1. less 200.00 = 100.00 vat 18.03
            total 100.00 due 100.00 change 0.00 discount 200.00 voids 314.10
        "#]],
    );
}

#[test]
fn a_discount_of_the_receipt_follows_its_lines() {
    check(
        Kind::Sale,
        "
        add A 60.00 1
        add B 60.00 1
        discount all 100.00
        void 1
        add C 100.00 2
        void 3 1
        discount all 10%
        void 2
        void 3
        add A 5.00 1
        cash 0.00
        ",
        expect![[r#"
            1. A 1 x 60.00 = 60.00 vat 10.82
            2. B 1 x 60.00 = 60.00 vat 10.82
            discounted
            repriced 1. less 50.00 = 10.00 vat 1.80; 2. less 50.00 = 10.00 vat 1.80
            1. voided
            repriced 2. less 60.00 = 0.00 vat 0.00
            3. C 2 x 100.00 = 200.00 vat 36.07
            repriced 2. less 23.08 = 36.92 vat 6.66; 3. less 76.92 = 123.08 vat 22.19
            3. voided 1, left 1 = 100.00
            repriced 2. less 37.50 = 22.50 vat 4.06; 3. less 62.50 = 37.50 vat 6.76
            discounted
            repriced 2. less 39.75 = 20.25 vat 3.65; 3. less 66.25 = 33.75 vat 6.09
            2. voided
            repriced 3. less 100.00 = 0.00 vat 0.00
            3. voided
            4. A 1 x 60.00 = 60.00 vat 10.82
            repriced 4. less 60.00 = 0.00 vat 0.00
            tendered 0.00 cash
            paid, change 0.00
            total 0.00 due 0.00 change 0.00 discount 60.00 voids 91.79
        "#]],
    );
}

#[test]
fn a_label_is_discounted_and_a_returned_line_is_not() {
    check(
        Kind::Sale,
        "
        label CHEESE 749.00 0.475 356.12
        discount 1 10%
        discount all 5%
        cash 400.00
        return all
        discount 1 5%
        discount all 5%
        show
        ",
        expect![[r#"
            1. CHEESE 0.475 x 749.00 = 356.12 vat 32.37
            discounted
            repriced 1. less 35.61 = 320.51 vat 29.14
            discounted
            repriced 1. less 51.64 = 304.48 vat 27.68
            tendered 400.00 cash
            paid, change 95.52
            1. CHEESE 0.475 x 749.00 = 304.48 vat 27.68
            refused not_discountable: no discount may be taken from this
            refused not_discountable: no discount may be taken from this
              1. CHEESE less 51.64 = 304.48 vat 27.68
            total 304.48 due 304.48 change 0.00 discount 51.64
        "#]],
    );
}

#[test]
fn all_may_be_given_away() {
    check(
        Kind::Sale,
        "
        add A 10.00 1
        add B 20.00 1
        discount all 100%
        card 0.01
        ask card 0.00
        cash 0.00
        return all
        cash 0.00
        ",
        expect![[r#"
            1. A 1 x 10.00 = 10.00 vat 1.80
            2. B 1 x 20.00 = 20.00 vat 3.61
            discounted
            repriced 1. less 10.00 = 0.00 vat 0.00; 2. less 20.00 = 0.00 vat 0.00
            refused over_due: only 0.00 is due, and only cash gives change
            refused amount_not_positive: an amount above zero is needed
            tendered 0.00 cash
            paid, change 0.00
            1. A 1 x 10.00 = 0.00 vat 0.00; 2. B 1 x 20.00 = 0.00 vat 0.00
            tendered 0.00 cash
            paid, change 0.00
            total 0.00 due 0.00 change 0.00 discount 30.00
        "#]],
    );
}
