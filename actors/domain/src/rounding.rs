//! The only place where an amount is rounded: half away from zero, to the minor unit.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

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
    fn a_price_label_gives_its_weight() {
        let weight = quantity_for(Money::from_minor(35612), Money::from_minor(74900));
        assert_eq!(weight, Some(Quantity::from_thousandths(475)));
        assert_eq!(quantity_for(Money::from_minor(1), Money::ZERO), None);
    }
}
