//! What the simulated terminal tells of an operation and of its day: status information and the slip. Pure.

use domain::money::Money;
use encoding_rs::IBM866;

use super::ledger::{Ledger, Operation};
use crate::terminal::zvt::codec::{self, Packet};
use crate::terminal::zvt::{fields, report};
use crate::terminal::{TerminalOperation, TerminalTotals};

use chrono::{Datelike, Timelike};

/// The card of every customer, the middle hidden as terminals hide it.
const CARD_NUMBER: [u8; 8] = [0x22, 0x00, 0x10, 0xEE, 0xEE, 0xEE, 0x12, 0x34];
const CARD_SHOWN: &str = "************1234";
/// A line of the slip, neither large nor centred.
const PLAIN_LINE: u8 = 0x00;
/// The last line: the paper may be cut.
const LAST_LINE: u8 = 0x80;
/// Brands in the sums of a day. All cards of this terminal are of the last one, "other".
const BRANDS: usize = 7;

pub(super) fn status(operation: &Operation, terminal: &str) -> Packet {
    let mut data = Vec::with_capacity(96);
    fields::put(fields::RESULT, &[operation.result], &mut data);
    put_amount(operation.amount, &mut data);
    fields::put(fields::CURRENCY, &fields::bcd(report::CURRENCY, 2), &mut data);
    fields::put(fields::RECEIPT, &fields::bcd(u64::from(operation.receipt), 2), &mut data);
    fields::put(fields::TRACE, &fields::bcd(u64::from(operation.trace), 3), &mut data);
    let at = operation.at;
    let time = at.hour() * 10_000 + at.minute() * 100 + at.second();
    fields::put(fields::TIME, &fields::bcd(u64::from(time), 3), &mut data);
    fields::put(fields::DATE, &fields::bcd(u64::from(at.month() * 100 + at.day()), 2), &mut data);
    put_terminal(terminal, &mut data);
    if operation.result == 0 {
        fields::put(fields::CARD_NUMBER, &CARD_NUMBER, &mut data);
        let mut authorisation = operation.authorisation.clone().into_bytes();
        authorisation.resize(8, 0);
        fields::put(fields::AUTHORISATION, &authorisation, &mut data);
    }
    match (operation.operation, operation.of) {
        (TerminalOperation::Reverse, Some((_, trace))) => {
            fields::put(fields::ORIGINAL_TRACE, &fields::bcd(u64::from(trace), 3), &mut data);
        }
        (TerminalOperation::Refund, _) => fields::put(fields::TEXT, report::REFUND_TEXT.as_bytes(), &mut data),
        _ => {}
    }
    Packet::new(codec::STATUS_INFORMATION, data)
}

pub(super) fn slip(operation: &Operation, terminal: &str) -> Vec<String> {
    let title = match operation.operation {
        TerminalOperation::Sale => "ОПЛАТА",
        TerminalOperation::Refund => "ВОЗВРАТ",
        TerminalOperation::Reverse => "ОТМЕНА",
    };
    let mut lines = vec![
        title.to_owned(),
        format!("Терминал {terminal}"),
        format!("Чек {:04}  {}", operation.receipt, operation.at.format("%d.%m.%Y %H:%M")),
        format!("Сумма {} RUB", operation.amount),
    ];
    if operation.result == 0 {
        lines.push(format!("Карта {CARD_SHOWN}"));
        lines.push(format!("Код авторизации {}", operation.authorisation));
        lines.push("ОДОБРЕНО".to_owned());
    } else {
        lines.push(format!("ОТКАЗ {:02X}", operation.result));
    }
    lines
}

/// The lines as one packet each, or all in one block.
pub(super) fn print(lines: &[String], as_block: bool) -> Vec<Packet> {
    if as_block {
        let mut block = Vec::new();
        for line in lines {
            fields_line(line, &mut block);
        }
        let mut container = Vec::new();
        fields::put_object(report::TEXT_LINES, &block, &mut container);
        let mut data = Vec::new();
        fields::put(fields::TLV, &container, &mut data);
        return vec![Packet::new(codec::PRINT_TEXT, data)];
    }
    let last = lines.len().saturating_sub(1);
    let packet = |(place, line): (usize, &String)| {
        let mut data = vec![if place == last { LAST_LINE } else { PLAIN_LINE }];
        data.extend_from_slice(&IBM866.encode(line).0);
        Packet::new(codec::PRINT_LINE, data)
    };
    lines.iter().enumerate().map(packet).collect()
}

fn fields_line(line: &str, block: &mut Vec<u8>) {
    fields::put_object(report::TEXT_LINE, &IBM866.encode(line).0, block);
}

/// Sums of the open day.
pub(super) fn totals(ledger: &Ledger, terminal: &str) -> Packet {
    let totals = ledger.totals();
    let mut data = Vec::with_capacity(128);
    fields::put(fields::RESULT, &[0], &mut data);
    // Neither this field nor the sums by brand can say less than nothing.
    let turnover = totals.sales - totals.refunds;
    let turnover = if turnover.is_negative() { Money::default() } else { turnover };
    put_amount(turnover, &mut data);
    put_terminal(terminal, &mut data);

    let (first, last) = ledger.receipts();
    let mut brands = fields::bcd(u64::from(first), 2);
    fields::put_bcd(u64::from(last), 2, &mut brands);
    for _ in 1..BRANDS {
        brands.extend([0; 1 + fields::AMOUNT_BYTES]);
    }
    brands.push(u8::try_from(totals.count).unwrap_or(u8::MAX));
    fields::put_amount(turnover, &mut brands);
    fields::put(fields::TOTALS, &brands, &mut data);
    fields::put(fields::TLV, &split(totals), &mut data);
    Packet::new(codec::STATUS_INFORMATION, data)
}

fn split(totals: TerminalTotals) -> Vec<u8> {
    let mut container = Vec::new();
    for (tag, amount) in [(report::DAY_SALES, totals.sales), (report::DAY_REFUNDS, totals.refunds)] {
        let mut value = Vec::new();
        fields::put_amount(amount, &mut value);
        fields::put_object(tag, &value, &mut container);
    }
    fields::put_object(report::DAY_COUNT, &fields::bcd(u64::from(totals.count), 4), &mut container);
    container
}

/// Terminal and currency, as a registration is answered.
pub(super) fn registered(terminal: &str) -> Packet {
    let mut data = Vec::new();
    // Neither an initialisation nor a diagnosis is needed.
    fields::put(fields::STATUS, &[0], &mut data);
    put_terminal(terminal, &mut data);
    fields::put(fields::CURRENCY, &fields::bcd(report::CURRENCY, 2), &mut data);
    Packet::new(codec::COMPLETION, data)
}

fn put_amount(amount: Money, data: &mut Vec<u8>) {
    let mut value = Vec::with_capacity(fields::AMOUNT_BYTES);
    fields::put_amount(amount, &mut value);
    fields::put(fields::AMOUNT, &value, data);
}

fn put_terminal(terminal: &str, data: &mut Vec<u8>) {
    fields::put(fields::TERMINAL, &fields::bcd(terminal.parse().unwrap_or(0), 4), data);
}
