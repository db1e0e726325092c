//! The commands that the driver uses: how their bodies are written and their answers read.
//!
//! Integers are little-endian. Money is 5 bytes of kopecks, a money register 6; a quantity is 6 bytes of millionths.

use std::time::Duration;

use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;

use crate::fiscal::{
    FiscalDocument, FiscalDocumentKind, FiscalError, FiscalKind, FiscalLine, FiscalPayments, FiscalReceipt,
};
use crate::text;

/// The system administrator. The fiscal storage answers only to it, and a receipt is closed by whoever opened it.
const PASSWORD: u32 = 30;
/// The field of one printed line.
pub(crate) const PRINT_WIDTH: usize = 40;
/// The longest name of an item that the command takes.
const ITEM_NAME_MAX: usize = 128;
/// The longest cashier's name that the tax format allows.
const OPERATOR_MAX: usize = 64;
/// The tag of the cashier's name.
const TAG_CASHIER: u16 = 1021;
/// Five bytes, less the value that means "not given".
const MONEY_MAX: i64 = 0xFF_FFFF_FFFE;
/// Six bytes of millionths.
const QUANTITY_THOUSANDTHS_MAX: i64 = 0xFFFF_FFFF_FFFF / 1000;
/// The general tax system, bit 0 of tag 1055.
const TAX_SYSTEM_GENERAL: u8 = 1;
/// Full payment at the moment of sale, tag 1214.
const PAYMENT_METHOD_FULL: u8 = 4;
/// Goods, and goods with a code of marking: tag 1212.
const SUBJECT_GOODS: u8 = 1;
const SUBJECT_MARKED_GOODS: u8 = 33;
const DEPARTMENT: u8 = 1;
const PAYMENT_TYPES: usize = 16;
/// Tax groups of the close command: base, 10 %, 0 %, none, and two computed rates that a shop does not use.
const TAX_GROUPS: usize = 6;

/// One command: its code, its name for a person, and the rules of sending it.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    /// May be sent again when its answer is lost, because a second run changes nothing more.
    pub(crate) repeatable: bool,
    pub(crate) timeout: Duration,
}

/// A question is answered from memory.
const ASKED: Duration = Duration::from_secs(5);
/// A printing command ends when the paper has moved; the vendor's own driver waits as long.
const PRINTED: Duration = Duration::from_secs(30);
/// Closing a shift prints a long report.
const SHIFT_CLOSED: Duration = Duration::from_secs(65);
/// Opening a shift may exchange keys with the fiscal storage first.
const SHIFT_OPENED: Duration = Duration::from_secs(120);

const fn ask(code: u16, name: &'static str) -> Command {
    Command { code, name, repeatable: true, timeout: ASKED }
}

const fn act(code: u16, name: &'static str, timeout: Duration) -> Command {
    Command { code, name, repeatable: false, timeout }
}

/// A code is checked by the fiscal storage, which may ask the state's system.
const MARK_CHECKED: Duration = Duration::from_secs(40);

pub(crate) static SHORT_STATUS: Command = ask(0x10, "short status");
pub(crate) static FULL_STATUS: Command = ask(0x11, "full status");
pub(crate) static PRINT_LINE: Command = act(0x17, "print a line", PRINTED);
pub(crate) static MONEY_REGISTER: Command = ask(0x1A, "read a money register");
pub(crate) static COUNTER: Command = ask(0x1B, "read a counter");
pub(crate) static WRITE_TABLE: Command = ask(0x1E, "write a setting");
pub(crate) static READ_TABLE: Command = ask(0x1F, "read a setting");
pub(crate) static SET_TIME: Command = ask(0x21, "set the time");
pub(crate) static SET_DATE: Command = ask(0x22, "set the date");
pub(crate) static CONFIRM_DATE: Command = ask(0x23, "confirm the date");
pub(crate) static OPEN_DRAWER: Command = ask(0x28, "open the drawer");
pub(crate) static FIELD: Command = ask(0x2E, "ask for the size of a setting");
pub(crate) static REPORT_X: Command = act(0x40, "X report", PRINTED);
pub(crate) static CASH_IN: Command = act(0x50, "cash in", PRINTED);
pub(crate) static CASH_OUT: Command = act(0x51, "cash out", PRINTED);
pub(crate) static CANCEL_RECEIPT: Command = act(0x88, "cancel the receipt", PRINTED);
pub(crate) static SUBTOTAL: Command = ask(0x89, "subtotal");
pub(crate) static REPEAT: Command = act(0x8C, "repeat the last document", PRINTED);
pub(crate) static OPEN_RECEIPT: Command = act(0x8D, "open a receipt", PRINTED);
pub(crate) static CONTINUE_PRINT: Command = ask(0xB0, "continue printing");
pub(crate) static DEVICE_TYPE: Command = ask(0xFC, "type of the device");
pub(crate) static STORAGE_STATUS: Command = ask(0xFF01, "status of the fiscal storage");
pub(crate) static STORAGE_UNTIL: Command = ask(0xFF03, "last day of the fiscal storage");
pub(crate) static CANCEL_STORED: Command = act(0xFF08, "cancel the document of the fiscal storage", ASKED);
pub(crate) static FIND_DOCUMENT: Command = ask(0xFF0A, "find a document");
pub(crate) static OPEN_SHIFT: Command = act(0xFF0B, "open the shift", SHIFT_OPENED);
pub(crate) static SEND_TAG: Command = act(0xFF0C, "give a tag of the document", ASKED);
pub(crate) static EXCHANGE_STATUS: Command = ask(0xFF39, "what waits for the tax operator");
pub(crate) static SHIFT_STATUS: Command = ask(0xFF40, "status of the shift");
pub(crate) static BEGIN_OPEN_SHIFT: Command = act(0xFF41, "begin to open the shift", ASKED);
pub(crate) static BEGIN_CLOSE_SHIFT: Command = act(0xFF42, "begin to close the shift", ASKED);
pub(crate) static CLOSE_SHIFT: Command = act(0xFF43, "close the shift", SHIFT_CLOSED);
pub(crate) static CLOSE_RECEIPT: Command = act(0xFF45, "close the receipt", PRINTED);
pub(crate) static OPERATION: Command = act(0xFF46, "register a line", PRINTED);
pub(crate) static SEND_LINE_TAG: Command = act(0xFF4D, "give a tag of the line", ASKED);
pub(crate) static CHECK_MARK: Command = act(0xFF61, "check a code", MARK_CHECKED);
pub(crate) static BIND_MARK: Command = act(0xFF67, "give the code of the line", MARK_CHECKED);
pub(crate) static KEEP_MARK: Command = act(0xFF69, CHECK_MARK.name, ASKED);

/// Begin the body of a command: its code and the password, except that whoever asks may know the type of the device. A
/// two-byte code is the only big-endian number.
pub(crate) fn begin(command: &Command, body: &mut Vec<u8>) {
    body.clear();
    if command.code > 0xFF {
        body.extend_from_slice(&command.code.to_be_bytes());
    } else {
        body.push(command.code.to_be_bytes()[1]);
    }
    if command.code != DEVICE_TYPE.code {
        body.extend_from_slice(&PASSWORD.to_le_bytes());
    }
}

pub(crate) fn put_money(amount: Money, body: &mut Vec<u8>) {
    body.extend_from_slice(&amount.minor().to_le_bytes()[..5]);
}

/// Refuse a receipt that the wire cannot carry, before anything is sent.
pub(crate) fn check(receipt: &FiscalReceipt) -> Result<(), FiscalError> {
    let refuse = |what: String| Err(FiscalError::Protocol { what });
    if receipt.lines.is_empty() {
        return refuse("a receipt without lines".into());
    }
    for line in &receipt.lines {
        if !line.amount.is_positive() || line.price.is_negative() {
            return refuse(format!(
                "the amount of \"{}\" is {}, and only a positive one can be registered",
                line.name, line.amount
            ));
        }
        check_money(line.amount)?;
        check_money(line.price)?;
        if !(1..=QUANTITY_THOUSANDTHS_MAX).contains(&line.quantity.thousandths()) {
            return refuse(format!("the quantity of \"{}\" is {}", line.name, line.quantity));
        }
        tax_bit(line.vat)?;
    }
    let payments = &receipt.payments;
    for amount in [payments.cash, payments.electronic, payments.prepaid, payments.credit, receipt.total()] {
        check_money(amount)?;
    }
    Ok(())
}

pub(crate) fn check_money(amount: Money) -> Result<(), FiscalError> {
    if (0..=MONEY_MAX).contains(&amount.minor()) {
        Ok(())
    } else {
        Err(FiscalError::Protocol { what: format!("an amount of {amount} does not fit the command") })
    }
}

/// The tax group as a bit. The base rate is one group of the device, whatever the law calls it this year.
fn tax_bit(rate: VatRate) -> Result<u8, FiscalError> {
    match rate {
        VatRate::Percent { hundredths: 2000 | 2200 } => Ok(1),
        VatRate::Percent { hundredths: 1000 } => Ok(2),
        VatRate::Percent { hundredths: 0 } => Ok(4),
        VatRate::None => Ok(8),
        other => Err(FiscalError::Protocol { what: format!("the device has no tax group of {other} %") }),
    }
}

pub(crate) fn put_kind(kind: FiscalKind, body: &mut Vec<u8>) {
    body.push(match kind {
        FiscalKind::Sale => 0,
        FiscalKind::Return => 2,
    });
}

/// The body of a line, after the password. The sum is always given, so that the device never rounds by itself.
pub(crate) fn put_line(
    kind: FiscalKind,
    line: &FiscalLine,
    is_marked: bool,
    body: &mut Vec<u8>,
) -> Result<(), FiscalError> {
    body.push(match kind {
        FiscalKind::Sale => 1,
        FiscalKind::Return => 2,
    });
    body.extend_from_slice(&millionths(line.quantity).to_le_bytes()[..6]);
    put_money(line.price, body);
    put_money(line.amount, body);
    put_money(line.vat.contained_in(line.amount), body);
    let subject = if is_marked { SUBJECT_MARKED_GOODS } else { SUBJECT_GOODS };
    body.extend([tax_bit(line.vat)?, DEPARTMENT, PAYMENT_METHOD_FULL, subject]);
    text::put_printed(&line.name, ITEM_NAME_MAX, body);
    Ok(())
}

fn millionths(quantity: Quantity) -> i64 {
    quantity.thousandths() * 1000
}

/// The body that closes a receipt, after the password: payments, no rounding, taxes, the tax system.
pub(crate) fn put_close(receipt: &FiscalReceipt, body: &mut Vec<u8>) -> Result<(), FiscalError> {
    let mut payments = [Money::ZERO; PAYMENT_TYPES];
    let FiscalPayments { cash, electronic, prepaid, credit } = receipt.payments;
    (payments[0], payments[1], payments[13], payments[14]) = (cash, electronic, prepaid, credit);
    for amount in payments {
        put_money(amount, body);
    }
    body.push(0);
    let mut taxes = [Money::ZERO; TAX_GROUPS];
    for line in &receipt.lines {
        // Groups 3 and 4 carry no tax; the tax format wants their turnover in the same place.
        let (group, sum) = match tax_bit(line.vat)? {
            1 => (0, line.vat.contained_in(line.amount)),
            2 => (1, line.vat.contained_in(line.amount)),
            4 => (2, line.amount),
            _ => (3, line.amount),
        };
        taxes[group] += sum;
    }
    for sum in taxes {
        put_money(sum, body);
    }
    body.push(TAX_SYSTEM_GENERAL);
    Ok(())
}

/// The cashier's name as a tag of the document.
pub(crate) fn put_cashier(operator: &str, body: &mut Vec<u8>) {
    put_tag(TAG_CASHIER, body, |body| text::put_stored(operator, OPERATOR_MAX, body));
}

/// A tag with whatever is written as its value, which is never longer than a frame.
pub(crate) fn put_tag(tag: u16, body: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    body.extend_from_slice(&tag.to_le_bytes());
    let length_at = body.len();
    body.extend_from_slice(&[0, 0]);
    write(body);
    let length = u16::try_from(body.len() - length_at - 2).expect("a value is shorter than a frame");
    body[length_at..length_at + 2].copy_from_slice(&length.to_le_bytes());
}

/// Reads an answer from its front; every answer that ends too soon is the same error.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    command: &'static Command,
    rest: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The answer after its command code and error code.
    pub(crate) fn new(command: &'static Command, rest: &'a [u8]) -> Answer<'a> {
        Answer { command, rest }
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], FiscalError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| FiscalError::Protocol {
            what: format!("the answer to \"{}\" is too short", self.command.name),
        })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, FiscalError> {
        Ok(self.bytes(1)?[0])
    }

    pub(crate) fn short(&mut self) -> Result<u16, FiscalError> {
        Ok(u16::try_from(self.number(2)?).expect("two bytes"))
    }

    pub(crate) fn long(&mut self) -> Result<u32, FiscalError> {
        Ok(u32::try_from(self.number(4)?).expect("four bytes"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    pub(crate) fn remainder(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(crate) fn number(&mut self, bytes: usize) -> Result<u64, FiscalError> {
        Ok(self.bytes(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn money(&mut self, bytes: usize) -> Result<Money, FiscalError> {
        Ok(Money::from_minor(i64::try_from(self.number(bytes)?).expect("at most six bytes")))
    }
}

/// A found document: type, whether the tax operator has confirmed it, date and time (5, year first), number (4), fiscal
/// sign (4); then for a receipt the operation (1 sale, 2 sale return, 3 buy, 4 buy return) and the sum (5), and for
/// opening and closing a shift its number (2).
pub(crate) fn read_document(mut answer: Answer<'_>) -> Result<FiscalDocument, FiscalError> {
    let kind = answer.byte()?;
    answer.bytes(1 + 5)?;
    let number = answer.long()?;
    let sign = answer.long()?.to_string();
    let (kind, total) = match kind {
        2 => (FiscalDocumentKind::OpenShift, Money::ZERO),
        5 => (FiscalDocumentKind::CloseShift, Money::ZERO),
        3 | 4 => {
            let kind = match answer.byte()? {
                1 => FiscalDocumentKind::Sale,
                2 => FiscalDocumentKind::Return,
                _ => FiscalDocumentKind::Other,
            };
            (kind, answer.money(5)?)
        }
        _ => (FiscalDocumentKind::Other, Money::ZERO),
    };
    Ok(FiscalDocument { number, kind, total, sign })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_a_close_are_written_as_the_protocol_shows() {
        let line = FiscalLine {
            name: "Сыр".into(),
            quantity: Quantity::from_thousandths(535),
            price: Money::from_minor(49_900),
            amount: Money::from_minor(26_697),
            vat: VatRate::percent(10),
        };
        let mut body = Vec::new();
        begin(&OPERATION, &mut body);
        put_line(FiscalKind::Sale, &line, false, &mut body).expect("a line");
        // The checked vector does not give the tax; ours is 24.27 and stands where it has five FF.
        assert_eq!(
            body[..23],
            [0xFF, 0x46, 30, 0, 0, 0, 1, 0xD8, 0x29, 8, 0, 0, 0, 0xEC, 0xC2, 0, 0, 0, 0x49, 0x68, 0, 0, 0]
        );
        assert_eq!(body[23..], [0x7B, 0x09, 0, 0, 0, 2, 1, 4, 1, 0xD1, 0xFB, 0xF0]);

        let receipt = FiscalReceipt {
            kind: FiscalKind::Sale,
            operator: String::new(),
            lines: vec![line],
            payments: FiscalPayments { cash: Money::from_minor(30_000), ..FiscalPayments::default() },
        };
        begin(&CLOSE_RECEIPT, &mut body);
        put_close(&receipt, &mut body).expect("a receipt");
        assert_eq!(body.len(), 0x76);
        assert_eq!(body[..8], [0xFF, 0x45, 30, 0, 0, 0, 0x30, 0x75]);
        assert_eq!(body[body.len() - 1], 1);

        begin(&SEND_TAG, &mut body);
        put_cashier("Ann", &mut body);
        assert_eq!(body[6..], [0xFD, 3, 3, 0, b'A', b'n', b'n']);
    }

    #[test]
    fn a_receipt_that_the_wire_cannot_carry_is_refused() {
        let line = |amount, vat| FiscalLine {
            name: "x".into(),
            quantity: Quantity::ONE,
            price: Money::from_minor(100),
            amount: Money::from_minor(amount),
            vat,
        };
        let receipt = |lines| FiscalReceipt {
            kind: FiscalKind::Sale,
            operator: String::new(),
            lines,
            payments: FiscalPayments::default(),
        };
        assert!(check(&receipt(vec![line(100, VatRate::None)])).is_ok());
        for lines in [
            vec![],
            vec![line(0, VatRate::None)],
            vec![line(-1, VatRate::None)],
            vec![line(MONEY_MAX + 1, VatRate::None)],
            vec![line(MONEY_MAX, VatRate::None), line(1, VatRate::None)],
            vec![line(100, VatRate::percent(7))],
        ] {
            assert!(matches!(check(&receipt(lines)), Err(FiscalError::Protocol { .. })));
        }
    }
}
