//! What manual discounts and cash rounding do to the lines of a receipt. The sums of lines always are the sum of the receipt.
//!
//! A line's regular amount is what it costs plus its discount. Discounts are taken one after another, each from what the
//! ones before it left; one from the whole receipt is spread over its lines by largest remainder.

use rust_decimal::Decimal;

use super::{Discount, DiscountBy, Line, LineSource, Priced};
use crate::allocation;
use crate::money::Money;
use crate::rounding;

/// May a manual discount touch it?
pub(super) fn is_discountable(line: &Line) -> bool {
    !line.voided && !line.traits.no_discount && line.traits.deposit_of.is_none() && line.source != LineSource::Returned
}

/// Lines that cost something else under `discounts` than they do now.
pub(super) fn reprice(lines: &[Line], discounts: &[Discount]) -> Vec<Priced> {
    let open: Vec<&Line> = lines.iter().filter(|line| is_discountable(line)).collect();
    open.iter()
        .zip(nets(&open, discounts.iter()))
        .filter(|(line, net)| line.amount != *net)
        .map(|(line, net)| priced(line, line.amount + line.discount - net, net))
        .collect()
}

/// What the other discounts leave of a line: what a new one of this line is taken from.
pub(super) fn left_of(number: u32, lines: &[Line], discounts: &[Discount]) -> Money {
    let open: Vec<&Line> = lines.iter().filter(|line| is_discountable(line)).collect();
    let others = discounts.iter().filter(|discount| discount.line != Some(number));
    let left = open.iter().zip(nets(&open, others)).find(|(line, _)| line.number == number);
    left.map_or(Money::ZERO, |(_, net)| net)
}

/// What each of `open` costs after `discounts`, one after another.
fn nets<'a>(open: &[&Line], discounts: impl Iterator<Item = &'a Discount>) -> Vec<Money> {
    let mut net: Vec<Money> = open.iter().map(|line| line.amount + line.discount).collect();
    for discount in discounts {
        let touched: Vec<usize> =
            (0..open.len()).filter(|&index| discount.line.is_none_or(|line| line == open[index].number)).collect();
        let weights: Vec<Money> = touched.iter().map(|&index| net[index]).collect();
        let off = taken(discount.by, weights.iter().copied().sum());
        for (&index, part) in touched.iter().zip(allocation::spread(off, &weights)) {
            net[index] -= part;
        }
    }
    net
}

/// What `by` takes from `sum`: never more than there is. What a percentage leaves is rounded, so that 2.30 less 5 % is
/// 2.19, as it is for everyone who multiplies by 0.95.
fn taken(by: DiscountBy, sum: Money) -> Money {
    let off = match by {
        DiscountBy::Amount(amount) => amount,
        DiscountBy::Percent { hundredths } => {
            let left = Decimal::from(10_000) - Decimal::from(hundredths);
            sum - rounding::to_money(sum.to_decimal() * left / Decimal::from(10_000))
        }
    };
    off.min(sum)
}

/// The share of `by` in a discount of `hundredths`, for the limit of a role: what `by` takes of `sum`, rounded up.
pub fn hundredths_of(by: DiscountBy, sum: Money) -> u32 {
    match by {
        DiscountBy::Percent { hundredths } => hundredths,
        DiscountBy::Amount(amount) if sum.is_positive() => {
            let share = i128::from(amount.minor()) * 10_000;
            let whole = i128::from(sum.minor());
            u32::try_from((share + whole - 1) / whole).unwrap_or(u32::MAX)
        }
        DiscountBy::Amount(_) => 10_000,
    }
}

/// Lines that share what rounding changes: `by` is below zero in the customer's favour.
pub(super) fn round(lines: &[Line], by: Money) -> Vec<Priced> {
    let open: Vec<&Line> = lines.iter().filter(|line| !line.voided && line.source != LineSource::Returned).collect();
    let weights: Vec<Money> = open.iter().map(|line| line.amount).collect();
    let parts = allocation::spread(by, &weights);
    open.iter()
        .zip(parts)
        .filter(|(_, part)| !part.is_zero())
        .map(|(line, part)| priced(line, line.discount - part, line.amount + part))
        .collect()
}

fn priced(line: &Line, discount: Money, amount: Money) -> Priced {
    Priced { line: line.number, discount, amount, vat: line.vat_rate.contained_in(amount) }
}
