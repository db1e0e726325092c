//! Prices without VAT: it goes on top once, by line or by group (scenario 26 of retail).

use domain::money::Money;
use domain::receipt::{Input, Kind, PriceVat, Receipt, TenderKind, VatRounding};
use domain::refusal::Refusal;
use domain::vat::VatRate;

use crate::language::{line, opening, tender};

fn receipt(rounding: VatRounding) -> Receipt {
    let mut opening = opening(Kind::Sale, rounding);
    opening.price_vat = PriceVat::Added;
    let mut receipt = Receipt::new(opening);
    for (code, price, quantity) in [("A", 148, 4_000), ("B", 152, 1_000), ("C", 154, 1_000), ("D", 39, 1_000)] {
        let quantity = domain::quantity::Quantity::from_thousandths(quantity);
        decide(&mut receipt, Input::Add(vec![line(code, Money::from_minor(price), quantity, VatRate::percent(21))]));
    }
    receipt
}

fn decide(receipt: &mut Receipt, input: Input) {
    for event in receipt.decide(&input).expect("allowed") {
        receipt.apply(&event);
    }
}

fn check(rounding: VatRounding, vat: &str, total: &str) {
    let mut receipt = receipt(rounding);
    assert_eq!(receipt.due().to_string(), total);
    let due = receipt.due();
    decide(&mut receipt, tender(TenderKind::Cash, due));
    assert_eq!(receipt.total().to_string(), total);
    assert_eq!(receipt.vat()[0].1.to_string(), vat);
    assert_eq!(receipt.lines().iter().map(|line| line.amount).sum::<Money>(), receipt.total());
}

#[test]
fn vat_goes_on_top_by_line_and_by_group() {
    check(VatRounding::Line, "1.96", "11.33");
    check(VatRounding::Group, "1.97", "11.34");
}

#[test]
fn lines_do_not_change_under_their_vat() {
    let mut receipt = receipt(VatRounding::Line);
    decide(&mut receipt, tender(TenderKind::Cash, Money::from_minor(100)));
    assert_eq!(receipt.due().to_string(), "10.33");
    let void = receipt.decide(&Input::Void { line: 1, quantity: None });
    assert_eq!(void, Err(Refusal::PaymentBegun));
    let due = receipt.due();
    decide(&mut receipt, tender(TenderKind::Cash, due));
    assert_eq!(receipt.total().to_string(), "11.33");
}
