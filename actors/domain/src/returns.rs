//! What may still come back of a receipt, and for how much.
//!
//! A sold line keeps its amount and quantity; what a part of it was paid for is a function of those two, so partial
//! returns in any order add up exactly to what was paid, and their VAT to the VAT of the sale:
//! - RET-1 Never more comes back than was sold less what came back before.
//! - RET-2 The amounts of all parts of a line add up to the line's amount; the same holds for its VAT and its discount.
//! - RET-3 A part keeps the price and the VAT rate of the sale.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::ids::ItemCode;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::receipt::{LineSource, LineTraits, Mark, NewLine};
use crate::refusal::Refusal;
use crate::rounding;
use crate::vat::VatRate;

/// A line of a sale with what came back of it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldLine {
    pub line: u32,
    pub code: ItemCode,
    pub name: String,
    pub quantity: Quantity,
    pub price: Money,
    pub discount: Money,
    pub amount: Money,
    pub vat_rate: VatRate,
    pub vat: Money,
    /// The marked unit that it is.
    pub mark: Option<String>,
    pub returned: Quantity,
}

impl SoldLine {
    /// What may still come back.
    pub fn left(&self) -> Quantity {
        let left = self.quantity - self.returned;
        if left.is_positive() { left } else { Quantity::ZERO }
    }

    /// The return line for `quantity` of this line.
    pub fn part(&self, quantity: Quantity) -> Result<NewLine, Refusal> {
        if !quantity.is_positive() {
            return Err(Refusal::QuantityNotPositive);
        }
        if quantity > self.left() {
            return Err(Refusal::ReturnTooMuch { line: self.line, left: self.left() });
        }
        let (from, to) = (self.returned, self.returned + quantity);
        Ok(NewLine {
            code: self.code.clone(),
            name: self.name.clone(),
            price: self.price,
            quantity,
            discount: self.up_to(to, self.discount) - self.up_to(from, self.discount),
            amount: Some(self.up_to(to, self.amount) - self.up_to(from, self.amount)),
            vat_rate: self.vat_rate,
            vat: Some(self.vat_up_to(to) - self.vat_up_to(from)),
            source: LineSource::Returned,
            of_line: Some(self.line),
            traits: LineTraits {
                mark: self.mark.as_ref().map(|mark| Mark { identity: mark.clone(), code: mark.clone() }),
                ..LineTraits::default()
            },
        })
    }

    /// What the first `quantity` of the line stands for of `sum`.
    ///
    /// Whole units are equal but for the odd pennies, one each, which the last units carry: as when a discount is spread
    /// over units and the earlier take the odd pennies of it. A part of a unit is in proportion, rounded down.
    pub fn up_to(&self, quantity: Quantity, sum: Money) -> Money {
        if quantity >= self.quantity {
            return sum;
        }
        let minor = i128::from(sum.minor());
        let (sold, part) = (i128::from(self.quantity.thousandths()), i128::from(quantity.thousandths()));
        let up_to = if self.quantity.is_whole() {
            let units = sold / 1000;
            let (each, odd) = (minor / units, minor % units);
            let before = |unit: i128| unit * each + (unit - (units - odd)).max(0);
            let (whole, thousandths) = (part / 1000, part % 1000);
            before(whole) + (before(whole + 1) - before(whole)) * thousandths / 1000
        } else {
            minor * part / sold
        };
        Money::from_minor(i64::try_from(up_to).expect("a part is within its sum"))
    }

    fn vat_up_to(&self, quantity: Quantity) -> Money {
        let exact = (self.vat.to_decimal() * self.up_to(quantity, self.amount).to_decimal())
            .checked_div(self.amount.to_decimal())
            .unwrap_or(Decimal::ZERO);
        if quantity >= self.quantity { self.vat } else { rounding::to_money(exact) }
    }
}

/// All that is left of a receipt, as return lines.
pub fn everything(sold: &[SoldLine]) -> Result<Vec<NewLine>, Refusal> {
    let parts: Vec<NewLine> = sold
        .iter()
        .filter(|line| line.left().is_positive())
        .map(|line| line.part(line.left()))
        .collect::<Result<_, _>>()?;
    if parts.is_empty() { Err(Refusal::NothingLeft) } else { Ok(parts) }
}

/// The asked quantities of the asked lines. A line may be asked for more than once.
pub fn by_line(sold: &mut [SoldLine], asked: &[(u32, Quantity)]) -> Result<Vec<NewLine>, Refusal> {
    let mut parts = Vec::with_capacity(asked.len());
    for &(number, quantity) in asked {
        let line = sold.iter_mut().find(|line| line.line == number).ok_or(Refusal::NoSuchLine(number))?;
        parts.push(line.part(quantity)?);
        line.returned = line.returned + quantity;
    }
    Ok(parts)
}

/// The asked quantities of the asked items, taken from the receipt's lines in order.
pub fn by_item(sold: &mut [SoldLine], asked: &[(ItemCode, Quantity)]) -> Result<Vec<NewLine>, Refusal> {
    let mut parts = Vec::new();
    for (code, quantity) in asked {
        if !quantity.is_positive() {
            return Err(Refusal::QuantityNotPositive);
        }
        let mut wanted = *quantity;
        for line in sold.iter_mut().filter(|line| line.code == *code && line.left().is_positive()) {
            let take = wanted.min(line.left());
            parts.push(line.part(take)?);
            line.returned = line.returned + take;
            wanted = wanted - take;
            if wanted.is_zero() {
                break;
            }
        }
        if wanted.is_positive() {
            return Err(Refusal::NotOnReceipt(code.clone()));
        }
    }
    Ok(parts)
}

/// Each part of a return is told what burned points took off it in the sale, by the points of the sold line. `sold` is as it
/// was before these parts.
pub fn with_points(sold: &[SoldLine], parts: &mut [NewLine], points: impl Fn(u32) -> Money) {
    let mut returned: BTreeMap<u32, Quantity> = BTreeMap::new();
    for part in parts {
        let Some(line) = part.of_line.and_then(|of| sold.iter().find(|line| line.line == of)) else { continue };
        let from = *returned.entry(line.line).or_insert(line.returned);
        let to = from + part.quantity;
        part.traits.points = line.up_to(to, points(line.line)) - line.up_to(from, points(line.line));
        returned.insert(line.line, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(quantity: &str, amount: &str) -> SoldLine {
        let amount: Money = amount.parse().expect("money");
        let vat_rate = VatRate::percent(22);
        SoldLine {
            line: 1,
            code: ItemCode("SHAMPOO".to_owned()),
            name: "Shampoo".to_owned(),
            quantity: quantity.parse().expect("quantity"),
            price: Money::from_minor(3990),
            discount: Money::ZERO,
            amount,
            vat_rate,
            vat: vat_rate.contained_in(amount),
            mark: None,
            returned: Quantity::ZERO,
        }
    }

    fn amounts(mut line: SoldLine, parts: &[&str]) -> Vec<String> {
        parts
            .iter()
            .map(|part| {
                let quantity: Quantity = part.parse().expect("quantity");
                let back = line.part(quantity).expect("a part");
                line.returned = line.returned + quantity;
                format!("{}/{}", back.amount.expect("fixed"), back.vat.expect("fixed"))
            })
            .collect()
    }

    #[test]
    fn three_for_a_hundred_comes_back_one_by_one() {
        assert_eq!(amounts(sold("3", "100.00"), &["1", "1", "1"]), ["33.33/6.01", "33.33/6.01", "33.34/6.01"]);
        assert_eq!(amounts(sold("3", "100.00"), &["2", "1"]), ["66.66/12.02", "33.34/6.01"]);
        assert_eq!(amounts(sold("1.25", "162.38"), &["0.625", "0.625"]), ["81.19/14.64", "81.19/14.64"]);
    }

    #[test]
    fn no_more_comes_back_than_is_left() {
        let mut line = sold("3", "100.00");
        line.returned = "2".parse().expect("quantity");
        let left = Quantity::ONE;
        assert_eq!(line.part("2".parse().expect("quantity")), Err(Refusal::ReturnTooMuch { line: 1, left }));
        line.returned = "3".parse().expect("quantity");
        assert_eq!(everything(&[line]), Err(Refusal::NothingLeft));
    }
}
