//! A sheet of price labels as a picture: A4, three columns of eight, to be printed and cut along the lines.

use chrono::NaiveDate;
use devices::label_scale::picture;
use messages::v1::catalogue::{Item, Unit};

const PAGE_MM: (f64, f64) = (210.0, 297.0);
const COLUMNS: usize = 3;
const ROWS: usize = 8;
const MARGIN_MM: f64 = 8.0;
const LABEL_WIDTH_MM: f64 = (PAGE_MM.0 - 2.0 * MARGIN_MM) / COLUMNS as f64;
const LABEL_HEIGHT_MM: f64 = (PAGE_MM.1 - 2.0 * MARGIN_MM) / ROWS as f64;
const INSIDE_MM: f64 = 2.5;
/// Letters of a line of the name, and lines.
const NAME_COLUMNS: usize = 34;
const NAME_LINES_MAX: usize = 2;

/// Draw up to a sheet of labels.
pub(super) fn draw(items: &[Item], printed_on: NaiveDate) -> String {
    let labels: String =
        items.iter().take(COLUMNS * ROWS).enumerate().map(|(index, item)| label(index, item, printed_on)).collect();
    let (width, height) = PAGE_MM;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"DejaVu Sans, Liberation Sans, sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{labels}</svg>\n"
    )
}

fn label(index: usize, item: &Item, printed_on: NaiveDate) -> String {
    let (x, y) =
        (MARGIN_MM + (index % COLUMNS) as f64 * LABEL_WIDTH_MM, MARGIN_MM + (index / COLUMNS) as f64 * LABEL_HEIGHT_MM);
    let mut out = format!(
        "<g transform=\"translate({x:.2} {y:.2})\">\n<rect width=\"{LABEL_WIDTH_MM:.2}\" height=\"{LABEL_HEIGHT_MM:.2}\" \
         fill=\"none\" stroke=\"#999\" stroke-width=\"0.1\" stroke-dasharray=\"1 1\"/>\n"
    );
    for (line, text) in picture::wrap(&item.name, NAME_COLUMNS, NAME_LINES_MAX).iter().enumerate() {
        let y = INSIDE_MM + 3.0 + line as f64 * 3.8;
        out += &text_at(INSIDE_MM, y, 3.2, "start", text);
    }
    let unit = if item.unit == Unit::Kilogram { "за кг" } else { "за шт." };
    out += &text_at(LABEL_WIDTH_MM - INSIDE_MM, 17.3, 8.0, "end", &item.price.to_string());
    out += &text_at(LABEL_WIDTH_MM - INSIDE_MM, 21.5, 2.8, "end", unit);
    let bars = item.barcodes.iter().find_map(|barcode| picture::bars(barcode));
    if let Some(bars) = bars {
        out += &format!("<g transform=\"translate({INSIDE_MM} 18.5) scale(0.8)\">{bars}</g>\n");
    }
    let foot = format!("{}  {}", item.code, printed_on.format("%d.%m.%Y"));
    out += &text_at(LABEL_WIDTH_MM - INSIDE_MM, LABEL_HEIGHT_MM - 1.8, 2.2, "end", &foot);
    out + "</g>\n"
}

fn text_at(x: f64, y: f64, size: f64, anchor: &str, text: &str) -> String {
    let text = picture::escaped(text);
    format!("<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{text}</text>\n")
}
