//! The label that a scale prints, as a picture: 58 by 80 mm of SVG, in the words that scales sold here have in them.
//!
//! Every line is set in a font whose letters are all of one width, so what fits is counted and not measured. The bars are
//! EAN-13 of the nominal size with their quiet zones, so that a scanner reads them off paper or a screen.
//!
//! Must never: carry a script, a link, or a letter of the article that is not escaped.

use barcoders::sym::ean13::EAN13;
use chrono::{Days, NaiveDate};
use domain::barcode::expected_check_digit;
use domain::quantity::Quantity;
use domain::rounding::line_amount;

use super::item::PREFIX_MAX;
pub use super::text::wrap;
use super::{BarcodeValue, ItemUnit, ScaleItem};

const WIDTH_MM: f64 = 58.0;
const HEIGHT_MM: f64 = 80.0;
const MARGIN_MM: f64 = 2.0;

/// A line is so many times as high as its letters.
const LINE_HEIGHT: f64 = 1.15;
/// A letter takes six tenths of its height: so many fill a line between the margins.
const WORDS_MM: f64 = 2.4;
const WORDS_COLUMNS: usize = 37;
const NAME_MM: f64 = 3.1;
const NAME_COLUMNS: usize = 28;
const NAME_LINES_MAX: usize = 4;
const FIGURES_MM: f64 = 3.5;
const TEXT_MM: f64 = 1.75;
const TEXT_COLUMNS: usize = 50;

const DAY: &str = "%d.%m.%Y";

/// What a barcode has room for.
const DIGITS: usize = 13;
const CODE_MAX: u32 = 99_999;
const VALUE_MAX: i64 = 99_999;
/// Prices in minor units at which the sum of a gram may have room there.
const PRICES: std::ops::Range<i64> = 0..(VALUE_MAX + 1) * Quantity::ONE.thousandths();

/// The narrowest bar of the nominal size; other lengths of a barcode are counted in it.
const MODULE_MM: f64 = 0.33;
const QUIET_LEFT_MODULES: usize = 11;
const QUIET_RIGHT_MODULES: usize = 7;
const BARS_HEIGHT_MODULES: usize = 50;
/// So much longer are the bars that the digits stand between.
const GUARD_MODULES: usize = 5;
/// Where they begin and end.
const GUARDS: [(usize, usize); 3] = [(0, 3), (45, 50), (92, 95)];
const BARS_MODULES: usize = 95;
const DIGIT_MODULES: usize = 7;
const DIGIT_HEIGHT_MODULES: usize = 9;
const BARS_TOP_MM: f64 = HEIGHT_MM - MARGIN_MM - (BARS_HEIGHT_MODULES + DIGIT_HEIGHT_MODULES) as f64 * MODULE_MM;

/// What a label says.
#[derive(Clone, Copy, Debug)]
pub struct PrintedLabel<'a> {
    pub item: &'a ScaleItem,
    /// Kilograms net or pieces.
    pub quantity: Quantity,
    pub packed_on: NaiveDate,
    /// Thirteen digits, see [`barcode`]; others are printed without bars.
    pub barcode: &'a str,
    pub shop: &'a str,
}

/// `PP CCCCC VVVVV K`: prefix, goods code, the amount or the sum of money, check digit. Nothing if one of them is zero or has
/// more digits than there are.
pub fn barcode(item: &ScaleItem, quantity: Quantity, value: BarcodeValue) -> Option<String> {
    let amount = match item.unit {
        ItemUnit::Weight => quantity.thousandths(),
        ItemUnit::Piece if quantity.is_whole() => quantity.thousandths() / Quantity::ONE.thousandths(),
        ItemUnit::Piece => return None,
    };
    let value = match value {
        BarcodeValue::Amount => amount,
        BarcodeValue::Sum if (1..=VALUE_MAX).contains(&amount) && PRICES.contains(&item.price.minor()) => {
            line_amount(item.price, quantity).minor()
        }
        BarcodeValue::Sum => return None,
    };
    if item.barcode_prefix > PREFIX_MAX || item.code > CODE_MAX || !(1..=VALUE_MAX).contains(&value) {
        return None;
    }
    let mut digits = format!("{:02}{:05}{value:05}0", item.barcode_prefix, item.code);
    let check = expected_check_digit(&digits)?;
    digits.pop();
    digits.push(check);
    Some(digits)
}

/// The last day on which what was packed on this one may be sold; nothing if the article names no time.
pub fn sell_by(item: &ScaleItem, packed_on: NaiveDate) -> Option<NaiveDate> {
    packed_on.checked_add_days(Days::new(item.shelf_life_days.into())).filter(|_| item.shelf_life_days > 0)
}

/// The label as a picture that stands for itself. The quantity is one that its barcode has room for; of a text, what the
/// label has room for is printed.
pub fn svg(label: &PrintedLabel<'_>) -> String {
    let PrintedLabel { item, quantity, packed_on, .. } = *label;
    let mut page = Page { out: String::new(), y_mm: MARGIN_MM };
    for line in wrap(label.shop, WORDS_COLUMNS, 1) {
        page.line(WORDS_MM, &[(Column::Middle, &line)]);
    }
    for line in wrap(&item.name, NAME_COLUMNS, NAME_LINES_MAX) {
        page.line(NAME_MM, &[(Column::Left, &line)]);
    }
    let (price_of, amount_of, amount) = match item.unit {
        ItemUnit::Weight => ("Цена за кг", "Масса, кг", format!("{:.3}", quantity.to_decimal())),
        ItemUnit::Piece => ("Цена за шт.", "Кол-во, шт.", quantity.to_string()),
    };
    let (price, sum) = (item.price.to_string(), line_amount(item.price, quantity).to_string());
    page.line(WORDS_MM, &[(Column::Left, price_of), (Column::Middle, amount_of), (Column::Right, "Сумма")]);
    page.line(FIGURES_MM, &[(Column::Left, &price), (Column::Middle, &amount), (Column::Right, &sum)]);
    let packed = format!("Упаковано {}", packed_on.format(DAY));
    page.line(WORDS_MM, &[(Column::Left, &packed), (Column::Right, &format!("PLU {}", item.plu))]);
    if let Some(day) = sell_by(item, packed_on) {
        page.line(WORDS_MM, &[(Column::Left, &format!("Годен до {}", day.format(DAY)))]);
    }
    for line in wrap(&item.text, TEXT_COLUMNS, page.room(TEXT_MM)) {
        page.line(TEXT_MM, &[(Column::Left, &line)]);
    }
    page.bars(label.barcode);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH_MM}mm\" height=\"{HEIGHT_MM}mm\" \
         viewBox=\"0 0 {WIDTH_MM} {HEIGHT_MM}\" font-family=\"DejaVu Sans Mono, Liberation Mono, monospace\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
        page.out
    )
}

/// Where in its line a text stands.
#[derive(Clone, Copy)]
enum Column {
    Left,
    Middle,
    Right,
}

struct Page {
    out: String,
    /// Where the next line begins.
    y_mm: f64,
}

impl Page {
    fn line(&mut self, letters_mm: f64, texts: &[(Column, &str)]) {
        for (column, text) in texts {
            let (x_mm, anchor) = match column {
                Column::Left => (MARGIN_MM, "start"),
                Column::Middle => (WIDTH_MM / 2.0, "middle"),
                Column::Right => (WIDTH_MM - MARGIN_MM, "end"),
            };
            let baseline_mm = self.y_mm + letters_mm;
            self.out.push_str(&format!(
                "<text x=\"{x_mm}\" y=\"{baseline_mm:.2}\" font-size=\"{letters_mm}\" text-anchor=\"{anchor}\">{}</text>\n",
                escaped(text)
            ));
        }
        self.y_mm += letters_mm * LINE_HEIGHT;
    }

    /// Lines of such letters that there is room for above the bars.
    fn room(&self, letters_mm: f64) -> usize {
        // Not below zero, and a fraction of a line is none.
        ((BARS_TOP_MM - self.y_mm) / (letters_mm * LINE_HEIGHT)) as usize
    }

    /// The bars of thirteen digits, and the digits below them.
    fn bars(&mut self, digits: &str) {
        let Some(bars) = bars(digits) else { return };
        let modules = QUIET_LEFT_MODULES + BARS_MODULES + QUIET_RIGHT_MODULES;
        let left_mm = (WIDTH_MM - modules as f64 * MODULE_MM) / 2.0;
        self.out.push_str(&format!("<g transform=\"translate({left_mm:.2} {BARS_TOP_MM:.2})\">\n{bars}</g>\n"));
    }
}

/// The bars of thirteen digits of the nominal size with their quiet zones, and the digits below them: an element with its
/// corner at 0, in millimetres. Nothing for other texts.
pub fn bars(digits: &str) -> Option<String> {
    let modules = EAN13::new(digits).ok().filter(|_| digits.len() == DIGITS)?.encode();
    let mut out = String::new();
    let (mut path, mut at) = (String::new(), 0);
    for run in modules.chunk_by(|a, b| a == b) {
        if run[0] == 1 {
            let is_guard = GUARDS.iter().any(|(from, to)| (*from..*to).contains(&at));
            let height = BARS_HEIGHT_MODULES + if is_guard { GUARD_MODULES } else { 0 };
            path.push_str(&format!("M{} 0h{width}v{height}h-{width}z", QUIET_LEFT_MODULES + at, width = run.len()));
        }
        at += run.len();
    }
    out.push_str(&format!(
        "<g transform=\"scale({MODULE_MM})\" font-size=\"{DIGIT_HEIGHT_MODULES}\" text-anchor=\"middle\">\n\
         <path shape-rendering=\"crispEdges\" d=\"{path}\"/>\n",
    ));
    for (place, digit) in digits.chars().enumerate() {
        // The first one stands before the bars, the others below two halves of six.
        let middle = match place {
            0 => QUIET_LEFT_MODULES / 2,
            1..=6 => QUIET_LEFT_MODULES + GUARDS[0].1 + (place - 1) * DIGIT_MODULES + DIGIT_MODULES / 2,
            _ => QUIET_LEFT_MODULES + GUARDS[1].1 + (place - 7) * DIGIT_MODULES + DIGIT_MODULES / 2,
        };
        let baseline = BARS_HEIGHT_MODULES + DIGIT_HEIGHT_MODULES - 1;
        out.push_str(&format!("<text x=\"{middle}\" y=\"{baseline}\">{digit}</text>\n"));
    }
    out.push_str("</g>\n");
    Some(out)
}

/// A text inside an element. What XML has no place for becomes a space.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}') => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
