//! What a scanner meant that types on a keyboard set to another layout: the characters on the same keys of a Latin one.
//!
//! Only what holds a letter of a Cyrillic layout is read so; signs are then on other keys too ("?" is "&", "." is "/").
//! Digits are where they were. What people type by hand is never changed.

/// Letters of the keys from "q" to "/" and of the key left of "1", without and with Shift, and what Latin keys say there.
const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,./`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>?~@#$^&|\\";
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбю.ёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,Ё\"№;:?/\\";
const UKRAINIAN: &str = "йцукенгшщзхїфівапролджєячсмитьбю.'ЙЦУКЕНГШЩЗХЇФІВАПРОЛДЖЄЯЧСМИТЬБЮ,₴\"№;:?/\\";
/// Ґ is on a key that Latin keyboards of shops do not have, or with AltGr.
const UKRAINIAN_ONLY: &str = "іїєґІЇЄҐ";

/// `typed` as a Latin layout would have typed it; unchanged if it holds nothing of a Cyrillic one.
pub fn latin(typed: &str) -> String {
    if !typed.chars().any(|c| is_cyrillic(c) || c == '№') {
        return typed.to_owned();
    }
    let layout = if typed.chars().any(|c| UKRAINIAN_ONLY.contains(c)) { UKRAINIAN } else { RUSSIAN };
    typed.chars().map(|c| on_latin(c, layout)).collect()
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4FF}')
}

fn on_latin(typed: char, layout: &str) -> char {
    match typed {
        'ґ' => '`',
        'Ґ' => '~',
        _ => {
            let place = layout.chars().position(|c| c == typed);
            place.and_then(|place| LATIN.chars().nth(place)).unwrap_or(typed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_have_a_character_for_each_key() {
        let keys = LATIN.chars().count();
        assert_eq!((RUSSIAN.chars().count(), UKRAINIAN.chars().count()), (keys, keys));
    }

    #[test]
    fn a_code_is_what_its_keys_say_in_any_layout() {
        for (typed, meant) in [
            ("4600000000015", "4600000000015"),
            ("ЙЦУКЕН123йц", "QWERTY123qw"),
            ("фівапр", "asdfgh"),
            ("е=20261125Е1405?ы=581ю08?ат=9999?ш=7", "t=20261125T1405&s=581.08&fn=9999&i=7"),
            ("0104600000000015215Шф.Ч\u{1d}93кеке", "0104600000000015215Ia/X\u{1d}93rtrt"),
            ("AB.1?c", "AB.1?c"),
        ] {
            assert_eq!(latin(typed), meant, "{typed}");
        }
    }
}
