//! A document as the bytes that print it. Pure.
//!
//! Must never: let a letter of a document be a command to the printer. Some commands are obeyed wherever they stand, even
//! inside the data of a code, so a code that has their first byte in it is printed as text.

use domain::barcode::has_check_digit;
use encoding_rs::{Encoding, IBM866, WINDOWS_1251};

use crate::printer::{Align, PrintLine, cp866};

/// Bytes that the largest QR code of level M holds; a printer would print nothing for more.
const QR_BYTES_MAX: usize = 2331;
/// Letters of a Code 128 whose bars, two dots the narrowest, fit paper of 80 mm.
const CODE_128_LETTERS_MAX: usize = 20;
const EAN_13_DIGITS: usize = 13;
/// The line that stands for a cut in plain text.
const CUT_LINE: &str = "----8<----";

/// Initialise, leave the Kanji mode that printers made in China start in, and begin to choose a code page.
const BEGIN: &[u8] = b"\x1B\x40\x1C\x2E\x1B\x74";
/// Model 2, dots of 4, level M.
const QR_BEGIN: &[u8] =
    b"\x1D\x28\x6B\x04\x00\x31\x41\x32\x00\x1D\x28\x6B\x03\x00\x31\x43\x04\x1D\x28\x6B\x03\x00\x31\x45\x31";
const QR_PRINT: &[u8] = b"\x1D\x28\x6B\x03\x00\x31\x51\x30";
/// Bars of 80 dots in height, the narrowest of 2 dots, the digits in font A below them.
const BARCODE_BEGIN: &[u8] = b"\x1D\x68\x50\x1D\x77\x02\x1D\x66\x00\x1D\x48\x02\x1D\x6B";
const EAN_13: u8 = 67;
const CODE_128: u8 = 73;
/// All letters of ASCII that can be seen.
const CODE_SET_B: &[u8] = b"{B";
/// Feed to the cutter and cut, leaving a bridge.
const CUT: &[u8] = b"\x1D\x56\x42\x00";
/// Obeyed at once, wherever it stands.
const AT_ONCE: char = '\x10';

/// The letters that a printer has, and the number under which it has them: makers number the same page differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePage {
    encoding: &'static Encoding,
    number: u8,
}

impl CodePage {
    pub const fn cp866(number: u8) -> CodePage {
        CodePage { encoding: IBM866, number }
    }

    pub const fn cp1251(number: u8) -> CodePage {
        CodePage { encoding: WINDOWS_1251, number }
    }
}

impl Default for CodePage {
    /// As Epson and most others number it.
    fn default() -> CodePage {
        CodePage::cp866(17)
    }
}

/// The bytes of a document.
pub fn encode(document: &[PrintLine], page: CodePage) -> Vec<u8> {
    let mut out = BEGIN.to_vec();
    out.push(page.number);
    for line in document {
        match line {
            PrintLine::Text { text, align, bold, double } => put_text(text, page, *align, *bold, *double, &mut out),
            PrintLine::Qr(text) => put_code(text, page, qr, &mut out),
            PrintLine::Barcode(text) => put_code(text, page, barcode, &mut out),
            PrintLine::Cut => out.extend_from_slice(CUT),
        }
    }
    out
}

/// Each line leaves the printer as it found it, so a lost byte spoils one line and not the rest.
fn put_text(text: &str, page: CodePage, align: Align, bold: bool, double: bool, out: &mut Vec<u8>) {
    let align = match align {
        Align::Left => 0,
        Align::Centre => 1,
        Align::Right => 2,
    };
    let styles: [(bool, [u8; 2], u8); 3] =
        [(align != 0, *b"\x1B\x61", align), (bold, *b"\x1B\x45", 1), (double, *b"\x1D\x21", 0x11)];
    let styles = styles.iter().filter(|(is_on, ..)| *is_on);
    for (_, command, on) in styles.clone() {
        out.extend_from_slice(command);
        out.push(*on);
    }
    cp866::encode_in(page.encoding, text, out);
    out.push(b'\n');
    for (_, command, _) in styles.rev() {
        out.extend_from_slice(command);
        out.push(0);
    }
}

/// A code in the middle of the paper, or its text if no such code can be made of it.
fn put_code(text: &str, page: CodePage, make: fn(&str) -> Option<Vec<u8>>, out: &mut Vec<u8>) {
    let Some(code) = make(text).filter(|_| !text.contains(AT_ONCE)) else {
        tracing::warn!(bytes = text.len(), "no code can be made of a text, and it is printed as text");
        return put_text(text, page, Align::Left, false, false, out);
    };
    out.extend_from_slice(b"\x1B\x61\x01");
    out.extend(code);
    out.extend_from_slice(b"\x1B\x61\x00");
}

fn qr(text: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(text.len() + 3).ok().filter(|_| text.len() <= QR_BYTES_MAX)?;
    let store = [b"\x1D\x28\x6B", &length.to_le_bytes()[..], b"\x31\x50\x30"].concat();
    Some([QR_BEGIN, &store, text.as_bytes(), QR_PRINT].concat())
}

/// EAN-13 of what is one, else Code 128.
fn barcode(text: &str) -> Option<Vec<u8>> {
    let (kind, data) = if text.len() == EAN_13_DIGITS && has_check_digit(text) {
        (EAN_13, text.as_bytes().to_vec())
    } else if (1..=CODE_128_LETTERS_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    {
        (CODE_128, [CODE_SET_B, text.replace('{', "{{").as_bytes()].concat())
    } else {
        return None;
    };
    let length = u8::try_from(data.len()).ok()?;
    Some([BARCODE_BEGIN, &[kind, length], &data].concat())
}

/// The document as plain text with the characters that the paper shows. Bold and double letters are as any other.
pub fn to_text(document: &[PrintLine], columns: usize) -> Vec<String> {
    let aligned = |text: &str, align| {
        let text = cp866::shown(text);
        let free = columns.saturating_sub(text.chars().count());
        let before = match align {
            Align::Left => 0,
            Align::Centre => free / 2,
            Align::Right => free,
        };
        " ".repeat(before) + &text
    };
    let line = |line: &PrintLine| match line {
        PrintLine::Text { text, align, .. } => aligned(text, *align),
        PrintLine::Qr(text) => format!("[QR: {text}]"),
        PrintLine::Barcode(text) => format!("[barcode: {text}]"),
        PrintLine::Cut => CUT_LINE.to_owned(),
    };
    document.iter().map(line).collect()
}
