//! What a programme cannot say. Limits are generous: they keep out mistakes, not opinions.

use chrono::NaiveDate;

use super::burn::WHOLE_HUNDREDTHS;
use super::gift::{GiftRules, PREFIX_DIGITS_MAX};
use super::{BurnRule, EarnRule, Expiry, Give, POINTS_MAX, Programme, Tiers, When};
use crate::money::{MONEY_SCALE, Money};

/// Versions of programmes in force and to come; more are forgotten ones.
const PROGRAMMES_MAX: usize = 50;
/// Rules, campaigns or tiers of one programme: all are looked at for every receipt.
const RULES_MAX: usize = 200;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Items and groups that one rule names; more is a group of its own.
const GOODS_MAX: usize = 1_000;
/// A hundred times: what is more was meant to be points.
const MULTIPLIER_HUNDREDTHS_MAX: u32 = 10_000;
/// Ten years.
const DAYS_MAX: u32 = 3_650;
/// Ten years.
const MONTHS_MAX: u32 = 120;
/// Half a year to each side would be always.
const BIRTHDAY_DAYS_MAX: u32 = 90;

/// The first thing that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of}: {why}")]
pub struct BadProgramme {
    /// The name of the programme, and of the rule or tier in it.
    pub of: String,
    pub why: String,
}

/// All versions of all programmes together.
pub fn check_all(programmes: &[Programme]) -> Result<(), BadProgramme> {
    let bad = |of: &str, why: String| Err(BadProgramme { of: of.to_owned(), why });
    if programmes.len() > PROGRAMMES_MAX {
        return bad("programmes", format!("{} are more than the {PROGRAMMES_MAX} allowed", programmes.len()));
    }
    for (index, programme) in programmes.iter().enumerate() {
        programme.check()?;
        let ends = |programme: &Programme| programme.until.unwrap_or(NaiveDate::MAX);
        for other in programmes.iter().take(index).filter(|other| other.asset == programme.asset) {
            // An open version ends when a later one begins; two that both say until when must not overlap.
            let later_begins = programme.from != other.from && (programme.until.is_none() || other.until.is_none());
            if !later_begins && programme.from <= ends(other) && other.from <= ends(programme) {
                let (asset, name) = (programme.asset, &other.name);
                return bad(
                    &programme.name,
                    format!("it counts on days on which \"{name}\" counts for asset {asset}, too"),
                );
            }
        }
    }
    Ok(())
}

impl Programme {
    /// # Errors
    /// A sentence about the first thing that cannot be.
    pub fn check(&self) -> Result<(), BadProgramme> {
        self.whole().map_err(|why| BadProgramme { of: self.name.clone(), why })?;
        let of = |part: &str| format!("{}, \"{part}\"", self.name);
        for (index, rule) in self.earn.iter().enumerate() {
            let known = self.campaigns.iter().any(|campaign| campaign.id == rule.campaign);
            let first = self.earn.iter().take(index).all(|other| other.name != rule.name);
            ensure(first, || "another rule has the same name".to_owned())
                .and_then(|()| ensure(known, || format!("campaign {} is not in the list of campaigns", rule.campaign)))
                .and_then(|()| check_rule(rule, &self.tiers))
                .map_err(|why| BadProgramme { of: of(&rule.name), why })?;
        }
        Ok(())
    }

    fn whole(&self) -> Result<(), String> {
        name("name", &self.name)?;
        ensure(self.asset != 0, || "asset: 0 is not the number of points".to_owned())?;
        dates(Some(self.from), self.until)?;
        ensure(self.decimals <= MONEY_SCALE, || format!("decimals: {} are more than {MONEY_SCALE}", self.decimals))?;
        count("campaigns", self.campaigns.len(), RULES_MAX)?;
        count("earn", self.earn.len(), RULES_MAX)?;
        for (index, campaign) in self.campaigns.iter().enumerate() {
            name("campaigns", &campaign.name)?;
            let first = self.campaigns.iter().take(index).all(|other| other.id != campaign.id);
            ensure(first, || format!("campaigns: {} is there twice", campaign.id))?;
            limit("campaigns", campaign.budget)?;
        }
        limit("day_max", self.day_max)?;
        burn(&self.burn)?;
        tiers(&self.tiers)?;
        days("activation_days", self.activation_days)?;
        expiry(&self.expiry)?;
        amount("change_to_points_max", self.change_to_points_max)
    }
}

impl GiftRules {
    /// # Errors
    /// A sentence about the first thing that cannot be.
    pub fn check(&self) -> Result<(), String> {
        let digits = self.prefix.len() <= PREFIX_DIGITS_MAX && self.prefix.bytes().all(|byte| byte.is_ascii_digit());
        ensure(digits, || format!("prefix: \"{}\" is not 0 to {PREFIX_DIGITS_MAX} digits", self.prefix))?;
        days("valid_days", self.valid_days.unwrap_or(0))?;
        ensure(self.valid_days != Some(0), || "valid_days: with 0 a card is over on the day of its sale".to_owned())?;
        amount("load_min", self.load_min)?;
        amount("balance_max", self.balance_max)?;
        let (least, most) = (self.load_min, self.balance_max);
        ensure(least <= most, || format!("load_min: {least} is more than balance_max, {most}"))
    }
}

fn check_rule(rule: &EarnRule, tiers: &Tiers) -> Result<(), String> {
    name("name", &rule.name)?;
    when(&rule.when, tiers)?;
    for (field, named) in [
        ("goods.items", rule.goods.items.len()),
        ("goods.groups", rule.goods.groups.len()),
        ("goods.except_items", rule.goods.except_items.len()),
        ("goods.except_groups", rule.goods.except_groups.len()),
    ] {
        count(field, named, GOODS_MAX)?;
    }
    let gives = |points: Money| ensure(points.is_positive(), || format!("points: {points} is not above 0"));
    match &rule.give {
        Give::PerStep { step, points } => {
            ensure(step.is_positive(), || format!("step: {step} is not above 0"))?;
            gives(*points).and_then(|()| amount("points", *points))?;
        }
        Give::PerQuantity { every, points } => {
            ensure(every.is_positive(), || format!("every: {every} is not above 0"))?;
            gives(*points).and_then(|()| amount("points", *points))?;
        }
        Give::Percent { hundredths } => {
            let range = 1..=WHOLE_HUNDREDTHS;
            ensure(range.contains(hundredths), || {
                format!("hundredths: {hundredths} is not between 1 and {WHOLE_HUNDREDTHS}")
            })?;
        }
        Give::Receipt { points } => gives(*points).and_then(|()| amount("points", *points))?,
        Give::Referral { points } => {
            gives(*points).and_then(|()| amount("points", *points))?;
            ensure(rule.when.first_purchase, || {
                "when.first_purchase: a customer is brought once, so a referral counts for the first purchase only"
                    .to_owned()
            })?;
        }
    }
    multiplier(rule.multiplier_hundredths)?;
    limit("receipt_max", rule.receipt_max)?;
    days("again_after_days", rule.again_after_days)?;
    days("activation_days", rule.activation_days.unwrap_or(0))?;
    rule.expiry.as_ref().map_or(Ok(()), expiry)
}

fn when(when: &When, tiers: &Tiers) -> Result<(), String> {
    dates(when.from, when.until)?;
    if let Some(tier) = when.tiers.iter().find(|name| tiers.levels.iter().all(|tier| tier.name != **name)) {
        return Err(format!("when.tiers: there is no tier \"{tier}\""));
    }
    if let Some(window) = when.birthday {
        let most = window.days_before.max(window.days_after);
        ensure(most <= BIRTHDAY_DAYS_MAX, || format!("when.birthday: {most} days are more than {BIRTHDAY_DAYS_MAX}"))?;
    }
    amount("when.sum_min", when.sum_min)
}

fn burn(rule: &BurnRule) -> Result<(), String> {
    let share = rule.share_hundredths_max;
    ensure(share <= WHOLE_HUNDREDTHS, || {
        format!("burn.share_hundredths_max: {share} hundredths of a per cent are more than {WHOLE_HUNDREDTHS}")
    })?;
    amount("burn.sum_min", rule.sum_min)?;
    amount("burn.money_min", rule.money_min)?;
    amount("burn.line_money_min", rule.line_money_min)?;
    amount("burn.worth", rule.worth)?;
    ensure(rule.worth.is_positive(), || "burn.worth: a point must be worth something".to_owned())
}

fn tiers(tiers: &Tiers) -> Result<(), String> {
    count("tiers.levels", tiers.levels.len(), RULES_MAX)?;
    ensure((1..=DAYS_MAX).contains(&tiers.period_days), || {
        format!("tiers.period_days: {} is not between 1 and {DAYS_MAX}", tiers.period_days)
    })?;
    for (index, tier) in tiers.levels.iter().enumerate() {
        name("tiers.levels", &tier.name)?;
        amount("tiers.levels", tier.from)?;
        days("tiers.levels", tier.keep_days)?;
        multiplier(tier.multiplier_hundredths)?;
        for lower in tiers.levels.iter().take(index) {
            ensure(lower.name != tier.name, || format!("tiers.levels: \"{}\" is there twice", tier.name))?;
            ensure(lower.from < tier.from, || {
                format!("tiers.levels: \"{}\" comes after \"{}\" and must begin higher", tier.name, lower.name)
            })?;
        }
    }
    Ok(())
}

fn expiry(expiry: &Expiry) -> Result<(), String> {
    match *expiry {
        Expiry::Never => Ok(()),
        Expiry::AfterDays(count) | Expiry::AfterActivityDays(count) => days("expiry", count),
        Expiry::EndOfMonthAfter(months) => {
            ensure(months <= MONTHS_MAX, || format!("expiry: {months} months are more than {MONTHS_MAX}"))
        }
        Expiry::EndOfYearAfter(years) => {
            ensure(years <= MONTHS_MAX / 12, || format!("expiry: {years} years are more than {}", MONTHS_MAX / 12))
        }
        // A leap year has every day there is.
        Expiry::CalendarDay { month, day } => ensure(NaiveDate::from_ymd_opt(2024, month, day).is_some(), || {
            format!("expiry: there is no day {day} of month {month}")
        }),
    }
}

fn ensure(is_right: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(sentence()) }
}

fn name(field: &str, name: &str) -> Result<(), String> {
    let plain = !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
    ensure(plain && name.chars().count() <= NAME_CHARS_MAX, || {
        format!("{field}: \"{name}\" is not a name of 1 to {NAME_CHARS_MAX} characters without spaces at the ends")
    })
}

fn dates(from: Option<NaiveDate>, until: Option<NaiveDate>) -> Result<(), String> {
    match (from, until) {
        (Some(from), Some(until)) if until < from => Err(format!("until: {until} is before {from}, its first day")),
        _ => Ok(()),
    }
}

fn amount(field: &str, amount: Money) -> Result<(), String> {
    let right = (Money::ZERO..=POINTS_MAX).contains(&amount);
    ensure(right, || format!("{field}: {amount} is not between 0 and {POINTS_MAX}"))
}

fn limit(field: &str, most: Option<Money>) -> Result<(), String> {
    most.map_or(Ok(()), |most| amount(field, most))
}

fn days(field: &str, days: u32) -> Result<(), String> {
    ensure(days <= DAYS_MAX, || format!("{field}: {days} days are more than {DAYS_MAX}"))
}

fn count(field: &str, count: usize, most: usize) -> Result<(), String> {
    ensure(count <= most, || format!("{field}: {count} are more than the {most} allowed"))
}

fn multiplier(hundredths: u32) -> Result<(), String> {
    let range = 1..=MULTIPLIER_HUNDREDTHS_MAX;
    ensure(range.contains(&hundredths), || {
        format!("multiplier_hundredths: {hundredths} is not between 1 and {MULTIPLIER_HUNDREDTHS_MAX}")
    })
}
