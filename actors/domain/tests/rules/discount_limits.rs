//! Scripts of what no discount may do.

use domain::money::Money;
use domain::receipt::{DISCOUNTS_MAX, DiscountBy, Kind, Receipt, hundredths_of};
use expect_test::expect;

use crate::language::{check, opening, run};

#[test]
fn some_goods_carry_no_discount() {
    check(
        Kind::Sale,
        "
        add BEER 99.00 1 no-discount
        discount 1 5%
        discount all 5%
        add COFFEE 349.00 2
        add SHAMPOO 259.00 1
        discount all 5%
        discount all 1000.00
        discount 1 1.00
        discount 9 1.00
        discount 2 0%
        discount 2 100.01%
        discount 2 -1.00
        void 3
        discount 3 5%
        show
        ",
        expect![[r#"
            1. BEER 1 x 99.00 = 99.00 vat 17.85
            refused not_discountable: no discount may be taken from this
            refused not_discountable: no discount may be taken from this
            2. COFFEE 2 x 349.00 = 698.00 vat 125.87
            3. SHAMPOO 1 x 259.00 = 259.00 vat 46.70
            discounted
            repriced 2. less 34.90 = 663.10 vat 119.58; 3. less 12.95 = 246.05 vat 44.37
            refused discount_too_large: the discount is more than there is to pay
            refused not_discountable: no discount may be taken from this
            refused no_such_line: the receipt has no line 9
            refused amount_not_positive: an amount above zero is needed
            refused discount_too_large: the discount is more than there is to pay
            refused amount_not_positive: an amount above zero is needed
            3. voided
            refused line_voided: line 3 is voided already
              1. BEER less 0.00 = 99.00 vat 17.85
              2. COFFEE less 34.90 = 663.10 vat 119.58
            total 762.10 due 762.10 change 0.00 discount 34.90 voids 246.05
        "#]],
    );
}

/// A second discount of a line is taken from what the discounts of the receipt leave of it.
#[test]
fn a_line_gives_no_more_than_is_left_of_it() {
    check(
        Kind::Sale,
        "
        add A 100.00 1
        add B 50.00 1
        discount 1 10.00
        discount all 70.00
        discount 1 80.00
        discount 1 53.34
        discount 1 53.33
        discount all 26.68
        discount all 26.67
        cash 0.00
        ",
        expect![[r#"
            1. A 1 x 100.00 = 100.00 vat 18.03
            2. B 1 x 50.00 = 50.00 vat 9.02
            discounted
            repriced 1. less 10.00 = 90.00 vat 16.23
            discounted
            repriced 1. less 55.00 = 45.00 vat 8.11; 2. less 25.00 = 25.00 vat 4.51
            refused discount_too_large: the discount is more than there is to pay
            refused discount_too_large: the discount is more than there is to pay
            discounted
            repriced 1. less 100.00 = 0.00 vat 0.00; 2. less 23.33 = 26.67 vat 4.81
            refused discount_too_large: the discount is more than there is to pay
            discounted
            repriced 2. less 50.00 = 0.00 vat 0.00
            tendered 0.00 cash
            paid, change 0.00
            total 0.00 due 0.00 change 0.00 discount 150.00
        "#]],
    );
}

/// Discounts make room for more lines, and a smaller one in the place of a larger one takes the room away.
#[test]
fn a_receipt_never_passes_the_largest_amount() {
    check(
        Kind::Sale,
        "
        add A 9999999999.99 1
        add B 0.01 1
        discount 1 100%
        add B 9999999999.99 1
        discount 2 100%
        add C 9999999999.99 1
        add D 0.01 1
        discount 1 99.99%
        discount 2 100%
        quantity 2 2
        discount all 0.01%
        void 3
        discount 1 0.01%
        ",
        expect![[r#"
            1. A 1 x 9999999999.99 = 9999999999.99 vat 1803278688.52
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            discounted
            repriced 1. less 9999999999.99 = 0.00 vat 0.00
            2. B 1 x 9999999999.99 = 9999999999.99 vat 1803278688.52
            discounted
            repriced 2. less 9999999999.99 = 0.00 vat 0.00
            3. C 1 x 9999999999.99 = 9999999999.99 vat 1803278688.52
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            discounted
            refused amount_too_large: the amount is more than 9999999999.99, the most that a till takes
            discounted
            repriced 3. less 1000000.00 = 9998999999.99 vat 1803098360.65
            3. voided
            discounted
            repriced 1. less 1999900.00 = 9998000099.99 vat 1802918050.82
            total 9998000099.99 due 9998000099.99 change 0.00 discount 10001999899.99 voids 9998999999.99
        "#]],
    );
}

#[test]
fn discounts_are_counted_by_what_stays() {
    let mut script = String::from("add A 500.00 1\nadd B 500.00 1\ndiscount 1 1.00\n");
    script.extend(std::iter::repeat_n("discount all 1.00\n", 99));
    script.push_str("discount all 1.00\ndiscount 2 1.00\ndiscount 1 2.00\ndiscount 1 2.01\n");
    let mut receipt = Receipt::new(opening(Kind::Sale, Default::default()));
    let refused = run(&mut receipt, &script);
    assert_eq!(refused, ["too_many_discounts", "too_many_discounts"]);
    assert_eq!(receipt.discounts().len(), DISCOUNTS_MAX);
    assert_eq!(receipt.discount().to_string(), "101.01");
}

#[test]
fn an_amount_is_a_share_for_the_limit_of_a_role() {
    let share = |amount, sum| hundredths_of(DiscountBy::Amount(Money::from_minor(amount)), Money::from_minor(sum));
    assert_eq!(share(3490, 34900), 1_000);
    assert_eq!(share(3491, 34900), 1_001);
    assert_eq!(share(1, 34900), 1);
    assert_eq!(share(0, 34900), 0);
    assert_eq!(share(34901, 34900), 10_001);
    assert_eq!(share(i64::MAX, 1), u32::MAX);
    assert_eq!(share(-1, 1), u32::MAX);
    assert_eq!(share(1, 0), 10_000);
    assert_eq!(hundredths_of(DiscountBy::Percent { hundredths: 501 }, Money::ZERO), 501);
}
