//! Packets of ZVT: `class instruction length data`, pure and incremental.
//!
//! The length is one byte, or `FF low high` from 255 bytes on. The protocol has no start mark and no check sum, so the
//! decoder takes only the control fields that it knows and skips every other byte: it finds its way again after noise.

/// The longest data that the length can say.
pub const DATA_MAX: usize = 0xFFFF;
/// This length byte means that the length follows in two bytes.
const LONG: u8 = 0xFF;

/// The two bytes that say what a packet is.
pub type Control = [u8; 2];

pub const STATUS_ENQUIRY: Control = [0x05, 0x01];
pub const REGISTRATION: Control = [0x06, 0x00];
pub const AUTHORISATION: Control = [0x06, 0x01];
pub const TURNOVER_TOTALS: Control = [0x06, 0x10];
pub const REPEAT_RECEIPT: Control = [0x06, 0x20];
pub const REVERSAL: Control = [0x06, 0x30];
pub const REFUND: Control = [0x06, 0x31];
pub const END_OF_DAY: Control = [0x06, 0x50];
/// The till's wish that an operation stops.
pub const ABORT_COMMAND: Control = [0x06, 0xB0];
pub const STATUS_INFORMATION: Control = [0x04, 0x0F];
pub const INTERMEDIATE_STATUS: Control = [0x04, 0xFF];
pub const COMPLETION: Control = [0x06, 0x0F];
/// The terminal's word that an operation has failed.
pub const ABORT: Control = [0x06, 0x1E];
pub const PRINT_LINE: Control = [0x06, 0xD1];
pub const PRINT_TEXT: Control = [0x06, 0xD3];
pub const ACK: Control = [0x80, 0x00];
/// The class of a refusal; the instruction byte is the error.
pub const NACK_CLASS: u8 = 0x84;

/// Instructions of class 06, of either side, without 04 and 05: a stray 06 before another packet would look like them.
const INSTRUCTIONS: [u8; 38] = [
    0x00, 0x01, 0x02, 0x03, 0x09, 0x0A, 0x0C, 0x0F, 0x10, 0x12, 0x18, 0x1A, 0x1B, 0x1E, 0x20, 0x21, 0x22, 0x23, 0x24,
    0x25, 0x30, 0x31, 0x50, 0x51, 0x70, 0x79, 0x91, 0x93, 0x95, 0xB0, 0xC0, 0xD1, 0xD3, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub control: Control,
    pub data: Vec<u8>,
}

impl Packet {
    /// Data is at most [`DATA_MAX`] bytes.
    pub fn new(control: Control, data: Vec<u8>) -> Packet {
        Packet { control, data }
    }

    pub fn ack() -> Packet {
        Packet::new(ACK, Vec::new())
    }

    pub fn nack(error: u8) -> Packet {
        Packet::new([NACK_CLASS, error], Vec::new())
    }

    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.control);
        match u8::try_from(self.data.len()) {
            Ok(length) if length != LONG => out.push(length),
            _ => {
                let length = u16::try_from(self.data.len()).expect("a packet is built from fields that fit into it");
                out.push(LONG);
                out.extend(length.to_le_bytes());
            }
        }
        out.extend_from_slice(&self.data);
    }
}

#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Everything before this is consumed.
    at: usize,
    skipped: usize,
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next packet, or nothing until more bytes are fed.
    pub fn next_packet(&mut self) -> Option<Packet> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            match read(rest) {
                Read::Packet(packet, length) => {
                    self.at += length;
                    return Some(packet);
                }
                Read::Short => return None,
                Read::Noise => {
                    self.at += 1;
                    self.skipped += 1;
                }
            }
        }
    }

    /// Bytes that were no part of a packet, since the decoder was cleared.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// True while a packet has begun and not ended.
    pub fn is_mid_packet(&self) -> bool {
        self.at < self.bytes.len()
    }

    /// Forget everything that was fed.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
        self.skipped = 0;
    }
}

enum Read {
    Packet(Packet, usize),
    Short,
    Noise,
}

fn read(bytes: &[u8]) -> Read {
    let [class, rest @ ..] = bytes else { return Read::Short };
    if !matches!(*class, 0x04 | 0x05 | 0x06 | 0x80 | NACK_CLASS) {
        return Read::Noise;
    }
    let [instruction, rest @ ..] = rest else { return Read::Short };
    let known = match *class {
        0x04 => matches!(instruction, 0x01 | 0x0D | 0x0E | 0x0F | 0xFF),
        0x05 => *instruction == 0x01,
        0x06 => INSTRUCTIONS.contains(instruction),
        0x80 => *instruction == 0x00,
        // A refusal carries an error of the terminal; the bank's codes are lower.
        _ => *instruction == 0x00 || *instruction >= 0x64,
    };
    if !known {
        return Read::Noise;
    }
    let (head, length) = match rest {
        [] | [LONG] | [LONG, _] => return Read::Short,
        [LONG, low, high, ..] => (5, usize::from(u16::from_le_bytes([*low, *high]))),
        [length, ..] => (3, usize::from(*length)),
    };
    if length > 0 && matches!(*class, 0x80 | NACK_CLASS) {
        return Read::Noise;
    }
    match bytes.get(head..head + length) {
        Some(data) => Read::Packet(Packet::new([*class, *instruction], data.to_vec()), head + length),
        None => Read::Short,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    fn decode(pieces: &[&[u8]]) -> Vec<Packet> {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for piece in pieces {
            decoder.feed(piece);
            found.extend(std::iter::from_fn(|| decoder.next_packet()));
        }
        found
    }

    /// Packets of real devices, and some put together by hand.
    const CHECKED: &[&str] = &[
        "06 00 06 12 34 56 DE 09 78",
        "80 00 00",
        "06 0F 0A 19 10 29 52 52 35 35 49 09 78",
        "06 01 0A 04 00 00 00 01 79 80 49 06 43",
        "04 FF 01 17",
        "04 0F 13 27 00 04 00 00 00 01 79 80 49 06 43 87 01 23 0B 00 00 01",
        "06 0F 00",
        "06 22 1E 19 40 49 09 78 04 00 00 00 00 25 00 06 10 E9 0E 1F 62 02 41 43 1F 63 06 33 38 34 48 48 32",
        "06 25 08 19 40 87 02 31 49 09 78",
        "06 50 03 12 34 56",
        "06 1E 04 B8 87 FF FF",
        "06 1E 01 6C",
        "84 83 00",
        "06 B0 00",
    ];

    #[test]
    fn checked_packets_decode_and_encode_byte_for_byte() {
        for text in CHECKED {
            let bytes = hex(text);
            let packets = decode(&[&bytes]);
            let [packet] = packets.as_slice() else { panic!("{text}: {packets:?}") };
            assert_eq!((packet.control.as_slice(), packet.data.as_slice()), (&bytes[..2], &bytes[3..]), "{text}");
            let mut encoded = Vec::new();
            packet.encode(&mut encoded);
            assert_eq!(encoded, bytes, "{text}");
        }
    }

    #[test]
    fn a_long_packet_says_its_length_in_three_bytes() {
        for length in [0, 1, 254, 255, 256, 700, DATA_MAX] {
            let packet = Packet::new(PRINT_TEXT, vec![0x41; length]);
            let mut bytes = Vec::new();
            packet.encode(&mut bytes);
            assert_eq!(bytes.len(), length + if length < 255 { 3 } else { 5 });
            assert_eq!(decode(&[&bytes]), [packet]);
        }
        assert_eq!(hex("06 D3 FF 00 01")[..], encoded_head(256));
        assert_eq!(hex("06 D3 FF FF 00")[..], encoded_head(255));
    }

    fn encoded_head(length: usize) -> [u8; 5] {
        let mut bytes = Vec::new();
        Packet::new(PRINT_TEXT, vec![0; length]).encode(&mut bytes);
        bytes[..5].try_into().expect("a head")
    }

    #[test]
    fn a_stream_cut_at_any_byte_reads_the_same() {
        let mut stream = Vec::new();
        for text in CHECKED {
            stream.extend(hex(text));
        }
        Packet::new(PRINT_TEXT, vec![0x06; 300]).encode(&mut stream);
        let whole = decode(&[&stream]);
        assert_eq!(whole.len(), CHECKED.len() + 1);
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(decode(&[left, right]), whole);
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode(&bytes), whole);
    }

    #[test]
    fn noise_before_a_packet_is_skipped() {
        for noise in ["00", "FF FF", "33 06", "80", "80 00", "04", "06", "10 02 7F 84", "06 7F 06"] {
            for text in CHECKED.iter().filter(|text| text.starts_with("06") || text.starts_with("04")) {
                let (noise, bytes) = (hex(noise), hex(text));
                let found = decode(&[&noise, &bytes]);
                assert_eq!(found, decode(&[&bytes]), "{noise:02X?} before {text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_little_is_kept(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
            let mut decoder = Decoder::default();
            for piece in &pieces {
                decoder.feed(piece);
                while decoder.next_packet().is_some() {}
                prop_assert!(decoder.bytes.len() - decoder.at <= DATA_MAX + 5);
            }
        }

        #[test]
        fn data_survives_the_wire(data in prop::collection::vec(any::<u8>(), 0..600)) {
            let packet = Packet::new(STATUS_INFORMATION, data);
            let mut bytes = Vec::new();
            packet.encode(&mut bytes);
            prop_assert_eq!(decode(&[&bytes]), [packet]);
        }
    }
}
