//! What a printer answers: bytes of its state, and proofs that it printed. Pure.
//!
//! A printer may say more than it is asked, so an answer is looked for among the bytes that came. Each kind of answer has
//! bits that tell it from the others.

use crate::printer::{Paper, PrinterProblem};

/// A printer answers with a few bytes; of more, the last ones are kept.
pub const HEARD_BYTES_MAX: usize = 256;

/// Bits that every byte of a state has, and what they are.
const STATE_MASK: u8 = 0x93;
const STATE: u8 = 0x12;
/// Bits that are clear in the answer to the mark behind a document.
const TAKEN_MASK: u8 = 0x90;

const DRAWER_PIN_HIGH: u8 = 0x04;
const OFFLINE: u8 = 0x08;
const CAUSE_COVER: u8 = 0x04;
const CAUSE_PAPER: u8 = 0x20;
const CAUSE_ERROR: u8 = 0x40;
const ERROR_MECHANICAL: u8 = 0x04;
const ERROR_CUTTER: u8 = 0x08;
const ERROR_FOR_GOOD: u8 = 0x20;
const ERROR_HOT: u8 = 0x40;
const PAPER_NEAR_END: u8 = 0x0C;
const PAPER_END: u8 = 0x60;

/// A proof is these, the four letters of its number, and a zero.
const PROOF_BEGIN: [u8; 2] = [0x37, 0x22];
const PROOF_BYTES: usize = 7;

/// What the answers to the questions about its state mean, each taken for good while it was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBytes {
    pub printer: u8,
    pub offline_cause: u8,
    pub error_cause: u8,
    pub paper: u8,
}

impl Default for StateBytes {
    fn default() -> StateBytes {
        StateBytes { printer: STATE, offline_cause: STATE, error_cause: STATE, paper: STATE }
    }
}

/// The letters of a number, none of which has the bits of a state.
pub fn proof_letters(number: u16) -> [u8; 4] {
    [12, 8, 4, 0].map(|shift| b'A' + (number >> shift & 0xF) as u8)
}

/// What came since the printer was asked last.
#[derive(Debug, Default)]
pub struct Heard {
    bytes: Vec<u8>,
}

impl Heard {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.bytes.drain(..self.bytes.len().saturating_sub(HEARD_BYTES_MAX));
    }

    /// The answer to a question about its state.
    pub fn state(&self) -> Option<u8> {
        self.bytes.iter().copied().find(|byte| byte & STATE_MASK == STATE)
    }

    /// All that was sent is taken in.
    pub fn has_taken(&self) -> bool {
        self.bytes.iter().any(|byte| byte & TAKEN_MASK == 0)
    }

    /// All that was sent before the proof of this number was asked for is on paper.
    pub fn has_proof(&self, number: u16) -> bool {
        let proof = [&PROOF_BEGIN[..], &proof_letters(number), &[0]].concat();
        self.bytes.windows(PROOF_BYTES).any(|bytes| bytes == proof)
    }
}

impl StateBytes {
    pub fn is_offline(self) -> bool {
        self.printer & OFFLINE != 0
    }

    /// There is more to be asked about its error.
    pub fn has_error(self) -> bool {
        self.offline_cause & CAUSE_ERROR != 0
    }

    pub fn drawer_pin_is_high(self) -> bool {
        self.printer & DRAWER_PIN_HIGH != 0
    }

    pub fn paper(self) -> Paper {
        if self.paper & PAPER_END != 0 || self.offline_cause & CAUSE_PAPER != 0 {
            Paper::Out
        } else if self.paper & PAPER_NEAR_END != 0 {
            Paper::NearEnd
        } else {
            Paper::There
        }
    }

    /// What keeps it from printing, beside paper.
    pub fn problem(self) -> Option<PrinterProblem> {
        let is_set = |byte: u8, bit: u8| byte & bit != 0;
        if !self.is_offline() || is_set(self.offline_cause, CAUSE_PAPER) {
            None
        } else if is_set(self.offline_cause, CAUSE_COVER) {
            Some(PrinterProblem::CoverOpen)
        } else if is_set(self.error_cause, ERROR_CUTTER) {
            Some(PrinterProblem::Cutter)
        } else if is_set(self.error_cause, ERROR_HOT) {
            Some(PrinterProblem::HeadHot)
        } else if is_set(self.error_cause, ERROR_MECHANICAL) {
            Some(PrinterProblem::Mechanical)
        } else if is_set(self.error_cause, ERROR_FOR_GOOD) {
            Some(PrinterProblem::ForGood)
        } else {
            Some(PrinterProblem::Other)
        }
    }
}
