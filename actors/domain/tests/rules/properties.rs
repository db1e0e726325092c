//! What holds for every receipt. A failure prints its seed and the smallest receipt that shows it.

use domain::ids::OperatorNumber;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Input, Kind, Receipt, State, TenderKind};
use domain::returns::{self, SoldLine};
use domain::rounding::CashRounding;
use domain::shift::Shift;
use domain::vat::VatRate;
use proptest::prelude::*;

use crate::language::{at, opening_of_return, sold, tender};
use crate::steps::{ALL, LINES, check, receipt_of, rounding, step};

fn take(receipt: &mut Receipt, input: &Input) {
    for event in receipt.decide(input).unwrap_or_else(|refusal| panic!("{input:?}: {refusal}")) {
        receipt.apply(&event);
    }
}

fn shift() -> Shift {
    let float = Money::from_minor(500);
    Shift::open(1, at(), at().date_naive(), OperatorNumber("7".to_owned()), float).expect("a shift")
}

/// A part by card, the rest in cash and `over` what is due.
fn pay(receipt: &mut Receipt, card_percent: i64, over: i64, rounding: Option<CashRounding>) -> Money {
    let card = Money::from_minor(receipt.total().minor() * card_percent / 100);
    if !card.is_zero() {
        take(receipt, &tender(TenderKind::Card, card));
    }
    let due = receipt.due_in_cash(rounding);
    let Input::Tender { tender, .. } = tender(TenderKind::Cash, due + Money::from_minor(over)) else { return card };
    take(receipt, &Input::Tender { tender, rounding });
    assert_eq!(receipt.change(), Money::from_minor(over));
    card
}

proptest! {
    #[test]
    fn nothing_breaks_a_receipt(
        lines in proptest::collection::vec(step(LINES), 0..8),
        steps in proptest::collection::vec(step(ALL), 0..40),
        rounding in rounding(),
        group in any::<bool>(),
        goods_come_back in any::<bool>(),
    ) {
        let steps: Vec<_> = lines.into_iter().chain(steps).collect();
        let kind = if goods_come_back { Kind::Return } else { Kind::Sale };
        let receipt = receipt_of(kind, &steps, rounding, group);
        if matches!(receipt.state(), State::Fiscalised | State::Closed { .. }) {
            let paid: Money = receipt.paid().iter().map(|(_, sum)| *sum).sum();
            prop_assert_eq!(paid, receipt.total());
            let mut shift = shift();
            shift.count_receipt(&receipt);
            prop_assert_eq!(shift.turnover.sales + shift.turnover.returns, receipt.total());
        }
    }

    #[test]
    fn a_paid_receipt_adds_up_and_counts_in_its_shift(
        steps in proptest::collection::vec(step(LINES), 1..20),
        card_percent in 0..100_i64,
        over in 0..100_000_i64,
        rounding in rounding(),
        group in any::<bool>(),
    ) {
        let mut receipt = receipt_of(Kind::Sale, &steps, None, group);
        prop_assume!(receipt.live_lines().next().is_some() && receipt.total() < Money::from_minor(100_000_000_000));
        let before = receipt.total();
        let card = pay(&mut receipt, card_percent, over, rounding);
        check(&receipt);
        prop_assert_eq!(receipt.total(), before + receipt.rounding());
        prop_assert!(receipt.rounding().abs() < rounding.map_or(Money::from_minor(1), |rounding| rounding.to));
        let by_lines: Money = receipt.live_lines().map(|line| line.vat).sum();
        let by_rates: Money = receipt.vat().iter().map(|(_, vat)| *vat).sum();
        prop_assert_eq!(by_lines, by_rates);
        if group {
            for ((rate, vat), (_, turnover)) in receipt.vat().into_iter().zip(receipt.turnover()) {
                prop_assert_eq!(vat, rate.contained_in(turnover));
            }
        }
        let mut shift = shift();
        shift.count_receipt(&receipt);
        prop_assert_eq!(shift.turnover.sales, receipt.total());
        prop_assert_eq!(shift.cash_expected(), shift.float + receipt.total() - card);
    }

    /// RET-2 by receipts: whatever was discounted and rounded, all that came back is all that was paid.
    #[test]
    fn all_that_comes_back_is_all_that_was_paid(
        steps in proptest::collection::vec(step(LINES), 1..12),
        parts in proptest::collection::vec((1..7_u32, 1..9_000_i64, any::<bool>()), 0..8),
        card_percent in 0..100_i64,
        rounding in rounding(),
        group in any::<bool>(),
    ) {
        let mut sale = receipt_of(Kind::Sale, &steps, None, group);
        prop_assume!(sale.live_lines().next().is_some() && sale.total() < Money::from_minor(100_000_000_000));
        pay(&mut sale, card_percent, 0, rounding);
        let mut left = sold(&sale);
        let mut back: Vec<Receipt> = Vec::new();
        let mut come_back = |lines| {
            let mut receipt = Receipt::new(opening_of_return(&sale));
            take(&mut receipt, &Input::Add(lines));
            pay(&mut receipt, 0, 0, rounding);
            check(&receipt);
            back.push(receipt);
        };
        for (line, thousandths, whole) in parts {
            let quantity = Quantity::from_thousandths(if whole { thousandths / 1000 * 1000 } else { thousandths });
            if let Ok(lines) = returns::by_line(&mut left, &[(line, quantity)]) {
                come_back(lines);
            }
        }
        if let Ok(lines) = returns::everything(&left) {
            come_back(lines);
        }
        for line in sale.live_lines() {
            let parts = back.iter().flat_map(Receipt::live_lines).filter(|part| part.of_line == Some(line.number));
            let sums = parts.fold((Money::ZERO, Money::ZERO, Money::ZERO), |(amount, vat, discount), part| {
                (amount + part.amount, vat + part.vat, discount + part.discount)
            });
            prop_assert_eq!(sums, (line.amount, line.vat, line.discount));
        }
        prop_assert_eq!(back.iter().map(Receipt::total).sum::<Money>(), sale.total());
    }

    #[test]
    fn partial_returns_add_up_to_what_was_paid(
        sold in 1..9_999_i64,
        units in any::<bool>(),
        amount in 0..10_000_000_i64,
        off in -100..10_000_i64,
        parts in proptest::collection::vec(1..5_000_i64, 0..12),
    ) {
        let quantity = Quantity::from_thousandths(if units { sold % 30 * 1000 + 1000 } else { sold });
        let amount = Money::from_minor(amount);
        let rate = VatRate::percent(22);
        let mut line = SoldLine {
            line: 1,
            code: domain::ids::ItemCode("A".to_owned()),
            name: "A".to_owned(),
            quantity,
            price: Money::from_minor(100),
            discount: Money::from_minor(off),
            amount,
            vat_rate: rate,
            vat: rate.contained_in(amount),
            mark: None,
            returned: Quantity::ZERO,
        };
        let (mut back, mut vat, mut discount) = (Money::ZERO, Money::ZERO, Money::ZERO);
        let rest = Quantity::from_thousandths(i64::MAX / 4);
        for part in parts.into_iter().map(Quantity::from_thousandths).chain([rest]) {
            let part = if part == rest { line.left() } else { part };
            match line.part(part) {
                Ok(returned) => {
                    let sum = returned.amount.expect("a fixed sum");
                    prop_assert!(!sum.is_negative() && !returned.vat.expect("a fixed VAT").is_negative());
                    back += sum;
                    vat += returned.vat.expect("a fixed VAT");
                    discount += returned.discount;
                    line.returned = line.returned + part;
                }
                Err(_) => prop_assert!(part > line.left() || part.is_zero()),
            }
        }
        prop_assert_eq!((back, vat, discount), (line.amount, line.vat, line.discount));
    }
}
