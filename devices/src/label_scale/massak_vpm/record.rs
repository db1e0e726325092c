//! The files of Massa-K VPM scales: records one after another, `number(4) length(2) data`, pure. Numbers are little-endian.

use domain::money::Money;
use domain::quantity::Quantity;

use crate::label_scale::text::{unwrap, wrap};
use crate::label_scale::{BarcodeValue, ItemUnit, ScaleItem, ScaleTotal};
use crate::text::{printed, put_printed};

pub const NAME_LINE_BYTES: usize = 28;
pub const NAME_LINES: usize = 4;
pub const TEXT_LINE_BYTES: usize = 50;
pub const TEXT_LINES: usize = 18;
/// Between the length and the name.
const FIXED_BYTES: usize = 37;
/// Number and length.
pub(crate) const HEAD_BYTES: usize = 6;
/// Letters of 12 by 24 dots for the name; the label's own ones for what is set small.
const FONT_NAME: u8 = 5;
const FONT_TEXT: u8 = 1;
const LINE_BREAK: u8 = 0x0C;
const TEXT_END: u8 = 0x0D;
const EMPTY_TEXT: [u8; 3] = [0, 0, TEXT_END];
const PIECE: u8 = 1 << 1;
const MINUTES_IN_DAY: u64 = 24 * 60;
/// Prefix, five digits of the goods code, five of grams or of minor units of money, check digit.
const BARCODE_AMOUNT: &[u8; 26] = b"P2P1N5N4N3N2N1W5W4W3W2W1K1";
const BARCODE_SUM: &[u8; 26] = b"P2P1N5N4N3N2N1C5C4C3C2C1K1";
/// The same in the simple mode.
const SIMPLE_AMOUNT: u8 = 4;
const SIMPLE_SUM: u8 = 2;
/// The barcode format that articles with a label of their own use.
const BARCODE_NUMBER: u8 = 1;
/// Day weight, day count and so on of one article.
const TOTAL_BYTES: usize = 22;

/// Append the record of an article, which must fit the scale.
pub fn put_article(item: &ScaleItem, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend(item.plu.to_le_bytes());
    out.extend([0, 0]);
    out.extend([if item.unit == ItemUnit::Piece { PIECE } else { 0 }, 0]);
    out.extend([item.label, if item.label == 0 { 0 } else { BARCODE_NUMBER }, item.barcode_prefix]);
    out.extend((item.price.minor() as u32).to_le_bytes());
    out.extend((item.tare.thousandths() as u32).to_le_bytes());
    out.extend(item.code.to_le_bytes());
    // No fixed date, so that the shelf life counts from packing.
    out.extend([0; 6]);
    out.extend(&(u64::from(item.shelf_life_days) * MINUTES_IN_DAY).to_le_bytes()[..6]);
    out.extend(b"    ");
    out.extend(item.group.to_le_bytes());
    out.extend([0, 0]);
    put_text(FONT_NAME, &wrap(&item.name, NAME_LINE_BYTES, NAME_LINES), out);
    put_text(FONT_TEXT, &wrap(&item.text, TEXT_LINE_BYTES, TEXT_LINES), out);
    out.extend(EMPTY_TEXT);
    let length = (out.len() - begin - HEAD_BYTES + 1) as u16;
    out[begin + 4..begin + 6].copy_from_slice(&length.to_le_bytes());
    out.push(sum(&out[begin..]));
}

/// The article of one record.
pub fn article(record: &[u8]) -> Option<ScaleItem> {
    let (check, rest) = record.split_last()?;
    let plu = u32::from_le_bytes(*rest.first_chunk()?);
    let (fixed, texts) = rest.get(HEAD_BYTES..)?.split_first_chunk::<FIXED_BYTES>()?;
    let long = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let minutes = u64::from(long(23)) + (u64::from(fixed[27]) << 32) + (u64::from(fixed[28]) << 40);
    let (name, texts) = take_text(texts)?;
    let (text, texts) = take_text(texts)?;
    let (_, rest) = take_text(texts)?;
    let good = sum(&record[..record.len() - 1]) == *check && rest.is_empty() && plu != 0;
    good.then(|| ScaleItem {
        plu,
        code: long(13),
        name: unwrap(name, NAME_LINE_BYTES),
        price: Money::from_minor(i64::from(long(5))),
        unit: if fixed[0] & PIECE == 0 { ItemUnit::Weight } else { ItemUnit::Piece },
        group: u16::from_le_bytes([fixed[33], fixed[34]]),
        tare: Quantity::from_thousandths(i64::from(long(9))),
        shelf_life_days: u16::try_from(minutes / MINUTES_IN_DAY).unwrap_or(u16::MAX),
        text: unwrap(text, TEXT_LINE_BYTES),
        label: fixed[2],
        barcode_prefix: fixed[4],
    })
}

/// The barcode format file, which says where the digits of the barcode come from.
pub fn barcode_file(value: BarcodeValue) -> Vec<u8> {
    let layout = if value == BarcodeValue::Sum { BARCODE_SUM } else { BARCODE_AMOUNT };
    record(BARCODE_NUMBER.into(), layout)
}

/// The file of the simple mode: a label of 30 mm, this prefix, `PP CCCCC VVVVV K`, no advertisement.
pub fn simple_mode_file(prefix: u8, value: BarcodeValue) -> Vec<u8> {
    let layout = if value == BarcodeValue::Sum { SIMPLE_SUM } else { SIMPLE_AMOUNT };
    record(1, &[&[0, 0, 0, prefix, layout][..], &[0; 8], &EMPTY_TEXT].concat())
}

/// What to write where this barcode format file is, empty if there is none; nothing if it may stay.
pub fn barcode_file_instead(there: &[u8], value: BarcodeValue) -> Option<Vec<u8>> {
    let is_ours = there.is_empty() || there == barcode_file(other(value));
    is_ours.then(|| barcode_file(value))
}

/// As [`barcode_file_instead`] for the file of the simple mode. One that is ours keeps its prefix, which a person may have
/// set at the scale.
pub fn simple_mode_file_instead(there: &[u8], prefix: u8, value: BarcodeValue) -> Option<Vec<u8>> {
    let prefix = simple_mode(there).map_or(prefix, |[prefix, _]| prefix);
    let is_ours = there.is_empty() || there == simple_mode_file(prefix, other(value));
    is_ours.then(|| simple_mode_file(prefix, value))
}

/// What the barcodes of articles with a label of their own carry by this file; nothing if they are laid out otherwise.
pub(crate) fn barcode_file_value(file: &[u8]) -> Option<BarcodeValue> {
    let records = records(file)?;
    let layout = records.into_iter().find(|record| number(record) == u32::from(BARCODE_NUMBER))?.get(HEAD_BYTES..)?;
    [(BARCODE_AMOUNT, BarcodeValue::Amount), (BARCODE_SUM, BarcodeValue::Sum)]
        .into_iter()
        .find_map(|(known, value)| (layout == known).then_some(value))
}

/// The same of articles without one, by the file of the simple mode.
pub(crate) fn simple_mode_value(file: &[u8]) -> Option<BarcodeValue> {
    match simple_mode(file)? {
        [_, SIMPLE_AMOUNT] => Some(BarcodeValue::Amount),
        [_, SIMPLE_SUM] => Some(BarcodeValue::Sum),
        _ => None,
    }
}

/// Prefix and layout in a file of the simple mode.
fn simple_mode(file: &[u8]) -> Option<[u8; 2]> {
    file.get(HEAD_BYTES + 3..)?.first_chunk().copied()
}

fn other(value: BarcodeValue) -> BarcodeValue {
    match value {
        BarcodeValue::Amount => BarcodeValue::Sum,
        BarcodeValue::Sum => BarcodeValue::Amount,
    }
}

/// The file of the keys that call articles.
pub fn key_file(keys: &[(u16, u32)]) -> Vec<u8> {
    keys.iter().flat_map(|(key, plu)| record((*key).into(), &[&plu.to_le_bytes()[..], &[0, 0]].concat())).collect()
}

/// A key and the PLU it calls; nothing if it calls something else.
pub fn key(record: &[u8]) -> Option<(u16, u32)> {
    let [k0, k1, _, _, 6, 0, a, b, c, d, 0, _] = *record else { return None };
    Some((u16::from_le_bytes([k0, k1]), u32::from_le_bytes([a, b, c, d])))
}

/// The total of one article for the day. Its number is taken for a PLU and its weight for grams: the protocol says neither.
pub fn total(record: &[u8]) -> Option<ScaleTotal> {
    let plu = u32::from_le_bytes(*record.first_chunk()?);
    let data: &[u8; TOTAL_BYTES] = record.get(HEAD_BYTES..)?.try_into().ok()?;
    let mut amount = [0; 8];
    amount[..6].copy_from_slice(&data[2..8]);
    let amount = i64::from_le_bytes(amount);
    let thousandths = if data[0] & PIECE == 0 { amount } else { amount.checked_mul(Quantity::ONE.thousandths())? };
    Some(ScaleTotal {
        plu,
        quantity: Quantity::from_thousandths(thousandths),
        sum: None,
        labels: u16::from_le_bytes([data[8], data[9]]).into(),
    })
}

/// The record of a total whose day is also its month; for a scale that is simulated.
pub(crate) fn total_record(total: &ScaleTotal, unit: ItemUnit, last: [u8; 4]) -> Vec<u8> {
    let is_piece = unit == ItemUnit::Piece;
    let amount = total.quantity.thousandths() / if is_piece { Quantity::ONE.thousandths() } else { 1 };
    let count = &(total.labels as u16).to_le_bytes()[..];
    let weight = &amount.to_le_bytes()[..6];
    record(total.plu, &[&[if is_piece { PIECE } else { 0 }, 0], weight, count, weight, count, &last].concat())
}

/// A file cut into its records, with their numbers and lengths; nothing if it does not end where a record ends.
pub fn records(mut file: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while !file.is_empty() {
        let head = file.first_chunk::<HEAD_BYTES>()?;
        let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let (record, rest) = file.split_at_checked(HEAD_BYTES + length)?;
        records.push(record);
        file = rest;
    }
    Some(records)
}

pub(crate) fn number(record: &[u8]) -> u32 {
    record.first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
}

fn record(number: u32, data: &[u8]) -> Vec<u8> {
    [&number.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

fn put_text(font: u8, lines: &[String], out: &mut Vec<u8>) {
    let Some(last) = lines.len().checked_sub(1) else {
        out.extend(EMPTY_TEXT);
        return;
    };
    for (number, line) in lines.iter().enumerate() {
        let at = out.len();
        out.extend([font, 0]);
        put_printed(line, line.chars().count(), out);
        out[at + 1] = (out.len() - at - 2) as u8;
        out.push(if number == last { TEXT_END } else { LINE_BREAK });
    }
}

/// The lines of a text and what follows it.
fn take_text(mut bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let mut lines = Vec::new();
    loop {
        let [_, length, rest @ ..] = bytes else { return None };
        let (line, rest) = rest.split_at_checked(usize::from(*length))?;
        let (end, rest) = rest.split_first()?;
        lines.push(printed(line));
        bytes = rest;
        match *end {
            LINE_BREAK => {}
            TEXT_END => return Some((lines, bytes)),
            _ => return None,
        }
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}
