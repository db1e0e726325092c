//! The picture of a label: what stands on it, and that no article can break it.

use chrono::NaiveDate;
use devices::label_scale::picture::{PrintedLabel, barcode, svg};
use devices::label_scale::{BarcodeValue, ItemUnit, ScaleItem};
use domain::money::Money;
use domain::quantity::Quantity;
use proptest::prelude::*;

fn cheese() -> ScaleItem {
    ScaleItem {
        plu: 5,
        code: 123,
        name: "Сыр Российский 50% <фасованный>".into(),
        price: Money::from_minor(49_990),
        shelf_life_days: 30,
        text: "Состав: молоко & соль".into(),
        barcode_prefix: 22,
        ..ScaleItem::default()
    }
}

fn draw(item: &ScaleItem, quantity: &str) -> String {
    let quantity = quantity.parse().expect("a quantity");
    let packed_on = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a day");
    let digits = barcode(item, quantity, BarcodeValue::Amount).unwrap_or_default();
    svg(&PrintedLabel { item, quantity, packed_on, barcode: &digits, shop: "Магазин № 5" })
}

/// The texts of a picture in their order; true: it has bars.
fn texts(svg: &str) -> (Vec<String>, bool) {
    let texts = svg.lines().filter_map(|line| line.strip_prefix("<text ")?.strip_suffix("</text>")?.split_once('>'));
    (texts.map(|(_, text)| text.to_owned()).collect(), svg.contains("<path"))
}

#[test]
fn the_barcode_is_made_of_prefix_code_and_value_or_not_at_all() {
    let made = |item: &ScaleItem, thousandths, value| barcode(item, Quantity::from_thousandths(thousandths), value);
    let priced = |minor| ScaleItem { price: Money::from_minor(minor), ..cheese() };
    let piece = ScaleItem { unit: ItemUnit::Piece, barcode_prefix: 23, ..cheese() };
    for (item, thousandths, digits) in [
        (&cheese(), 535, Some("2200123005359")),
        (&cheese(), 99_999, Some("2200123999993")),
        (&cheese(), 100_000, None),
        (&cheese(), 0, None),
        (&cheese(), -5, None),
        (&cheese(), i64::MAX, None),
        (&piece, 2_000, Some("2300123000023")),
        (&piece, 99_999_000, Some("2300123999990")),
        (&piece, 2_500, None),
        (&piece, 100_000_000, None),
        (&ScaleItem { barcode_prefix: 100, ..cheese() }, 535, None),
        (&ScaleItem { code: 100_000, ..cheese() }, 535, None),
    ] {
        assert_eq!(made(item, thousandths, BarcodeValue::Amount).as_deref(), digits, "{item:?} {thousandths}");
    }
    for (item, thousandths, digits) in [
        // 267.4465
        (&cheese(), 535, Some("2200123267450")),
        (&cheese(), 2_000, Some("2200123999801")),
        (&cheese(), 2_001, None),
        (&cheese(), 0, None),
        (&cheese(), i64::MAX, None),
        (&piece, 1_000, Some("2300123499902")),
        (&piece, 1_500, None),
        (&priced(i64::MAX), 1, None),
        (&priced(99_999_000), 1, Some("2200123999993")),
        (&priced(1), 1, None),
        (&priced(0), 1_000, None),
        (&priced(-100), 1_000, None),
    ] {
        assert_eq!(made(item, thousandths, BarcodeValue::Sum).as_deref(), digits, "{item:?} {thousandths}");
    }
}

#[test]
fn a_label_says_what_a_buyer_and_a_till_want_to_know() {
    let digits = ["2", "2", "0", "0", "1", "2", "3", "0", "0", "5", "3", "5", "9"];
    let said = [
        "Магазин № 5",
        "Сыр Российский 50%",
        "&lt;фасованный&gt;",
        "Цена за кг",
        "Масса, кг",
        "Сумма",
        "499.90",
        "0.535",
        // 267.4465
        "267.45",
        "Упаковано 27.11.2026",
        "PLU 5",
        "Годен до 27.12.2026",
        "Состав: молоко &amp; соль",
    ];
    assert_eq!(
        texts(&draw(&cheese(), "0.535")),
        ([&said[..], &digits].concat().iter().map(|t| t.to_string()).collect(), true)
    );

    let piece = ScaleItem { unit: ItemUnit::Piece, shelf_life_days: 0, text: String::new(), ..cheese() };
    let (said, _) = texts(&draw(&piece, "3"));
    assert_eq!(
        said[3..11],
        ["Цена за шт.", "Кол-во, шт.", "Сумма", "499.90", "3", "1499.70", "Упаковано 27.11.2026", "PLU 5"]
    );
    assert_eq!(said.len(), 11 + digits.len());

    let (said, has_bars) = texts(&draw(&ScaleItem { code: 100_000, ..cheese() }, "0.535"));
    assert!(!has_bars && said.last().is_some_and(|last| last.starts_with("Состав")));
}

proptest! {
    /// However long, and whatever stands in it: the lines stay on the label and above the bars.
    #[test]
    fn no_article_breaks_the_picture(name in any::<String>(), text in ".{0,2000}", shop in any::<String>()) {
        let item = ScaleItem { name, text, ..cheese() };
        let packed_on = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a day");
        let label = PrintedLabel { item: &item, quantity: Quantity::ONE, packed_on, barcode: "2200123010001", shop: &shop };
        let svg = svg(&label);
        let y_mm = |line: &str| line.split(" y=\"").nth(1)?.split('"').next()?.parse::<f64>().ok();
        for line in svg.lines() {
            let (open, close) = (line.matches('<').count(), line.matches('>').count());
            prop_assert!(open == close && open <= 2, "{}", line);
            prop_assert!(!line.starts_with("<text x=\"2\"") || y_mm(line).is_some_and(|y_mm| y_mm <= 58.53), "{}", line);
        }
        let is_clean = |letter: char| letter == '\n' || !letter.is_control() && !matches!(letter, '\u{FFFE}' | '\u{FFFF}');
        prop_assert!(svg.chars().all(is_clean));
    }
}
