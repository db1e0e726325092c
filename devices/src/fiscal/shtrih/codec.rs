//! Low level 1 of the Shtrih protocol: control bytes and frames, pure and incremental.
//!
//! A frame is `02 LEN body LRC`, where LEN counts the body and LRC is the exclusive or of LEN and the body. The decoder
//! takes any bytes, never panics, keeps at most one unfinished frame, and finds its way again after garbage.

pub const STX: u8 = 0x02;
pub const ENQ: u8 = 0x05;
pub const ACK: u8 = 0x06;
pub const NAK: u8 = 0x15;
/// Some devices send this byte after an acknowledgement over TCP; it means nothing anywhere between frames.
const FILLER: u8 = 0xFF;

/// The length byte can say no more.
pub const BODY_MAX: usize = 255;

/// What the decoder found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Enq,
    Ack,
    Nak,
    /// A good frame: its body is in [`Decoder::body`] until the next call.
    Frame,
    /// A frame whose check sum is wrong; its bytes are gone.
    BadFrame,
    /// A run of bytes that start nothing.
    Garbage,
}

/// Exclusive or of all bytes.
pub fn lrc(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// Append the frame of `body`, which is at most [`BODY_MAX`] bytes.
pub fn encode(body: &[u8], out: &mut Vec<u8>) {
    let length = u8::try_from(body.len()).expect("a body longer than a frame is refused where it is built");
    out.reserve(body.len() + 3);
    out.push(STX);
    out.push(length);
    out.extend_from_slice(body);
    out.push(length ^ lrc(body));
}

#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Everything before this is consumed.
    at: usize,
    body: std::ops::Range<usize>,
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.body = 0..0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next item, or nothing until more bytes are fed.
    pub fn next_item(&mut self) -> Option<Item> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            let item = match *rest.first()? {
                FILLER => {
                    self.at += 1;
                    continue;
                }
                ENQ => Item::Enq,
                ACK => Item::Ack,
                NAK => Item::Nak,
                STX => return self.frame(),
                _ => {
                    let run = rest.iter().take_while(|byte| !matches!(**byte, ENQ | ACK | NAK | STX)).count();
                    self.at += run;
                    return Some(Item::Garbage);
                }
            };
            self.at += 1;
            return Some(item);
        }
    }

    fn frame(&mut self) -> Option<Item> {
        let length = usize::from(*self.bytes.get(self.at + 1)?);
        let body = self.at + 2..self.at + 2 + length;
        let sum = *self.bytes.get(body.end)?;
        self.at = body.end + 1;
        let good = length > 0 && sum == lrc(&self.bytes[body.start - 1..body.end]);
        if good {
            self.body = body;
        }
        Some(if good { Item::Frame } else { Item::BadFrame })
    }

    /// The body of the frame that [`Decoder::next_item`] has just returned.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body.clone()]
    }

    /// True while a frame has begun and not ended.
    pub fn is_mid_frame(&self) -> bool {
        self.bytes.get(self.at) == Some(&STX)
    }

    /// Forget everything that was fed.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
        self.body = 0..0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    fn decode(pieces: &[&[u8]]) -> Vec<(Item, Vec<u8>)> {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for piece in pieces {
            decoder.feed(piece);
            while let Some(item) = decoder.next_item() {
                let body = if item == Item::Frame { decoder.body().to_vec() } else { Vec::new() };
                found.push((item, body));
            }
        }
        found
    }

    /// Frames with check sums that two programs computed.
    const CHECKED: &[&str] = &[
        "02 01 FC FD",
        "02 05 10 1E 00 00 00 0B",
        "02 10 10 00 1E 92 02 04 00 00 00 00 00 00 00 00 00 00 8A",
        "02 06 8D 01 00 00 00 00 8A",
        "02 02 85 45 C2",
        "02 0A 50 01 00 00 00 10 27 00 00 00 6C",
        "02 09 1A 00 01 4C 6D 00 00 00 00 33",
        "02 08 FF 40 00 01 34 01 05 00 86",
        "02 23 FF 46 1E 00 00 00 01 D8 29 08 00 00 00 EC C2 00 00 00 49 68 00 00 00 FF FF FF FF FF 02 01 04 01 D1 FB F0 50",
        "02 10 FF 45 00 E7 0C 00 00 00 B3 60 03 00 DB 45 DB 70 A4",
        "02 10 FF 0C 1E 00 00 00 F0 03 06 00 61 40 62 2E 72 75 62",
    ];

    #[test]
    fn checked_frames_encode_and_decode_byte_for_byte() {
        for text in CHECKED {
            let frame = hex(text);
            let body = &frame[2..frame.len() - 1];
            let mut encoded = Vec::new();
            encode(body, &mut encoded);
            assert_eq!(encoded, frame, "{text}");
            assert_eq!(decode(&[&frame]), [(Item::Frame, body.to_vec())], "{text}");
        }
    }

    #[test]
    fn a_stream_cut_at_any_byte_reads_the_same() {
        let mut stream = vec![0x33, FILLER, 0x44, ACK, FILLER];
        for text in CHECKED {
            stream.extend(hex(text));
            stream.extend([NAK, ENQ]);
        }
        let whole: Vec<_> = decode(&[&stream]).into_iter().filter(|(item, _)| *item != Item::Garbage).collect();
        assert_eq!(whole.iter().filter(|(item, _)| *item == Item::Frame).count(), CHECKED.len());
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            let cut: Vec<_> = decode(&[left, right]).into_iter().filter(|(item, _)| *item != Item::Garbage).collect();
            assert_eq!(cut, whole);
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        let single: Vec<_> = decode(&bytes).into_iter().filter(|(item, _)| *item != Item::Garbage).collect();
        assert_eq!(single, whole);
    }

    #[test]
    fn a_wrong_check_sum_is_seen_and_the_next_frame_is_read() {
        let found = decode(&[&hex("02 01 FC FE 02 01 FC FD")]);
        assert_eq!(found, [(Item::BadFrame, vec![]), (Item::Frame, vec![0xFC])]);
        assert_eq!(decode(&[&hex("02 00 00 05")]), [(Item::BadFrame, vec![]), (Item::Enq, vec![])]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_little_is_kept(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8)) {
            let mut decoder = Decoder::default();
            for piece in &pieces {
                decoder.feed(piece);
                while decoder.next_item().is_some() {}
                prop_assert!(decoder.bytes.len() - decoder.at <= BODY_MAX + 2);
            }
        }

        #[test]
        fn a_body_survives_the_wire(body in prop::collection::vec(any::<u8>(), 1..=BODY_MAX)) {
            let mut frame = Vec::new();
            encode(&body, &mut frame);
            prop_assert_eq!(decode(&[&frame]), [(Item::Frame, body)]);
        }
    }
}
