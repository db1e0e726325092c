//! The only place where an amount is rounded: half away from zero, to the minor unit.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::money::{MONEY_SCALE, Money};
use crate::quantity::{QUANTITY_SCALE, Quantity};

/// `decimal` in major units, rounded half away from zero to the minor unit.
pub fn to_money(decimal: Decimal) -> Money {
    let rounded = decimal.round_dp_with_strategy(MONEY_SCALE, RoundingStrategy::MidpointAwayFromZero);
    Money::from_decimal_exact(rounded).expect("an amount of money overflows")
}

/// What `quantity` of something costs at `price` a unit.
pub fn line_amount(price: Money, quantity: Quantity) -> Money {
    to_money(price.to_decimal() * quantity.to_decimal())
}

/// The quantity that `amount` buys at `price` a unit, for a label that carries a sum; `None` at price zero.
pub fn quantity_for(amount: Money, price: Money) -> Option<Quantity> {
    let exact = amount.to_decimal().checked_div(price.to_decimal())?;
    let rounded = exact.round_dp_with_strategy(QUANTITY_SCALE, RoundingStrategy::MidpointAwayFromZero);
    rounded.checked_mul(Decimal::ONE_THOUSAND)?.to_i64().map(Quantity::from_thousandths)
}

/// At which of these prices, the likeliest first, a label with this sum was printed: the first at which some weight to the
/// gram (some whole number of `pieces`), or the quantity that is printed, costs exactly so much. A wrong price hits by chance
/// once in as many times as a gram has minor units. `None`: at none of them.
pub fn printed_price(
    amount: Money,
    printed: Option<Quantity>,
    pieces: bool,
    prices: impl IntoIterator<Item = Money>,
) -> Option<Money> {
    prices.into_iter().find(|price| {
        let quantity =
            printed.or_else(|| quantity_for(amount, *price)).filter(|quantity| !pieces || quantity.is_whole());
        quantity.is_some_and(|quantity| line_amount(*price, quantity) == amount)
    })
}

/// Which way a sum goes when it is rounded to whole cash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Down,
    Up,
    /// Half up.
    Nearest,
}

/// How sums are rounded that are paid in cash: to whole multiples of `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashRounding {
    pub to: Money,
    pub direction: Direction,
}

impl CashRounding {
    /// What is paid in cash for `sum`, which is not below zero. A sum that would vanish stays as it is.
    pub fn of(self, sum: Money) -> Money {
        let (minor, to) = (sum.minor(), self.to.minor());
        if to <= 1 {
            return sum;
        }
        let down = minor - minor.rem_euclid(to);
        let up = if down == minor { minor } else { down + to };
        let rounded = match self.direction {
            Direction::Down => down,
            Direction::Up => up,
            Direction::Nearest if (minor - down) * 2 >= to => up,
            Direction::Nearest => down,
        };
        if rounded == 0 { sum } else { Money::from_minor(rounded) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        let price = Money::from_minor(12990);
        assert_eq!(line_amount(price, Quantity::from_thousandths(1250)).to_string(), "162.38");
        assert_eq!(line_amount(price, Quantity::from_thousandths(-1250)).to_string(), "-162.38");
    }

    #[test]
    fn cash_is_rounded_the_way_that_is_set() {
        let check = |direction, to, sum| {
            CashRounding { to: Money::from_minor(to), direction }.of(Money::from_minor(sum)).minor()
        };
        assert_eq!(check(Direction::Down, 100, 23230), 23200);
        assert_eq!(check(Direction::Down, 100, 750), 700);
        assert_eq!(check(Direction::Down, 100, 30), 30);
        assert_eq!(check(Direction::Up, 100, 17900), 17900);
        assert_eq!(check(Direction::Up, 100, 17850), 17900);
        assert_eq!(check(Direction::Nearest, 5, 1002), 1000);
        assert_eq!(check(Direction::Nearest, 5, 1003), 1005);
        assert_eq!(check(Direction::Down, 0, 1003), 1003);
    }

    #[test]
    fn a_price_label_gives_its_weight() {
        let weight = quantity_for(Money::from_minor(35612), Money::from_minor(74900));
        assert_eq!(weight, Some(Quantity::from_thousandths(475)));
        assert_eq!(quantity_for(Money::from_minor(1), Money::ZERO), None);
    }

    #[test]
    fn a_label_says_at_which_price_it_was_printed() {
        let [now, before, long_ago] = [13_990, 12_990, 11_990].map(Money::from_minor);
        let printed =
            |amount, quantity| printed_price(Money::from_minor(amount), quantity, false, [now, before, long_ago]);
        let two = [Money::from_minor(4_000), Money::from_minor(5_000)];
        assert_eq!(printed_price(Money::from_minor(10_000), None, true, two), Some(two[1]), "2 pieces, not 2.5");
        assert_eq!(printed(17_488, None), Some(now), "1.250 kg");
        assert_eq!(printed(16_238, None), Some(before), "1.250 kg, which no weight costs now");
        assert_eq!(printed(14_988, Some(Quantity::from_thousandths(1_250))), Some(long_ago));
        assert_eq!(printed(14_988, Some(Quantity::from_thousandths(1_251))), None);
    }
}
