//! The rules of `domain` on what is about to be published.

use domain::item::{BadItem, CODE_CHARS_MAX, Facts, PRICE_MINOR_MAX};
use domain::money::Money;
use domain::quantity::Quantity;
use messages::v1::catalogue::{BarcodeRule, Item};

use crate::requests::{NewOperator, PublishError};

/// Longest number by which a person signs on, in characters.
const OPERATOR_NUMBER_CHARS_MAX: usize = 20;
/// Longest name of a person, in characters.
const OPERATOR_NAME_CHARS_MAX: usize = 100;
/// Longest PIN, in characters.
const PIN_CHARS_MAX: usize = 32;
/// Longest text of a person's card, in characters: the longest track of a magnetic stripe has 107.
const CARD_CHARS_MAX: usize = 200;
/// Heaviest wrapping, in grams: more than the goods that a counter scale takes.
const TARE_THOUSANDTHS_MAX: i64 = 100_000;

/// The longest that label scales can print.
const SHELF_LIFE_DAYS_MAX: u16 = 9_999;
/// Longest list of ingredients, in characters: the longest text that any label scale keeps.
const INGREDIENTS_CHARS_MAX: usize = 1_000;

pub(crate) fn check_item(item: &Item) -> Result<(), BadItem> {
    domain::item::check(&Facts {
        code: &item.code.0,
        name: &item.name,
        price: item.price,
        barcodes: &item.barcodes,
        plu: item.plu,
        group: item.group.as_deref(),
        min_age: item.min_age,
    })?;
    let refuse = |field, why: String| Err(BadItem { field, why });
    if let Some([from, to]) = item.open_price {
        let highest = Money::from_minor(PRICE_MINOR_MAX);
        if from.is_negative() || to > highest {
            return refuse("open_price", format!("{from} to {to} is not between 0 and {highest}"));
        }
        if from > to {
            return refuse("open_price", format!("{from} to {to} is no range: the lower price comes first"));
        }
    }
    if let Some(deposit) = &item.deposit {
        if *deposit == item.code {
            return refuse("deposit", "an item cannot be the deposit of itself".to_owned());
        }
        if !plain(&deposit.0, CODE_CHARS_MAX) {
            return refuse("deposit", format!("\"{deposit}\" cannot be the code of an item"));
        }
    }
    if let Some(tare) = item.tare.filter(|tare| !(0..=TARE_THOUSANDTHS_MAX).contains(&tare.thousandths())) {
        let heaviest = Quantity::from_thousandths(TARE_THOUSANDTHS_MAX);
        return refuse("tare", format!("{tare} kg is not between 0 and {heaviest}"));
    }
    if let Some(days) = item.shelf_life_days.filter(|days| *days > SHELF_LIFE_DAYS_MAX) {
        return refuse("shelf_life_days", format!("{days} days are more than {SHELF_LIFE_DAYS_MAX}"));
    }
    if let Some(text) = &item.ingredients
        && !plain(text, INGREDIENTS_CHARS_MAX)
    {
        let why =
            format!("1 to {INGREDIENTS_CHARS_MAX} characters in one line, without spaces at the ends, are expected");
        return refuse("ingredients", why);
    }
    Ok(())
}

/// Text that people type and tills compare: without spaces at its ends or control characters.
pub(crate) fn plain(text: &str, chars_max: usize) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control) && text.chars().count() <= chars_max
}

pub(crate) fn refuse_item(item: &Item) -> Result<(), PublishError> {
    check_item(item).map_err(|bad| PublishError::Refused(format!("item {}, {bad}", item.code)))
}

pub(crate) fn refuse_rule(rule: &BarcodeRule) -> Result<(), PublishError> {
    rule.checked()
        .map(|_| ())
        .map_err(|bad| PublishError::Refused(format!("barcode rule {}: {bad}", rule_key(&rule.prefix, rule.length))))
}

/// The key of a rule in its dataset.
pub(crate) fn rule_key(prefix: &str, length: usize) -> String {
    format!("{prefix}/{length}")
}

pub(crate) fn refuse_operator(operator: &NewOperator) -> Result<(), PublishError> {
    let number = &operator.number.0;
    let refuse = |what: &str, chars_max: usize| {
        Err(PublishError::Refused(format!(
            "operator \"{number}\", {what}: 1 to {chars_max} characters without spaces at the ends are expected"
        )))
    };
    if !plain(number, OPERATOR_NUMBER_CHARS_MAX) {
        return refuse("number", OPERATOR_NUMBER_CHARS_MAX);
    }
    if !plain(&operator.name, OPERATOR_NAME_CHARS_MAX) {
        return refuse("name", OPERATOR_NAME_CHARS_MAX);
    }
    if operator.pin.as_ref().is_some_and(|pin| !plain(pin, PIN_CHARS_MAX)) {
        return refuse("PIN", PIN_CHARS_MAX);
    }
    match &operator.card {
        Some(card) if !card.is_empty() && !plain(card, CARD_CHARS_MAX) => refuse("card", CARD_CHARS_MAX),
        _ => Ok(()),
    }
}
