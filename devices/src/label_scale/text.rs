//! Texts of label scales: Windows-1251, one byte a character, in lines of a fixed width.

use crate::text::{printed, put_printed};

/// Exactly `width` bytes, filled up with spaces.
pub(crate) fn put_spaced(text: &str, width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    put_printed(text, width, out);
    out.resize(end, b' ');
}

/// A text up to its padding of spaces or zeros.
pub(crate) fn spaced(bytes: &[u8]) -> String {
    printed(bytes).trim_end_matches(' ').to_owned()
}

/// At most `lines_max` lines of at most `width` characters, broken between words; if that takes more lines, anywhere.
pub fn wrap(text: &str, width: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let chars: Vec<char> = word.chars().collect();
        for (part, piece) in chars.chunks(width).enumerate() {
            match lines.last_mut() {
                Some(line) if part == 0 && room > piece.len() => {
                    line.push(' ');
                    line.extend(piece);
                    room -= piece.len() + 1;
                }
                _ => {
                    lines.push(piece.iter().collect());
                    room = width - piece.len();
                }
            }
        }
    }
    if lines.len() > lines_max {
        let chars: Vec<char> = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
        lines = chars.chunks(width).take(lines_max).map(|line| line.iter().collect()).collect();
    }
    lines
}

/// The text that was put in lines of `width`; a full line is taken to go on in the next one.
pub(crate) fn unwrap(lines: impl IntoIterator<Item = String>, width: usize) -> String {
    let mut text = String::new();
    let mut goes_on = true;
    for line in lines {
        if !goes_on && !line.is_empty() {
            text.push(' ');
        }
        goes_on = line.chars().count() == width;
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_between_words_if_they_can_be() {
        let lines = |text, width, max| wrap(text, width, max).join("|");
        assert_eq!(lines("Сыр Российский 50%", 10, 3), "Сыр|Российский|50%");
        assert_eq!(lines("молоко, соль", 28, 2), "молоко, соль");
        assert_eq!(lines("a  bb\nccc", 3, 9), "a|bb|ccc");
        assert_eq!(lines("abcdefgh", 3, 3), "abc|def|gh");
        assert_eq!(lines("ab cd ef gh", 4, 3), "ab c|d ef| gh");
        assert_eq!(lines("", 5, 2), "");
        for text in ["ab cd ef gh", "Сыр Российский", "abcdefgh", ""] {
            assert_eq!(unwrap(wrap(text, 4, 4), 4), text);
        }
    }
}
