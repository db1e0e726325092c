//! Articles, texts and the state of a Shtrih-Print scale as bytes, pure. Numbers are little-endian.

use chrono::{NaiveDate, NaiveDateTime};
use domain::money::Money;
use domain::quantity::Quantity;

use crate::label_scale::text::{put_spaced, spaced, unwrap, wrap};
use crate::label_scale::{ItemUnit, ScaleItem};

pub const NAME_LINE_BYTES: usize = 28;
pub const NAME_LINES: usize = 2;
pub const TEXT_LINE_BYTES: usize = 50;
/// An article without its PLU.
pub const ARTICLE_BYTES: usize = 80;
/// Of the answer to the question for the state, after the error.
pub const STATE_BYTES: usize = 72;
/// In the byte of the picture: sold by the piece.
const PIECE: u8 = 0x80;
const PRINTER_PAPER: u8 = 1;
pub(crate) const CLEARING: u8 = 0b11;
pub(crate) const CLEAR_FAILED: u8 = 1 << 3;
/// The century of two-digit years.
const CENTURY: i32 = 2000;

/// Append an article; `message` is the number of its text, zero if it has none. It must fit the scale.
pub fn put_article(item: &ScaleItem, message: u16, out: &mut Vec<u8>) {
    out.extend(item.code.to_le_bytes());
    let name = wrap(&item.name, NAME_LINE_BYTES, NAME_LINES);
    for line in 0..NAME_LINES {
        put_spaced(name.get(line).map_or("", String::as_str), NAME_LINE_BYTES, out);
    }
    out.extend((item.price.minor() as u32).to_le_bytes());
    out.extend(item.shelf_life_days.to_le_bytes());
    out.extend((item.tare.thousandths() as u16).to_le_bytes());
    out.extend(item.group.to_le_bytes());
    out.extend(message.to_le_bytes());
    out.push(if item.unit == ItemUnit::Piece { PIECE } else { 0 });
    // No certification code; no fixed date, so that the shelf life counts from packing.
    out.extend(*b"    \0\0\0");
}

/// An article, and the number of its text.
pub fn article(plu: u32, bytes: &[u8]) -> Option<(ScaleItem, u16)> {
    let record: &[u8; ARTICLE_BYTES] = bytes.try_into().ok()?;
    let number = |at: usize| u16::from_le_bytes([record[at], record[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
    let name = record[4..60].chunks(NAME_LINE_BYTES).map(spaced);
    let item = ScaleItem {
        plu,
        code: long(0),
        name: unwrap(name, NAME_LINE_BYTES),
        price: Money::from_minor(i64::from(long(60))),
        unit: if record[72] & PIECE == 0 { ItemUnit::Weight } else { ItemUnit::Piece },
        group: number(68),
        tare: Quantity::from_thousandths(i64::from(number(66))),
        shelf_life_days: number(64),
        text: String::new(),
        label: 0,
        barcode_prefix: 0,
    };
    Some((item, number(70)))
}

/// All lines of a text, so that nothing of an older one is left.
pub fn text_lines(text: &str, lines: usize) -> Vec<[u8; TEXT_LINE_BYTES]> {
    let wrapped = wrap(text, TEXT_LINE_BYTES, lines);
    let line = |number: usize| {
        let mut bytes = Vec::with_capacity(TEXT_LINE_BYTES);
        put_spaced(wrapped.get(number).map_or("", String::as_str), TEXT_LINE_BYTES, &mut bytes);
        bytes.try_into().unwrap_or([b' '; TEXT_LINE_BYTES])
    };
    (0..lines).map(line).collect()
}

pub fn text_of<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> String {
    unwrap(lines.into_iter().map(spaced), TEXT_LINE_BYTES)
}

/// What the driver needs of the state of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Two digits: 45 is version 4.5.
    pub firmware: [u8; 2],
    pub modification: u16,
    pub articles_max: u16,
    pub texts_max: u16,
    pub text_lines: u8,
    /// The most that it weighs.
    pub capacity_kg: u8,
    pub mode: u16,
    pub submode: u8,
    pub clock: Option<NaiveDateTime>,
    pub paper: bool,
}

impl State {
    /// From the answer without command and error.
    pub fn parse(data: &[u8]) -> Option<State> {
        let state: &[u8; STATE_BYTES] = data.get(..STATE_BYTES)?.try_into().ok()?;
        let number = |at: usize| u16::from_le_bytes([state[at], state[at + 1]]);
        Some(State {
            firmware: [state[0], state[1]],
            modification: number(2),
            articles_max: number(7),
            texts_max: number(9),
            text_lines: state[11],
            capacity_kg: state[12],
            mode: number(17),
            submode: state[19],
            clock: clock([state[21], state[22], state[23]], [state[24], state[25], state[26]]),
            paper: state[36] & PRINTER_PAPER != 0,
        })
    }

    pub fn model(&self) -> String {
        let letter = match self.modification {
            1 => " C",
            2 => " M",
            3 => " F",
            _ => "",
        };
        let [major, minor] = self.firmware.map(|digit| char::from(digit.clamp(b' ', b'~')));
        format!("Shtrih-Print{letter} {major}.{minor}")
    }

    /// Keys that can call an article.
    pub fn hot_keys_max(&self) -> u16 {
        match (self.modification, self.firmware) {
            (0, _) => 90,
            (1, firmware) if firmware >= *b"45" => 240,
            (1, _) => 64,
            (2, _) => 80,
            (3, _) => 36,
            _ => 0,
        }
    }
}

/// Day, month and year; hour, minute and second.
fn clock([day, month, year]: [u8; 3], [hour, minute, second]: [u8; 3]) -> Option<NaiveDateTime> {
    NaiveDate::from_ymd_opt(CENTURY + i32::from(year), month.into(), day.into())?.and_hms_opt(
        hour.into(),
        minute.into(),
        second.into(),
    )
}
