//! Gift cards: their numbers, their PIN, and what may be sold, loaded and redeemed.
//!
//! - GIFT-1 A number is not guessed: with [`CARDS_MAX`] cards out, fewer than one of 2^40 well-formed numbers is a card.
//! - GIFT-2 After [`PIN_TRIES_MAX`] wrong PINs the card is locked until somebody unlocks it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::days_after;
use crate::money::Money;

/// Cards of a chain: more need a longer number.
pub const CARDS_MAX: u64 = 10_000_000;
const _: () = assert!((CARDS_MAX as u128) << 40 <= 1 << 64, "GIFT-1");
/// Wrong PINs in a row.
pub const PIN_TRIES_MAX: u8 = 5;
/// As of bank cards, so that a chain can tell its own from others.
pub const PREFIX_DIGITS_MAX: usize = 8;
/// Any 64 random bits in decimal digits.
const RANDOM_DIGITS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GiftRules {
    /// The digits with which the numbers of the chain's cards begin; empty: no cards are sold.
    pub prefix: String,
    /// Days from the sale in which a card can be redeemed; none: for ever.
    pub valid_days: Option<u32>,
    pub reload: bool,
    /// Loading makes a card valid for `valid_days` again.
    pub reload_renews: bool,
    /// Least that is sold or loaded.
    pub load_min: Money,
    pub balance_max: Money,
    /// A card is redeemed once: what is left of it is lost.
    pub remainder_to_breakage: bool,
}

impl Default for GiftRules {
    fn default() -> GiftRules {
        GiftRules {
            prefix: String::new(),
            valid_days: None,
            reload: false,
            reload_renews: false,
            load_min: Money::from_minor(100),
            balance_max: Money::from_minor(1_500_000),
            remainder_to_breakage: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiftCard {
    pub balance: Money,
    /// The last day on which it can be redeemed.
    pub expires_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GiftRefusal {
    #[error("the amount must be above zero")]
    NotPositive,
    #[error("at least {least} is loaded on a gift card")]
    TooLittle { least: Money },
    #[error("a gift card holds at most {most}")]
    TooMuch { most: Money },
    #[error("this gift card cannot be loaded again")]
    NoReload,
    #[error("the gift card expired on {on}")]
    Expired { on: NaiveDate },
    #[error("there is only {balance} on the gift card")]
    NotEnough { balance: Money },
}

impl GiftRules {
    pub fn sell(&self, amount: Money, day: NaiveDate) -> Result<GiftCard, GiftRefusal> {
        self.fits(Money::ZERO, amount)?;
        Ok(GiftCard { balance: amount, expires_on: self.valid_from(day) })
    }

    pub fn load(&self, card: GiftCard, amount: Money, day: NaiveDate) -> Result<GiftCard, GiftRefusal> {
        if !self.reload {
            return Err(GiftRefusal::NoReload);
        }
        card.still_valid(day)?;
        self.fits(card.balance, amount)?;
        let expires_on = if self.reload_renews { self.valid_from(day) } else { card.expires_on };
        Ok(GiftCard { balance: card.balance + amount, expires_on })
    }

    /// The card after `amount` was paid with it, and what of it is lost.
    pub fn redeem(&self, card: GiftCard, amount: Money, day: NaiveDate) -> Result<(GiftCard, Money), GiftRefusal> {
        if !amount.is_positive() {
            return Err(GiftRefusal::NotPositive);
        }
        card.still_valid(day)?;
        if amount > card.balance {
            return Err(GiftRefusal::NotEnough { balance: card.balance });
        }
        let rest = card.balance - amount;
        let lost = if self.remainder_to_breakage { rest } else { Money::ZERO };
        Ok((GiftCard { balance: rest - lost, ..card }, lost))
    }

    fn fits(&self, balance: Money, amount: Money) -> Result<(), GiftRefusal> {
        if !amount.is_positive() {
            Err(GiftRefusal::NotPositive)
        } else if amount < self.load_min {
            Err(GiftRefusal::TooLittle { least: self.load_min })
        } else if balance > self.balance_max || amount > self.balance_max - balance {
            Err(GiftRefusal::TooMuch { most: self.balance_max })
        } else {
            Ok(())
        }
    }

    fn valid_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.valid_days.map(|days| days_after(day, days))
    }
}

impl GiftCard {
    /// What is lost of the card because its time is over.
    pub fn expired(self, day: NaiveDate) -> Money {
        if self.still_valid(day).is_err() { self.balance } else { Money::ZERO }
    }

    fn still_valid(self, day: NaiveDate) -> Result<(), GiftRefusal> {
        match self.expires_on {
            Some(on) if on < day => Err(GiftRefusal::Expired { on }),
            _ => Ok(()),
        }
    }
}

/// The number of a new card. `random` is 64 bits that nobody can foretell.
pub fn gift_number(prefix: &str, random: u64) -> String {
    let payload = format!("{prefix}{random:0RANDOM_DIGITS$}");
    let check = luhn(&payload);
    format!("{payload}{check}")
}

/// Is it the form of a gift card's number? Whether there is such a card, only the accounts know.
pub fn number_is_well_formed(prefix: &str, number: &str) -> bool {
    let Some(rest) = number.strip_prefix(prefix).filter(|rest| rest.len() == RANDOM_DIGITS + 1) else { return false };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let random = rest.get(..RANDOM_DIGITS).and_then(|random| random.parse().ok());
    digits && random.is_some_and(|random| gift_number(prefix, random) == number)
}

/// The digit that makes `payload` whole: every second digit from the right is doubled, and all add up to a full ten.
fn luhn(payload: &str) -> u32 {
    let digits = payload.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let weighed = digits.enumerate().map(|(place, digit)| match digit * 2 {
        _ if place % 2 == 1 => digit,
        twice if twice > 9 => twice - 9,
        twice => twice,
    });
    (10 - weighed.sum::<u32>() % 10) % 10
}

/// How often a PIN was wrong since it was last right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinTries {
    pub wrong: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinRefusal {
    #[error("the PIN is wrong: {left} more tries")]
    Wrong { left: u8 },
    #[error("too many wrong PINs: the card is locked")]
    Locked,
}

impl PinTries {
    pub fn locked(self) -> bool {
        self.wrong >= PIN_TRIES_MAX
    }

    /// A PIN was tried. Of a locked card the right one is refused, too.
    pub fn tried(&mut self, is_right: bool) -> Result<(), PinRefusal> {
        if self.locked() {
            return Err(PinRefusal::Locked);
        }
        if is_right {
            self.wrong = 0;
            return Ok(());
        }
        self.wrong += 1;
        if self.locked() {
            Err(PinRefusal::Locked)
        } else {
            Err(PinRefusal::Wrong { left: PIN_TRIES_MAX - self.wrong })
        }
    }

    /// Two nodes counted apart: none of the tries is forgotten.
    pub fn with(self, other: PinTries) -> PinTries {
        PinTries { wrong: self.wrong.saturating_add(other.wrong).min(PIN_TRIES_MAX) }
    }
}
