//! The code of one marked unit (GS1 DataMatrix of the Russian marking system and its like): number, serial, signature.
//!
//! A unit is known by number and serial; the signature behind them is for the fiscal device and the state. Scanners send
//! the separator between them in many ways: 0x1D, `~1`, `<GS>`, `\x1d`; a keyboard's control key arrives as 0x1D too.

use std::borrow::Cow;

use super::elements::{Elements, GROUP_SEPARATOR};
use super::has_check_digit;

/// Ways to write the separator.
const SEPARATORS: [&str; 4] = ["~1", "<GS>", "\\x1d", "\\x1D"];
/// Characters of a tobacco pack's code, which has no identifiers: number 14, serial 7, price 4, signature 4.
const PACK_CHARS: usize = 29;
/// Longest code that is taken, in characters.
const CODE_CHARS_MAX: usize = 256;

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitCode {
    /// Number and serial: by this two readings are one unit.
    pub identity: String,
    /// The trade item number, 14 digits.
    pub gtin: String,
    /// All of it, with 0x1D as separator.
    pub code: String,
}

impl UnitCode {
    /// The unit, if `raw` is the whole code of one: with its signature, or the four-part code of a pack.
    pub fn parse(raw: &str) -> Option<UnitCode> {
        let code = with_separators(raw);
        if code.chars().count() > CODE_CHARS_MAX {
            return None;
        }
        let elements = Elements::parse(&code);
        if let (Some(gtin), Some(serial)) = (elements.gtin(), elements.get("21")) {
            let signed = ["91", "92", "93"].iter().any(|identifier| elements.get(identifier).is_some());
            let good = has_check_digit(gtin) && signed;
            return good.then(|| UnitCode { identity: format!("01{gtin}21{serial}"), gtin: gtin.to_owned(), code });
        }
        let pack = code.len() == PACK_CHARS && code.is_ascii() && has_check_digit(&code[..14]);
        pack.then(|| UnitCode { identity: code[..21].to_owned(), gtin: code[..14].to_owned(), code })
    }
}

/// `raw` without an AIM identifier, with real separators.
fn with_separators(raw: &str) -> String {
    let text = raw.trim_matches(['\r', '\n', ' ']);
    let text = text.strip_prefix("]d2").or_else(|| text.strip_prefix("]Q3")).unwrap_or(text);
    with_real_separators(text).trim_start_matches(GROUP_SEPARATOR).to_owned()
}

/// `text` with 0x1D for every way in which the separator is written.
pub(super) fn with_real_separators(text: &str) -> Cow<'_, str> {
    if !SEPARATORS.iter().any(|written| text.contains(written)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(SEPARATORS.iter().fold(text.to_owned(), |text, written| text.replace(written, "\u{1d}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(raw: &str) -> Option<String> {
        UnitCode::parse(raw).map(|unit| unit.identity)
    }

    #[test]
    fn a_unit_is_known_however_its_separator_was_sent() {
        let known = Some("0104601234567893215jcmHzLmkdPML".to_owned());
        for raw in [
            "]d20104601234567893215jcmHzLmkdPML\u{1d}938p9E",
            "0104601234567893215jcmHzLmkdPML~1938p9E",
            "0104601234567893215jcmHzLmkdPML<GS>938p9E\r",
            "\u{1d}0104601234567893215jcmHzLmkdPML\\x1d91EE06\u{1d}92abc",
        ] {
            assert_eq!(identity(raw), known, "{raw}");
        }
        assert_eq!(identity("046012345678931aBcD+7AB.AdGVz").as_deref(), Some("046012345678931aBcD+7"));
    }

    #[test]
    fn half_a_code_is_none() {
        assert_eq!(identity("4600000000084"), None);
        assert_eq!(identity("0104601234567893215jcmHzLmkdPML"), None);
        assert_eq!(identity("0104601234567890215jcmHzLmkdPML~1938p9E"), None);
    }
}
