//! The bytes of a CAS ECR scale: one-byte answers and blocks of weight, pure and incremental.
//!
//! A block is 15 bytes, `01 02 STA SIGN weight unit BCC 03 04` with six characters of weight; some scales send seven and
//! leave the last byte out. BCC is the exclusive or of everything between `02` and itself. The decoder takes any bytes,
//! never panics, keeps at most one unfinished block, and finds its way again after garbage.

use std::ops::Range;

use domain::quantity::Quantity;

use crate::scale::Weight;

pub const ENQ: u8 = 0x05;
pub const ACK: u8 = 0x06;
pub const DC1: u8 = 0x11;
pub const NAK: u8 = 0x15;
const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;

const BLOCK_BYTES: usize = 15;
/// A scale set to seven bits with even parity puts the parity into the eighth; the exclusive or survives that.
const DATA_BITS: u8 = 0x7F;

/// What the decoder found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Ack,
    /// The scale is busy.
    Nak,
    Block(Result<Weight, BadBlock>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBlock {
    #[error("a block has a wrong check sum")]
    CheckSum,
    #[error("a block has no weight in it")]
    Content,
    #[error("it does not weigh in kilograms")]
    Unit,
}

#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Everything before this is consumed.
    at: usize,
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend(bytes.iter().map(|byte| byte & DATA_BITS));
    }

    /// The next item, or nothing until more bytes are fed. Bytes that start nothing are skipped.
    pub fn next_item(&mut self) -> Option<Item> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            match *rest.first()? {
                ACK => {
                    self.at += 1;
                    return Some(Item::Ack);
                }
                NAK => {
                    self.at += 1;
                    return Some(Item::Nak);
                }
                SOH if *rest.get(1)? == STX => {
                    let block = rest.get(..BLOCK_BYTES)?;
                    let Some(weight) = frame(block) else {
                        // A byte was lost or added: the next block may have begun inside this one.
                        let next = block.iter().skip(1).position(|byte| *byte == SOH);
                        self.at += next.map_or(BLOCK_BYTES, |next| next + 1);
                        return Some(Item::Block(Err(BadBlock::CheckSum)));
                    };
                    let weight = content(&block[2..weight.start], &block[weight.clone()], &block[weight.end..]);
                    self.at += BLOCK_BYTES;
                    return Some(Item::Block(weight));
                }
                _ => self.at += 1,
            }
        }
    }

    /// Forget everything that was fed.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
    }
}

/// Where the weight is in a block whose frame and check sum are good.
fn frame(block: &[u8]) -> Option<Range<usize>> {
    let sum_at = match block[BLOCK_BYTES - 2..] {
        [ETX, EOT] => BLOCK_BYTES - 3,
        [_, ETX] => BLOCK_BYTES - 2,
        _ => return None,
    };
    let sum = block[2..sum_at].iter().fold(0, |sum, byte| sum ^ byte);
    (sum == block[sum_at]).then_some(4..sum_at - 2)
}

fn content(state: &[u8], weight: &[u8], unit: &[u8]) -> Result<Weight, BadBlock> {
    let [stable, sign] = *state else { return Err(BadBlock::Content) };
    let stable = match stable {
        b'S' => true,
        b'U' => false,
        _ => return Err(BadBlock::Content),
    };
    if sign == b'F' {
        return Ok(Weight { gross: Quantity::ZERO, stable, overload: true });
    }
    if !unit.starts_with(b"kg") {
        return Err(BadBlock::Unit);
    }
    let digits = weight.trim_ascii();
    let is_number = digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let gross = std::str::from_utf8(digits)
        .ok()
        .filter(|_| is_number)
        .and_then(|text| text.parse::<Quantity>().ok())
        .ok_or(BadBlock::Content)?;
    match sign {
        b' ' | b'+' => Ok(Weight { gross, stable, overload: false }),
        b'-' => Ok(Weight { gross: -gross, stable, overload: false }),
        _ => Err(BadBlock::Content),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    fn decode(pieces: &[&[u8]]) -> Vec<Item> {
        let mut decoder = Decoder::default();
        let mut found = Vec::new();
        for piece in pieces {
            decoder.feed(piece);
            found.extend(std::iter::from_fn(|| decoder.next_item()));
        }
        found
    }

    fn weight(thousandths: i64, stable: bool) -> Item {
        Item::Block(Ok(Weight { gross: Quantity::from_thousandths(thousandths), stable, overload: false }))
    }

    fn block(content: &[u8]) -> Vec<u8> {
        let sum = content.iter().fold(0, |sum, byte| sum ^ byte);
        let end: &[u8] = if content.len() == 10 { &[ETX, EOT] } else { &[ETX] };
        [&[SOH, STX], content, &[sum], end].concat()
    }

    const STABLE: &str = "01 02 53 20 30 30 2E 35 33 35 6B 67 62 03 04";
    const OVERLOAD: &str = "01 02 55 46 46 46 46 46 46 46 6B 67 1F 03 04";

    #[test]
    fn documented_blocks_read_byte_for_byte() {
        assert_eq!(decode(&[&hex("06")]), [Item::Ack]);
        assert_eq!(decode(&[&hex(STABLE)]), [weight(535, true)]);
        let overload = Weight { gross: Quantity::ZERO, stable: false, overload: true };
        assert_eq!(decode(&[&hex(OVERLOAD)]), [Item::Block(Ok(overload))]);
    }

    #[test]
    fn every_kind_of_weight_reads() {
        assert_eq!(decode(&[&block(b"U 01.250kg")]), [weight(1250, false)]);
        assert_eq!(decode(&[&block(b"S-00.005kg")]), [weight(-5, true)]);
        assert_eq!(decode(&[&block(b"S   1.5 kg")]), [weight(1500, true)]);
        assert_eq!(decode(&[&block(b"S 000.535kg")]), [weight(535, true)]);
        assert_eq!(decode(&[&block(b"S 00.535lb")]), [Item::Block(Err(BadBlock::Unit))]);
        for content in [b"S 0 .535kg", b"S ......kg", b"S      kg ", b"X 00.535kg", b"S?00.535kg", b"S -0.535kg"] {
            assert!(matches!(decode(&[&block(content)])[..], [Item::Block(Err(_))]), "{}", content.escape_ascii());
        }
        let parity: Vec<u8> = hex(STABLE).iter().map(|byte| byte | ((byte.count_ones() as u8 & 1) << 7)).collect();
        assert_eq!(parity[0], 0x81);
        assert_eq!(decode(&[&parity]), [weight(535, true)]);
    }

    #[test]
    fn a_stream_cut_at_any_byte_reads_the_same() {
        let stream = hex(&format!("00 01 {STABLE} 15 FF 33 {OVERLOAD} 06 01 02 53 20 {STABLE} 06 {STABLE}"));
        let whole = decode(&[&stream]);
        assert_eq!(whole.len(), 8);
        assert_eq!(whole[4], Item::Block(Err(BadBlock::CheckSum)));
        for cut in 0..=stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(decode(&[left, right]), whole);
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(decode(&bytes), whole);
    }

    #[test]
    fn no_flipped_bit_makes_another_weight() {
        let good = hex(STABLE);
        for (at, bit) in (0..good.len()).flat_map(|at| (0..7).map(move |bit| (at, bit))) {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let found = decode(&[&bad]);
            assert!(!found.iter().any(|item| matches!(item, Item::Block(Ok(_)))), "byte {at} bit {bit}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_little_is_kept(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8)) {
            let mut decoder = Decoder::default();
            for piece in &pieces {
                decoder.feed(piece);
                while decoder.next_item().is_some() {}
                prop_assert!(decoder.bytes.len() - decoder.at < BLOCK_BYTES);
            }
        }
    }
}
