//! Barcodes against the vectors of the standards and labels of real shops.

use chrono::NaiveDate;

use super::elements::Elements;
use super::in_store::{BadRule, InStoreRule, InStoreRules, Label, LabelKind, WrongCheckDigit};
use super::*;
use crate::money::Money;
use crate::quantity::Quantity;

fn gtin(digits: &str) -> Reading {
    Reading::Gtin(digits.to_owned())
}

#[test]
fn check_digits_of_the_standard() {
    for (payload, digit) in [
        ("460123456789", '3'),
        ("4601234", '0'),
        ("1460123456789", '0'),
        ("220012300535", '9'),
        ("34601234500000001", '3'),
        ("220012301250", '0'),
    ] {
        assert_eq!(check_digit(payload), digit, "{payload}");
    }
    assert_eq!(expected_check_digit(""), None);
    assert_eq!(expected_check_digit("7"), None);
    assert_eq!(expected_check_digit("46O1234567893"), None);
}

#[test]
fn a_scan_is_read_by_its_form() {
    for (raw, reading) in [
        ("]E04601234567893", gtin("4601234567893")),
        ("4601234567893\r\n", gtin("4601234567893")),
        ("]E446012340", gtin("46012340")),
        ("]I114601234567890", gtin("14601234567890")),
        ("]E3460123456789312", gtin("4601234567893")),
        ("]E3460123456789312345", gtin("4601234567893")),
        ("048519059669", gtin("0048519059669")),
        ("0048519059669", gtin("0048519059669")),
        ("00048519059669", gtin("0048519059669")),
        ("03521810", gtin("0035100002180")),
        ("05240113", gtin("0052100004013")),
        ("00000046012340", gtin("46012340")),
        ("4601234567890", Reading::BadCheckDigit { expected: '3' }),
        ("]E04601234567890", Reading::BadCheckDigit { expected: '3' }),
        ("2200123012501", Reading::BadCheckDigit { expected: '0' }),
        ("]C04601234567890", Reading::Text),
        ("]A0STAFF-12", Reading::Text),
        ("MILK", Reading::Text),
        ("123", Reading::Text),
        ("молоко", Reading::Text),
        ("]", Reading::Text),
        ("", Reading::Text),
    ] {
        assert_eq!(Scanned::parse(raw).reading, reading, "{raw}");
    }
    assert_eq!(Scanned::parse("]A0STAFF-12\r").text, "STAFF-12");
}

fn elements(raw: &str) -> Elements {
    match Scanned::parse(raw).reading {
        Reading::Elements(elements) => elements,
        other => panic!("{raw} is {other:?}"),
    }
}

#[test]
fn element_strings_of_the_standard() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap();
    let weighed = elements("]C101946012345678963103000535112611201726122510L42");
    assert_eq!(weighed.gtin(), Some("94601234567896"));
    assert_eq!(weighed.net_weight(), Some(Quantity::from_thousandths(535)));
    assert_eq!(weighed.date("11", today), NaiveDate::from_ymd_opt(2026, 11, 20));
    assert_eq!(weighed.date("17", today), NaiveDate::from_ymd_opt(2026, 12, 25));
    assert_eq!(weighed.get("10"), Some("L42"));
    assert_eq!(weighed.unread, None);

    let priced = elements("]C101946012345678963103000535392226697\u{1d}10L42");
    assert_eq!(priced.price(), Some(Money::from_minor(26697)));
    assert_eq!(priced.get("10"), Some("L42"));

    assert_eq!(elements("]C100346012345000000013").get("00"), Some("346012345000000013"));

    let marked = elements("0104601234567893215jcmHzLmkdPML\u{1d}938p9E\r");
    assert_eq!(marked.get("21"), Some("5jcmHzLmkdPML"));
    assert_eq!(marked.get("93"), Some("8p9E"));

    let signature = "a".repeat(44);
    let long = elements(&format!("]d20104601234567893215jcmHzLmkdPML\u{1d}91EE06\u{1d}92{signature}"));
    assert_eq!((long.get("91"), long.get("92")), (Some("EE06"), Some(signature.as_str())));

    assert_eq!(elements("]d20104601234567893217abcDEF\u{1d}8005120000\u{1d}93dGVz").get("8005"), Some("120000"));
}

#[test]
fn reading_stops_at_what_is_not_known() {
    let unknown = elements("]C10194601234567896703012345");
    assert_eq!(unknown.gtin(), Some("94601234567896"));
    assert_eq!(unknown.unread.as_deref(), Some("703012345"));
    assert_eq!(elements("]C10146012").unread.as_deref(), Some("0146012"));
    assert_eq!(elements("]C10194601234567896310X000535").unread.as_deref(), Some("310X000535"));
    assert_eq!(elements("]d2молоко").unread.as_deref(), Some("молоко"));
}

#[test]
fn two_digits_of_a_year_are_the_nearest_year() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap();
    for (value, date) in [
        ("260200", NaiveDate::from_ymd_opt(2026, 2, 28)),
        ("760101", NaiveDate::from_ymd_opt(2076, 1, 1)),
        ("770101", NaiveDate::from_ymd_opt(1977, 1, 1)),
        ("261301", None),
    ] {
        assert_eq!(Elements::parse(&format!("17{value}")).date("17", today), date, "{value}");
    }
}

fn rule(
    prefix: &str,
    length: usize,
    item: [usize; 2],
    value: [usize; 2],
    decimals: u32,
    kind: LabelKind,
) -> InStoreRule {
    InStoreRule::new(prefix, length, item, value, decimals, kind).unwrap()
}

#[test]
fn labels_are_read_by_the_most_specific_rule() {
    let rules = InStoreRules::new(vec![
        rule("2", 13, [1, 6], [7, 5], 0, LabelKind::Pieces),
        rule("22", 13, [2, 5], [7, 5], 3, LabelKind::Weight),
        rule("24", 13, [2, 5], [7, 5], 2, LabelKind::Price),
        rule("02", 13, [2, 5], [7, 5], 2, LabelKind::Price),
        rule("2", 8, [1, 6], [0, 0], 0, LabelKind::Pieces),
        rule("23", 21, [0, 0], [2, 19], 0, LabelKind::Coupon),
        rule("29", 13, [0, 0], [0, 13], 0, LabelKind::Card),
    ]);
    let item = |number: &str| number.to_owned();
    let weight =
        |number, thousandths| Label::Weight { item: item(number), quantity: Quantity::from_thousandths(thousandths) };
    let price = |number, minor| Label::Price { item: item(number), amount: Money::from_minor(minor) };
    for (text, label) in [
        ("2200123012500", Some(Ok(weight("00123", 1250)))),
        ("2200123005359", Some(Ok(weight("00123", 535)))),
        ("2200123012501", Some(Err(WrongCheckDigit { expected: '0' }))),
        ("2400456356122", Some(Ok(price("00456", 35612)))),
        ("0200456356120", Some(Ok(price("00456", 35612)))),
        ("200456356120", Some(Ok(price("00456", 35612)))),
        (
            "2500123000126",
            Some(Ok(Label::Pieces { item: item("500123"), quantity: Quantity::from_thousandths(12_000) })),
        ),
        ("21234569", Some(Ok(Label::Pieces { item: item("123456"), quantity: Quantity::ONE }))),
        (
            "231234567890123456789",
            Some(Ok(Label::Number { kind: LabelKind::Coupon, number: item("1234567890123456789") })),
        ),
        ("2900000000018", Some(Ok(Label::Number { kind: LabelKind::Card, number: item("2900000000018") }))),
        ("4601234567893", None),
        ("22001230125", None),
    ] {
        assert_eq!(rules.read(text), label, "{text}");
    }
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    let refused = |prefix, length, item, value, decimals, kind| {
        InStoreRule::new(prefix, length, item, value, decimals, kind).map_err(|bad: BadRule| bad.to_string()).err()
    };
    for (refusal, sentence) in [
        (refused("", 13, [2, 5], [7, 5], 3, LabelKind::Weight), "the prefix \"\" must be digits, at least one"),
        (
            refused("22", 49, [2, 5], [7, 5], 3, LabelKind::Weight),
            "a label of 49 characters is not possible: longer than the prefix and at most 48 are expected",
        ),
        (
            refused("22", 13, [2, 5], [8, 5], 3, LabelKind::Weight),
            "the value must lie between the prefix and the check digit, at positions 2 to 11",
        ),
        (
            refused("22", 13, [1, 5], [7, 5], 3, LabelKind::Weight),
            "the item must lie between the prefix and the check digit, at positions 2 to 11",
        ),
        (refused("22", 13, [2, 6], [7, 5], 3, LabelKind::Weight), "the item and the value share a digit"),
        (refused("22", 13, [2, 0], [7, 5], 3, LabelKind::Weight), "the item must have 1 to 14 digits, not 0"),
        (refused("22", 13, [2, 5], [7, 0], 3, LabelKind::Weight), "the value must have 1 to 9 digits, not 0"),
        (refused("24", 13, [2, 5], [7, 5], 3, LabelKind::Price), "3 decimals are too many: at most 2 are expected"),
        (
            refused("29", 13, [0, 0], [0, 0], 0, LabelKind::Card),
            "a coupon or a card must have a number of at least one character",
        ),
    ] {
        assert_eq!(refusal.as_deref(), Some(sentence));
    }
}
