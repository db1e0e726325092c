//! What a terminal reports of an operation: status information (04 0F) and the lines of its slip (06 D1, 06 D3).
//!
//! Pure. The protocol has no field for the kind of an operation: a reversal shows by the trace number of its original,
//! and a refund by its text, where a terminal gives one.
//!
//! Sums of the day (field 60) are one count and one sum for each brand of card, refunds already taken off. The tags of
//! [`DAY_SALES`] and its neighbours, private ones, split them; a terminal without them has all in `sales`.

use domain::money::Money;
use encoding_rs::IBM866;

use super::codec::{self, Packet};
use super::fields::{self, BadField, Field, Object};
use crate::terminal::{TerminalOperation, TerminalTotals};

/// The rouble.
pub const CURRENCY: u64 = 643;
/// Digits of a card that stay readable.
const CARD_DIGITS_SHOWN: usize = 4;
/// What the text of a refund begins with.
pub const REFUND_TEXT: &str = "REFUND";
/// Private tags of this project's simulator: sums and count of the open day.
pub const DAY_SALES: u16 = 0xDF01;
pub const DAY_REFUNDS: u16 = 0xDF02;
pub const DAY_COUNT: u16 = 0xDF03;
/// Receipt numbers from and to, before the brands of field 60.
const TOTALS_HEAD_BYTES: usize = 4;
/// A count and a sum of one brand.
const BRAND_BYTES: usize = 1 + fields::AMOUNT_BYTES;
/// Constructed tag of the lines of a text block, and the tag of a line.
pub const TEXT_LINES: u16 = 0x25;
pub const TEXT_LINE: u16 = 0x07;

/// Status information.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// 0 is yes.
    pub result: u8,
    pub amount: Option<Money>,
    pub currency: Option<u64>,
    pub receipt: Option<u16>,
    pub trace: Option<u32>,
    pub original_trace: Option<u32>,
    pub authorisation: String,
    /// Masked.
    pub card: String,
    pub text: String,
    pub totals: Option<TerminalTotals>,
}

impl Status {
    pub fn parse(data: &[u8]) -> Result<Status, BadField> {
        let mut status = Status::default();
        let mut split = None;
        for field in fields::parse(data)? {
            let bad = BadField { field: field.id };
            match field.id {
                fields::RESULT => status.result = *field.value.first().ok_or(bad)?,
                fields::AMOUNT => status.amount = Some(fields::amount(field)?),
                fields::CURRENCY => status.currency = Some(fields::number(field)?),
                fields::RECEIPT => status.receipt = receipt(field),
                fields::TRACE => status.trace = Some(trace(field)?),
                fields::ORIGINAL_TRACE => status.original_trace = Some(trace(field)?),
                fields::AUTHORISATION => status.authorisation = plain_text(field.value),
                fields::CARD_NUMBER => status.card = masked(field.value),
                fields::TEXT => status.text = plain_text(field.value),
                fields::TOTALS => status.totals = Some(brand_totals(field)?),
                fields::TLV => split = split_totals(field.value)?,
                _ => {}
            }
        }
        if status.totals.is_some() && split.is_some() {
            status.totals = split;
        }
        Ok(status)
    }

    /// What kind of operation it tells of, as far as it tells.
    pub fn is_of(&self, operation: TerminalOperation) -> bool {
        let is_reversal = self.original_trace.is_some();
        match operation {
            TerminalOperation::Sale => !is_reversal && !self.text.starts_with(REFUND_TEXT),
            TerminalOperation::Refund => !is_reversal && (self.text.is_empty() || self.text.starts_with(REFUND_TEXT)),
            TerminalOperation::Reverse => is_reversal,
        }
    }
}

/// Receipt and trace number, as the driver and the simulator write them: "0123/000001".
pub fn reference(receipt: u16, trace: Option<u32>) -> String {
    match trace {
        Some(trace) => format!("{receipt:04}/{trace:06}"),
        None => format!("{receipt:04}"),
    }
}

/// The receipt number in a reference.
pub fn receipt_of(reference: &str) -> Option<u16> {
    let digits = reference.split('/').next().filter(|digits| digits.len() == 4)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// FFFF, which is no number, stands for none.
fn receipt(field: Field<'_>) -> Option<u16> {
    u16::try_from(fields::number(field).ok()?).ok()
}

fn trace(field: Field<'_>) -> Result<u32, BadField> {
    u32::try_from(fields::number(field)?).map_err(|_| BadField { field: field.id })
}

fn brand_totals(field: Field<'_>) -> Result<TerminalTotals, BadField> {
    let brands = field.value.get(TOTALS_HEAD_BYTES..).ok_or(BadField { field: field.id })?;
    let mut totals = TerminalTotals::default();
    for brand in brands.chunks(BRAND_BYTES) {
        let [count, sum @ ..] = brand else { continue };
        totals.count += u32::from(*count);
        totals.sales += fields::amount(Field { id: field.id, value: sum })?;
    }
    Ok(totals)
}

fn split_totals(container: &[u8]) -> Result<Option<TerminalTotals>, BadField> {
    let objects = fields::objects(container)?;
    let find = |tag| objects.iter().find(|object| object.tag == tag);
    let value = |object: &Object<'_>| fields::number(Field { id: fields::TLV, value: object.value });
    let (Some(sales), Some(refunds), Some(count)) = (find(DAY_SALES), find(DAY_REFUNDS), find(DAY_COUNT)) else {
        return Ok(None);
    };
    let amount = |object| fields::amount(Field { id: fields::TLV, value: object });
    Ok(Some(TerminalTotals {
        sales: amount(sales.value)?,
        refunds: amount(refunds.value)?,
        count: u32::try_from(value(count)?).map_err(|_| BadField { field: fields::TLV })?,
    }))
}

fn plain_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned()
}

/// Two digits a byte; E is a digit that the terminal has hidden, F fills up.
fn masked(number: &[u8]) -> String {
    let digits = number.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).filter(|digit| *digit != 0x0F);
    let digits: Vec<u8> = digits.collect();
    let hidden = digits.len().saturating_sub(CARD_DIGITS_SHOWN);
    let shown = digits.iter().enumerate().map(|(place, digit)| match char::from_digit(u32::from(*digit), 10) {
        Some(digit) if place >= hidden => digit,
        _ => '*',
    });
    shown.collect()
}

/// Append the lines that a print packet carries.
pub fn read_lines(packet: &Packet, lines: &mut Vec<String>) -> Result<(), BadField> {
    match (packet.control, packet.data.as_slice()) {
        (codec::PRINT_LINE, [_attribute, line @ ..]) => lines.push(line_text(line)),
        (codec::PRINT_TEXT, data) => {
            for field in fields::parse(data)?.into_iter().filter(|field| field.id == fields::TLV) {
                for block in fields::objects(field.value)?.into_iter().filter(|object| object.tag == TEXT_LINES) {
                    let objects = fields::objects(block.value)?;
                    lines.extend(objects.iter().filter(|line| line.tag == TEXT_LINE).map(|line| line_text(line.value)));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The character set is agreed at the terminal, not in the protocol: newer ones use UTF-8, older ones a DOS page.
fn line_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_end().to_owned(),
        Err(_) => IBM866.decode_without_bom_handling(bytes).0.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    #[test]
    fn a_checked_status_is_read() {
        let data = hex("27 00 04 00 00 00 01 79 80 49 06 43 87 01 23 0B 00 00 01");
        let status = Status::parse(&data).expect("a status");
        assert_eq!((status.result, status.amount), (0, Some(Money::from_minor(17_980))));
        assert_eq!((status.currency, status.receipt, status.trace), (Some(CURRENCY), Some(123), Some(1)));
        assert!(status.is_of(TerminalOperation::Sale) && !status.is_of(TerminalOperation::Reverse));
    }

    #[test]
    fn a_card_is_masked_and_texts_are_trimmed() {
        let data = hex("22 F0 F8 22 00 10 EE EE E0 12 3F 3B 31 32 33 34 35 36 00 00 37 F0 F0 F3 00 00 07 87 FF FF");
        let status = Status::parse(&data).expect("a status");
        assert_eq!((status.card.as_str(), status.authorisation.as_str()), ("***********0123", "123456"));
        assert_eq!((status.original_trace, status.receipt), (Some(7), None));
        assert!(status.is_of(TerminalOperation::Reverse) && !status.is_of(TerminalOperation::Sale));
    }

    #[test]
    fn totals_without_a_split_are_all_sales() {
        let mut value = hex("00 01 00 09");
        for (count, sum) in [(2, "00 00 00 00 10 00"), (0, "00 00 00 00 00 00"), (1, "00 00 00 01 79 80")] {
            value.push(count);
            value.extend(hex(sum));
        }
        let mut data = hex("27 00");
        fields::put(fields::TOTALS, &value, &mut data);
        let totals = Status::parse(&data).expect("a status").totals;
        let sales = Money::from_minor(18_980);
        assert_eq!(totals, Some(TerminalTotals { sales, refunds: Money::default(), count: 3 }));
    }

    #[test]
    fn lines_come_as_lines_and_as_a_block() {
        let mut lines = Vec::new();
        let line = Packet::new(codec::PRINT_LINE, [&[0x00][..], b"Total 1.00 "].concat());
        let block = Packet::new(codec::PRINT_TEXT, hex("06 0E 1F 07 01 01 25 08 07 01 41 07 03 8E 8A 21"));
        for packet in [line, block] {
            read_lines(&packet, &mut lines).expect("lines");
        }
        assert_eq!(lines, ["Total 1.00", "A", "ОК!"]);
    }

    #[test]
    fn a_reference_gives_its_receipt_back() {
        assert_eq!(reference(123, Some(1)), "0123/000001");
        assert_eq!((receipt_of("0123/000001"), receipt_of("0123")), (Some(123), Some(123)));
        for text in ["", "123", "none", "12345/1", "/000001"] {
            assert_eq!(receipt_of(text), None, "{text}");
        }
    }
}
