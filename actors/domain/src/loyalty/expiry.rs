//! The last day on which points can be spent.

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::days_after;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    #[default]
    Never,
    AfterDays(u32),
    /// Zero: the end of the same month.
    EndOfMonthAfter(u32),
    /// Zero: the end of the same year.
    EndOfYearAfter(u32),
    /// The next such day, of each year.
    CalendarDay {
        month: u32,
        day: u32,
    },
    /// So many days after the customer last did something: every purchase moves it.
    AfterActivityDays(u32),
}

/// The last day of points that can be spent from `from`; none: they never expire.
pub fn expires_on(expiry: &Expiry, from: NaiveDate, last_activity: NaiveDate) -> Option<NaiveDate> {
    match *expiry {
        Expiry::Never => None,
        Expiry::AfterDays(days) => Some(days_after(from, days)),
        Expiry::EndOfMonthAfter(months) => {
            let first = from.with_day(1).unwrap_or(from);
            let next = first.checked_add_months(Months::new(months.saturating_add(1)));
            Some(next.and_then(|next| next.pred_opt()).unwrap_or(NaiveDate::MAX))
        }
        Expiry::EndOfYearAfter(years) => {
            let year = i32::try_from(years).ok().and_then(|years| from.year().checked_add(years));
            Some(year.and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31)).unwrap_or(NaiveDate::MAX))
        }
        Expiry::CalendarDay { month, day } => {
            let in_year = |year| {
                // 29 February is the 28th in other years.
                NaiveDate::from_ymd_opt(year, month, day).or_else(|| NaiveDate::from_ymd_opt(year, month, 28))
            };
            let days = [in_year(from.year()), in_year(from.year() + 1)];
            days.into_iter().flatten().find(|day| *day > from)
        }
        Expiry::AfterActivityDays(days) => Some(days_after(from.max(last_activity), days)),
    }
}
