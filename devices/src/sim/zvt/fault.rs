//! What can go wrong with the simulated terminal.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong, until another fault is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalFault {
    None,
    /// Whatever moves money is declined with this code.
    Declined(u8),
    /// Nothing is answered.
    Offline,
    /// The next operation is taken, not done and never answered; then the fault is over.
    NoAnswer,
    /// The next operation is approved and its answer is lost; then the fault is over.
    NoAnswerAfterCommit,
    /// The answer to an operation comes so much later; an abort is honoured meanwhile.
    Slow(Duration),
    /// The customer never comes: an operation waits until it is aborted.
    Hang,
}

/// What a bank answers when it gives no better reason.
const DECLINED_CODE: u8 = 0x05;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" is not a fault: none, declined, declined:CODE, offline, no_answer, no_answer_after_commit, slow:MS or hang is expected"
)]
pub struct NotTerminalFault {
    text: String,
}

impl FromStr for TerminalFault {
    type Err = NotTerminalFault;
    fn from_str(text: &str) -> Result<TerminalFault, NotTerminalFault> {
        let refuse = || NotTerminalFault { text: text.to_owned() };
        Ok(match text.split_once(':') {
            None => match text {
                "none" => TerminalFault::None,
                "declined" => TerminalFault::Declined(DECLINED_CODE),
                "offline" => TerminalFault::Offline,
                "no_answer" => TerminalFault::NoAnswer,
                "no_answer_after_commit" => TerminalFault::NoAnswerAfterCommit,
                "hang" => TerminalFault::Hang,
                _ => return Err(refuse()),
            },
            // Two hexadecimal digits; 00 would be a yes.
            Some(("declined", code)) => match u8::from_str_radix(code, 16) {
                Ok(code) if code != 0 => TerminalFault::Declined(code),
                _ => return Err(refuse()),
            },
            Some(("slow", ms)) => TerminalFault::Slow(Duration::from_millis(ms.parse().map_err(|_| refuse())?)),
            Some(_) => return Err(refuse()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_words() {
        assert_eq!("declined".parse(), Ok(TerminalFault::Declined(5)));
        assert_eq!("declined:33".parse(), Ok(TerminalFault::Declined(0x33)));
        assert_eq!("slow:250".parse(), Ok(TerminalFault::Slow(Duration::from_millis(250))));
        for text in ["", "declined:00", "declined:", "slow", "slow:x", "none:1", "paper_out"] {
            assert!(text.parse::<TerminalFault>().is_err(), "{text}");
        }
    }
}
