//! What can go wrong with a simulated label scale.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelScaleFault {
    #[default]
    None,
    /// Nothing is answered.
    Offline,
    /// Every answer comes so much later.
    Slow(Duration),
    /// The next command that changes the memory is done and its answer is lost; then the fault is over.
    NoAnswerAfterCommit,
    /// Every so-manieth question is lost, before it is heard and after it is done in turns.
    Loses(u32),
    /// Every answer is noise.
    Garbage,
    /// Whatever changes the memory is refused with this code.
    Refuse(u8),
    /// No further article is taken.
    MemoryFull,
    /// There is no tape, so nothing is weighed out.
    PaperOut,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a fault: none, offline, slow:MS, no_answer_after_commit, loses:N, garbage, refuse:CODE, memory_full or paper_out is expected"
)]
pub struct NotLabelScaleFault {
    text: String,
}

impl FromStr for LabelScaleFault {
    type Err = NotLabelScaleFault;
    fn from_str(text: &str) -> Result<LabelScaleFault, NotLabelScaleFault> {
        let refuse = || NotLabelScaleFault { text: text.to_owned() };
        Ok(match text.split_once(':') {
            None => match text {
                "none" => LabelScaleFault::None,
                "offline" => LabelScaleFault::Offline,
                "no_answer_after_commit" => LabelScaleFault::NoAnswerAfterCommit,
                "garbage" => LabelScaleFault::Garbage,
                "memory_full" => LabelScaleFault::MemoryFull,
                "paper_out" => LabelScaleFault::PaperOut,
                _ => return Err(refuse()),
            },
            Some(("slow", ms)) => LabelScaleFault::Slow(Duration::from_millis(ms.parse().map_err(|_| refuse())?)),
            Some(("loses", count)) => match count.parse() {
                Ok(count) if count > 1 => LabelScaleFault::Loses(count),
                _ => return Err(refuse()),
            },
            // As the protocols count them: in decimal. Zero would be a yes.
            Some(("refuse", code)) => match code.parse() {
                Ok(code) if code != 0 => LabelScaleFault::Refuse(code),
                _ => return Err(refuse()),
            },
            Some(_) => return Err(refuse()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_words() {
        assert_eq!("slow:250".parse(), Ok(LabelScaleFault::Slow(Duration::from_millis(250))));
        assert_eq!("refuse:141".parse(), Ok(LabelScaleFault::Refuse(141)));
        assert_eq!("paper_out".parse(), Ok(LabelScaleFault::PaperOut));
        for text in ["", "refuse:0", "refuse", "slow", "slow:x", "loses:1", "none:1", "declined"] {
            assert!(text.parse::<LabelScaleFault>().is_err(), "{text}");
        }
    }
}
