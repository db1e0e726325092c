//! Texts on the wire: one byte a character, cut by bytes; a character that the code page lacks becomes '?'.

use encoding_rs::{EncoderResult, Encoding, IBM866, WINDOWS_1251};

/// The code page of everything that is printed.
const PRINTED: &Encoding = WINDOWS_1251;
/// The code page of texts inside the fiscal storage.
const STORED: &Encoding = IBM866;

/// Append at most `max` bytes of a printed text.
pub(crate) fn put_printed(text: &str, max: usize, out: &mut Vec<u8>) {
    put(PRINTED, text, max, out);
}

/// Append at most `max` bytes of a text for the fiscal storage.
pub(crate) fn put_stored(text: &str, max: usize, out: &mut Vec<u8>) {
    put(STORED, text, max, out);
}

/// A printed text of exactly `width` bytes, filled up with zeros.
pub(crate) fn put_padded(text: &str, width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    put_printed(text, width, out);
    out.resize(end, 0);
}

/// A printed text up to its padding.
pub(crate) fn printed(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    PRINTED.decode_without_bom_handling(&bytes[..end]).0.into_owned()
}

pub(crate) fn stored(bytes: &[u8]) -> String {
    STORED.decode_without_bom_handling(bytes).0.into_owned()
}

fn put(page: &'static Encoding, text: &str, max: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    out.resize(begin + max, 0);
    let mut encoder = page.new_encoder();
    let (mut read, mut written) = (0, begin);
    while written < begin + max {
        let (result, took, wrote) =
            encoder.encode_from_utf8_without_replacement(&text[read..], &mut out[written..], true);
        read += took;
        written += wrote;
        match result {
            EncoderResult::Unmappable(_) if written < begin + max => {
                out[written] = b'?';
                written += 1;
            }
            _ => break,
        }
    }
    out.truncate(written);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_byte_a_character_and_cut_by_bytes() {
        let put = |text, max| {
            let mut out = vec![7];
            put_printed(text, max, &mut out);
            out.split_off(1)
        };
        assert_eq!(put("Сыр", 128), [0xD1, 0xFB, 0xF0]);
        assert_eq!(put("Молоко", 2), [0xCC, 0xEE]);
        assert_eq!(put("a\u{4E2D}\u{1F600}b", 9), b"a??b");
        assert_eq!(put("\u{4E2D}\u{4E2D}\u{4E2D}", 2), b"??");
        assert_eq!(put("", 0), b"");
        let mut padded = Vec::new();
        put_padded("Хлеб", 6, &mut padded);
        assert_eq!(padded, [0xD5, 0xEB, 0xE5, 0xE1, 0, 0]);
        assert_eq!(printed(&padded), "Хлеб");
        let mut inside = Vec::new();
        put_stored("Иванова", 64, &mut inside);
        assert_eq!(inside, [0x88, 0xA2, 0xA0, 0xAD, 0xAE, 0xA2, 0xA0]);
        assert_eq!(stored(&inside), "Иванова");
    }
}
