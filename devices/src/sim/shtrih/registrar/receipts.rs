//! Receipts of the simulated registrar: old commands (80h to 8Dh), new ones (FF45h, FF46h), cash in and out.

use chrono::NaiveDateTime;
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;

use super::super::memory::{Event, Operation, PAYMENT_TYPES, StoredKind, StoredLine, TAX_GROUPS};
use super::{Input, Refusal, Registrar, code, put_money};
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
        self.working_shift(now)?;
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
        Ok(StoredLine { name, quantity, price, amount, tax_group, tax: self.tax(tax_group, amount), department })
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
        let tax = tax.unwrap_or_else(|| self.tax(tax_group, amount));
        let quantity = Quantity::from_thousandths(millionths / 1000);
        self.add(operation, StoredLine { name, quantity, price, amount, tax_group, tax, department }, now)
    }

    /// The first line opens the receipt by itself.
    fn add(&mut self, operation: Operation, line: StoredLine, now: NaiveDateTime) -> Result<(), Refusal> {
        self.working_shift(now)?;
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
        self.cashier.clear();
        self.print("ЧЕК АННУЛИРОВАН".into());
        self.record(Event::Cancelled { operation: open.operation, total: open.total() });
        Ok(())
    }

    fn repeat(&mut self, input: Input<'_>) -> Result<(), Refusal> {
        input.end()?;
        self.no_receipt()?;
        let last = self.memory.documents.last().ok_or(code::NOTHING_TO_REPEAT)?;
        let line = format!("КОПИЯ ФД {} ИТОГ {}", last.number, last.total);
        self.print(line);
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
        let (change, ..) = self.close(payments, discount, now)?;
        put_money(change, 5, out);
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
        let (change, number, sign) = self.close(payments, discount, now)?;
        put_money(change, 5, out);
        if !is_old {
            out.extend_from_slice(&number.to_le_bytes());
            out.extend_from_slice(&sign.to_le_bytes());
        }
        Ok(())
    }

    /// Check the payments, store the document, print it. The discount is in hundredths of a per cent.
    fn close(
        &mut self,
        mut payments: [Money; PAYMENT_TYPES],
        discount: i16,
        now: NaiveDateTime,
    ) -> Result<(Money, u32, u32), Refusal> {
        let open = self.open.as_ref().ok_or(code::RECEIPT_CLOSED)?;
        self.working_shift(now)?;
        let operation = open.operation;
        let total = open.total() - product(open.total(), i64::from(discount), 10_000)?;
        if open.lines.is_empty() || total.is_zero() {
            return Err(code::ZERO_TOTAL);
        }
        let paid: Money = payments.iter().copied().sum();
        if paid < total {
            return Err(code::PAID_TOO_LITTLE);
        }
        if paid - payments[0] > total {
            return Err(code::NON_CASH_TOO_MUCH);
        }
        let change = paid - total;
        payments[0] -= change;
        if !operation.brings_cash() && payments[0] > self.memory.cash {
            return Err(code::NOT_ENOUGH_CASH);
        }
        self.storage_has_room()?;
        let lines = self.open.take().map(|open| open.lines).unwrap_or_default();
        self.print_receipt(operation, &lines, total, change);
        let (number, sign) = self.store(now, self.memory.shift, |document| {
            document.kind = StoredKind::Receipt(operation);
            document.lines = lines;
            document.payments = payments;
            document.change = change;
            document.total = total;
        })?;
        self.print(format!("ФД {number} ФП {sign}"));
        Ok((change, number, sign))
    }

    fn print_receipt(&mut self, operation: Operation, lines: &[StoredLine], total: Money, change: Money) {
        let title = match operation {
            Operation::Sale => "ПРИХОД",
            Operation::Buy => "РАСХОД",
            Operation::SaleReturn => "ВОЗВРАТ ПРИХОДА",
            Operation::BuyReturn => "ВОЗВРАТ РАСХОДА",
        };
        self.print(title.into());
        for line in lines {
            self.print(format!("{} {} x {} = {}", line.name, line.quantity, line.price, line.amount));
        }
        self.print(format!("ИТОГ {total}"));
        if change.is_positive() {
            self.print(format!("СДАЧА {change}"));
        }
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
        if self.is_shift_expired(now) {
            return Err(code::SHIFT_EXPIRED);
        }
        if !into && amount > self.memory.cash {
            return Err(code::NOT_ENOUGH_CASH);
        }
        self.record(if into { Event::CashIn(amount) } else { Event::CashOut(amount) });
        self.print(format!("{} {amount}", if into { "ВНЕСЕНИЕ" } else { "ВЫПЛАТА" }));
        out.extend_from_slice(&self.memory.running.to_le_bytes());
        Ok(())
    }

    /// The tax inside an amount, as the device computes it when none is given.
    fn tax(&self, group: u8, amount: Money) -> Money {
        match group {
            0 | 4 => self.settings.base_rate.contained_in(amount),
            1 | 5 => VatRate::percent(10).contained_in(amount),
            _ => Money::ZERO,
        }
    }
}

/// `price` times a number of parts of a unit, rounded half up.
fn product(price: Money, parts: i64, unit: i64) -> Result<Money, Refusal> {
    let exact = i128::from(price.minor()) * i128::from(parts);
    let rounded = (exact + i128::from(unit) / 2).div_euclid(i128::from(unit));
    let amount = i64::try_from(rounded).map(Money::from_minor).ok();
    amount.filter(|amount| *amount <= TOTAL_MAX).ok_or(code::TOTAL_TOO_LARGE)
}
