//! The bytes of Shtrih-Print: pure, both ways.
//!
//! A datagram is `02`, the length of what follows, the command, its data; an answer has the error after the command.
//! Numbers are little-endian, texts Windows-1251 filled up with spaces, money in kopecks, weights in grams.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use domain::money::Money;
use domain::quantity::Quantity;

use crate::label_scale::{ItemUnit, LabelScaleError, LabelScaleState, ScaleItem, ScaleTotal};
use crate::text;

/// Of the factory.
pub const PASSWORD: &[u8; 4] = b"0030";
pub(super) const NAME_LINE_BYTES: usize = 28;
pub(super) const MESSAGE_LINE_BYTES: usize = 50;
pub(super) const MESSAGE_LINES_MAX: usize = 8;
/// An item without its PLU.
pub const ITEM_BYTES: usize = 80;
const STX: u8 = 0x02;
/// Of an item that is sold by the piece.
const PIECE: u8 = 0x80;
const SELECT_PLU: u8 = 0x01;

pub(super) const EMPTY: u8 = 140;
pub(super) const SELECTED: u8 = 141;
/// Not the scale's: it says so by a bit of its mode.
pub(super) const NOT_CLEARED: u8 = 168;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Command {
    State = 0x11,
    Mode = 0x12,
    ClearGoods = 0x18,
    SetTime = 0x21,
    SetDate = 0x22,
    WriteMessage = 0x52,
    ClearItem = 0x54,
    WriteItem = 0x57,
    ReadItem = 0x58,
    Total = 0x60,
    SetHotKey = 0xB1,
    DeviceType = 0xFC,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub command: u8,
    pub error: u8,
    pub data: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) is_clearing: bool,
    pub(super) has_failed_to_clear: bool,
}

pub fn question(command: Command, body: &[u8]) -> Vec<u8> {
    // Only blocks of goods are longer, and they are not sent.
    let size = u8::try_from(body.len() + 1).expect("a question has at most 255 bytes");
    [&[STX, size, command as u8], body].concat()
}

pub fn answer(datagram: &[u8]) -> Result<Answer, &'static str> {
    match *datagram {
        [STX, size, command, error, ref data @ ..] if usize::from(size) == data.len() + 2 => {
            Ok(Answer { command, error, data: data.to_vec() })
        }
        [STX, ..] => Err("an answer has another length than it says"),
        [0x0B, ..] => Err("another computer is talking to it"),
        [0x15] => Err("it did not understand the question"),
        _ => Err("it is no answer of this protocol"),
    }
}

pub(super) fn of_plu(plu: u32, rest: &[u8]) -> Vec<u8> {
    // A PLU that the abilities allow fits.
    [PASSWORD, &(plu as u16).to_le_bytes()[..], rest].concat()
}

/// As command 57h writes it, without password and PLU.
pub fn item_bytes(item: &ScaleItem) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ITEM_BYTES);
    bytes.extend_from_slice(&item.code.to_le_bytes());
    let (first, second) = name_lines(&item.name);
    for line in [first, second] {
        put_text(&line, NAME_LINE_BYTES, &mut bytes);
    }
    let price = u32::try_from(item.price.minor()).unwrap_or(0);
    bytes.extend_from_slice(&price.to_le_bytes());
    let grams = u32::try_from(item.tare.thousandths()).unwrap_or(0);
    for number in [item.shelf_life_days, grams, item.group, item.message] {
        bytes.extend_from_slice(&(number as u16).to_le_bytes());
    }
    bytes.push(if item.unit == ItemUnit::Piece { PIECE } else { 0 });
    bytes.extend_from_slice(b"    ");
    bytes.extend_from_slice(&[0; 3]);
    bytes
}

pub fn item(plu: u32, bytes: &[u8]) -> Option<ScaleItem> {
    let short = |at: usize| Some(u32::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let line = |at: usize| Some(text::printed(bytes.get(at..at + NAME_LINE_BYTES)?).trim_end().to_owned());
    let name = [line(4)?, line(4 + NAME_LINE_BYTES)?].join(" ");
    Some(ScaleItem {
        plu,
        code: long(0)?,
        name: name.trim_end().to_owned(),
        price: Money::from_minor(i64::from(long(60)?)),
        shelf_life_days: short(64)?,
        tare: Quantity::from_thousandths(i64::from(short(66)?)),
        group: short(68)?,
        message: short(70)?,
        unit: if bytes.get(72)? & PIECE != 0 { ItemUnit::Piece } else { ItemUnit::Weight },
    })
}

/// Two lines, broken between words if the words allow it.
fn name_lines(name: &str) -> (String, String) {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = wrapped(&name, NAME_LINE_BYTES).into_iter();
    (lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

/// Lines of at most so many characters: one byte each in the scale's code page.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let line = lines.last_mut().expect("there is one");
        let taken = line.chars().count();
        if taken > 0 && taken + 1 + word.len() <= width {
            line.push(' ');
            line.extend(word);
            continue;
        }
        if taken > 0 {
            lines.push(String::new());
        }
        while word.len() > width {
            let rest = word.split_off(width);
            lines.last_mut().expect("there is one").extend(word);
            lines.push(String::new());
            word = rest;
        }
        lines.last_mut().expect("there is one").extend(word);
    }
    lines
}

fn put_text(line: &str, width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    text::put_printed(line, width, out);
    out.resize(end, b' ');
}

/// Command 52h, once for each line: what is not used is empty.
pub(super) fn message_lines(number: u32, text: &str) -> Vec<Vec<u8>> {
    let lines = wrapped(&text.split_whitespace().collect::<Vec<_>>().join(" "), MESSAGE_LINE_BYTES);
    let line = |at: usize| {
        let mut body = [PASSWORD, &(number as u16).to_le_bytes()[..], &[at as u8 + 1]].concat();
        put_text(lines.get(at).map_or("", String::as_str), MESSAGE_LINE_BYTES, &mut body);
        body
    };
    (0..MESSAGE_LINES_MAX).map(line).collect()
}

pub(super) fn date(date: NaiveDate) -> Vec<u8> {
    [PASSWORD, &[date.day() as u8, date.month() as u8, (date.year() % 100) as u8][..]].concat()
}

pub(super) fn time(time: NaiveTime) -> Vec<u8> {
    [PASSWORD, &[time.hour() as u8, time.minute() as u8, time.second() as u8][..]].concat()
}

pub(super) fn hot_key(key: u32, plu: u32) -> Vec<u8> {
    [PASSWORD, &[key as u8, SELECT_PLU][..], &plu.to_le_bytes()].concat()
}

pub(super) fn mode(data: &[u8]) -> Result<Mode, LabelScaleError> {
    let submode = *data.get(2).ok_or_else(too_short)?;
    Ok(Mode { is_clearing: submode & 1 != 0, has_failed_to_clear: submode & 1 << 3 != 0 })
}

/// Of the answer to 11h, after its error.
pub(super) fn state(data: &[u8]) -> Result<LabelScaleState, LabelScaleError> {
    let byte = |at: usize| data.get(at - 1).copied().ok_or_else(too_short);
    let short = |at: usize| Ok::<u16, LabelScaleError>(u16::from_le_bytes([byte(at)?, byte(at + 1)?]));
    let (day, month, year) = (byte(22)?, byte(23)?, byte(24)?);
    let date = NaiveDate::from_ymd_opt(2_000 + i32::from(year), u32::from(month), u32::from(day));
    let (hour, minute, second) = (byte(25)?, byte(26)?, byte(27)?);
    let clock = date.and_then(|date| date.and_hms_opt(u32::from(hour), u32::from(minute), u32::from(second)));
    Ok(LabelScaleState {
        firmware: format!("{}.{}", char::from(byte(1)?), char::from(byte(2)?)),
        plu_max: u32::from(short(8)?),
        messages_max: u32::from(short(10)?),
        clock,
        has_paper: byte(37)? & 1 != 0,
        is_busy: short(18)? != 0 || byte(20)? & 0b11 != 0,
    })
}

pub(super) fn total(data: &[u8]) -> Result<ScaleTotal, LabelScaleError> {
    let [a, b, c, d, e, f, g, h, i, j] = *data else { return Err(too_short()) };
    Ok(ScaleTotal {
        sum: Money::from_minor(i64::from(u32::from_le_bytes([a, b, c, d]))),
        grams_or_pieces: u32::from_le_bytes([e, f, g, h]),
        labels: u32::from(u16::from_le_bytes([i, j])),
    })
}

pub(super) fn too_short() -> LabelScaleError {
    LabelScaleError::Protocol { what: "an answer is too short".to_owned() }
}

pub(super) fn refusal(code: u8) -> LabelScaleError {
    let what = match code {
        1 => "there is no paper",
        120 => "it does not know the command",
        121 => "the question has a wrong length",
        122 => "the password is wrong",
        123 => "somebody works in its menu",
        124 => "a value is out of its range",
        128 => "it has no such PLU",
        129 => "a message has no such line",
        130 => "the code of the goods",
        131 => "the price",
        132 => "the shelf life",
        133 => "the tare",
        134 => "the group",
        135 => "it has no such message",
        EMPTY => "the PLU is empty",
        SELECTED => "the item is chosen at the scale and cannot be changed now",
        NOT_CLEARED => "its goods could not be cleared",
        170 => "too many wrong passwords: switch it off and on",
        _ => "an error of its own",
    };
    match code {
        123 | SELECTED => LabelScaleError::Busy { code, what },
        _ => LabelScaleError::Refused { code, what },
    }
}
