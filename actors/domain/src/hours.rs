//! Hours of a day, as shop laws give them: "22:00-08:00".

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveTime, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// From the first minute to before the last one; over midnight when `until` is not later than `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hours {
    from_minute: u16,
    until_minute: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" are not hours of a day: two times such as 22:00-08:00 are expected")]
pub struct NotHours {
    text: String,
}

impl Hours {
    pub fn contain(self, time: NaiveTime) -> bool {
        let minute = u16::try_from(time.num_seconds_from_midnight() / 60).unwrap_or(u16::MAX);
        if self.from_minute < self.until_minute {
            (self.from_minute..self.until_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.until_minute
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from_minute, self.until_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl FromStr for Hours {
    type Err = NotHours;
    fn from_str(text: &str) -> Result<Hours, NotHours> {
        let minute = |text: &str| {
            let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
            u16::try_from(time.num_seconds_from_midnight() / 60).ok()
        };
        let hours = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
        match hours {
            Some((from_minute, until_minute)) => Ok(Hours { from_minute, until_minute }),
            None => Err(NotHours { text: text.to_owned() }),
        }
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hours, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_over_midnight() {
        let hours: Hours = "22:00-08:00".parse().expect("hours");
        let at = |text: &str| hours.contain(text.parse().expect("a time"));
        assert!(at("22:00:00") && at("23:59:59") && at("00:00:00") && at("07:59:59"));
        assert!(!at("21:59:59") && !at("08:00:00"));
        assert_eq!(hours.to_string(), "22:00-08:00");
        assert!("22-8".parse::<Hours>().is_err());
    }
}
