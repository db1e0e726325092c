//! The data of ZVT packets: bitmaps (a byte that names a field, then its value), BCD numbers and the TLV container.
//!
//! Pure. A value that does not follow the rules is [`BadField`], never a guess: money depends on it.

use domain::money::Money;

pub const SERVICE: u8 = 0x03;
pub const AMOUNT: u8 = 0x04;
pub const TLV: u8 = 0x06;
pub const TRACE: u8 = 0x0B;
pub const TIME: u8 = 0x0C;
pub const DATE: u8 = 0x0D;
pub const STATUS: u8 = 0x19;
pub const CARD_NUMBER: u8 = 0x22;
pub const RESULT: u8 = 0x27;
pub const TERMINAL: u8 = 0x29;
/// Reversal: trace number of the operation that was undone.
pub const ORIGINAL_TRACE: u8 = 0x37;
pub const AUTHORISATION: u8 = 0x3B;
pub const TEXT: u8 = 0x3C;
pub const CURRENCY: u8 = 0x49;
pub const TOTALS: u8 = 0x60;
pub const RECEIPT: u8 = 0x87;

/// Bytes of an amount: twelve digits.
pub const AMOUNT_BYTES: usize = 6;
/// The largest amount in twelve digits.
pub const AMOUNT_MAX: Money = Money::from_minor(999_999_999_999);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field {field:02X} does not follow the protocol")]
pub struct BadField {
    pub field: u8,
}

/// One field of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub id: u8,
    pub value: &'a [u8],
}

/// How long a field is.
enum Length {
    Bytes(usize),
    /// So many bytes `Fn`, each a digit of the length.
    Digits(usize),
    Tlv,
}

fn length(id: u8) -> Option<Length> {
    Some(match id {
        0x01..=0x03 | 0x05 | 0x19 | 0x27 | 0x8A | 0x8C | 0xA0 | 0xD0 | 0xD2 | 0xD3 => Length::Bytes(1),
        0xE0 | 0xE9 | 0xEA | 0xF0 | 0xF9..=0xFD | 0x72..=0x75 => Length::Bytes(1),
        0x0D | 0x0E | 0x17 | 0x3A | 0x49 | 0x87 => Length::Bytes(2),
        0x0B | 0x0C | 0x3D | 0x88 | 0xAA => Length::Bytes(3),
        0x29 | 0x70 | 0x71 => Length::Bytes(4),
        0xBA => Length::Bytes(5),
        0x04 => Length::Bytes(AMOUNT_BYTES),
        0x3B | 0xEB => Length::Bytes(8),
        0x2A => Length::Bytes(15),
        0x22 | 0x23 | 0x2D | 0x8B | 0xA7 | 0xD1 | 0xE1..=0xE8 | 0xF1..=0xF8 => Length::Digits(2),
        0x24 | 0x2E | 0x37 | 0x3C | 0x60 | 0x9A | 0xAF => Length::Digits(3),
        0x06 => Length::Tlv,
        _ => return None,
    })
}

/// All fields of a packet's data, in order.
pub fn parse(mut data: &[u8]) -> Result<Vec<Field<'_>>, BadField> {
    let mut fields = Vec::new();
    while let [id, rest @ ..] = data {
        let bad = BadField { field: *id };
        let (length, rest) = match length(*id).ok_or(bad)? {
            Length::Bytes(count) => (count, rest),
            Length::Digits(count) => {
                let (digits, rest) = rest.split_at_checked(count).ok_or(bad)?;
                let length = digits.iter().try_fold(0, |sum, byte| match byte {
                    0xF0..=0xF9 => Ok(sum * 10 + usize::from(byte & 0x0F)),
                    _ => Err(bad),
                })?;
                (length, rest)
            }
            Length::Tlv => tlv_length(rest).ok_or(bad)?,
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(bad)?;
        fields.push(Field { id: *id, value });
        data = rest;
    }
    Ok(fields)
}

/// Append a field. The value has the length that the protocol gives the field.
pub fn put(id: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    match length(id).expect("only fields of this list are written") {
        Length::Bytes(count) => debug_assert_eq!(count, value.len(), "field {id:02X}"),
        Length::Digits(count) => {
            let digits = format!("{:0count$}", value.len());
            out.extend(digits.bytes().map(|digit| 0xF0 | (digit - b'0')));
        }
        Length::Tlv => put_tlv_length(value.len(), out),
    }
    out.extend_from_slice(value);
}

/// A number in packed decimal digits. Its excess of digits is cut off; the caller keeps within.
pub fn put_bcd(mut number: u64, bytes: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes, 0);
    for byte in out[start..].iter_mut().rev() {
        let digits = u8::try_from(number % 100).expect("two digits");
        *byte = digits / 10 * 16 + digits % 10;
        number /= 100;
    }
}

pub fn bcd(number: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes);
    put_bcd(number, bytes, &mut out);
    out
}

/// The number in packed decimal digits, at most 18 of them.
pub fn number(field: Field<'_>) -> Result<u64, BadField> {
    let bad = BadField { field: field.id };
    if field.value.len() > 9 {
        return Err(bad);
    }
    field.value.iter().try_fold(0, |sum, byte| match (byte >> 4, byte & 0x0F) {
        (tens @ 0..=9, ones @ 0..=9) => Ok(sum * 100 + u64::from(tens) * 10 + u64::from(ones)),
        _ => Err(bad),
    })
}

pub fn amount(field: Field<'_>) -> Result<Money, BadField> {
    let minor = i64::try_from(number(field)?).map_err(|_| BadField { field: field.id })?;
    Ok(Money::from_minor(minor))
}

/// Append an amount, which is not negative and at most [`AMOUNT_MAX`].
pub fn put_amount(amount: Money, out: &mut Vec<u8>) {
    put_bcd(u64::try_from(amount.minor()).unwrap_or(0), AMOUNT_BYTES, out);
}

/// One object of a TLV container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'a> {
    pub tag: u16,
    pub value: &'a [u8],
}

/// The objects of a container, in order. A tag has one byte, or two if the first one's low five bits are set.
pub fn objects(mut bytes: &[u8]) -> Result<Vec<Object<'_>>, BadField> {
    const BAD: BadField = BadField { field: TLV };
    let mut objects = Vec::new();
    while let [first, rest @ ..] = bytes {
        let (tag, rest) = match rest {
            [second, rest @ ..] if first & 0x1F == 0x1F => (u16::from_be_bytes([*first, *second]), rest),
            _ if first & 0x1F == 0x1F => return Err(BAD),
            _ => (u16::from(*first), rest),
        };
        let (length, rest) = tlv_length(rest).ok_or(BAD)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(BAD)?;
        objects.push(Object { tag, value });
        bytes = rest;
    }
    Ok(objects)
}

pub fn put_object(tag: u16, value: &[u8], out: &mut Vec<u8>) {
    let [first, second] = tag.to_be_bytes();
    if first != 0 {
        out.push(first);
    }
    out.push(second);
    put_tlv_length(value.len(), out);
    out.extend_from_slice(value);
}

fn tlv_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [length @ ..=0x7F, rest @ ..] => Some((usize::from(*length), rest)),
        [0x81, length, rest @ ..] => Some((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Some((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => None,
    }
}

fn put_tlv_length(length: usize, out: &mut Vec<u8>) {
    let [high, low] = u16::try_from(length).expect("a container fits into a packet").to_be_bytes();
    match (high, low) {
        (0, ..=0x7F) => out.push(low),
        (0, _) => out.extend([0x81, low]),
        _ => out.extend([0x82, high, low]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    #[test]
    fn the_fields_of_checked_packets_are_read() {
        let data = hex("27 00 04 00 00 00 01 79 80 49 06 43 87 01 23 0B 00 00 01");
        let fields = parse(&data).expect("fields");
        assert_eq!(fields.iter().map(|field| field.id).collect::<Vec<_>>(), [RESULT, AMOUNT, CURRENCY, RECEIPT, TRACE]);
        assert_eq!(amount(fields[1]), Ok(Money::from_minor(17_980)));
        assert_eq!((number(fields[2]), number(fields[3]), number(fields[4])), (Ok(643), Ok(123), Ok(1)));

        let data = hex("19 40 49 09 78 04 00 00 00 00 25 00 06 10 E9 0E 1F 62 02 41 43 1F 63 06 33 38 34 48 48 32");
        let fields = parse(&data).expect("fields");
        let outer = objects(fields[3].value).expect("a container");
        assert_eq!((outer.len(), outer[0].tag), (1, 0xE9));
        let inner = objects(outer[0].value).expect("objects");
        assert_eq!(inner[0], Object { tag: 0x1F62, value: b"AC" });
        assert_eq!(inner[1], Object { tag: 0x1F63, value: b"384HH2" });

        let mut written = Vec::new();
        for field in fields {
            put(field.id, field.value, &mut written);
        }
        assert_eq!(written, data);
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for text in ["04 00 00", "07 00", "22 F0 E8 11", "22 F0 F8 11", "06 83 00", "06 02 1F", "60 F0 F0"] {
            let data = hex(text);
            let bad = parse(&data).map(|fields| fields.into_iter().all(|field| objects(field.value).is_ok()));
            assert_ne!(bad, Ok(true), "{text}");
        }
        assert!(number(Field { id: AMOUNT, value: &hex("00 0A") }).is_err());
    }

    proptest! {
        #[test]
        fn any_data_is_survived(data in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(fields) = parse(&data) {
                for field in fields {
                    drop((number(field), objects(field.value)));
                }
            }
        }

        #[test]
        fn amounts_survive_the_wire(minor in 0..=AMOUNT_MAX.minor()) {
            let mut value = Vec::new();
            put_amount(Money::from_minor(minor), &mut value);
            prop_assert_eq!(amount(Field { id: AMOUNT, value: &value }), Ok(Money::from_minor(minor)));
        }

        #[test]
        fn objects_survive_the_wire(value in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = Vec::new();
            put_object(0x25, &value, &mut bytes);
            put_object(0xDF01, &value, &mut bytes);
            let found = objects(&bytes).expect("objects");
            prop_assert_eq!(found, [Object { tag: 0x25, value: &value }, Object { tag: 0xDF01, value: &value }]);
        }
    }
}
