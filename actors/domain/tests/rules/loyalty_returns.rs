//! Returns give points back and take them back exactly once, whatever comes back and in which order.

use domain::loyalty::{
    Award, Clawback, EarnRule, Give, Goods, Line, Programme, Sold, Stacking, When, earn, put_back, settle, spread_burn,
    take_back,
};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::returns::SoldLine;
use domain::vat::VatRate;
use proptest::prelude::*;

use crate::loyalty::{a_tenth, burned, facts, line, money, programme, rule, sum};

fn whole(lines: &[Line]) -> Vec<Sold> {
    lines.iter().map(|line| Sold { line: line.clone(), returned: Quantity::ZERO }).collect()
}

fn come_back(sold: &mut [Sold], now: &[Quantity]) {
    sold.iter_mut().zip(now).for_each(|(sold, now)| sold.returned = sold.returned + *now);
}

fn total(amounts: Vec<Money>) -> Money {
    amounts.into_iter().sum()
}

/// What a till pays back in money for the same part.
fn refund(sold: &Sold, now: Quantity) -> Money {
    let line = SoldLine {
        line: 1,
        code: sold.line.code.clone(),
        name: String::new(),
        quantity: sold.line.quantity,
        price: Money::ZERO,
        discount: sold.line.points,
        amount: sold.line.amount,
        vat_rate: VatRate::percent(20),
        vat: Money::ZERO,
        mark: None,
        returned: sold.returned,
    };
    if now.is_zero() { Money::ZERO } else { line.part(now).expect("a part").amount.expect("money") }
}

#[test]
fn retail_s39_return_with_points() {
    let programme = programme(vec![a_tenth()]);
    let lines = vec![line("COFFEE", "349.00"), line("SHAMPOO", "259.00"), line("BATT", "199.00"), line("X", "193.00")];
    let parts = spread_burn(&programme.burn, &lines, money("300")).expect("allowed");
    let lines = burned(lines, &parts);
    let awards = earn(&programme, &lines, &facts());
    let mut sold = whole(&lines);
    let (mut back, mut taken) = (Money::ZERO, Money::ZERO);
    for (index, expected) in [
        (1, ("181.30", "77.70", "19.00")),
        (3, ("135.10", "57.90", "13.00")),
        (0, ("244.30", "104.70", "25.00")),
        (2, ("139.30", "59.70", "13.00")),
    ] {
        let mut now = [Quantity::ZERO; 4];
        now[index] = Quantity::ONE;
        let points = total(put_back(&sold, &now));
        let take = total(take_back(&programme, &sold, &facts(), &now, &awards));
        let paid = refund(&sold[index], Quantity::ONE);
        assert_eq!((paid, points, take), (money(expected.0), money(expected.1), money(expected.2)));
        come_back(&mut sold, &now);
        back += points;
        taken += take;
    }
    assert_eq!((back, taken), (money("300"), money("70")));
}

#[test]
fn a_better_exclusive_rule_lost_is_the_lesser_one_kept() {
    let dear = When { sum_min: money("1000"), ..When::default() };
    let tenth = EarnRule { stacking: Stacking::Exclusive, ..rule("10 %", Give::Percent { hundredths: 1_000 }) };
    let twentieth = EarnRule { stacking: Stacking::Exclusive, ..rule("5 %", Give::Percent { hundredths: 500 }) };
    let programme = programme(vec![twentieth, EarnRule { when: dear, ..tenth }]);
    let lines = [line("A", "600.00"), line("B", "400.00")];
    let awards = earn(&programme, &lines, &facts());
    assert_eq!(sum(&awards), money("100"));
    let taken = take_back(&programme, &whole(&lines), &facts(), &[Quantity::ZERO, Quantity::ONE], &awards);
    assert_eq!(taken, [money("70")], "600.00 alone had earned 30");
}

#[test]
fn points_of_a_rule_that_is_gone_are_taken_in_proportion() {
    let lines = [line("A", "600.00"), line("B", "400.00")];
    let awards = earn(&programme(vec![a_tenth()]), &lines, &facts());
    let now = [Quantity::ZERO, Quantity::ONE];
    assert_eq!(take_back(&programme(vec![]), &whole(&lines), &facts(), &now, &awards), [money("40")]);
    let all = [Quantity::ONE, Quantity::ONE];
    assert_eq!(take_back(&programme(vec![]), &whole(&lines), &facts(), &all, &awards), [money("100")]);
}

#[test]
fn spent_points_are_kept_of_the_refund_or_owed() {
    let check = |clawback, available: &str, refund: &str, expected: [&str; 3]| {
        let programme = Programme { clawback, ..programme(vec![]) };
        let taken = settle(&programme, money("100"), money(available), money(refund));
        assert_eq!([taken.points, taken.refund_less, taken.owed].map(|sum| sum.to_string()), expected);
    };
    check(Clawback::ReduceRefund, "500", "50", ["100.00", "0.00", "0.00"]);
    check(Clawback::ReduceRefund, "40", "90", ["40.00", "60.00", "0.00"]);
    check(Clawback::ReduceRefund, "0", "90", ["0.00", "90.00", "10.00"]);
    check(Clawback::Owe, "40", "90", ["40.00", "0.00", "60.00"]);
    check(Clawback::Forgive, "40", "90", ["40.00", "0.00", "0.00"]);
}

fn programmes() -> Programme {
    let group = Goods { groups: vec!["G".to_owned()], ..Goods::default() };
    let every = Quantity::from_thousandths(2_000);
    let dear = When { sum_min: money("500"), ..When::default() };
    let exclusive = |rule: EarnRule| EarnRule { stacking: Stacking::Exclusive, ..rule };
    let mut programme = programme(vec![
        a_tenth(),
        EarnRule { goods: group, ..rule("by two", Give::PerQuantity { every, points: money("3") }) },
        exclusive(rule("3.33 %", Give::Percent { hundredths: 333 })),
        exclusive(EarnRule { when: dear, ..rule("7 %", Give::Percent { hundredths: 700 }) }),
        EarnRule { receipt_max: Some(money("9")), ..rule("at most 9", Give::Percent { hundredths: 100 }) },
        rule("welcome", Give::Receipt { points: money("50") }),
    ]);
    programme.burn.share_hundredths_max = 9_900;
    programme
}

/// Whole units, and a line by weight.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let quantity = prop_oneof![3 => (1_i64..8).prop_map(|units| units * 1_000), 1 => 1_i64..5_000];
    let one = (quantity, 1_i64..100_000, any::<bool>(), 0..9).prop_map(|(quantity, amount, grouped, excluded)| Line {
        quantity: Quantity::from_thousandths(quantity),
        amount: Money::from_minor(amount),
        group: grouped.then(|| "G".to_owned()),
        excluded: excluded == 0,
        ..line("A", "0")
    });
    proptest::collection::vec(one, 1..6)
}

/// What of each line comes back at each return, in hundredths of what is left.
fn returns() -> impl Strategy<Value = Vec<[u8; 6]>> {
    proptest::collection::vec(proptest::array::uniform6(0_u8..=100), 0..6)
}

fn parts(sold: &[Sold], hundredths: &[u8; 6]) -> Vec<Quantity> {
    let part = |(sold, hundredths): (&Sold, &u8)| {
        let left = (sold.line.quantity - sold.returned).thousandths();
        let part = left * i64::from(*hundredths) / 100;
        Quantity::from_thousandths(if sold.line.quantity.is_whole() { part / 1_000 * 1_000 } else { part })
    };
    sold.iter().zip(hundredths).map(part).collect()
}

/// A customer: points, and money that went out less money that came back.
struct Customer {
    points: i64,
    owed: i64,
    refund_less: i64,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn processing_s20_refund_exploit(
        lines in lines(),
        burn_hundredths in 0_i64..=100,
        returns in returns(),
        spent_hundredths in 0_i64..=100,
        owe in any::<bool>(),
        decimals in 0_u32..=2,
    ) {
        let clawback = if owe { Clawback::Owe } else { Clawback::ReduceRefund };
        let programme = Programme { clawback, decimals, ..programmes() };
        let start = 1_000_000;
        let most = domain::loyalty::burn_max(&programme.burn, &lines, Money::from_minor(start));
        let burn = Money::from_minor(most.minor() * burn_hundredths / 100);
        let lines = match spread_burn(&programme.burn, &lines, burn) {
            Ok(parts) => burned(lines, &parts),
            Err(_) => lines,
        };
        let burned: Money = lines.iter().map(|line| line.points).sum();
        prop_assert!(burn == burned);
        prop_assert!(lines.iter().all(|line| !line.amount.is_negative() && !line.points.is_negative()));
        let awards: Vec<Award> = earn(&programme, &lines, &facts());
        let earned = sum(&awards);

        // Buys, and spends some of what is left on something that does not come back.
        let mut customer = Customer { points: start - burned.minor() + earned.minor(), owed: 0, refund_less: 0 };
        let spent = customer.points * spent_hundredths / 100;
        customer.points -= spent;

        let mut sold = whole(&lines);
        let (mut back, mut taken, mut paid) = (Money::ZERO, Money::ZERO, Money::ZERO);
        for hundredths in returns.iter().chain([&[100; 6]]) {
            let now = parts(&sold, hundredths);
            let points = put_back(&sold, &now);
            let takes = take_back(&programme, &sold, &facts(), &now, &awards);
            prop_assert!(points.iter().chain(&takes).all(|amount| !amount.is_negative()), "{points:?} {takes:?}");
            let refund: Money = sold.iter().zip(&now).map(|(sold, now)| refund(sold, *now)).sum();
            let (points, takes) = (total(points), total(takes));
            customer.points += points.minor();
            let settled = settle(&programme, takes, Money::from_minor(customer.points), refund);
            customer.points -= settled.points.minor();
            customer.owed += settled.owed.minor();
            customer.refund_less += settled.refund_less.minor();
            come_back(&mut sold, &now);
            (back, taken, paid) = (back + points, taken + takes, paid + refund);
            prop_assert!(customer.points >= 0 && back <= burned && taken <= earned);
            // What stays is never worth more than if only it had been bought.
            let left: Vec<Line> = sold.iter().map(|sold| Line {
                quantity: sold.line.quantity - sold.returned,
                amount: sold.line.amount - before(sold),
                ..sold.line.clone()
            }).collect();
            prop_assert_eq!(earned - taken, sum(&earn(&programme, &left, &facts())));
        }
        prop_assert_eq!((back, taken), (burned, earned));
        prop_assert_eq!(paid, lines.iter().map(|line| line.amount).sum::<Money>());
        prop_assert_eq!(customer.points + spent - customer.owed - customer.refund_less, start);
    }
}

/// What the parts that came back were paid for.
fn before(sold: &Sold) -> Money {
    refund(&Sold { line: sold.line.clone(), returned: Quantity::ZERO }, sold.returned)
}
