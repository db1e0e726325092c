//! What holds for every receipt. A failure prints its seed and the smallest receipt that shows it.

use domain::ids::OperatorNumber;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::{Input, Kind, Receipt, TenderKind, VatRounding};
use domain::returns::SoldLine;
use domain::shift::Shift;
use domain::vat::VatRate;
use proptest::prelude::*;

use crate::scripts::{at, line, opening, tender};

#[derive(Clone, Debug)]
enum Step {
    Add { item: u8, price: i64, thousandths: i64, rate: u8 },
    Quantity { line: u32, thousandths: i64 },
    Void { line: u32, thousandths: Option<i64> },
}

fn step() -> impl Strategy<Value = Step> {
    let thousandths = prop_oneof![(1..20_i64).prop_map(|units| units * 1000), -500..9_999_i64];
    prop_oneof![
        4 => (0..6_u8, -1..60_000_i64, thousandths.clone(), 0..4_u8)
            .prop_map(|(item, price, thousandths, rate)| Step::Add { item, price, thousandths, rate }),
        1 => (0..12_u32, thousandths.clone()).prop_map(|(line, thousandths)| Step::Quantity { line, thousandths }),
        1 => (0..12_u32, proptest::option::of(thousandths))
            .prop_map(|(line, thousandths)| Step::Void { line, thousandths }),
    ]
}

fn input(step: &Step) -> Input {
    const RATES: [VatRate; 4] = [VatRate::None, VatRate::percent(0), VatRate::percent(10), VatRate::percent(22)];
    match step {
        Step::Add { item, price, thousandths, rate } => Input::Add(vec![line(
            &item.to_string(),
            Money::from_minor(*price),
            Quantity::from_thousandths(*thousandths),
            RATES[usize::from(*rate)],
        )]),
        Step::Quantity { line, thousandths } => {
            Input::ChangeQuantity { line: *line, quantity: Quantity::from_thousandths(*thousandths) }
        }
        Step::Void { line, thousandths } => {
            Input::Void { line: *line, quantity: thousandths.map(Quantity::from_thousandths) }
        }
    }
}

/// A receipt after the steps that are allowed; refused ones leave it as it was.
fn receipt_of(steps: &[Step], rounding: VatRounding) -> Receipt {
    let mut receipt = Receipt::new(opening(Kind::Sale, rounding));
    for step in steps {
        let before = receipt.clone();
        match receipt.decide(&input(step)) {
            Ok(events) => events.iter().for_each(|event| receipt.apply(event)),
            Err(_) => assert_eq!(before, receipt),
        }
        let sum: Money = receipt.live_lines().map(|line| line.amount).sum();
        assert_eq!(sum, receipt.total());
        assert!(receipt.lines().iter().all(|line| line.quantity.is_positive() && !line.amount.is_negative()));
    }
    receipt
}

proptest! {
    #[test]
    fn a_paid_receipt_adds_up_and_counts_in_its_shift(
        steps in proptest::collection::vec(step(), 1..20),
        card_percent in 0..100_i64,
        over in 0..100_000_i64,
        group in any::<bool>(),
    ) {
        let rounding = if group { VatRounding::Group } else { VatRounding::Line };
        let mut receipt = receipt_of(&steps, rounding);
        prop_assume!(receipt.live_lines().next().is_some());
        let card = Money::from_minor(receipt.total().minor() * card_percent / 100);
        let cash = receipt.total() - card + Money::from_minor(over);
        let tenders = [(TenderKind::Card, card), (TenderKind::Cash, cash)];
        for (kind, amount) in tenders.into_iter().filter(|(kind, amount)| !amount.is_zero() || *kind == TenderKind::Cash) {
            for event in receipt.decide(&tender(kind, amount)).expect("covered by the last") {
                receipt.apply(&event);
            }
        }
        prop_assert_eq!(receipt.change(), Money::from_minor(over));
        let by_lines: Money = receipt.live_lines().map(|line| line.vat).sum();
        let by_rates: Money = receipt.vat().iter().map(|(_, vat)| *vat).sum();
        prop_assert_eq!(by_lines, by_rates);
        if group {
            for ((rate, vat), (_, turnover)) in receipt.vat().into_iter().zip(receipt.turnover()) {
                prop_assert_eq!(vat, rate.contained_in(turnover));
            }
        }
        let mut shift = Shift::open(1, at(), at().date_naive(), OperatorNumber("7".to_owned()), Money::from_minor(500)).expect("a shift");
        shift.count_receipt(&receipt);
        prop_assert_eq!(shift.turnover.sales, receipt.total());
        prop_assert_eq!(shift.cash_expected(), Money::from_minor(500) + receipt.total() - card);
    }

    #[test]
    fn partial_returns_add_up_to_what_was_paid(
        sold in 1..9_999_i64,
        units in any::<bool>(),
        amount in 0..10_000_000_i64,
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
            discount: Money::from_minor(77),
            amount,
            vat_rate: rate,
            vat: rate.contained_in(amount),
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
