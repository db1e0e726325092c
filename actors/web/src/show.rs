//! Values as people read them on a page.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use domain::money::Money;

/// Between groups of digits: narrow, and never a line break.
const GROUP: char = '\u{202f}';

/// "1 234 567.89" with narrow spaces.
pub fn money(amount: Money) -> String {
    let text = amount.to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    format!("{}.{cents}", grouped(whole))
}

pub fn count(count: i64) -> String {
    grouped(&count.to_string())
}

fn grouped(whole: &str) -> String {
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let mut shown = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(GROUP);
        }
        shown.push(digit);
    }
    shown
}

/// Percent-escaped for an address.
pub fn escaped(text: &str) -> String {
    askama::filters::urlencode_strict(text).map(|text| text.to_string()).unwrap_or_default()
}

/// Day and time in the given offset; nothing for the zero that means never.
pub fn time(at_ms: i64, offset: FixedOffset) -> String {
    match DateTime::<Utc>::from_timestamp_millis(at_ms) {
        Some(at) if at_ms > 0 => at.with_timezone(&offset).format("%Y-%m-%d %H:%M").to_string(),
        _ => "\u{2013}".to_owned(),
    }
}

/// How long ago, in the largest unit that says something.
pub fn ago(at_ms: i64, now_ms: i64) -> String {
    let passed = TimeDelta::milliseconds(now_ms.saturating_sub(at_ms).max(0));
    match (passed.num_days(), passed.num_hours(), passed.num_minutes()) {
        (days, ..) if days > 1 => format!("{days} days"),
        (_, hours, _) if hours > 1 => format!("{hours} h"),
        (.., minutes) if minutes > 0 => format!("{minutes} min"),
        _ => format!("{} s", passed.num_seconds()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let shown = |minor| money(Money::from_minor(minor)).replace(GROUP, "_");
        assert_eq!(shown(0), "0.00");
        assert_eq!(shown(99_999), "999.99");
        assert_eq!(shown(123_456_789), "1_234_567.89");
        assert_eq!(shown(-100_000), "\u{2212}1_000.00");
    }
}
