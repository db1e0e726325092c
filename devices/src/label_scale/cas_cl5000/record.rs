//! Articles of CAS CL5000 scales as bytes, pure. Numbers are little-endian.

use domain::money::Money;
use domain::quantity::Quantity;

use crate::label_scale::text::{put_spaced, spaced, unwrap, wrap};
use crate::label_scale::{ItemUnit, ScaleItem};
use crate::text::{printed, put_printed};

pub const NAME_LINE_BYTES: usize = 40;
pub const NAME_LINES: usize = 2;
/// A third line that is never used.
const NAME_REST_BYTES: usize = 5;
/// Without the message.
pub const ARTICLE_BYTES: usize = 147;
pub const TEXT_BYTES_MAX: usize = 300;
/// The scale has departments; everything is written into this one.
pub const DEPARTMENT: u16 = 1;
const WEIGHT: u8 = 1;
const PIECE: u8 = 2;

/// Append an article, which must fit the scale.
pub fn put_article(item: &ScaleItem, out: &mut Vec<u8>) {
    let begin = out.len();
    let mut field = |at: usize, bytes: &[u8]| {
        out.resize(begin + at, 0);
        out.extend_from_slice(bytes);
    };
    let lines = wrap(&item.name, NAME_LINE_BYTES, NAME_LINES);
    let mut name = Vec::new();
    for line in 0..NAME_LINES {
        put_spaced(lines.get(line).map_or("", String::as_str), NAME_LINE_BYTES, &mut name);
    }
    put_spaced("", NAME_REST_BYTES, &mut name);
    let sell_by = if item.shelf_life_days == 0 { 0 } else { u32::from(item.shelf_life_days) + 1 };
    field(0, &article_number(item.plu));
    field(6, &[if item.unit == ItemUnit::Piece { PIECE } else { WEIGHT }]);
    field(7, &name);
    field(92, &item.group.to_le_bytes());
    field(94, &u16::from(item.label).to_le_bytes());
    field(105, &item.code.to_le_bytes());
    field(113, &(item.price.minor() as u32).to_le_bytes());
    field(121, &(item.tare.thousandths() as u32).to_le_bytes());
    field(135, &sell_by.to_le_bytes());
    field(ARTICLE_BYTES, &[]);
    if !item.text.is_empty() {
        put_printed(&item.text, TEXT_BYTES_MAX, out);
        out.push(0);
    }
}

/// Department and PLU, by which an article is deleted.
pub fn article_number(plu: u32) -> [u8; 6] {
    let [p0, p1, p2, p3] = plu.to_le_bytes();
    let [d0, d1] = DEPARTMENT.to_le_bytes();
    [d0, d1, p0, p1, p2, p3]
}

pub fn article(bytes: &[u8]) -> Option<ScaleItem> {
    let (record, text) = bytes.split_first_chunk::<ARTICLE_BYTES>()?;
    let number = |at: usize| u16::from_le_bytes([record[at], record[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    Some(ScaleItem {
        plu: long(2),
        code: long(105),
        name: unwrap(record[7..87].chunks(NAME_LINE_BYTES).map(spaced), NAME_LINE_BYTES),
        price: Money::from_minor(i64::from(long(113))),
        unit: if record[6] == PIECE { ItemUnit::Piece } else { ItemUnit::Weight },
        group: number(92),
        tare: Quantity::from_thousandths(i64::from(long(121))),
        shelf_life_days: u16::try_from(long(135).saturating_sub(1)).unwrap_or(u16::MAX),
        text: printed(text),
        label: u8::try_from(number(94)).unwrap_or(u8::MAX),
        barcode_prefix: 0,
    })
}
