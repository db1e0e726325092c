//! Tiers, against a model that looks at every day by itself.

use chrono::{Days, NaiveDate};
use domain::loyalty::{HeldTier, NextTier, Tier, TierBasis, TierNow, Tiers, tier};
use domain::money::Money;
use proptest::prelude::*;

use crate::loyalty::{day, money};

fn level(name: &str, from: &str, keep_days: u32) -> Tier {
    Tier { name: name.to_owned(), from: money(from), keep_days, multiplier_hundredths: 100 }
}

fn tiers() -> Tiers {
    let levels = vec![level("Silver", "100", 10), level("Gold", "300", 20), level("Platinum", "900", 3)];
    Tiers { by: TierBasis::Turnover, period_days: 30, levels }
}

/// Sum of the period on a day.
fn sum(tiers: &Tiers, history: &[(NaiveDate, Money)], on: NaiveDate) -> Money {
    let first = on - Days::new(u64::from(tiers.period_days) - 1);
    history.iter().filter(|(day, _)| (first..=on).contains(day)).map(|(_, amount)| *amount).sum()
}

fn holds(tiers: &Tiers, level: usize, history: &[(NaiveDate, Money)], on: NaiveDate) -> bool {
    let tier = &tiers.levels[level];
    (0..=u64::from(tier.keep_days)).any(|ago| sum(tiers, history, on - Days::new(ago)) >= tier.from)
}

fn model(tiers: &Tiers, history: &[(NaiveDate, Money)], today: NaiveDate) -> TierNow {
    let known: Vec<_> = history.iter().copied().filter(|(day, _)| *day <= today).collect();
    let name = |level: usize| tiers.levels[level].name.clone();
    let current = (0..tiers.levels.len()).rfind(|level| holds(tiers, *level, &known, today));
    let now = sum(tiers, &known, today);
    let keeps = |level: usize| {
        let held = |ahead: &u64| holds(tiers, level, &known, today + Days::new(*ahead));
        today + Days::new((1..).take_while(held).last().unwrap_or(0))
    };
    let next = tiers.levels.get(current.map_or(0, |level| level + 1));
    TierNow {
        current: current.map(name),
        projected: tiers.levels.iter().rposition(|tier| tier.from <= now).map(name),
        next: next.map(|tier| NextTier { tier: tier.name.clone(), missing: (tier.from - now).max(Money::ZERO) }),
        keeps_until: current.map(keeps),
    }
}

#[test]
fn processing_s21_tiers() {
    let tiers = tiers();
    let history =
        [(day("2026-03-01"), money("250")), (day("2026-03-05"), money("50")), (day("2026-03-10"), money("-10"))];
    let on = |today: &str| tier(&tiers, &history, day(today), None);
    assert_eq!(
        on("2026-02-28"),
        TierNow { next: Some(NextTier { tier: "Silver".to_owned(), missing: money("100") }), ..TierNow::default() }
    );
    // Up at once.
    assert_eq!(on("2026-03-04").current.as_deref(), Some("Silver"));
    assert_eq!(
        on("2026-03-05"),
        TierNow {
            current: Some("Gold".to_owned()),
            projected: Some("Gold".to_owned()),
            next: Some(NextTier { tier: "Platinum".to_owned(), missing: money("600") }),
            keeps_until: Some(day("2026-04-19")),
        },
        "enough to 30 March, and 20 days more"
    );
    // A return on the 10th: enough was there to the 9th.
    let after = on("2026-03-10");
    assert_eq!((after.current.as_deref(), after.projected.as_deref()), (Some("Gold"), Some("Silver")));
    assert_eq!(after.keeps_until, Some(day("2026-03-29")));
    // Down exact to the day, and by one step.
    assert_eq!(on("2026-03-29").current.as_deref(), Some("Gold"));
    let down = on("2026-03-30");
    assert_eq!(down.current.as_deref(), Some("Silver"));
    assert_eq!(down.next, Some(NextTier { tier: "Gold".to_owned(), missing: money("10") }));
    assert_eq!(down.keeps_until, Some(day("2026-04-09")), "enough to 30 March, and 10 days");
    assert_eq!(on("2026-04-09").current.as_deref(), Some("Silver"));
    assert_eq!(on("2026-04-10").current, None);
}

#[test]
fn a_tier_given_by_hand_is_kept_its_time() {
    let held = HeldTier { tier: "Gold".to_owned(), since: day("2026-03-01") };
    let on = |today: &str| tier(&tiers(), &[], day(today), Some(&held));
    assert_eq!(on("2026-02-28").current, None);
    assert_eq!(
        (on("2026-03-21").current.as_deref(), on("2026-03-21").keeps_until),
        (Some("Gold"), Some(day("2026-03-21")))
    );
    assert_eq!(on("2026-03-22").current, None);
}

#[test]
fn everybody_has_a_tier_that_begins_at_zero() {
    let tiers = Tiers { levels: vec![level("Base", "0", 0)], ..Tiers::default() };
    let now = tier(&tiers, &[], day("2026-03-01"), None);
    assert_eq!((now.current.as_deref(), now.next, now.keeps_until), (Some("Base"), None, None));
}

proptest! {
    #[test]
    fn processing_s21_tiers_are_what_the_documents_say(
        history in proptest::collection::vec((0_u64..150, -20_000_i64..60_000), 0..12),
        todays in proptest::collection::vec(0_u64..200, 1..6),
    ) {
        let start = day("2026-01-01");
        let history: Vec<_> = history.iter().map(|(ahead, minor)| (start + Days::new(*ahead), Money::from_minor(*minor))).collect();
        for ahead in todays {
            let today = start + Days::new(ahead);
            prop_assert_eq!(tier(&tiers(), &history, today, None), model(&tiers(), &history, today), "{}", today);
            // Days before those that say all are not needed.
            let first = today - Days::new(u64::from(tiers().history_days()));
            let recent: Vec<_> = history.iter().copied().filter(|(day, _)| *day > first).collect();
            prop_assert_eq!(tier(&tiers(), &recent, today, None).current, tier(&tiers(), &history, today, None).current);
        }
    }
}
