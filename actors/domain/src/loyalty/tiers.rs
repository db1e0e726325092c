//! Tiers: a customer is up at once, and down only when the tier's keep period is over.
//!
//! A tier is held on a day if its threshold was met on that day or on one of the `keep_days` before. So the tier is a
//! function of the customer's documents alone: whoever recomputes it, on any day and in any order, gets the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::days_after;
use super::earn::ONCE_HUNDREDTHS;
use crate::money::Money;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tiers {
    pub by: TierBasis,
    /// Days whose sum counts, the day itself among them.
    pub period_days: u32,
    /// From the lowest to the highest.
    pub levels: Vec<Tier>,
}

impl Default for Tiers {
    fn default() -> Tiers {
        Tiers { by: TierBasis::Turnover, period_days: 365, levels: Vec::new() }
    }
}

/// Of what the sums are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierBasis {
    /// The money part of receipts less returns.
    #[default]
    Turnover,
    /// Points earned less those taken back.
    Points,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub name: String,
    /// Least sum of the period; zero: everybody has it.
    pub from: Money,
    #[serde(default)]
    pub keep_days: u32,
    /// By which points for money and quantities are multiplied.
    #[serde(default = "once")]
    pub multiplier_hundredths: u32,
}

fn once() -> u32 {
    ONCE_HUNDREDTHS
}

/// A tier that was given by hand, or is known from a history that is not kept any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTier {
    pub tier: String,
    /// The last day on which its threshold was met, or the day on which it was given.
    pub since: NaiveDate,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierNow {
    pub current: Option<String>,
    /// What the period's sum is enough for today: what comes when the current tier ends.
    pub projected: Option<String>,
    /// The tier above the current one.
    pub next: Option<NextTier>,
    /// The last day of the current tier if nothing more is bought; none: for ever, or there is no tier.
    pub keeps_until: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextTier {
    pub tier: String,
    /// What is missing today.
    pub missing: Money,
}

impl Tiers {
    /// Days of history that say all about a tier.
    pub fn history_days(&self) -> u32 {
        let keep_days = self.levels.iter().map(|tier| tier.keep_days).max().unwrap_or(0);
        self.period_days.saturating_add(keep_days)
    }
}

/// Days with one sum, both ends in them.
struct Span {
    from: NaiveDate,
    until: NaiveDate,
    sum: Money,
}

/// The tier on `today`. `history` has sums of business days in any order, returns below zero; later days are not looked at.
pub fn tier(tiers: &Tiers, history: &[(NaiveDate, Money)], today: NaiveDate, held: Option<&HeldTier>) -> TierNow {
    let spans = spans(tiers, history, today);
    let sum = spans.iter().find(|span| span.from <= today && today <= span.until).map_or(Money::ZERO, |span| span.sum);
    let by_hand =
        |tier: &Tier| held.filter(|held| held.tier == tier.name && held.since <= today).map(|held| held.since);
    let until = |tier: &Tier| holds_until(tier, &spans, today, by_hand(tier));
    let level = tiers.levels.iter().rposition(|tier| until(tier).is_some_and(|until| today <= until));
    let current = level.map(|level| &tiers.levels[level]);
    let next = tiers.levels.get(level.map_or(0, |level| level + 1));
    TierNow {
        current: current.map(|tier| tier.name.clone()),
        projected: tiers.levels.iter().rfind(|tier| tier.from <= sum).map(|tier| tier.name.clone()),
        next: next.map(|tier| NextTier { tier: tier.name.clone(), missing: (tier.from - sum).max(Money::ZERO) }),
        keeps_until: current.and_then(until).filter(|until| *until != NaiveDate::MAX),
    }
}

/// The sums of the period as time goes on and nothing more is bought.
fn spans(tiers: &Tiers, history: &[(NaiveDate, Money)], today: NaiveDate) -> Vec<Span> {
    let mut changes: BTreeMap<NaiveDate, Money> = BTreeMap::from([(NaiveDate::MIN, Money::ZERO)]);
    for (day, amount) in history.iter().filter(|(day, _)| *day <= today) {
        *changes.entry(*day).or_default() += *amount;
        *changes.entry(days_after(*day, tiers.period_days)).or_default() -= *amount;
    }
    let ends = changes.keys().skip(1).map(|next| next.pred_opt().unwrap_or(NaiveDate::MIN)).chain([NaiveDate::MAX]);
    let mut sum = Money::ZERO;
    let span = |((from, change), until): ((&NaiveDate, &Money), NaiveDate)| {
        sum += *change;
        Span { from: *from, until, sum }
    };
    changes.iter().zip(ends).map(span).collect()
}

/// The end of the days without a gap on which the tier is held, of which `today` may be one.
fn holds_until(tier: &Tier, spans: &[Span], today: NaiveDate, by_hand: Option<NaiveDate>) -> Option<NaiveDate> {
    let mut until = by_hand.map(|since| days_after(since, tier.keep_days));
    for span in spans.iter().filter(|span| tier.from <= span.sum) {
        // What is met only after the tier has ended is another time of it.
        let goes_on = span.from <= today || until.is_some_and(|until| span.from <= days_after(until, 1));
        if goes_on {
            until = until.max(Some(days_after(span.until, tier.keep_days)));
        }
    }
    until
}
