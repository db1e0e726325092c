//! Texts in code page 866, in which printers and displays are set up here.
//!
//! The page has all Russian letters and the Ukrainian є and ї. What it lacks is shown by what a reader takes for the same:
//! і by the Latin i, ґ by г, Latin letters without their accents, quotation marks, dashes and spaces by the plain ones, ₽
//! by "руб.". A character that has no such picture becomes '?'. Control characters become spaces, so that no text can
//! command a device. Printers that have another page show its letters by the same rules.

use encoding_rs::{EncoderResult, Encoding, IBM866};

/// What is shown for U+00C0 to U+017F; a dot stands for those that are more than one letter or no letter.
const LATIN: &str = "\
    AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.y\
    AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi..JjKkkLlLlLlLlLl\
    NnNnNnnNnOoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
/// What is shown for U+1EA0 to U+1EF9, the Vietnamese letters.
const LATIN_ADDITIONAL: &str = "\
    AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy";

/// The text as a device shows it: as many characters as it takes columns.
pub fn shown(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    encode(text, &mut bytes);
    decode(&bytes)
}

/// Append the text, one byte a column.
pub(crate) fn encode(text: &str, out: &mut Vec<u8>) {
    encode_in(IBM866, text, out);
}

/// The same in another page of one byte a character, whose letters are more or fewer.
pub(crate) fn encode_in(page: &'static Encoding, text: &str, out: &mut Vec<u8>) {
    let mut rest = text.chars().peekable();
    while let Some(mut letter) = rest.next() {
        if let Some(composed) = rest.peek().and_then(|mark| compose(letter, *mark)) {
            letter = composed;
            rest.next();
        }
        match byte(page, letter) {
            Some(byte) => out.push(byte),
            None => match replacement(letter) {
                Some(text) => out.extend(text.chars().filter_map(|letter| byte(page, letter))),
                None => out.push(b'?'),
            },
        }
    }
}

pub(crate) fn decode(bytes: &[u8]) -> String {
    IBM866.decode_without_bom_handling(bytes).0.into_owned()
}

fn byte(page: &'static Encoding, letter: char) -> Option<u8> {
    if letter.is_control() || letter == '\u{A0}' {
        return Some(b' ');
    }
    let (mut utf8, mut out) = ([0; 4], [0]);
    let letter = letter.encode_utf8(&mut utf8);
    let (result, _, written) = page.new_encoder().encode_from_utf8_without_replacement(letter, &mut out, true);
    (result == EncoderResult::InputEmpty && written == 1).then_some(out[0])
}

/// The letter that a plain one makes with the mark behind it; some systems write names so.
fn compose(letter: char, mark: char) -> Option<char> {
    Some(match (letter, mark) {
        ('И', '\u{306}') => 'Й',
        ('и', '\u{306}') => 'й',
        ('Е', '\u{308}') => 'Ё',
        ('е', '\u{308}') => 'ё',
        ('І', '\u{308}') => 'Ї',
        ('і', '\u{308}') => 'ї',
        ('У', '\u{306}') => 'Ў',
        ('у', '\u{306}') => 'ў',
        _ => return None,
    })
}

fn replacement(letter: char) -> Option<&'static str> {
    Some(match letter {
        'І' => "I",
        'і' => "i",
        'Ґ' => "Г",
        'ґ' => "г",
        '₽' => "руб.",
        '₴' => "грн",
        '€' => "EUR",
        '£' => "GBP",
        '«' | '»' | '“' | '”' | '„' | '‟' | '″' => "\"",
        '‘' | '’' | '‚' | '‛' | '′' | '´' | 'ʼ' | 'ʹ' | '‹' | '›' => "'",
        '\u{2010}'..='\u{2015}' | '−' => "-",
        '…' => "...",
        '×' => "x",
        '÷' => ":",
        '±' => "+-",
        '•' => "*",
        '©' => "(C)",
        '®' => "(R)",
        '™' => "(TM)",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '¹' => "1",
        '²' => "2",
        '³' => "3",
        'º' => "o",
        'ª' => "a",
        'µ' | 'μ' => "мк",
        'Æ' => "AE",
        'æ' => "ae",
        'Œ' => "OE",
        'œ' => "oe",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'Þ' => "Th",
        'þ' => "th",
        'ß' => "ss",
        'ẞ' => "SS",
        'Ơ' => "O",
        'ơ' => "o",
        'Ư' => "U",
        'ư' => "u",
        'Ș' => "S",
        'ș' => "s",
        'Ț' => "T",
        'ț' => "t",
        '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        // Marks over a letter, and characters that show nothing.
        '\u{300}'..='\u{36F}'
        | '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2060}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' => "",
        'À'..='ſ' => one_of(LATIN, letter, 'À')?,
        'Ạ'..='ỹ' => one_of(LATIN_ADDITIONAL, letter, 'Ạ')?,
        _ => return None,
    })
}

fn one_of(letters: &'static str, letter: char, first: char) -> Option<&'static str> {
    let at = usize::try_from(u32::from(letter) - u32::from(first)).ok()?;
    letters.get(at..=at).filter(|letter| *letter != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_its_letters_where_the_documents_say() {
        let bytes = |text| {
            let mut out = Vec::new();
            encode(text, &mut out);
            out
        };
        assert_eq!(bytes("Молоко"), [0x8C, 0xAE, 0xAB, 0xAE, 0xAA, 0xAE]);
        let upper: String = ('А'..='Я').collect();
        assert_eq!(bytes(&upper), (0x80..=0x9F).collect::<Vec<u8>>());
        assert_eq!(bytes("апряЁё№ЄєЇї"), [0xA0, 0xAF, 0xE0, 0xEF, 0xF0, 0xF1, 0xFC, 0xF2, 0xF3, 0xF4, 0xF5]);
    }

    #[test]
    fn what_the_page_lacks_is_shown_by_what_looks_the_same() {
        for (text, as_shown) in [
            ("Сир київський, ґатунок І", "Сир київський, гатунок I"),
            ("м’ясо", "м'ясо"),
            ("Чай «Принцесса» — 89,90 ₽", "Чай \"Принцесса\" - 89,90 руб."),
            ("Café Nescafé Größe Łódź œuvre", "Cafe Nescafe Grosse Lodz oeuvre"),
            ("bánh mì đặc biệt", "banh mi dac biet"),
            ("и\u{306}е\u{308}і\u{308} e\u{301}", "йёї e"),
            ("10\u{A0}000\u{202F}₴", "10 000 грн"),
            ("a\tb\nc\u{1B}@\u{0}d\u{7F}\u{9B}", "a b c @ d  "),
            ("№ 1 °C 茶🍵", "№ 1 °C ??"),
        ] {
            assert_eq!(shown(text), as_shown, "{text}");
        }
    }

    #[test]
    fn every_letter_of_the_tables_is_shown() {
        assert_eq!((LATIN.len(), LATIN_ADDITIONAL.len()), (0x180 - 0xC0, 0x1EFA - 0x1EA0));
        for letter in ('À'..='ſ').chain('Ạ'..='ỹ').chain('А'..='я').chain("ЁёЄєЇїІіҐґЎўƠơȘșȚț".chars())
        {
            let as_shown = shown(&letter.to_string());
            assert!(!as_shown.is_empty() && !as_shown.contains('?'), "{letter} {as_shown}");
            if !matches!(letter, '×' | '÷') {
                assert!(as_shown.chars().all(char::is_alphabetic), "{letter} {as_shown}");
                let is_upper = as_shown.starts_with(char::is_uppercase);
                assert_eq!(is_upper, letter.is_uppercase(), "{letter} {as_shown}");
            }
        }
        let ascii: String = (' '..='~').collect();
        assert_eq!(shown(&ascii), ascii);
    }
}
