//! Says of most ids that they are not in a run, without reading it.
//!
//! A Bloom filter whose bits of one id lie in one line of the processor's cache: a question is one miss of it.

/// Bits kept an id: about one question of a hundred is answered "maybe" in vain.
const BITS_AN_ID: usize = 10;
/// Bits set an id.
const BITS_SET: u32 = 6;
/// A line: 512 bits.
const WORDS_A_LINE: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    pub(super) fn for_ids(count: usize) -> Filter {
        let lines = (count * BITS_AN_ID).div_ceil(WORDS_A_LINE * 64).max(1);
        Filter { words: vec![0; lines * WORDS_A_LINE] }
    }

    pub(super) fn of_words(words: Vec<u64>) -> Option<Filter> {
        (!words.is_empty() && words.len().is_multiple_of(WORDS_A_LINE)).then_some(Filter { words })
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn add(&mut self, id: u128) {
        let (line, bits) = self.place(id);
        for bit in bits {
            self.words[line + bit / 64] |= 1 << (bit % 64);
        }
    }

    pub(super) fn maybe(&self, id: u128) -> bool {
        let (line, mut bits) = self.place(id);
        bits.all(|bit| self.words[line + bit / 64] & (1 << (bit % 64)) != 0)
    }

    /// The first word of the id's line, and its bits in the line.
    fn place(&self, id: u128) -> (usize, impl Iterator<Item = usize> + use<>) {
        let hash = mix(mix(id as u64) ^ (id >> 64) as u64);
        let lines = (self.words.len() / WORDS_A_LINE) as u64;
        let line = ((u128::from(hash) * u128::from(lines)) >> 64) as usize * WORDS_A_LINE;
        // The line is by the high bits; nine bits of another mix for each bit in it.
        let within = mix(hash);
        (line, (0..BITS_SET).map(move |n| (within >> (9 * n)) as usize & 511))
    }
}

fn mix(value: u64) -> u64 {
    let product = u128::from(value ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
    product as u64 ^ (product >> 64) as u64
}
