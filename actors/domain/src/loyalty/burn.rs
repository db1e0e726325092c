//! How much of a receipt may be paid with points, and what of it each line bears.

use serde::{Deserialize, Serialize};

use super::{Goods, Line, points_of};
use crate::allocation;
use crate::money::Money;

/// All of it, in hundredths of a per cent.
pub(super) const WHOLE_HUNDREDTHS: u32 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BurnRule {
    /// Goods that may be paid with points.
    pub goods: Goods,
    /// Largest share of those goods, in hundredths of a per cent.
    pub share_hundredths_max: u32,
    /// Least sum of a receipt that takes points.
    pub sum_min: Money,
    /// Least part of a receipt that is paid in money.
    pub money_min: Money,
    /// Least part of each line that is paid in money.
    pub line_money_min: Money,
    /// What one point is worth in money.
    pub worth: Money,
}

impl Default for BurnRule {
    fn default() -> BurnRule {
        BurnRule {
            goods: Goods::default(),
            share_hundredths_max: WHOLE_HUNDREDTHS,
            sum_min: Money::ZERO,
            money_min: Money::ZERO,
            line_money_min: Money::ZERO,
            worth: Money::from_minor(100),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BurnRefusal {
    #[error("the part to pay with points must be above zero")]
    NotPositive,
    #[error("no part of this receipt can be paid with points")]
    Nothing,
    #[error("at most {max} of this receipt can be paid with points")]
    TooMuch { max: Money },
}

impl BurnRule {
    /// What `points` pay for, rounded down.
    pub fn money_for(&self, points: Money) -> Money {
        points_of(i128::from(points.minor()) * i128::from(self.worth.minor()) / 100)
    }

    /// The points that pay for `money`, rounded up: the house gives nothing away.
    pub fn points_for(&self, money: Money) -> Money {
        let worth = i128::from(self.worth.minor().max(1));
        points_of((i128::from(money.minor()) * 100 + worth - 1) / worth)
    }

    /// The points that are bought for `money`, rounded down.
    pub(super) fn points_within(&self, money: Money) -> Money {
        points_of(i128::from(money.minor()) * 100 / i128::from(self.worth.minor().max(1)))
    }

    /// What of the line may still be paid with points.
    fn room(&self, line: &Line) -> Money {
        let takes = line.quantity.is_positive() && self.goods.have(line);
        if takes { (line.amount - self.line_money_min).max(Money::ZERO) } else { Money::ZERO }
    }

    /// What of the receipt may still be paid with points, in money.
    fn allowed(&self, lines: &[Line]) -> Money {
        let whole = |line: &Line| line.amount + line.points;
        let sum: Money = lines.iter().map(whole).sum();
        if sum < self.sum_min {
            return Money::ZERO;
        }
        let own: Money = lines.iter().filter(|line| self.goods.have(line)).map(whole).sum();
        let share = points_of(i128::from(own.minor()) * i128::from(self.share_hundredths_max) / 10_000);
        let used: Money = lines.iter().map(|line| line.points).sum();
        let in_money: Money = lines.iter().map(|line| line.amount).sum();
        let room: Money = lines.iter().map(|line| self.room(line)).sum();
        room.min(share - used).min(in_money - self.money_min).max(Money::ZERO)
    }
}

/// The most of the receipt that `available` points may pay for, in money.
pub fn burn_max(rule: &BurnRule, lines: &[Line], available: Money) -> Money {
    rule.allowed(lines).min(rule.money_for(available))
}

/// What of `amount` (money) each line bears. Parts add up to it; excluded goods bear none, and no line is left with less in
/// money than the rule asks.
pub fn spread_burn(rule: &BurnRule, lines: &[Line], amount: Money) -> Result<Vec<Money>, BurnRefusal> {
    if !amount.is_positive() {
        return Err(BurnRefusal::NotPositive);
    }
    match rule.allowed(lines) {
        max if max.is_zero() => Err(BurnRefusal::Nothing),
        max if amount > max => Err(BurnRefusal::TooMuch { max }),
        _ => {
            // Weights are what lines can bear, and their sum is not below the amount: so no part is above its weight.
            let rooms: Vec<Money> = lines.iter().map(|line| rule.room(line)).collect();
            Ok(allocation::spread(amount, &rooms))
        }
    }
}
