//! Labels that a shop prints for itself: scales, coupons and cards, read by rules that are data.
//!
//! Invariants:
//! - The rule with the longest prefix is tried first; a label fits one rule or none.
//! - Where the length is that of a trade item number, the last digit is its check digit and is always verified.

use crate::barcode::{expected_check_digit, is_gtin_length};
use crate::money::{MONEY_SCALE, Money};
use crate::quantity::{QUANTITY_SCALE, Quantity};

/// The longest label, in characters: what fits a linear barcode on a receipt.
pub const LABEL_CHARS_MAX: usize = 48;
/// Digits of an item's number: one more would not fit the numbers that scales use.
pub const ITEM_DIGITS_MAX: usize = 14;
/// Digits of a weight, a sum or a count: it must stay far from what money can hold.
pub const VALUE_DIGITS_MAX: usize = 9;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    Weight,
    Price,
    Pieces,
    Coupon,
    Card,
}

/// Where in a label what stands. Made by [`InStoreRule::new`], so it always makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InStoreRule {
    prefix: String,
    length: usize,
    item: Field,
    value: Field,
    decimals: u32,
    kind: LabelKind,
}

/// Characters of a label: the first, from 0, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    from: usize,
    count: usize,
}

impl Field {
    fn end(self) -> usize {
        self.from.saturating_add(self.count)
    }

    fn of(self, label: &str) -> &str {
        label.get(self.from..self.end()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    #[error("the prefix \"{0}\" must be digits, at least one")]
    Prefix(String),
    #[error(
        "a label of {0} characters is not possible: longer than the prefix and at most {LABEL_CHARS_MAX} are expected"
    )]
    Length(usize),
    #[error("the {field} must lie between the prefix and the {}, at positions {from} to {to}", end_word(*.checked))]
    Outside { field: &'static str, from: usize, to: usize, checked: bool },
    #[error("the item and the value share a digit")]
    Overlap,
    #[error("the item must have 1 to {ITEM_DIGITS_MAX} digits, not {0}")]
    ItemDigits(usize),
    #[error("the value must have 1 to {VALUE_DIGITS_MAX} digits, not {0}")]
    ValueDigits(usize),
    #[error("a coupon or a card must have a number of at least one character")]
    NoNumber,
    #[error("{decimals} decimals are too many: at most {decimals_max} are expected")]
    Decimals { decimals: u32, decimals_max: u32 },
}

fn end_word(checked: bool) -> &'static str {
    if checked { "check digit" } else { "end" }
}

impl InStoreRule {
    /// `item` and `value` are the first character, from 0, and the count of characters. Pieces may have a value of no
    /// digits: such a label stands for one piece.
    pub fn new(
        prefix: &str,
        length: usize,
        item: [usize; 2],
        value: [usize; 2],
        decimals: u32,
        kind: LabelKind,
    ) -> Result<InStoreRule, BadRule> {
        let field = |[from, count]: [usize; 2]| Field { from, count };
        let rule =
            InStoreRule { prefix: prefix.to_owned(), length, item: field(item), value: field(value), decimals, kind };
        rule.check().map(|()| rule)
    }

    fn check(&self) -> Result<(), BadRule> {
        if self.prefix.is_empty() || !self.prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadRule::Prefix(self.prefix.clone()));
        }
        if self.length <= self.prefix.len() || self.length > LABEL_CHARS_MAX {
            return Err(BadRule::Length(self.length));
        }
        if matches!(self.kind, LabelKind::Coupon | LabelKind::Card) {
            // The number of a card is often the whole of it, prefix and check digit too.
            return match self.value.count {
                0 => Err(BadRule::NoNumber),
                _ => self.lies_between("value", self.value, 0, self.length),
            };
        }
        let end = self.length - usize::from(is_gtin_length(self.length));
        if !(1..=ITEM_DIGITS_MAX).contains(&self.item.count) {
            return Err(BadRule::ItemDigits(self.item.count));
        }
        self.lies_between("item", self.item, self.prefix.len(), end)?;
        let value_digits_min = usize::from(self.kind != LabelKind::Pieces);
        if !(value_digits_min..=VALUE_DIGITS_MAX).contains(&self.value.count) {
            return Err(BadRule::ValueDigits(self.value.count));
        }
        if self.value.count > 0 {
            self.lies_between("value", self.value, self.prefix.len(), end)?;
            if self.item.from < self.value.end() && self.value.from < self.item.end() {
                return Err(BadRule::Overlap);
            }
        }
        let decimals_max = if self.kind == LabelKind::Price { MONEY_SCALE } else { QUANTITY_SCALE };
        if self.decimals > decimals_max {
            return Err(BadRule::Decimals { decimals: self.decimals, decimals_max });
        }
        Ok(())
    }

    fn lies_between(&self, name: &'static str, field: Field, from: usize, end: usize) -> Result<(), BadRule> {
        if field.from >= from && field.end() <= end {
            return Ok(());
        }
        let checked = is_gtin_length(self.length) && end < self.length;
        Err(BadRule::Outside { field: name, from, to: end.saturating_sub(1), checked })
    }

    fn fits(&self, label: &str) -> bool {
        label.len() == self.length && label.is_ascii() && label.starts_with(&self.prefix)
    }

    fn read(&self, label: &str) -> Option<Result<Label, WrongCheckDigit>> {
        if is_gtin_length(self.length) {
            let expected = expected_check_digit(label)?;
            if !label.ends_with(expected) {
                return Some(Err(WrongCheckDigit { expected }));
            }
        }
        let number = self.value.of(label);
        if let LabelKind::Coupon | LabelKind::Card = self.kind {
            return Some(Ok(Label::Number { kind: self.kind, number: number.to_owned() }));
        }
        let item = self.item.of(label).to_owned();
        let value: i64 = if number.is_empty() { 0 } else { number.parse().ok()? };
        if !item.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let quantity =
            Quantity::from_thousandths(value * 10_i64.pow(QUANTITY_SCALE - self.decimals.min(QUANTITY_SCALE)));
        let label = match self.kind {
            LabelKind::Weight => Label::Weight { item, quantity },
            LabelKind::Pieces if number.is_empty() => Label::Pieces { item, quantity: Quantity::ONE },
            LabelKind::Pieces => Label::Pieces { item, quantity },
            LabelKind::Price | LabelKind::Coupon | LabelKind::Card => {
                let amount = Money::from_minor(value * 10_i64.pow(MONEY_SCALE - self.decimals.min(MONEY_SCALE)));
                Label::Price { item, amount }
            }
        };
        Some(Ok(label))
    }
}

/// What a label says. `item` is the number as printed, with its leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    Weight { item: String, quantity: Quantity },
    Price { item: String, amount: Money },
    Pieces { item: String, quantity: Quantity },
    Number { kind: LabelKind, number: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCheckDigit {
    pub expected: char,
}

/// The rules of a shop, the most specific first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InStoreRules {
    rules: Vec<InStoreRule>,
}

impl InStoreRules {
    pub fn new(mut rules: Vec<InStoreRule>) -> InStoreRules {
        rules.sort_by(|a, b| b.prefix.len().cmp(&a.prefix.len()).then_with(|| a.prefix.cmp(&b.prefix)));
        InStoreRules { rules }
    }

    /// What the label says, or the digit with which it should have ended; `None` if no rule is for it.
    pub fn read(&self, text: &str) -> Option<Result<Label, WrongCheckDigit>> {
        // A scanner may send the 13 digits of a label that begins with 0 as 12.
        let padded = (text.len() == 12).then(|| format!("0{text}"));
        [Some(text), padded.as_deref()].into_iter().flatten().find_map(|label| {
            let rule = self.rules.iter().find(|rule| rule.fits(label))?;
            rule.read(label)
        })
    }
}
