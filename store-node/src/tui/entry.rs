//! What is typed: a short line, and what it means on the sale screen.

use domain::money::Money;
use domain::quantity::Quantity;

/// Longest line that may be typed or scanned, in characters: a marking code has under 150, the QR code of a receipt under 120.
pub const ENTRY_CHARS_MAX: usize = 256;

/// A line being typed. Edited only at its end: a cashier corrects by erasing, not by moving in the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry(String);

impl Entry {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// False if the line is full.
    pub fn push(&mut self, character: char) -> bool {
        let fits = self.0.chars().count() < ENTRY_CHARS_MAX;
        if fits {
            self.0.push(character);
        }
        fits
    }

    pub fn erase(&mut self) {
        self.0.pop();
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Another text in its place, as much of it as fits.
    pub fn set(&mut self, text: &str) {
        self.0 = text.chars().take(ENTRY_CHARS_MAX).collect();
    }

    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    pub fn amount(&self) -> Option<Money> {
        amount(&self.0)
    }
}

/// A line of the sale screen, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyed {
    /// `3*`: a quantity for a line that is there.
    Quantity(Quantity),
    /// `code` or `3*code`.
    Code { data: String, quantity: Option<Quantity> },
    /// What stands before `*` is not a quantity above zero.
    BadQuantity,
}

impl Keyed {
    pub fn read(text: &str) -> Keyed {
        let Some((before, data)) = text.split_once('*') else {
            return Keyed::Code { data: text.to_owned(), quantity: None };
        };
        match quantity(before) {
            None => Keyed::BadQuantity,
            Some(quantity) if data.is_empty() => Keyed::Quantity(quantity),
            Some(quantity) => Keyed::Code { data: data.to_owned(), quantity: Some(quantity) },
        }
    }
}

/// A decimal point or a decimal comma, whichever the keypad has.
pub fn amount(text: &str) -> Option<Money> {
    text.replace(',', ".").parse().ok().filter(|amount: &Money| !amount.is_negative())
}

/// A per cent above zero, in hundredths of it.
pub fn hundredths(text: &str) -> Option<u32> {
    let percent = amount(text).filter(|percent| percent.is_positive())?;
    u32::try_from(percent.minor()).ok().filter(|hundredths| *hundredths <= 10_000)
}

pub fn quantity(text: &str) -> Option<Quantity> {
    text.replace(',', ".").parse().ok().filter(|quantity: &Quantity| quantity.is_positive())
}
