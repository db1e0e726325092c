//! What each section may say. Limits are generous: they keep out mistakes, not opinions.

use domain::item::CODE_CHARS_MAX;
use domain::loyalty;
use domain::money::Money;
use domain::receipt::AMOUNT_MAX;
use messages::codec::to_body;
use messages::v1::catalogue::Role;
use messages::v1::settings::{Bindings, CashRules, Loyalty, QuickKeys, ReceiptText, Roles, SaleRules, TaxRules};

use crate::rules::plain;

/// Nobody rounds a receipt to more than a banknote.
const ROUND_TO_MAX: Money = Money::from_minor(10_000);
/// Kinds of banknotes and coins; no currency has more.
const DENOMINATIONS_MAX: usize = 30;
/// Keys of a till with a large keyboard.
const QUICK_KEYS_MAX: usize = 100;
/// Longest label that fits a key, in characters.
const LABEL_CHARS_MAX: usize = 40;
const BINDINGS_MAX: usize = 200;
/// Longest key or word, in characters.
const KEY_CHARS_MAX: usize = 40;
/// Longest name of an action, in characters.
const ACTION_CHARS_MAX: usize = 64;
/// From the narrowest paper in use (57 mm) to the widest (80 mm in small letters).
const COLUMNS: std::ops::RangeInclusive<u32> = 24..=80;
/// Longest template, in bytes: hundreds of lines.
const TEMPLATE_BYTES_MAX: usize = 20_000;
const LANGUAGES: [&str; 3] = ["en", "ru", "uk"];
/// A year.
const HOURS_MAX: u32 = 8_760;
/// Ten years: longer than any guarantee on goods of a shop.
const DAYS_MAX: u32 = 3_650;
/// All of it, in hundredths of a per cent.
const HUNDREDTHS_MAX: u32 = 10_000;
/// All programmes together, in bytes: half of the largest body, and thousands of named goods.
const LOYALTY_BYTES_MAX: usize = 500_000;

pub(super) trait Check {
    /// A sentence about the first thing that cannot be.
    fn check(&self) -> Result<(), String>;
}

pub(super) fn ensure(is_right: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(sentence()) }
}

fn amount(field: &str, amount: Money, highest: Money) -> Result<(), String> {
    ensure((Money::ZERO..=highest).contains(&amount), || format!("{field}: {amount} is not between 0 and {highest}"))
}

pub(super) fn count(field: &str, count: usize, count_max: usize) -> Result<(), String> {
    ensure(count <= count_max, || format!("{field}: {count} are more than the {count_max} allowed"))
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Cashier => "cashier",
        Role::SeniorCashier => "senior_cashier",
        Role::StoreAdmin => "store_admin",
    }
}

impl Check for Roles {
    fn check(&self) -> Result<(), String> {
        for (role, permissions) in &self.roles {
            let of = |field| format!("{}.{field}", word(*role));
            let hundredths = permissions.discount_hundredths_max;
            ensure(hundredths <= HUNDREDTHS_MAX, || {
                let field = of("discount_hundredths_max");
                format!("{field}: {hundredths} hundredths of a per cent are more than {HUNDREDTHS_MAX}")
            })?;
            amount(&of("voids_max"), permissions.voids_max, AMOUNT_MAX)?;
            amount(&of("returns_without_receipt_max"), permissions.returns_without_receipt_max, AMOUNT_MAX)?;
        }
        Ok(())
    }
}

impl Check for CashRules {
    fn check(&self) -> Result<(), String> {
        amount("round_to", self.round_to, ROUND_TO_MAX)?;
        amount("difference_max", self.difference_max, AMOUNT_MAX)?;
        count("denominations", self.denominations.len(), DENOMINATIONS_MAX)?;
        for worth in &self.denominations {
            ensure(worth.is_positive() && *worth <= AMOUNT_MAX, || {
                format!("denominations: {worth} is not the worth of a banknote or coin")
            })?;
        }
        for pair in self.denominations.windows(2) {
            ensure(pair[0] > pair[1], || {
                format!(
                    "denominations: {} comes before {}, but the largest comes first and none twice",
                    pair[0], pair[1]
                )
            })?;
        }
        Ok(())
    }
}

impl Check for QuickKeys {
    fn check(&self) -> Result<(), String> {
        count("keys", self.keys.len(), QUICK_KEYS_MAX)?;
        for key in &self.keys {
            ensure(plain(&key.item.0, CODE_CHARS_MAX), || {
                format!("keys: \"{}\" cannot be the code of an item", key.item)
            })?;
            ensure(plain(&key.label, LABEL_CHARS_MAX), || {
                let (item, label) = (&key.item, &key.label);
                format!(
                    "keys: the label \"{label}\" of {item} cannot be used: 1 to {LABEL_CHARS_MAX} characters without \
                     spaces at the ends are expected"
                )
            })?;
        }
        Ok(())
    }
}

impl Check for Bindings {
    fn check(&self) -> Result<(), String> {
        count("bindings", self.bindings.len(), BINDINGS_MAX)?;
        for (key, action) in &self.bindings {
            ensure(plain(key, KEY_CHARS_MAX), || {
                format!(
                    "bindings: \"{key}\" cannot be a key or word: 1 to {KEY_CHARS_MAX} characters without spaces at the \
                     ends are expected"
                )
            })?;
            ensure(plain(action, ACTION_CHARS_MAX), || {
                format!(
                    "bindings: \"{action}\" of \"{key}\" cannot be the name of an action: 1 to {ACTION_CHARS_MAX} \
                     characters without spaces at the ends are expected"
                )
            })?;
        }
        Ok(())
    }
}

impl Check for TaxRules {
    /// Its types say all that can be wrong.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Check for ReceiptText {
    fn check(&self) -> Result<(), String> {
        ensure(COLUMNS.contains(&self.columns), || {
            format!("columns: {} is not between {} and {}", self.columns, COLUMNS.start(), COLUMNS.end())
        })?;
        ensure(LANGUAGES.contains(&self.language.as_str()), || {
            format!("language: \"{}\" is not spoken here: en, ru or uk is expected", self.language)
        })?;
        let Some(template) = &self.template else { return Ok(()) };
        ensure(!template.trim().is_empty(), || "template: it is empty; leave it out for the built-in one".to_owned())?;
        ensure(template.len() <= TEMPLATE_BYTES_MAX, || {
            format!("template: {} bytes are more than the {TEMPLATE_BYTES_MAX} allowed", template.len())
        })?;
        // A printer obeys control characters: none of them comes from a form.
        ensure(!template.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')), || {
            "template: it has a control character other than a line break or a tab".to_owned()
        })
    }
}

impl Check for SaleRules {
    fn check(&self) -> Result<(), String> {
        let (hours, days) = (self.marks_unchecked_hours_max, self.return_days_max);
        ensure(hours <= HOURS_MAX, || format!("marks_unchecked_hours_max: {hours} hours are more than {HOURS_MAX}"))?;
        ensure(days <= DAYS_MAX, || format!("return_days_max: {days} days are more than {DAYS_MAX}"))
    }
}

impl Check for Loyalty {
    fn check(&self) -> Result<(), String> {
        let bytes = to_body(self).len();
        ensure(bytes <= LOYALTY_BYTES_MAX, || {
            format!(
                "programmes: {bytes} bytes are more than the {LOYALTY_BYTES_MAX} allowed: name groups instead of goods"
            )
        })?;
        loyalty::check_all(&self.programmes).map_err(|bad| format!("programmes: {bad}"))?;
        self.gift.check().map_err(|why| format!("gift.{why}"))?;
        let limits = &self.cashier;
        for (field, most) in [
            ("cashier.by_hand_day_max", limits.by_hand_day_max),
            ("cashier.put_back_day_max", limits.put_back_day_max),
            ("cashier.gift_load_day_max", limits.gift_load_day_max),
        ] {
            amount(field, most.unwrap_or(Money::ZERO), AMOUNT_MAX)?;
        }
        Ok(())
    }
}
