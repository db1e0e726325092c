//! What makes an item sellable at all: the limits that the head office keeps and every till may rely on.

use crate::barcode::{expected_check_digit, has_check_digit};
use crate::money::Money;

/// Longest code, in characters: it stands in tables and on price tags.
pub const CODE_CHARS_MAX: usize = 64;
/// Longest name, in characters; a receipt prints it over several lines.
pub const NAME_CHARS_MAX: usize = 256;
/// Longest name of a group, in characters.
pub const GROUP_CHARS_MAX: usize = 128;
/// Longest barcode, in characters: more does not fit a linear symbol that a hand scanner reads.
pub const BARCODE_CHARS_MAX: usize = 48;
/// Barcodes of one item; more is a mistake in the file, such as a whole column in one cell.
pub const BARCODES_MAX: usize = 256;
/// Highest price, in minor units: a thousand of it are still far from what money can hold.
pub const PRICE_MINOR_MAX: i64 = 100_000_000_000;
/// No law asks for more years.
pub const MIN_AGE_MAX: u8 = 99;

/// The facts about an item that can be wrong by themselves.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub price: Money,
    pub barcodes: &'a [String],
    pub plu: Option<u32>,
    pub group: Option<&'a str>,
    pub min_age: Option<u8>,
}

/// Why an item is refused, and which fact of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct BadItem {
    pub field: &'static str,
    pub why: String,
}

pub fn check(facts: &Facts) -> Result<(), BadItem> {
    let refuse = |field, why: String| Err(BadItem { field, why });
    if let Some(why) = bad_text(facts.code, CODE_CHARS_MAX) {
        return refuse("code", why);
    }
    if let Some(why) = bad_text(facts.name, NAME_CHARS_MAX) {
        return refuse("name", why);
    }
    if !(0..=PRICE_MINOR_MAX).contains(&facts.price.minor()) {
        return refuse("price", format!("{} is not between 0 and {}", facts.price, Money::from_minor(PRICE_MINOR_MAX)));
    }
    if facts.barcodes.len() > BARCODES_MAX {
        return refuse("barcodes", format!("{} are more than the {BARCODES_MAX} allowed", facts.barcodes.len()));
    }
    for barcode in facts.barcodes {
        if let Some(why) = bad_text(barcode, BARCODE_CHARS_MAX) {
            return refuse("barcodes", why);
        }
        if let Some(expected) = expected_check_digit(barcode).filter(|_| barcode.len() == 13)
            && !has_check_digit(barcode)
        {
            return refuse("barcodes", format!("{barcode} has a wrong check digit: {expected} is expected"));
        }
    }
    if facts.plu == Some(0) {
        return refuse("plu", "0 is not a number that scales can use".to_owned());
    }
    if let Some(why) = facts.group.and_then(|group| bad_text(group, GROUP_CHARS_MAX)) {
        return refuse("group", why);
    }
    if let Some(years) = facts.min_age.filter(|years| *years > MIN_AGE_MAX) {
        return refuse("min_age", format!("{years} years are more than {MIN_AGE_MAX}"));
    }
    Ok(())
}

fn bad_text(text: &str, chars_max: usize) -> Option<String> {
    if text.trim().is_empty() {
        Some("it is empty".to_owned())
    } else if text.trim() != text {
        Some(format!("\"{text}\" begins or ends with a space"))
    } else if text.chars().any(char::is_control) {
        Some("it has a line break, a tab or another control character".to_owned())
    } else if text.chars().count() > chars_max {
        Some(format!("it has more than {chars_max} characters"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<'a>(change: impl FnOnce(&mut Facts<'a>)) -> Option<String> {
        let mut facts = Facts {
            code: "MILK",
            name: "Milk 1 l",
            price: Money::from_minor(8990),
            barcodes: &[],
            plu: None,
            group: None,
            min_age: None,
        };
        change(&mut facts);
        check(&facts).err().map(|bad| bad.to_string())
    }

    #[test]
    fn an_item_is_refused_with_the_fact_and_the_reason() {
        let wrong = ["4600000000016".to_owned()];
        assert_eq!(refusal(|_| ()), None);
        assert_eq!(refusal(|facts| facts.code = " ").as_deref(), Some("code: it is empty"));
        assert_eq!(
            refusal(|facts| facts.price = Money::from_minor(-1)).as_deref(),
            Some("price: -0.01 is not between 0 and 1000000000.00")
        );
        assert_eq!(
            refusal(|facts| facts.barcodes = &wrong).as_deref(),
            Some("barcodes: 4600000000016 has a wrong check digit: 5 is expected")
        );
        assert_eq!(refusal(|facts| facts.plu = Some(0)).as_deref(), Some("plu: 0 is not a number that scales can use"));
        assert_eq!(refusal(|facts| facts.min_age = Some(100)).as_deref(), Some("min_age: 100 years are more than 99"));
    }
}
