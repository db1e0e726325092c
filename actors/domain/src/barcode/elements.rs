//! GS1 element strings: what a GS1-128, DataBar or GS1 DataMatrix says about the goods, behind application identifiers.
//!
//! Only the identifiers that a till meets are known. At one that is not, reading stops: what was read stays good, and the
//! rest is kept as it came.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::money::Money;
use crate::quantity::Quantity;

/// Ends a value of variable length when another element follows.
pub const GROUP_SEPARATOR: char = '\u{1d}';

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The application identifier: "01", "3103".
    pub identifier: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elements {
    pub read: Vec<Element>,
    /// From the first identifier that is unknown or whose value is malformed.
    pub unread: Option<String>,
}

enum Length {
    Fixed(usize),
    UpTo(usize),
}

enum Alphabet {
    Digits,
    Any,
}

/// How long the identifier at the start of `text` is, and what may follow it.
fn describe(text: &str) -> Option<(usize, Length, Alphabet)> {
    use Alphabet::{Any, Digits};
    use Length::{Fixed, UpTo};
    let described = match text.get(..2)? {
        "00" => (2, Fixed(18), Digits),
        "01" | "02" => (2, Fixed(14), Digits),
        "11" | "12" | "13" | "15" | "16" | "17" => (2, Fixed(6), Digits),
        "20" => (2, Fixed(2), Digits),
        "10" | "21" | "22" => (2, UpTo(20), Any),
        "30" | "37" => (2, UpTo(8), Digits),
        "31" | "32" | "33" | "34" | "35" | "36" => (4, Fixed(6), Digits),
        "90" => (2, UpTo(30), Any),
        "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => (2, UpTo(90), Any),
        _ => match text.get(..3)? {
            "240" | "241" => (3, UpTo(30), Any),
            "392" => (4, UpTo(15), Digits),
            "393" => (4, UpTo(18), Digits),
            "800" if text.starts_with("8005") => (4, Fixed(6), Digits),
            _ => return None,
        },
    };
    Some(described)
}

impl Elements {
    pub fn parse(data: &str) -> Elements {
        let mut elements = Elements::default();
        let mut rest = data.trim_start_matches(GROUP_SEPARATOR);
        while !rest.is_empty() {
            let Some((element, after)) = take(rest) else {
                elements.unread = Some(rest.to_owned());
                break;
            };
            elements.read.push(element);
            rest = after.strip_prefix(GROUP_SEPARATOR).unwrap_or(after);
        }
        elements
    }

    /// The value of the first element with this identifier.
    pub fn get(&self, identifier: &str) -> Option<&str> {
        self.read.iter().find(|element| element.identifier == identifier).map(|element| element.value.as_str())
    }

    /// The trade item number, 14 digits, its check digit not yet looked at.
    pub fn gtin(&self) -> Option<&str> {
        self.get("01")
    }

    /// The net weight in kilograms, if it is whole grams.
    pub fn net_weight(&self) -> Option<Quantity> {
        self.with_decimals("310").and_then(Quantity::from_decimal_exact)
    }

    /// The sum to pay for this very piece, in the currency of the shop.
    pub fn price(&self) -> Option<Money> {
        self.with_decimals("392").and_then(Money::from_decimal_exact)
    }

    /// How many pieces are in it.
    pub fn count(&self) -> Option<Quantity> {
        let pieces: Decimal = self.get("30")?.parse().ok()?;
        Quantity::from_decimal_exact(pieces)
    }

    /// The date behind `identifier` ("17" is the last day of use), seen from `today`: a year is the nearest one with those
    /// two digits, day 00 is the last of its month.
    pub fn date(&self, identifier: &str, today: NaiveDate) -> Option<NaiveDate> {
        let value = self.get(identifier).filter(|value| value.len() == 6)?;
        let (short_year, month, day) =
            (value[..2].parse::<i32>().ok()?, value[2..4].parse().ok()?, value[4..].parse().ok()?);
        let this_century = today.year() - today.year() % 100 + short_year;
        let year = match short_year - today.year() % 100 {
            51.. => this_century - 100,
            ..=-50 => this_century + 100,
            _ => this_century,
        };
        if day == 0 {
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            return first.checked_add_months(chrono::Months::new(1))?.pred_opt();
        }
        NaiveDate::from_ymd_opt(year, month, day)
    }

    /// The number behind a four-digit identifier whose last digit says how many decimals it has.
    fn with_decimals(&self, family: &str) -> Option<Decimal> {
        let element = self.read.iter().find(|element| element.identifier.starts_with(family))?;
        let decimals = element.identifier.get(3..)?.parse().ok()?;
        Decimal::try_new(element.value.parse().ok()?, decimals).ok()
    }
}

/// The element at the start of `text`, and what follows it.
fn take(text: &str) -> Option<(Element, &str)> {
    let (identifier_length, length, alphabet) = describe(text)?;
    let (identifier, rest) = text.split_at_checked(identifier_length)?;
    let value = match length {
        Length::Fixed(digits) => rest.get(..digits)?,
        Length::UpTo(characters_max) => {
            let value = rest.split(GROUP_SEPARATOR).next().unwrap_or(rest);
            if value.is_empty() || value.len() > characters_max {
                return None;
            }
            value
        }
    };
    let well_formed = match alphabet {
        Alphabet::Digits => identifier.bytes().chain(value.bytes()).all(|byte| byte.is_ascii_digit()),
        Alphabet::Any => value.bytes().all(|byte| byte.is_ascii_graphic()),
    };
    let element = Element { identifier: identifier.to_owned(), value: value.to_owned() };
    well_formed.then(|| (element, &rest[value.len()..]))
}
