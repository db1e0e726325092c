//! What cashiers do, in a few words.

use chrono::{DateTime, FixedOffset};
use domain::ids::{ItemCode, OperatorNumber, ReceiptId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::receipt::DiscountBy;
use messages::v1::receipt::{Receipt, TenderType};
use messages::v1::till::{Counted, ItemChoice, ReturnLine, TillCommand, TillReply};

pub(crate) fn money(text: &str) -> Money {
    text.parse().expect(text)
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().expect(text)
}

pub(crate) fn number(text: &str) -> OperatorNumber {
    OperatorNumber(text.to_owned())
}

pub(crate) fn sell(amount: &str, code: &str) -> TillCommand {
    TillCommand::Sell {
        item: ItemChoice::Code(ItemCode(code.to_owned())),
        quantity: quantity(amount),
        price: None,
        vat: None,
    }
}

pub(crate) fn pay(tender: TenderType, amount: &str) -> TillCommand {
    TillCommand::Pay { tender, amount: money(amount), number: None }
}

pub(crate) fn scan(data: &str) -> TillCommand {
    TillCommand::Scan { data: data.to_owned(), quantity: None }
}

pub(crate) fn sign_on(operator: &str, pin: &str) -> TillCommand {
    TillCommand::SignOn { operator: number(operator), pin: pin.to_owned() }
}

pub(crate) fn approve(operator: &str, pin: &str) -> TillCommand {
    TillCommand::Approve { operator: number(operator), pin: pin.to_owned(), reason: "regular".to_owned() }
}

pub(crate) fn close_shift(amount: &str) -> TillCommand {
    TillCommand::CloseShift { counted: Some(Counted::from(money(amount))) }
}

pub(crate) fn void(line: u32) -> TillCommand {
    TillCommand::VoidLine { line, quantity: None }
}

pub(crate) fn percent(line: Option<u32>, hundredths: u32) -> TillCommand {
    TillCommand::Discount { line, by: DiscountBy::Percent { hundredths }, reason: "regular".to_owned() }
}

/// Lines of a sale come back; none: all.
pub(crate) fn back(of: ReceiptId, lines: &[(u32, &str)], tender: TenderType) -> TillCommand {
    let lines = lines.iter().map(|(line, part)| ReturnLine { line: *line, quantity: quantity(part) }).collect();
    TillCommand::Return { of: Some(of), lines, tender }
}

pub(crate) fn time(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).expect(text)
}

pub(crate) fn closed(reply: TillReply) -> Receipt {
    *reply.receipt.expect("a closed receipt")
}

/// `rate: amount` of the VAT of a receipt.
pub(crate) fn vat(receipt: &Receipt) -> Vec<String> {
    receipt.vat.iter().map(|vat| format!("{}: {}", vat.rate, vat.amount)).collect()
}
