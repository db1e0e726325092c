//! The rules of `domain` on what is about to be published.

use domain::barcode::in_store::{InStoreRule, LabelKind};
use domain::item::{BadItem, Facts};
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item};

use crate::requests::{NewOperator, PublishError};

/// Longest number by which a person signs on, in characters.
const OPERATOR_NUMBER_CHARS_MAX: usize = 20;
/// Longest name of a person, in characters.
const OPERATOR_NAME_CHARS_MAX: usize = 100;
/// Longest PIN, in characters.
const PIN_CHARS_MAX: usize = 32;

pub(crate) fn check_item(item: &Item) -> Result<(), BadItem> {
    domain::item::check(&Facts {
        code: &item.code.0,
        name: &item.name,
        price: item.price,
        barcodes: &item.barcodes,
        plu: item.plu,
        group: item.group.as_deref(),
        min_age: item.min_age,
    })
}

pub(crate) fn refuse_item(item: &Item) -> Result<(), PublishError> {
    check_item(item).map_err(|bad| PublishError::Refused(format!("item {}, {bad}", item.code)))
}

pub(crate) fn refuse_rule(rule: &BarcodeRule) -> Result<(), PublishError> {
    let kind = match rule.kind {
        BarcodeKind::Weight => LabelKind::Weight,
        BarcodeKind::Price => LabelKind::Price,
        BarcodeKind::Pieces => LabelKind::Pieces,
        BarcodeKind::Coupon => LabelKind::Coupon,
        BarcodeKind::Card => LabelKind::Card,
    };
    InStoreRule::new(&rule.prefix, rule.length, rule.item, rule.value, rule.decimals, kind)
        .map(|_| ())
        .map_err(|bad| PublishError::Refused(format!("barcode rule {}: {bad}", rule_key(&rule.prefix, rule.length))))
}

/// The key of a rule in its dataset.
pub(crate) fn rule_key(prefix: &str, length: usize) -> String {
    format!("{prefix}/{length}")
}

pub(crate) fn refuse_operator(operator: &NewOperator) -> Result<(), PublishError> {
    let number = &operator.number.0;
    let plain = |text: &str, chars_max: usize| {
        !text.is_empty()
            && text.trim() == text
            && !text.chars().any(char::is_control)
            && text.chars().count() <= chars_max
    };
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
    match &operator.pin {
        Some(pin) if !plain(pin, PIN_CHARS_MAX) => refuse("PIN", PIN_CHARS_MAX),
        _ => Ok(()),
    }
}
