//! The codes of marked units: checked by the device and kept or dropped, then bound to the line that sells them.
//!
//! Not confirmed on a device: that the measure must be given with every code, and that a code that was kept for a receipt
//! that is cancelled is kept for the next one.

use domain::quantity::Quantity;

use super::commands::{self, Answer};
use super::{Shtrih, codec};
use crate::fiscal::{FiscalError, FiscalKind, FiscalReceipt, LineMark, MarkCheck, SalePermission};
use crate::text;

/// What stands before a code in the command that checks it: command, password, status, mode, two lengths.
const CHECK_HEAD_BYTES: usize = 2 + 4 + 4;
const CODE_BYTES_MAX: usize = codec::BODY_MAX - CHECK_HEAD_BYTES;
/// The longest group of tags that one command carries.
const TAGS_BYTES_MAX: usize = 250;
/// Measure of the quantity: pieces.
const TAG_MEASURE: u16 = 2108;
const MEASURE_PIECES: u8 = 0;
/// The answer of the state's system: whose rule, of which day and number, and what it says.
const TAG_PERMISSION: u16 = 1260;
const TAG_PERMISSION_AGENCY: u16 = 1262;
const TAG_PERMISSION_DAY: u16 = 1263;
const TAG_PERMISSION_RULE: u16 = 1264;
const TAG_PERMISSION_VALUE: u16 = 1265;
const AGENCY: &str = "030";
const RULE_DAY: &str = "21.11.2023";
const RULE: &str = "1944";

impl Shtrih {
    /// Check a code, and keep it for the receipt unless it is refused.
    pub(super) async fn check_code(&mut self, kind: FiscalKind, code: &str) -> Result<MarkCheck, FiscalError> {
        check_length(code)?;
        let answer = self.send(&commands::CHECK_MARK, |body| put_check(kind, code, body)).await?;
        let kept = !read_check(answer)?.is_refused();
        let mut answer = self.send(&commands::KEEP_MARK, |body| body.push(u8::from(kept))).await?;
        Ok(MarkCheck { result: answer.byte()?, kept })
    }

    /// What belongs to the line that was just registered.
    pub(super) async fn bind(&mut self, mark: &LineMark) -> Result<(), FiscalError> {
        self.send(&commands::SEND_LINE_TAG, |body| put_tags(mark.permission.as_ref(), body)).await?;
        let code = mark.code.as_bytes();
        let answer = self.send(&commands::BIND_MARK, |body| {
            body.push(code.len() as u8);
            body.extend_from_slice(code);
        });
        read_bound(answer.await?)
    }
}

/// Refuse marks that do not belong to the receipt, before anything is sent.
pub(super) fn check(receipt: &FiscalReceipt, marks: &[LineMark]) -> Result<(), FiscalError> {
    let refuse = |what: String| Err(FiscalError::Protocol { what });
    for (place, mark) in marks.iter().enumerate() {
        let Some(line) = receipt.lines.get(mark.line) else {
            return refuse(format!("there is no line {} for a code", mark.line + 1));
        };
        if line.quantity != Quantity::ONE || marks[..place].iter().any(|other| other.line == mark.line) {
            return refuse(format!("a line with a code must be one unit, and \"{}\" is not", line.name));
        }
        check_length(&mark.code)?;
        let mut tags = Vec::new();
        put_tags(mark.permission.as_ref(), &mut tags);
        if tags.len() > TAGS_BYTES_MAX {
            return refuse("the answer of the state's system is too long".into());
        }
    }
    Ok(())
}

fn check_length(code: &str) -> Result<(), FiscalError> {
    if (1..=CODE_BYTES_MAX).contains(&code.len()) {
        Ok(())
    } else {
        Err(FiscalError::Protocol { what: format!("a code of {} bytes does not fit the command", code.len()) })
    }
}

/// What is planned with the unit, the mode, the lengths of code and tags, the code.
fn put_check(kind: FiscalKind, code: &str, body: &mut Vec<u8>) {
    let planned = match kind {
        FiscalKind::Sale => 1,
        FiscalKind::Return => 3,
    };
    body.extend([planned, 0, code.len() as u8, 0]);
    body.extend_from_slice(code.as_bytes());
}

/// What the storage found by itself and, if the state's system was asked, what it said.
fn read_check(mut answer: Answer<'_>) -> Result<MarkCheck, FiscalError> {
    let local = answer.byte()?;
    // Why it was not checked, and the type of the code.
    answer.bytes(2)?;
    let online = match answer.byte()? {
        0 => 0,
        // An error of the question, then the result.
        _ if answer.byte()? != 0 => 0,
        _ => answer.byte()?,
    };
    // The state's system knows better whether the signature is good.
    Ok(MarkCheck { result: if online & 1 == 0 { local & 0b11 | online } else { online }, kept: false })
}

/// How the code was recognised and, if it was not checked before, what came of that now.
fn read_bound(mut answer: Answer<'_>) -> Result<(), FiscalError> {
    answer.bytes(2 + 1)?;
    if !answer.is_empty() && read_check(answer)?.is_refused() {
        return Err(FiscalError::Protocol { what: "the code of a unit is refused; the receipt is cancelled".into() });
    }
    Ok(())
}

/// The tags of a line with a code: pieces, and the permission if there is one.
fn put_tags(permission: Option<&SalePermission>, body: &mut Vec<u8>) {
    commands::put_tag(TAG_MEASURE, body, |body| body.push(MEASURE_PIECES));
    let Some(SalePermission { request, timestamp }) = permission else { return };
    let value = format!("UUID={request}&Time={timestamp}");
    commands::put_tag(TAG_PERMISSION, body, |body| {
        for (tag, value) in [
            (TAG_PERMISSION_AGENCY, AGENCY),
            (TAG_PERMISSION_DAY, RULE_DAY),
            (TAG_PERMISSION_RULE, RULE),
            (TAG_PERMISSION_VALUE, &value),
        ] {
            commands::put_tag(tag, body, |body| text::put_stored(value, TAGS_BYTES_MAX, body));
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "0104601234567893215jcmHzLmkdPML\u{1d}938p9E";

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    #[test]
    fn a_code_is_checked_as_the_protocol_shows() {
        let mut body = Vec::new();
        commands::begin(&commands::CHECK_MARK, &mut body);
        put_check(FiscalKind::Sale, CODE, &mut body);
        let documented = hex(
            "FF 61 1E 00 00 00 01 00 26 00 30 31 30 34 36 30 31 32 33 34 35 36 37 38 39 33 32 31 35 6A 63 6D 48 7A 4C 6D \
             6B 64 50 4D 4C 1D 39 33 38 70 39 45",
        );
        assert_eq!(body, documented);
        let mut tags = Vec::new();
        put_tags(None, &mut tags);
        assert_eq!(tags, hex("3C 08 01 00 00"));
        let permission = SalePermission { request: "1".into(), timestamp: 7 };
        put_tags(Some(&permission), &mut tags);
        let documented = hex(
            "3C 08 01 00 00 EC 04 2E 00 EE 04 03 00 30 33 30 EF 04 0A 00 32 31 2E 31 31 2E 32 30 32 33 F0 04 04 00 31 39 34 34 \
             F1 04 0D 00 55 55 49 44 3D 31 26 54 69 6D 65 3D 37",
        );
        assert_eq!(tags[5..], documented);
    }

    proptest! {
        #[test]
        fn any_answers_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let read = read_check(Answer::new(&commands::CHECK_MARK, &bytes));
            prop_assert!(read.is_ok() || bytes.len() < 6);
            let read = read_bound(Answer::new(&commands::BIND_MARK, &bytes));
            prop_assert!(read.is_err() || bytes.len() == 3 || bytes.len() >= 7);
        }
    }

    #[test]
    fn the_answer_to_a_check_is_read_as_the_protocol_shows() {
        for (answer, result, refused) in [
            ("03 00 05 02 00 0F", 0x0F, false),
            // The storage alone: good, bad, no key.
            ("03 00 05 00", 3, false),
            ("01 00 05 00", 1, true),
            ("00 02 05 00", 0, false),
            // The system did not answer; it says no.
            ("03 00 05 02 FF 00", 3, false),
            ("03 00 05 02 20 01", 3, false),
            ("03 00 05 02 00 07", 7, true),
            ("00 02 05 02 00 0F", 0x0F, false),
        ] {
            let read = read_check(Answer::new(&commands::CHECK_MARK, &hex(answer))).expect(answer);
            assert_eq!((read.result, read.is_refused()), (result, refused), "{answer}");
        }
        let torn = read_check(Answer::new(&commands::CHECK_MARK, &hex("03 00 05 02 00")));
        assert!(matches!(torn, Err(FiscalError::Protocol { .. })));
    }
}
