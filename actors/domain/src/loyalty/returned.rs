//! What goes back to the customer and what is taken back when goods come back, exactly once.
//!
//! Both are functions of how much of each line came back in all; one return is the difference of two of their values. So
//! parts in any order add up to what was burned and what was earned.

use serde::{Deserialize, Serialize};

use super::earn::{best_exclusive, points_by};
use super::{Award, Facts, Line, Programme, Stacking, points_of};
use crate::ids::ItemCode;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::returns::SoldLine;
use crate::vat::VatRate;

/// A line as it was sold, and what of it came back before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    pub line: Line,
    pub returned: Quantity,
}

/// What is done when points that must be taken back are spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clawback {
    /// Less money is paid back.
    #[default]
    ReduceRefund,
    /// The customer owes them.
    Owe,
    /// They are lost to the house.
    Forgive,
}

/// How a take-back is settled: the three add up to what was asked, the second at its worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Points taken from the account.
    pub points: Money,
    /// Money kept of the refund.
    pub refund_less: Money,
    /// Points owed.
    pub owed: Money,
}

/// Points that go back for each line when `now` of it comes back (both lists in the order of the lines).
///
/// `line.points` is what of the line points paid, in the unit in which it is wanted back: for a programme whose points are not
/// worth 1.00 each, the caller gives points here, not money.
pub fn put_back(sold: &[Sold], now: &[Quantity]) -> Vec<Money> {
    let part = |(sold, now): (&Sold, &Quantity)| {
        let to = sold.returned + *now;
        up_to(&sold.line, to, sold.line.points) - up_to(&sold.line, sold.returned, sold.line.points)
    };
    sold.iter().zip(now).map(part).collect()
}

/// Points to take back of each of the sale's awards when `now` of its lines comes back, by the programme and the facts of the
/// sale.
pub fn take_back(
    programme: &Programme,
    sold: &[Sold],
    facts: &Facts,
    now: &[Quantity],
    earned: &[Award],
) -> Vec<Money> {
    let whole: Vec<Line> = sold.iter().map(|sold| sold.line.clone()).collect();
    let before: Vec<Line> = sold.iter().map(|sold| left(&sold.line, sold.returned)).collect();
    let after: Vec<Line> = sold.iter().zip(now).map(|(sold, now)| left(&sold.line, sold.returned + *now)).collect();
    let kept = |award: &Award, lines: &[Line]| kept(programme, facts, award, &whole, lines);
    earned.iter().map(|award| kept(award, &before) - kept(award, &after)).collect()
}

/// What of an award stays when only `lines` of the receipt stay.
fn kept(programme: &Programme, facts: &Facts, award: &Award, whole: &[Line], lines: &[Line]) -> Money {
    let rule = programme.earn.iter().find(|rule| rule.name == award.rule && rule.campaign == award.campaign);
    let natural = match rule {
        // Of what is left another exclusive rule may be the better one: as if no more had been bought.
        Some(rule) if rule.stacking == Stacking::Exclusive => {
            best_exclusive(programme, lines, facts).map_or(Money::ZERO, |(_, points)| points)
        }
        Some(rule) => points_by(programme, rule, lines, facts),
        // The rule is gone from the programme: in proportion to the money.
        None => {
            let sum = |lines: &[Line]| lines.iter().map(|line| i128::from(line.amount.minor())).sum::<i128>();
            points_of(i128::from(award.amount.minor()) * sum(lines) / sum(whole).max(1))
        }
    };
    natural.min(award.amount)
}

/// How `wanted` points are taken from a customer who has `available` (what is put back now included).
pub fn settle(programme: &Programme, wanted: Money, available: Money, refund: Money) -> TakenBack {
    let points = wanted.min(available).max(Money::ZERO);
    let short = wanted - points;
    match programme.clawback {
        Clawback::Forgive => TakenBack { points, ..TakenBack::default() },
        Clawback::Owe => TakenBack { points, owed: short, ..TakenBack::default() },
        Clawback::ReduceRefund => {
            let refund_less = programme.burn.money_for(short).min(refund.max(Money::ZERO));
            let paid = if refund_less == programme.burn.money_for(short) {
                short
            } else {
                programme.burn.points_within(refund_less)
            };
            TakenBack { points, refund_less, owed: short - paid }
        }
    }
}

/// The line without its first `returned` units.
fn left(line: &Line, returned: Quantity) -> Line {
    let left = line.quantity - returned.min(line.quantity);
    let of = |sum: Money| sum - up_to(line, returned, sum);
    Line { quantity: left, amount: of(line.amount), points: of(line.points), ..line.clone() }
}

/// What the first `quantity` of the line stands for of `sum`: the same part as its money in [`crate::returns`].
fn up_to(line: &Line, quantity: Quantity, sum: Money) -> Money {
    if quantity >= line.quantity {
        return sum;
    }
    let whole = SoldLine {
        line: 0,
        code: ItemCode(String::new()),
        name: String::new(),
        quantity: line.quantity,
        price: Money::ZERO,
        discount: Money::ZERO,
        amount: sum,
        vat_rate: VatRate::percent(0),
        vat: Money::ZERO,
        mark: None,
        returned: Quantity::ZERO,
    };
    whole.part(quantity).ok().and_then(|part| part.amount).unwrap_or(Money::ZERO)
}
