//! Receipts of the simulated registrar: old commands (80h to 8Dh), new ones (FF45h, FF46h), cash in and out.

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;

use super::{Input, Refusal, Registrar, code, put_money};
use crate::sim::register::memory::{Event, Operation, PAYMENT_TYPES, StoredLine, TAX_GROUPS};
use crate::sim::register::{Made, NewReceipt};
use crate::text;

/// More lines than any receipt of a shop has, and few enough that one receipt cannot fill the memory.
const LINES_MAX: usize = 10_000;
/// The largest total that five bytes can name.
const TOTAL_MAX: Money = Money::from_minor(0xFF_FFFF_FFFF);
/// Bytes of the older form of FF45h after its password.
const OLD_CLOSE_BYTES: usize = 125;
/// The tax group without tax.
const GROUP_NONE: u8 = 3;

#[derive(Debug)]
pub(super) struct OpenReceipt {
    pub(super) operation: Operation,
    pub(super) lines: Vec<StoredLine>,
    /// Discounts below zero, surcharges above.
    adjustments: Money,
    gross: Money,
}

impl OpenReceipt {
    fn new(operation: Operation) -> OpenReceipt {
        OpenReceipt { operation, lines: Vec::new(), adjustments: Money::ZERO, gross: Money::ZERO }
    }

    fn total(&self) -> Money {
        self.gross + self.adjustments
    }
}

impl Registrar {
    pub(super) fn answer_receipt(
        &mut self,
        command: u16,
        mut input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let operator = self.operator(&mut input)?;
        if command <= 0xFF {
            out.push(operator);
        }
        match command {
            0x50 | 0x51 => self.move_cash(command == 0x50, input, now, out),
            0x80..=0x83 => {
                let line = self.old_line(&mut input)?;
                self.add(Operation::ALL[usize::from(command & 3)], line, now)
            }
            0x84 => self.undo_line(input),
            0x85 => self.close_old(input, now, out),
            0x86 | 0x87 => self.adjust(command == 0x86, input),
            0x88 => self.cancel(input),
            0x89 => {
                input.end()?;
                let open = self.open.as_ref().ok_or(code::RECEIPT_CLOSED)?;
                put_money(open.total(), 5, out);
                Ok(())
            }
            0x8C => self.repeat(input),
            0x8D => self.open(input, now),
            0xFF45 => self.close_new(input, now, out),
            0xFF46 => self.add_new_line(input, now),
            _ => Err(code::UNKNOWN_COMMAND),
        }
    }

    fn open(&mut self, mut input: Input<'_>, now: NaiveDateTime) -> Result<(), Refusal> {
        let operation = *Operation::ALL.get(usize::from(input.byte()?)).ok_or(code::BAD_VALUE)?;
        input.end()?;
        self.no_receipt()?;
        self.register.working_shift(now)?;
        self.open = Some(OpenReceipt::new(operation));
        Ok(())
    }

    /// Quantity in thousandths, price, department, four taxes, text of whatever width the driver thinks we have.
    fn old_line(&self, input: &mut Input<'_>) -> Result<StoredLine, Refusal> {
        let quantity = Quantity::from_thousandths(i64::try_from(input.number(5)?).expect("five bytes"));
        let price = input.money()?;
        let department = input.byte()?;
        let tax = input.bytes(4)?[0];
        let name = text::printed(input.remainder());
        let amount = product(price, quantity.thousandths(), 1000)?;
        if department > 16 || tax > 4 || !amount.is_positive() {
            return Err(code::BAD_VALUE);
        }
        let tax_group = tax.checked_sub(1).unwrap_or(GROUP_NONE);
        Ok(StoredLine {
            name,
            quantity,
            price,
            amount,
            tax_group,
            tax: self.register.tax(tax_group, amount),
            department,
        })
    }

    /// The last line of the same price, quantity and department leaves the receipt.
    fn undo_line(&mut self, mut input: Input<'_>) -> Result<(), Refusal> {
        let line = self.old_line(&mut input)?;
        let open = self.open.as_mut().ok_or(code::RECEIPT_CLOSED)?;
        let is_same = |other: &StoredLine| {
            other.price == line.price && other.quantity == line.quantity && other.department == line.department
        };
        let place = open.lines.iter().rposition(is_same).ok_or(code::NEGATIVE_TOTAL)?;
        open.gross -= open.lines.remove(place).amount;
        Ok(())
    }

    /// Operation, quantity in millionths, price, sum and tax (FF for "compute it"), tax bit, department, two tags, name.
    fn add_new_line(&mut self, mut input: Input<'_>, now: NaiveDateTime) -> Result<(), Refusal> {
        let operation = match input.byte()? {
            1 => Operation::Sale,
            2 => Operation::SaleReturn,
            3 => Operation::Buy,
            4 => Operation::BuyReturn,
            _ => return Err(code::BAD_VALUE),
        };
        let millionths = i64::try_from(input.number(6)?).expect("six bytes");
        let price = input.money()?;
        let amount = match input.given_money()? {
            Some(amount) => amount,
            None => product(price, millionths, 1_000_000)?,
        };
        let tax = input.given_money()?;
        let tax_bit = input.byte()?;
        let department = input.byte()?;
        input.bytes(2)?;
        let name = text::printed(input.remainder());
        let tax_group = u8::try_from(tax_bit.trailing_zeros()).expect("at most 8 zeros");
        let is_group = tax_bit.count_ones() == 1 && usize::from(tax_group) < TAX_GROUPS;
        if !is_group || millionths == 0 || !amount.is_positive() {
            return Err(code::BAD_VALUE);
        }
        let tax = tax.unwrap_or_else(|| self.register.tax(tax_group, amount));
        let quantity = Quantity::from_thousandths(millionths / 1000);
        self.add(operation, StoredLine { name, quantity, price, amount, tax_group, tax, department }, now)
    }

    /// The first line opens the receipt by itself.
    fn add(&mut self, operation: Operation, line: StoredLine, now: NaiveDateTime) -> Result<(), Refusal> {
        self.register.working_shift(now)?;
        let open = self.open.get_or_insert_with(|| OpenReceipt::new(operation));
        if open.operation != operation {
            return Err(code::WRONG_KIND);
        }
        if open.lines.len() == LINES_MAX {
            return Err(code::BUFFER_FULL);
        }
        if open.gross + line.amount > TOTAL_MAX {
            return Err(code::TOTAL_TOO_LARGE);
        }
        open.gross += line.amount;
        open.lines.push(line);
        Ok(())
    }

    fn adjust(&mut self, is_discount: bool, mut input: Input<'_>) -> Result<(), Refusal> {
        let amount = input.money()?;
        input.bytes(4)?;
        input.remainder();
        let open = self.open.as_mut().ok_or(code::RECEIPT_CLOSED)?;
        let adjusted = if is_discount { open.adjustments - amount } else { open.adjustments + amount };
        if (open.gross + adjusted).is_negative() {
            return Err(code::NEGATIVE_TOTAL);
        }
        open.adjustments = adjusted;
        Ok(())
    }

    fn cancel(&mut self, input: Input<'_>) -> Result<(), Refusal> {
        input.end()?;
        let open = self.open.take().ok_or(code::RECEIPT_CLOSED)?;
        self.register.cashier.clear();
        self.marks.cancel();
        self.register.print("ЧЕК АННУЛИРОВАН".into());
        self.register.record(Event::Cancelled { operation: open.operation, total: open.total() });
        Ok(())
    }

    fn repeat(&mut self, input: Input<'_>) -> Result<(), Refusal> {
        input.end()?;
        self.no_receipt()?;
        let last = self.register.memory.documents.last().ok_or(code::NOTHING_TO_REPEAT)?;
        let line = format!("КОПИЯ ФД {} ИТОГ {}", last.number, last.total);
        self.register.print(line);
        Ok(())
    }

    fn close_old(&mut self, mut input: Input<'_>, now: NaiveDateTime, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut payments = [Money::ZERO; PAYMENT_TYPES];
        for paid in payments.iter_mut().take(4) {
            *paid = input.money()?;
        }
        let discount = input.signed_short()?;
        input.bytes(4)?;
        input.remainder();
        let made = self.close(payments, discount, now)?;
        put_money(made.change, 5, out);
        Ok(())
    }

    /// Payments, rounding, taxes, tax system, text; the older form has a discount and four tax groups in their place.
    fn close_new(&mut self, mut input: Input<'_>, now: NaiveDateTime, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let is_old = input.rest.len() == OLD_CLOSE_BYTES;
        let mut payments = [Money::ZERO; PAYMENT_TYPES];
        for paid in &mut payments {
            *paid = input.money()?;
        }
        let mut discount = 0;
        if is_old {
            discount = input.signed_short()?;
            input.bytes(4)?;
        } else {
            input.bytes(1 + 5 * TAX_GROUPS)?;
        }
        let tax_system = input.byte()?;
        input.remainder();
        if tax_system.count_ones() > 1 {
            return Err(code::BAD_VALUE);
        }
        let made = self.close(payments, discount, now)?;
        put_money(made.change, 5, out);
        if !is_old {
            out.extend_from_slice(&made.number.to_le_bytes());
            out.extend_from_slice(&made.sign.to_le_bytes());
        }
        Ok(())
    }

    /// The discount is in hundredths of a per cent. A receipt that is refused stays open.
    fn close(&mut self, payments: [Money; PAYMENT_TYPES], discount: i16, now: NaiveDateTime) -> Result<Made, Refusal> {
        let open = self.open.as_mut().ok_or(code::RECEIPT_CLOSED)?;
        let total = open.total() - product(open.total(), i64::from(discount), 10_000)?;
        let lines = std::mem::take(&mut open.lines);
        let receipt = NewReceipt { operation: open.operation, lines, payments, total };
        if let Err(denied) = self.register.check(&receipt, now) {
            open.lines = receipt.lines;
            return Err(denied.into());
        }
        self.open = None;
        self.print_header();
        let operation = receipt.operation;
        let made = self.register.register(receipt, now)?;
        for unit in self.marks.close(operation) {
            self.register.print(format!("[М] {unit}"));
        }
        Ok(made)
    }

    fn move_cash(
        &mut self,
        into: bool,
        mut input: Input<'_>,
        now: NaiveDateTime,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let amount = input.money()?;
        input.end()?;
        self.no_receipt()?;
        self.register.move_cash(into, amount, now)?;
        out.extend_from_slice(&self.register.memory.running.to_le_bytes());
        Ok(())
    }
}

/// `price` times a number of parts of a unit, rounded half up.
fn product(price: Money, parts: i64, unit: i64) -> Result<Money, Refusal> {
    let exact = i128::from(price.minor()) * i128::from(parts);
    let rounded = (exact + i128::from(unit) / 2).div_euclid(i128::from(unit));
    let amount = i64::try_from(rounded).map(Money::from_minor).ok();
    amount.filter(|amount| *amount <= TOTAL_MAX).ok_or(code::TOTAL_TOO_LARGE)
}
