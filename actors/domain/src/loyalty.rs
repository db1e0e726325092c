//! Loyalty programmes: what a receipt earns, what of it may be paid with points, and what goes back when goods do.
//!
//! A programme is published by the head office, so a till computes the same alone as the head office does later. Points are
//! written as [`Money`]: one point is 1.00. Which version of a programme counts is said by the business day of the receipt; a
//! return uses the programme and the facts of the sale's day.
//!
//! Invariants:
//! - LOY-1 Points are only earned by money: the part of a line that points paid earns nothing.
//! - LOY-2 All returns of a receipt put back exactly the points that paid for it, and take back exactly what it earned.
//! - LOY-3 Of fewer goods no rule gives more, so no part of a return gives points.
//!
//! Points are given in steps of the programme's decimals and rounded down once a rule, here and nowhere else.

mod burn;
mod check;
mod cost;
mod earn;
mod expiry;
pub mod gift;
pub mod limits;
mod returned;
mod tiers;

use chrono::{Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::ids::ItemCode;
use crate::money::Money;
use crate::quantity::Quantity;

pub use burn::{BurnRefusal, BurnRule, burn_max, spread_burn};
pub use check::{BadProgramme, check_all};
pub use cost::{CampaignCost, cost, within_budgets};
pub use earn::{BirthdayWindow, EarnRule, Give, Stacking, When, earn};
pub use expiry::{Expiry, expires_on};
pub use returned::{Clawback, Sold, TakenBack, put_back, settle, take_back};
pub use tiers::{HeldTier, NextTier, Tier, TierBasis, TierNow, Tiers, tier};

/// The most that one rule gives for one receipt: what an amount of a receipt may be, too.
pub const POINTS_MAX: Money = crate::receipt::AMOUNT_MAX;

/// One version of a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    /// The number under which the points are kept; versions of one programme share it.
    pub asset: u32,
    pub name: String,
    /// The first business day.
    pub from: NaiveDate,
    /// The last business day; none: until a later version begins.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// Decimals of points that are shown and given: 0 to 2.
    #[serde(default)]
    pub decimals: u32,
    #[serde(default)]
    pub campaigns: Vec<Campaign>,
    #[serde(default)]
    pub earn: Vec<EarnRule>,
    /// Most points that a customer earns of a business day; none: no such limit.
    #[serde(default)]
    pub day_max: Option<Money>,
    #[serde(default)]
    pub burn: BurnRule,
    #[serde(default)]
    pub tiers: Tiers,
    /// Days from the receipt to the day on which its points can be spent.
    #[serde(default)]
    pub activation_days: u32,
    /// Counted from the day on which points can be spent.
    #[serde(default)]
    pub expiry: Expiry,
    #[serde(default)]
    pub clawback: Clawback,
    /// Most change of a receipt that a customer may take in points; zero: none.
    #[serde(default)]
    pub change_to_points_max: Money,
}

/// Whose expense points are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub id: u32,
    pub name: String,
    /// Points that it may give in all; none: no limit.
    #[serde(default)]
    pub budget: Option<Money>,
}

/// A line of a receipt as programmes look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub code: ItemCode,
    #[serde(default)]
    pub group: Option<String>,
    pub quantity: Quantity,
    /// What is paid for it in money, after all discounts and points.
    pub amount: Money,
    /// The part of it that is paid with points, in money.
    #[serde(default)]
    pub points: Money,
    /// Neither earns nor takes points: a gift card, a deposit, what a law excludes.
    #[serde(default)]
    pub excluded: bool,
}

impl Line {
    /// The line when `part` more of it is paid with points.
    pub fn paid_with_points(self, part: Money) -> Line {
        Line { amount: self.amount - part, points: self.points + part, ..self }
    }
}

/// Which goods a rule is about. No items and no groups: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Goods {
    pub items: Vec<ItemCode>,
    pub groups: Vec<String>,
    pub except_items: Vec<ItemCode>,
    pub except_groups: Vec<String>,
}

impl Goods {
    pub fn have(&self, line: &Line) -> bool {
        let among = |items: &[ItemCode], groups: &[String]| {
            items.contains(&line.code) || line.group.as_ref().is_some_and(|group| groups.contains(group))
        };
        let named = (self.items.is_empty() && self.groups.is_empty()) || among(&self.items, &self.groups);
        named && !line.excluded && !among(&self.except_items, &self.except_groups)
    }
}

/// What is known of the customer and the hour when a receipt is paid. Kept with the sale: its returns need the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The business day.
    pub day: NaiveDate,
    /// Local time.
    pub at: NaiveTime,
    /// Name of the tier; empty: none.
    #[serde(default)]
    pub tier: String,
    /// Month and day.
    #[serde(default)]
    pub birthday: Option<(u32, u32)>,
    #[serde(default)]
    pub first_purchase: bool,
    /// The customer by whom this one was brought.
    #[serde(default)]
    pub referred_by: Option<u64>,
    /// What the customer earned before on this business day, as far as it is known here.
    #[serde(default)]
    pub earned_today: Money,
    /// When campaigns last gave to this customer, as far as it is known here.
    #[serde(default)]
    pub given: Vec<Given>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub campaign: u32,
    pub day: NaiveDate,
}

/// Points that a receipt earns by one rule, with their terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub campaign: u32,
    /// Name of the rule.
    pub rule: String,
    pub amount: Money,
    /// Another customer who gets it; none: the buyer.
    #[serde(default)]
    pub to: Option<u64>,
    /// The first day on which it can be spent.
    pub activates_on: NaiveDate,
    /// The last one.
    #[serde(default)]
    pub expires_on: Option<NaiveDate>,
}

impl Award {
    /// Not to be spent yet on `day`.
    pub fn is_pending(&self, day: NaiveDate) -> bool {
        day < self.activates_on
    }
}

impl Programme {
    pub fn counts_on(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// The smallest part of a point that is given, in minor units.
    fn unit_minor(&self) -> i128 {
        10_i128.pow(crate::money::MONEY_SCALE.saturating_sub(self.decimals))
    }

    /// `points` as the customer sees them: with the programme's decimals, rounded down.
    pub fn shown(&self, points: Money) -> String {
        let decimals = usize::try_from(self.decimals).unwrap_or(usize::MAX);
        let whole = points.to_string();
        let (units, parts) = whole.split_once('.').unwrap_or((&whole, ""));
        match parts.get(..decimals) {
            Some("") => units.to_owned(),
            Some(parts) => format!("{units}.{parts}"),
            None => whole,
        }
    }

    /// What a customer may get in points of `change`, and how many points that is.
    pub fn change_to_points(&self, change: Money) -> Option<(Money, Money)> {
        let money = change.min(self.change_to_points_max);
        let points = self.burn.points_within(money);
        (money.is_positive() && points.is_positive()).then_some((money, points))
    }
}

/// The version of the programme of `asset` that counts on a business day: of several the one that began last.
pub fn programme_on(programmes: &[Programme], asset: u32, day: NaiveDate) -> Option<&Programme> {
    let counts = |programme: &&Programme| programme.asset == asset && programme.counts_on(day);
    programmes.iter().filter(counts).max_by_key(|programme| programme.from)
}

fn days_after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX)
}

fn days_before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN)
}

fn points_of(minor: i128) -> Money {
    let kept = minor.clamp(0, i128::from(POINTS_MAX.minor()));
    Money::from_minor(i64::try_from(kept).expect("the most points fit into money"))
}
