//! What can go wrong with a simulated device, in the same words for all of them.
//!
//! A fault lasts until another is set, unless it says that it is over by itself. Each simulator lists the words that mean
//! something to it, and whoever reads a fault from a person reads it with that list: see [`Fault::of`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Nobody waits longer for a device; a longer delay would be a device that is off.
const SLOW_MAX: Duration = Duration::from_secs(600);
/// What a bank answers when it gives no better reason.
const DECLINED_CODE: u8 = 0x05;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Nothing is answered and nothing is done.
    Offline,
    /// Whatever prints is refused or lost.
    PaperOut,
    /// Every answer comes so much later.
    Slow(Duration),
    /// A command is taken and never answered. A payment terminal does not do it either, and the fault is over then.
    NoAnswer,
    /// The next command that changes something is done and its answer is lost; then the fault is over.
    NoAnswerAfterCommit,
    /// Every so-manieth question is lost, before it is heard and after it is done in turns.
    Loses(u32),
    /// Every answer has a wrong check sum, or is none where the protocol has no sum.
    Garbage,
    /// Whatever changes something is refused with this code, which is never 0.
    Refuse(u8),
    /// There is no room for one more record.
    MemoryFull,
    /// More lies on the platform than it can carry.
    Overload,
    /// The customer never comes: an operation waits until it is aborted.
    Hang,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a fault: {known} is expected")]
pub struct NotFault {
    text: String,
    known: String,
}

/// Every fault as it is written, with what follows it.
const WORDS: [&str; 12] = [
    "none",
    "offline",
    "paper_out",
    "slow",
    "no_answer",
    "no_answer_after_commit",
    "loses",
    "garbage",
    "refuse",
    "memory_full",
    "overload",
    "hang",
];

impl Fault {
    /// Read a fault of a device to which only these words mean something; `none` always does.
    pub fn of(text: &str, known: &[&str]) -> Result<Fault, NotFault> {
        read(text).filter(|fault| *fault == Fault::None || known.contains(&fault.word())).ok_or_else(|| NotFault {
            text: text.to_owned(),
            known: [&["none"], known].concat().into_iter().map(with_value).collect::<Vec<_>>().join(", "),
        })
    }

    /// Without the code or the time that belongs to it.
    pub fn word(self) -> &'static str {
        match self {
            Fault::None => "none",
            Fault::Offline => "offline",
            Fault::PaperOut => "paper_out",
            Fault::Slow(_) => "slow",
            Fault::NoAnswer => "no_answer",
            Fault::NoAnswerAfterCommit => "no_answer_after_commit",
            Fault::Loses(_) => "loses",
            Fault::Garbage => "garbage",
            Fault::Refuse(_) => "refuse",
            Fault::MemoryFull => "memory_full",
            Fault::Overload => "overload",
            Fault::Hang => "hang",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Slow(delay) => write!(f, "slow {}ms", delay.as_millis()),
            Fault::Loses(count) => write!(f, "loses {count}"),
            Fault::Refuse(code) => write!(f, "refuse {code:02X}"),
            fault => f.write_str(fault.word()),
        }
    }
}

impl FromStr for Fault {
    type Err = NotFault;
    fn from_str(text: &str) -> Result<Fault, NotFault> {
        Fault::of(text, &WORDS[1..])
    }
}

/// How a fault is written: a code has two hexadecimal digits, a time is in `ms` or `s`.
pub fn with_value(word: &str) -> &str {
    match word {
        "slow" => "slow TIME",
        "loses" => "loses COUNT",
        "refuse" => "refuse CODE",
        word => word,
    }
}

/// A word, or a word and its value with a space or a colon between. Words that scripts used before are still read.
fn read(text: &str) -> Option<Fault> {
    let (word, value) = match text.trim().split_once([' ', ':']) {
        Some((word, value)) => (word, Some(value.trim())),
        None => (text.trim(), None),
    };
    Some(match (word, value) {
        ("none", None) => Fault::None,
        ("offline", None) => Fault::Offline,
        ("paper_out", None) => Fault::PaperOut,
        ("slow" | "delay", Some(time)) => Fault::Slow(read_time(time)?),
        ("no_answer", None) => Fault::NoAnswer,
        ("no_answer_after_commit", None) => Fault::NoAnswerAfterCommit,
        // One would be offline.
        ("loses", Some(count)) => Fault::Loses(count.parse().ok().filter(|count| *count > 1)?),
        ("garbage" | "corrupt", None) => Fault::Garbage,
        ("refuse" | "declined", Some(code)) => {
            // 00 would be a yes.
            Fault::Refuse(u8::from_str_radix(code, 16).ok().filter(|code| *code != 0)?)
        }
        ("declined", None) => Fault::Refuse(DECLINED_CODE),
        ("memory_full", None) => Fault::MemoryFull,
        ("overload", None) => Fault::Overload,
        ("hang", None) => Fault::Hang,
        _ => return None,
    })
}

/// `5s`, `250ms`, or milliseconds without a unit.
fn read_time(text: &str) -> Option<Duration> {
    let (digits, unit_ms) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 1_000),
        (None, None) => (text, 1),
    };
    let time = Duration::from_millis(digits.parse::<u64>().ok()?.checked_mul(unit_ms)?);
    (time <= SLOW_MAX).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let values = |word: &str| match word {
            "slow" => "slow 250ms".to_owned(),
            "loses" => "loses 7".to_owned(),
            "refuse" => "refuse 3C".to_owned(),
            word => word.to_owned(),
        };
        for text in WORDS.map(values) {
            assert_eq!(text.parse::<Fault>().expect("a fault").to_string(), text);
        }
        for (text, meant) in [
            ("slow 5s", "slow 5000ms"),
            ("slow:250", "slow 250ms"),
            ("delay:600000", "slow 600000ms"),
            ("corrupt", "garbage"),
            ("refuse:4f", "refuse 4F"),
            ("declined", "refuse 05"),
            ("declined:33", "refuse 33"),
            (" none ", "none"),
        ] {
            assert_eq!(text.parse::<Fault>().expect("a fault").to_string(), meant, "{text}");
        }
        for text in [
            "",
            "smoke",
            "slow",
            "slow x",
            "slow 601s",
            "slow 18446744073709551615s",
            "loses",
            "loses 1",
            "refuse",
            "refuse 00",
            "refuse 100",
            "declined:",
            "none:1",
            "paper_out now",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_device_knows_its_own_faults() {
        assert_eq!(Fault::of("none", &[]), Ok(Fault::None));
        assert_eq!(Fault::of("slow 1s", &["slow"]), Ok(Fault::Slow(Duration::from_secs(1))));
        assert_eq!(
            Fault::of("paper_out", &["offline", "refuse"]).expect_err("not its own").to_string(),
            "\"paper_out\" is not a fault: none, offline, refuse CODE is expected"
        );
    }
}
