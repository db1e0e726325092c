//! What a scanner or a keyboard sent, before anybody looks into a catalogue.
//!
//! Invariants:
//! - A number that fails its check digit is never taken for a trade number; the answer says which digit was expected.
//! - One trade item has one [`identity`], however it was printed: UPC-E, UPC-A, EAN-13 and GTIN-14 differ by leading zeros.

pub mod elements;
pub mod in_store;
pub mod mark;

use elements::Elements;

/// What the text is by its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A trade item number with a right check digit, in the form of [`identity`].
    Gtin(String),
    /// The form of a trade item number, but its last digit should have been `expected`.
    BadCheckDigit { expected: char },
    /// GS1 element strings: a number, a weight, a date and so on, each behind its identifier.
    Elements(Elements),
    /// Anything else: a code, a number by which scales know an item, a card.
    Text,
}

/// One input, without the scanner's decoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// The data, as the catalogue may hold it word for word.
    pub text: String,
    pub reading: Reading,
}

impl Scanned {
    /// Read `raw`, with or without an AIM identifier (`]E0`) before it and a line end behind it.
    pub fn parse(raw: &str) -> Scanned {
        let raw = mark::with_real_separators(raw.trim_matches(['\r', '\n', ' ']));
        let (symbology, text) = split_aim(&raw);
        let reading = match symbology {
            Symbology::Retail => gtin_reading(text.get(..13).filter(|_| text.len() > 14).unwrap_or(text)),
            Symbology::Gs1 => Reading::Elements(Elements::parse(text)),
            // These carry a checksum of their own and any text at all: a wrong last digit proves nothing.
            Symbology::Other => match gtin_reading(text) {
                Reading::BadCheckDigit { .. } => Reading::Text,
                reading => reading,
            },
            Symbology::Unknown if starts_with_gtin_element(text) => Reading::Elements(Elements::parse(text)),
            Symbology::Unknown => gtin_reading(text),
        };
        Scanned { text: text.to_owned(), reading }
    }
}

enum Symbology {
    /// EAN, UPC and ITF-14: trade item numbers only.
    Retail,
    Gs1,
    Other,
    /// The scanner did not say, or it was a keyboard.
    Unknown,
}

fn split_aim(raw: &str) -> (Symbology, &str) {
    let Some((aim, text)) = raw.split_at_checked(3).filter(|(aim, _)| aim.starts_with(']')) else {
        return (Symbology::Unknown, raw);
    };
    let symbology = match aim {
        "]E0" | "]E3" | "]E4" | "]I0" | "]I1" => Symbology::Retail,
        "]C1" | "]e0" | "]d2" | "]Q3" | "]J1" => Symbology::Gs1,
        _ => Symbology::Other,
    };
    (symbology, text)
}

fn starts_with_gtin_element(text: &str) -> bool {
    let gtin = text.strip_prefix("01").and_then(|rest| rest.get(..14));
    gtin.is_some_and(|digits| text.len() > 16 && has_check_digit(digits))
}

fn gtin_reading(text: &str) -> Reading {
    if let Some(identity) = gtin_identity(text) {
        return Reading::Gtin(identity);
    }
    match expected_check_digit(text) {
        Some(expected) if is_gtin_length(text.len()) => Reading::BadCheckDigit { expected },
        _ => Reading::Text,
    }
}

/// Lengths of EAN-8, UPC-A, EAN-13 and GTIN-14.
pub fn is_gtin_length(length: usize) -> bool {
    matches!(length, 8 | 12 | 13 | 14)
}

/// The form under which a barcode is kept and looked for: a trade item number without the zeros that only pad it
/// (13 digits, 14 for a pack, 8 for EAN-8), anything else as it stands.
pub fn identity(text: &str) -> String {
    gtin_identity(text).unwrap_or_else(|| text.to_owned())
}

fn gtin_identity(text: &str) -> Option<String> {
    let gtin14 = match text.len() {
        _ if !is_digits(text) => return None,
        8 if has_check_digit(text) => format!("{text:0>14}"),
        8 => format!("{:0>14}", upc_a_of_upc_e(text)?),
        12..=14 if has_check_digit(text) => format!("{text:0>14}"),
        _ => return None,
    };
    let padding = if gtin14.starts_with("000000") { 6 } else { usize::from(gtin14.starts_with('0')) };
    Some(gtin14[padding..].to_owned())
}

/// The 12 digits that the 8 digits of a UPC-E stand for, if their check digit is right.
fn upc_a_of_upc_e(text: &str) -> Option<String> {
    let (system, middle, check) = (text.get(..1)?, text.get(1..7)?, text.get(7..)?);
    if !matches!(system, "0" | "1") {
        return None;
    }
    let payload = match middle.as_bytes()[5] {
        last @ b'0'..=b'2' => format!("{system}{}{}0000{}", &middle[..2], char::from(last), &middle[2..5]),
        b'3' => format!("{system}{}00000{}", &middle[..3], &middle[3..5]),
        b'4' => format!("{system}{}00000{}", &middle[..4], &middle[4..5]),
        last => format!("{system}{}0000{}", &middle[..5], char::from(last)),
    };
    let upc_a = format!("{payload}{check}");
    has_check_digit(&upc_a).then_some(upc_a)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digit with which the digits of `payload` must end: weights 3, 1, 3, ... from the right, up to the next ten.
fn check_digit(payload: &str) -> char {
    let weighted = payload.bytes().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from_digit((10 - sum % 10) % 10, 10).expect("a remainder of ten is a digit")
}

/// The right last digit of `text`; `None` if it is not all digits.
pub fn expected_check_digit(text: &str) -> Option<char> {
    let payload = text.get(..text.len().checked_sub(1)?)?;
    (is_digits(text) && is_digits(payload)).then(|| check_digit(payload))
}

pub fn has_check_digit(text: &str) -> bool {
    expected_check_digit(text).is_some_and(|expected| text.ends_with(expected))
}

#[cfg(test)]
mod tests;
