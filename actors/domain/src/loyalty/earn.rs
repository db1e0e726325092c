//! What a receipt earns.
//!
//! Every rule looks at the money part of its own goods. Rules that are added all count; of those that exclude each other
//! the one that gives most counts, the earlier of equals.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::{Award, Expiry, Facts, Goods, Line, Programme, days_after, days_before, expires_on, points_of};
use crate::hours::Hours;
use crate::money::Money;
use crate::quantity::Quantity;

/// Multipliers are in hundredths: this one changes nothing.
pub(super) const ONCE_HUNDREDTHS: u32 = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarnRule {
    /// By which a sale's points are known later: unique in a programme.
    pub name: String,
    /// Whose expense it is.
    pub campaign: u32,
    #[serde(default)]
    pub when: When,
    #[serde(default)]
    pub goods: Goods,
    pub give: Give,
    #[serde(default = "once")]
    pub multiplier_hundredths: u32,
    #[serde(default)]
    pub stacking: Stacking,
    /// Most points of a receipt; none: no such limit.
    #[serde(default)]
    pub receipt_max: Option<Money>,
    /// Days in which its campaign does not give to the same customer again; zero: it gives on every receipt.
    #[serde(default)]
    pub again_after_days: u32,
    /// Its own, instead of the programme's.
    #[serde(default)]
    pub activation_days: Option<u32>,
    #[serde(default)]
    pub expiry: Option<Expiry>,
}

fn once() -> u32 {
    ONCE_HUNDREDTHS
}

/// What must hold; what is empty or none always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct When {
    /// First business day.
    pub from: Option<NaiveDate>,
    /// Last business day.
    pub until: Option<NaiveDate>,
    /// Of the business day.
    pub weekdays: Vec<Weekday>,
    /// Of the local time.
    pub hours: Vec<Hours>,
    pub tiers: Vec<String>,
    pub first_purchase: bool,
    /// Another customer brought this one.
    pub referred: bool,
    pub birthday: Option<BirthdayWindow>,
    /// Least money part of the rule's goods.
    pub sum_min: Money,
}

/// Days around a birthday, which is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BirthdayWindow {
    pub days_before: u32,
    pub days_after: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Give {
    /// For every full `step` of the money part.
    PerStep { step: Money, points: Money },
    /// Of the money part.
    Percent { hundredths: u32 },
    /// For every full `every` of the quantity.
    PerQuantity { every: Quantity, points: Money },
    /// Once a receipt.
    Receipt { points: Money },
    /// Once, to the customer who brought this one.
    Referral { points: Money },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stacking {
    /// Beside all others.
    #[default]
    Added,
    /// Of all such rules the one that gives most.
    Exclusive,
}

/// What the receipt earns, in the order of the rules.
pub fn earn(programme: &Programme, lines: &[Line], facts: &Facts) -> Vec<Award> {
    if !programme.counts_on(facts.day) {
        return Vec::new();
    }
    let best = best_exclusive(programme, lines, facts).map(|(index, _)| index);
    let mut left = programme.day_max.map(|day_max| day_max - facts.earned_today);
    let mut awards = Vec::new();
    for (index, rule) in programme.earn.iter().enumerate() {
        if rule.stacking == Stacking::Exclusive && best != Some(index) {
            continue;
        }
        let to = facts.referred_by.filter(|_| matches!(rule.give, Give::Referral { .. }));
        let mut amount = points_by(programme, rule, lines, facts);
        if let Some(left) = left.as_mut().filter(|_| to.is_none()) {
            amount = amount.min(*left);
            *left -= amount.max(Money::ZERO);
        }
        if amount.is_positive() {
            let activates_on = days_after(facts.day, rule.activation_days.unwrap_or(programme.activation_days));
            let expiry = rule.expiry.as_ref().unwrap_or(&programme.expiry);
            awards.push(Award {
                campaign: rule.campaign,
                rule: rule.name.clone(),
                amount,
                to,
                activates_on,
                expires_on: expires_on(expiry, activates_on, facts.day),
            });
        }
    }
    awards
}

/// The exclusive rule that counts, and what it gives.
pub(super) fn best_exclusive(programme: &Programme, lines: &[Line], facts: &Facts) -> Option<(usize, Money)> {
    let exclusive = programme.earn.iter().enumerate().filter(|(_, rule)| rule.stacking == Stacking::Exclusive);
    exclusive
        .map(|(index, rule)| (index, points_by(programme, rule, lines, facts)))
        .filter(|(_, points)| points.is_positive())
        .max_by_key(|(index, points)| (*points, std::cmp::Reverse(*index)))
}

/// What one rule gives by itself. Fewer goods never give more.
pub(super) fn points_by(programme: &Programme, rule: &EarnRule, lines: &[Line], facts: &Facts) -> Money {
    let own: Vec<&Line> = lines.iter().filter(|line| line.quantity.is_positive() && rule.goods.have(line)).collect();
    let sum: Money = own.iter().map(|line| line.amount.max(Money::ZERO)).sum();
    if own.is_empty() || sum < rule.when.sum_min || !rule.holds(facts) {
        return Money::ZERO;
    }
    let tier = programme.tiers.levels.iter().find(|tier| tier.name == facts.tier);
    let tier = tier.map_or(ONCE_HUNDREDTHS, |tier| tier.multiplier_hundredths);
    let sum = i128::from(sum.minor());
    // The share of the money part is not rounded before all factors are in.
    let (points, divisor, tier) = match &rule.give {
        Give::PerStep { step, points } => (full(sum, step.minor()) * i128::from(points.minor()), 1, tier),
        Give::Percent { hundredths } => (sum * i128::from(*hundredths), 10_000, tier),
        Give::PerQuantity { every, points } => {
            let quantity: Quantity = own.iter().map(|line| line.quantity).sum();
            let full = full(i128::from(quantity.thousandths()), every.thousandths());
            (full * i128::from(points.minor()), 1, tier)
        }
        Give::Receipt { points } => (i128::from(points.minor()), 1, ONCE_HUNDREDTHS),
        Give::Referral { points } if facts.referred_by.is_some() => (i128::from(points.minor()), 1, ONCE_HUNDREDTHS),
        Give::Referral { .. } => return Money::ZERO,
    };
    let factors = i128::from(rule.multiplier_hundredths) * i128::from(tier);
    let unit = programme.unit_minor();
    let given = points_of(points * factors / (divisor * 10_000 * unit) * unit);
    rule.receipt_max.map_or(given, |receipt_max| given.min(receipt_max))
}

fn full(whole: i128, step: i64) -> i128 {
    if step > 0 { whole / i128::from(step) } else { 0 }
}

impl EarnRule {
    fn holds(&self, facts: &Facts) -> bool {
        let too_early = |day: NaiveDate| day <= facts.day && facts.day < days_after(day, self.again_after_days);
        let again = facts.given.iter().any(|given| given.campaign == self.campaign && too_early(given.day));
        !again && self.when.holds(facts)
    }
}

impl When {
    fn holds(&self, facts: &Facts) -> bool {
        self.from.is_none_or(|from| from <= facts.day)
            && self.until.is_none_or(|until| facts.day <= until)
            && (self.weekdays.is_empty() || self.weekdays.contains(&facts.day.weekday()))
            && (self.hours.is_empty() || self.hours.iter().any(|hours| hours.contain(facts.at)))
            && (self.tiers.is_empty() || self.tiers.contains(&facts.tier))
            && (!self.first_purchase || facts.first_purchase)
            && (!self.referred || facts.referred_by.is_some())
            && self.birthday.is_none_or(|window| facts.birthday.is_some_and(|birthday| window.has(birthday, facts.day)))
    }
}

impl BirthdayWindow {
    /// The year's end is no border; who is born on 29 February has the birthday on 1 March of other years.
    fn has(self, (month, day_of_month): (u32, u32), day: NaiveDate) -> bool {
        (day.year() - 1..=day.year() + 1).any(|year| {
            let birthday = NaiveDate::from_ymd_opt(year, month, day_of_month)
                .or_else(|| (month == 2 && day_of_month == 29).then(|| NaiveDate::from_ymd_opt(year, 3, 1)).flatten());
            birthday.is_some_and(|birthday| {
                (days_before(birthday, self.days_before)..=days_after(birthday, self.days_after)).contains(&day)
            })
        })
    }
}
