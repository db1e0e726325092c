//! VAT contained in a price.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::Money;
use crate::rounding;

/// A VAT rate in hundredths of a per cent (2200 = 22 %), or goods that carry no VAT.
///
/// Written as a percent string without trailing zeros ("22", "8.5"); goods without VAT are "none".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VatRate {
    None,
    Percent { hundredths: u32 },
}

/// No country taxes sales at more than this.
const RATE_HUNDREDTHS_MAX: u32 = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a VAT rate: a percentage from 0 to 100 with at most two decimals, or \"none\", is expected")]
pub struct NotVatRate {
    text: String,
}

impl VatRate {
    pub const fn percent(whole: u32) -> VatRate {
        VatRate::Percent { hundredths: whole * 100 }
    }

    /// The VAT inside `gross`, rounded half up to the minor unit.
    pub fn contained_in(self, gross: Money) -> Money {
        match self {
            VatRate::None => Money::ZERO,
            VatRate::Percent { hundredths } => {
                let rate = Decimal::from(hundredths);
                rounding::to_money(gross.to_decimal() * rate / (Decimal::from(10_000) + rate))
            }
        }
    }
}

impl VatRate {
    /// The VAT that goes on top of `net`, rounded half up to the minor unit.
    pub fn added_to(self, net: Money) -> Money {
        match self {
            VatRate::None => Money::ZERO,
            VatRate::Percent { hundredths } => {
                rounding::to_money(net.to_decimal() * Decimal::from(hundredths) / Decimal::from(10_000))
            }
        }
    }
}

impl fmt::Display for VatRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VatRate::None => f.pad("none"),
            VatRate::Percent { hundredths } => f.pad(&Decimal::new(i64::from(*hundredths), 2).normalize().to_string()),
        }
    }
}

impl FromStr for VatRate {
    type Err = NotVatRate;
    fn from_str(text: &str) -> Result<VatRate, NotVatRate> {
        if text == "none" {
            return Ok(VatRate::None);
        }
        let refuse = || NotVatRate { text: text.to_owned() };
        let hundredths = Decimal::from_str_exact(text).map_err(|_| refuse())? * Decimal::ONE_HUNDRED;
        match hundredths.to_u32() {
            Some(whole) if hundredths.fract().is_zero() && whole <= RATE_HUNDREDTHS_MAX => {
                Ok(VatRate::Percent { hundredths: whole })
            }
            _ => Err(refuse()),
        }
    }
}

impl Serialize for VatRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VatRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<VatRate, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vat_is_taken_out_of_the_gross_amount() {
        let vat = |gross, rate: &str| {
            rate.parse::<VatRate>().map(|rate| rate.contained_in(Money::from_minor(gross)).to_string())
        };
        assert_eq!(vat(22530, "10").as_deref(), Ok("20.48"));
        assert_eq!(vat(700, "22").as_deref(), Ok("1.26"));
        assert_eq!(vat(31410, "22").as_deref(), Ok("56.64"));
        assert_eq!(vat(34900, "20").as_deref(), Ok("58.17"));
        assert_eq!(vat(34900, "none").as_deref(), Ok("0.00"));
        assert!("101".parse::<VatRate>().is_err());
        assert!("-1".parse::<VatRate>().is_err());
    }
}
