//! Marked goods at the simulated registrar (FF4Dh, FF61h, FF67h, FF69h): it checks codes by what it has sold itself.
//!
//! The signature of a code that has one is good. The state's system, which is always reached, knows a unit as sold from the
//! receipt that sells it to the one that takes it back.

use std::collections::BTreeSet;

use super::{Input, Refusal, Registrar, code};
use crate::sim::register::memory::Operation;

/// Units that are remembered as sold, and codes that wait for a receipt.
const SOLD_MAX: usize = 10_000;
const KEPT_MAX: usize = 1_000;
const TAGS_BYTES_MAX: usize = 250;
const SEPARATOR: u8 = 0x1D;
/// Identifiers of what signs a code.
const SIGNATURES: [&[u8; 2]; 3] = [b"91", b"92", b"93"];

/// Planned states of a unit: sold and come back, whole or in part.
const SOLD: [u8; 2] = [1, 2];
const RETURNED: [u8; 2] = [3, 4];
const UNCHANGED: u8 = 255;

/// Checked and found good by the storage; the same and answered by the system; the same and in the right state.
const GENUINE: u8 = 0b0011;
const ANSWERED: u8 = 0b0111;
const ALLOWED: u8 = 0b1111;
/// Why a code was not checked: nothing signs it.
const NO_SIGNATURE: u8 = 3;
/// A code of a unit in the form that has 44 characters, and how it is recognised.
const CODE_TYPE: u8 = 5;
const RECOGNISED: [u8; 3] = [0x44, 0x4D, 3];

#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Checked, and neither kept nor dropped.
    checked: Option<(Vec<u8>, u8)>,
    kept: BTreeSet<Vec<u8>>,
    /// Of the lines of the open receipt.
    bound: Vec<Vec<u8>>,
    sold: BTreeSet<Vec<u8>>,
}

impl Marks {
    /// The answer of a check from its first byte, and the result.
    fn check(&self, planned: u8, unit: &[u8]) -> (Vec<u8>, u8) {
        let parts = unit.split(|byte| *byte == SEPARATOR);
        if !parts.skip(1).any(|part| SIGNATURES.iter().any(|signature| part.starts_with(*signature))) {
            return (vec![0, NO_SIGNATURE, CODE_TYPE, 0], 0);
        }
        let right = match planned {
            planned if SOLD.contains(&planned) => !self.sold.contains(unit),
            planned if RETURNED.contains(&planned) => self.sold.contains(unit),
            _ => true,
        };
        let result = if right { ALLOWED } else { ANSWERED };
        (vec![GENUINE, 0, CODE_TYPE, 2, 0, result], result)
    }

    pub(super) fn cancel(&mut self) {
        self.bound.clear();
    }

    /// The receipt is a document: its units, as texts.
    pub(super) fn close(&mut self, operation: Operation) -> Vec<String> {
        self.kept.clear();
        let bound = std::mem::take(&mut self.bound);
        for unit in &bound {
            if operation != Operation::Sale {
                self.sold.remove(unit);
            } else if self.sold.len() < SOLD_MAX {
                self.sold.insert(unit.clone());
            }
        }
        bound.iter().map(|unit| String::from_utf8_lossy(unit).into_owned()).collect()
    }
}

impl Registrar {
    pub(super) fn answer_mark(&mut self, command: u16, mut input: Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.administrator(&mut input)?;
        match command {
            0xFF4D => self.take_line_tags(input.remainder())?,
            0xFF61 => {
                let (planned, _mode) = (input.byte()?, input.byte()?);
                let (length, tags) = (input.byte()?, input.byte()?);
                let unit = input.bytes(length.into())?.to_vec();
                input.bytes(tags.into())?;
                if !(1..=4).contains(&planned) && planned != UNCHANGED || unit.is_empty() {
                    return Err(code::BAD_VALUE);
                }
                let (answer, result) = self.marks.check(planned, &unit);
                self.marks.checked = Some((unit, result));
                out.extend(answer);
            }
            0xFF67 => self.bind(&mut input, out)?,
            _ => self.keep(&mut input, out)?,
        }
        input.end()
    }

    /// Keep the code that was checked last, or drop it; or drop all that are kept.
    fn keep(&mut self, input: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let what = input.byte()?;
        if what == 2 {
            self.marks.kept.clear();
            out.push(0);
            return Ok(());
        }
        let (unit, result) = self.marks.checked.take().ok_or(code::STORAGE_STATE)?;
        match what {
            0 => {}
            1 if self.marks.kept.len() < KEPT_MAX => drop(self.marks.kept.insert(unit)),
            1 => return Err(code::BUFFER_FULL),
            _ => return Err(code::BAD_VALUE),
        }
        out.push(result);
        Ok(())
    }

    /// The last line is of this unit; one that was not kept is checked now.
    fn bind(&mut self, input: &mut Input<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let length = input.byte()?;
        let unit = input.bytes(length.into())?.to_vec();
        // It may be said that goods of this kind are only counted.
        input.remainder();
        let open = self.open.as_ref().ok_or(code::RECEIPT_CLOSED)?;
        if self.marks.bound.len() >= open.lines.len() || unit.is_empty() {
            return Err(code::STORAGE_STATE);
        }
        out.extend(RECOGNISED);
        if !self.marks.kept.contains(&unit) {
            let planned = if open.operation == Operation::Sale { SOLD[0] } else { RETURNED[0] };
            out.extend(self.marks.check(planned, &unit).0);
        }
        self.marks.bound.push(unit);
        Ok(())
    }

    fn take_line_tags(&mut self, tags: &[u8]) -> Result<(), Refusal> {
        let has_line = self.open.as_ref().is_some_and(|open| !open.lines.is_empty());
        if !has_line {
            return Err(code::STORAGE_STATE);
        }
        if tags.len() > TAGS_BYTES_MAX {
            return Err(code::BAD_LENGTH);
        }
        let mut input = Input { rest: tags };
        while !input.rest.is_empty() {
            let (_tag, length) = (input.short()?, input.short()?);
            input.bytes(length.into())?;
        }
        Ok(())
    }
}
