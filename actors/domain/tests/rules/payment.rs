//! Scripts of tenders and of rounding to whole cash.

use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Input, Kind, LineSource, NewLine, Receipt, VatRounding};
use domain::rounding::{CashRounding, Direction};
use domain::vat::VatRate;
use expect_test::expect;

use crate::language::{check, line, opening};

/// Scenario 27: change is given from cash only.
#[test]
fn retail_s27_card_and_cash() {
    check(
        Kind::Sale,
        "
        add TV 1532.30 1
        card 1532.31
        card 1000.00
        card 532.31
        cash 600.00
        ",
        expect![[r#"
            1. TV 1 x 1532.30 = 1532.30 vat 276.32
            refused over_due: only 1532.30 is due, and only cash gives change
            tendered 1000.00 cards
            refused over_due: only 532.30 is due, and only cash gives change
            tendered 600.00 cash
            paid, change 67.70
            total 1532.30 due 0.00 change 67.70
        "#]],
    );
}

/// Scenario 28: the rounding is a discount that the lines share; the return gives back what was paid.
#[test]
fn retail_s28_kopecks_are_a_discount() {
    let script = |first: &str| {
        format!(
            "
            {first}
            round down 1.00
            add MILK 89.90 2 10%
            add BREAD 45.50 1 10%
            add BAG 7.00 1
            cash 232.00
            show
            return all
            show
            cash 232.00
            "
        )
    };
    check(
        Kind::Sale,
        &script(""),
        expect![[r#"
            1. MILK 2 x 89.90 = 179.80 vat 16.35
            2. BREAD 1 x 45.50 = 45.50 vat 4.14
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            rounded by -0.30: 1. less 0.23 = 179.57 vat 16.32; 2. less 0.06 = 45.44 vat 4.13; 3. less 0.01 = 6.99 vat 1.26
            tendered 232.00 cash
            paid, change 0.00
              1. MILK less 0.23 = 179.57 vat 16.32
              2. BREAD less 0.06 = 45.44 vat 4.13
              3. BAG less 0.01 = 6.99 vat 1.26
            1. MILK 2 x 89.90 = 179.57 vat 16.32; 2. BREAD 1 x 45.50 = 45.44 vat 4.13; 3. BAG 1 x 7.00 = 6.99 vat 1.26
              1. MILK less 0.23 = 179.57 vat 16.32
              2. BREAD less 0.06 = 45.44 vat 4.13
              3. BAG less 0.01 = 6.99 vat 1.26
            tendered 232.00 cash
            paid, change 0.00
            total 232.00 due 0.00 change 0.00 discount 0.30
        "#]],
    );
    check(
        Kind::Sale,
        &script("vat group"),
        expect![[r#"
            1. MILK 2 x 89.90 = 179.80 vat 16.35
            2. BREAD 1 x 45.50 = 45.50 vat 4.14
            3. BAG 1 x 7.00 = 7.00 vat 1.26
            rounded by -0.30: 1. less 0.23 = 179.57 vat 16.32; 2. less 0.06 = 45.44 vat 4.13; 3. less 0.01 = 6.99 vat 1.26
            tendered 232.00 cash
            paid, change 0.00, vats 16.33 4.13 1.26
              1. MILK less 0.23 = 179.57 vat 16.33
              2. BREAD less 0.06 = 45.44 vat 4.13
              3. BAG less 0.01 = 6.99 vat 1.26
            1. MILK 2 x 89.90 = 179.57 vat 16.33; 2. BREAD 1 x 45.50 = 45.44 vat 4.13; 3. BAG 1 x 7.00 = 6.99 vat 1.26
              1. MILK less 0.23 = 179.57 vat 16.33
              2. BREAD less 0.06 = 45.44 vat 4.13
              3. BAG less 0.01 = 6.99 vat 1.26
            tendered 232.00 cash
            paid, change 0.00, vats 16.33 4.13 1.26
            total 232.00 due 0.00 change 0.00 discount 0.30
        "#]],
    );
}

/// Scenario 29: what was rounded down comes back as it was paid.
#[test]
fn retail_s29_rounded_down() {
    check(
        Kind::Sale,
        "
        round down 1.00
        add PEN 7.50 1
        cash 6.99
        cash 10.00
        ",
        expect![[r#"
            1. PEN 1 x 7.50 = 7.50 vat 1.35
            tendered 6.99 cash
            tendered 10.00 cash
            paid, change 9.49
            total 7.50 due 0.00 change 9.49
        "#]],
    );
    check(
        Kind::Sale,
        "
        round down 1.00
        add PEN 7.50 1
        cash 7.00
        return all
        cash 8.00
        cash 7.50
        cash 7.00
        ",
        expect![[r#"
            1. PEN 1 x 7.50 = 7.50 vat 1.35
            rounded by -0.50: 1. less 0.50 = 7.00 vat 1.26
            tendered 7.00 cash
            paid, change 0.00
            1. PEN 1 x 7.50 = 7.00 vat 1.26
            refused over_due: only 7.00 is due, and only cash gives change
            refused over_due: only 7.00 is due, and only cash gives change
            tendered 7.00 cash
            paid, change 0.00
            total 7.00 due 0.00 change 0.00 discount 0.50
        "#]],
    );
}

/// Scenario 29: rounded up, whole sums stay, others pay more, and that comes back too.
#[test]
fn retail_s29_rounded_up() {
    check(
        Kind::Sale,
        "
        round up 1.00
        add A 95.00 1
        add B 42.00 2
        cash 200.00
        ",
        expect![[r#"
            1. A 1 x 95.00 = 95.00 vat 17.13
            2. B 2 x 42.00 = 84.00 vat 15.15
            tendered 200.00 cash
            paid, change 21.00
            total 179.00 due 0.00 change 21.00
        "#]],
    );
    check(
        Kind::Sale,
        "
        round up 1.00
        add PEN 7.50 3
        cash 22.50
        cash 22.99
        cash 23.00
        return 1 1
        cash 7.66
        ",
        expect![[r#"
            1. PEN 3 x 7.50 = 22.50 vat 4.06
            refused not_covered: the tenders do not cover the receipt: 23.00 is still due
            refused not_covered: the tenders do not cover the receipt: 23.00 is still due
            rounded by 0.50: 1. less -0.50 = 23.00 vat 4.15
            tendered 23.00 cash
            paid, change 0.00
            1. PEN 1 x 7.50 = 7.66 vat 1.38
            tendered 7.66 cash
            paid, change 0.00
            total 7.66 due 0.00 change 0.00 discount -0.16
        "#]],
    );
}

/// A return without a receipt is rounded as a sale is; the customer who may get 7.50 or 7.00 gets what rounding says.
#[test]
fn a_return_without_receipt_is_rounded() {
    check(
        Kind::Return,
        "
        round down 1.00
        add PEN 7.50 1
        cash 7.51
        cash 7.50
        ",
        expect![[r#"
            1. PEN 1 x 7.50 = 7.50 vat 1.35
            refused over_due: only 7.50 is due, and only cash gives change
            rounded by -0.50: 1. less 0.50 = 7.00 vat 1.26
            tendered 7.00 cash
            paid, change 0.00
            total 7.00 due 0.00 change 0.00 discount 0.50 rounding -0.50
        "#]],
    );
    check(
        Kind::Return,
        "
        round nearest 0.05
        add PEN 7.53 1
        cash 7.53
        cash 7.55
        ",
        expect![[r#"
            1. PEN 1 x 7.53 = 7.53 vat 1.36
            refused not_covered: the tenders do not cover the receipt: 7.55 is still due
            rounded by 0.02: 1. less -0.02 = 7.55 vat 1.36
            tendered 7.55 cash
            paid, change 0.00
            total 7.55 due 0.00 change 0.00 discount -0.02 rounding 0.02
        "#]],
    );
}

#[test]
fn only_the_rest_that_is_paid_in_cash_is_rounded() {
    check(
        Kind::Sale,
        "
        round down 1.00
        add PEN 7.50 1
        card 4.00
        cash 2.00
        cash 5.00
        ",
        expect![[r#"
            1. PEN 1 x 7.50 = 7.50 vat 1.35
            tendered 4.00 cards
            tendered 2.00 cash
            rounded by -0.50: 1. less 0.50 = 7.00 vat 1.26
            tendered 5.00 cash
            paid, change 4.00
            total 7.00 due 0.00 change 4.00 discount 0.50 rounding -0.50
        "#]],
    );
    check(
        Kind::Sale,
        "
        round down 1.00
        add PEN 7.50 1
        cash 5.00
        card 2.50
        ",
        expect![[r#"
            1. PEN 1 x 7.50 = 7.50 vat 1.35
            tendered 5.00 cash
            tendered 2.50 cards
            paid, change 0.00
            total 7.50 due 0.00 change 0.00
        "#]],
    );
}

#[test]
fn a_sum_that_would_vanish_stays() {
    check(
        Kind::Sale,
        "
        round down 1.00
        add SWEET 0.30 1
        cash 0.00
        cash 0.29
        cash 1.00
        ",
        expect![[r#"
            1. SWEET 1 x 0.30 = 0.30 vat 0.05
            refused amount_not_positive: an amount above zero is needed
            tendered 0.29 cash
            tendered 1.00 cash
            paid, change 0.99
            total 0.30 due 0.00 change 0.99
        "#]],
    );
}

#[test]
fn discount_and_rounding_come_back_together() {
    check(
        Kind::Sale,
        "
        round down 1.00
        add A 33.33 3
        add B 10.00 1 no-discount
        discount all 7%
        cash 103.00
        show
        return 1 2
        show
        cash 62.10
        ",
        expect![[r#"
            1. A 3 x 33.33 = 99.99 vat 18.03
            2. B 1 x 10.00 = 10.00 vat 1.80
            discounted
            repriced 1. less 7.00 = 92.99 vat 16.77
            rounded by -0.99: 1. less 7.89 = 92.10 vat 16.61; 2. less 0.10 = 9.90 vat 1.79
            tendered 103.00 cash
            paid, change 1.00
              1. A less 7.89 = 92.10 vat 16.61
              2. B less 0.10 = 9.90 vat 1.79
            1. A 2 x 33.33 = 61.40 vat 11.07
              1. A less 5.26 = 61.40 vat 11.07
            refused over_due: only 61.40 is due, and only cash gives change
            total 61.40 due 61.40 change 0.00 discount 5.26
        "#]],
    );
}

/// Sold lines are rounded no more, even where the receipt does not name their sale.
#[test]
fn sold_lines_come_back_as_they_were_paid() {
    let sold = NewLine {
        amount: Some(Money::from_minor(750)),
        source: LineSource::Returned,
        ..line("PEN", Money::from_minor(750), Quantity::ONE, VatRate::percent(22))
    };
    let mut receipt = Receipt::new(opening(Kind::Return, VatRounding::Line));
    for event in receipt.decide(&Input::Add(vec![sold])).expect("a line") {
        receipt.apply(&event);
    }
    let rounding = CashRounding { to: Money::from_minor(100), direction: Direction::Down };
    assert_eq!(receipt.due_in_cash(Some(rounding)), Money::from_minor(750));
}
