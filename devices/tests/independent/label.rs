//! Labels of scales, drawn by librsvg at the resolution of a label printer and read by ZBar.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::NaiveDate;
use devices::label_scale::picture::{PrintedLabel, barcode, svg};
use devices::label_scale::{BarcodeValue, ItemUnit, ScaleItem};
use domain::money::Money;
use domain::quantity::Quantity;

/// 203 dots an inch are eight a millimetre, as label printers have.
const DOTS_PER_INCH: &str = "203";

/// The image of a picture, in this folder.
fn draw(svg: &str, folder: &Path) -> PathBuf {
    let (picture, image) = (folder.join("label.svg"), folder.join("label.png"));
    std::fs::write(&picture, svg).expect("a file");
    let mut command = Command::new("rsvg-convert");
    command.args(["--dpi-x", DOTS_PER_INCH, "--dpi-y", DOTS_PER_INCH, "--output"]).arg(&image).arg(&picture);
    let output = command.stdin(Stdio::null()).output().expect("rsvg-convert is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    image
}

/// Every code on an image, a line each with its kind before it.
pub(crate) fn scan(image: &Path) -> String {
    let output = Command::new("zbarimg").arg("--quiet").arg(image).stdin(Stdio::null()).output();
    String::from_utf8(output.expect("zbarimg is installed").stdout).expect("a code is text").trim().to_owned()
}

#[test]
#[ignore = "needs rsvg-convert of librsvg2-bin and zbarimg of zbar-tools"]
fn the_bars_of_a_label_are_read_as_its_digits() {
    use BarcodeValue::{Amount, Sum};
    let packed_on = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a day");
    let folder = tempfile::tempdir().expect("a folder");
    let long = "Состав: молоко <нормализованное>, соль & закваска. ".repeat(30);
    let cases = [
        (22, 123, ItemUnit::Weight, Amount, "0.005", "2200123000057"),
        (22, 123, ItemUnit::Weight, Amount, "0.535", "2200123005359"),
        (20, 1, ItemUnit::Weight, Amount, "1.250", "2000001012505"),
        (22, 99_999, ItemUnit::Weight, Amount, "12.345", "2299999123458"),
        (29, 10_003, ItemUnit::Weight, Amount, "99.999", "2910003999998"),
        (23, 45_678, ItemUnit::Piece, Amount, "1", "2345678000012"),
        (23, 45_678, ItemUnit::Piece, Amount, "144", "2345678001446"),
        (0, 0, ItemUnit::Piece, Amount, "99999", "0000000999991"),
        // 266.965
        (22, 123, ItemUnit::Weight, Sum, "0.535", "2200123266972"),
        (23, 45_678, ItemUnit::Piece, Sum, "1", "2345678499007"),
    ];
    for (number, (barcode_prefix, code, unit, value, quantity, digits)) in cases.into_iter().enumerate() {
        let item = ScaleItem {
            plu: 7,
            code,
            unit,
            barcode_prefix,
            name: "Сыр \"Российский\" 50% & <фасованный>".repeat(1 + number % 3),
            price: Money::from_minor(49_900),
            shelf_life_days: 30 * (number % 2) as u16,
            text: long[..long.char_indices().nth(200 * number % 1500).expect("it is long").0].to_owned(),
            ..ScaleItem::default()
        };
        let quantity: Quantity = quantity.parse().expect("a quantity");
        let printed = barcode(&item, quantity, value).expect("it fits");
        let label = PrintedLabel { item: &item, quantity, packed_on, barcode: &printed, shop: "Магазин № 5" };
        let image = draw(&svg(&label), folder.path());
        assert_eq!((printed.as_str(), scan(&image)), (digits, format!("EAN-13:{digits}")), "{number}");
    }
}
