//! Quantity: whole thousandths of the selling unit (a gram of a kilogram, a thousandth of a piece).

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A quantity in thousandths. Written without trailing zeros ("2", "0.475").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Decimal places of a quantity.
pub const QUANTITY_SCALE: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a quantity: digits with at most three decimals are expected")]
pub struct NotQuantity {
    text: String,
}

impl Quantity {
    pub const ZERO: Quantity = Quantity(0);
    pub const ONE: Quantity = Quantity(1000);

    pub const fn from_thousandths(thousandths: i64) -> Quantity {
        Quantity(thousandths)
    }

    pub const fn thousandths(self) -> i64 {
        self.0
    }

    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, QUANTITY_SCALE)
    }

    pub fn from_decimal_exact(decimal: Decimal) -> Option<Quantity> {
        let thousandths = decimal.checked_mul(Decimal::ONE_THOUSAND)?;
        if thousandths.fract().is_zero() { thousandths.to_i64().map(Quantity) } else { None }
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// True if no part of a unit is left over.
    pub const fn is_whole(self) -> bool {
        self.0 % 1000 == 0
    }
}

impl Add for Quantity {
    type Output = Quantity;
    fn add(self, other: Quantity) -> Quantity {
        Quantity(self.0.checked_add(other.0).expect("a quantity overflows"))
    }
}

impl Sub for Quantity {
    type Output = Quantity;
    fn sub(self, other: Quantity) -> Quantity {
        Quantity(self.0.checked_sub(other.0).expect("a quantity overflows"))
    }
}

impl Neg for Quantity {
    type Output = Quantity;
    fn neg(self) -> Quantity {
        Quantity(self.0.checked_neg().expect("a quantity overflows"))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Quantity>>(quantities: I) -> Quantity {
        quantities.fold(Quantity::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_decimal().normalize().to_string())
    }
}

impl FromStr for Quantity {
    type Err = NotQuantity;
    fn from_str(text: &str) -> Result<Quantity, NotQuantity> {
        let refuse = || NotQuantity { text: text.to_owned() };
        let decimal = Decimal::from_str_exact(text.trim()).map_err(|_| refuse())?;
        Quantity::from_decimal_exact(decimal).ok_or_else(refuse)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Quantity, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity as a decimal string, such as \"0.475\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text)
        } else {
            i64::deserialize(deserializer).map(Quantity)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_without_trailing_zeros() {
        for (thousandths, text) in [(2000, "2"), (475, "0.475"), (1250, "1.25"), (0, "0"), (-500, "-0.5")] {
            assert_eq!(Quantity::from_thousandths(thousandths).to_string(), text);
            assert_eq!(text.parse(), Ok(Quantity::from_thousandths(thousandths)));
        }
        assert!("0.0001".parse::<Quantity>().is_err());
    }
}
