//! The upper node's side of comparing datasets: which of a peer's datasets are due, what it was asked, what its answer means.
//!
//! Only what both have committed at one version is compared; until both are level, a dataset waits. The peer answers a
//! digest that differs with its sums by buckets, gets the rows of the first wrong buckets, and answers again.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{NaiveTime, Timelike};
use rand::{Rng, RngExt};

use crate::datasets::digest::{BUCKETS, Sums};

/// Datasets are compared between one o'clock and five, at a moment of each peer's own.
const NIGHT_S: std::ops::Range<u32> = 60 * 60..5 * 60 * 60;
const DAY_S: u32 = 24 * 60 * 60;

/// How long until a moment of the coming night.
pub fn until_night(now: NaiveTime, random: &mut impl Rng) -> Duration {
    let moment = random.random_range(NIGHT_S);
    let now = now.num_seconds_from_midnight();
    let wait = if moment > now { moment - now } else { moment + DAY_S - now };
    Duration::from_secs(u64::from(wait))
}

/// Comparisons of one session.
#[derive(Clone, Debug, Default)]
pub struct Comparing {
    of: BTreeMap<&'static str, State>,
    /// Answers with sums by buckets since a dataset was due: each mends one bucket at least.
    rounds: BTreeMap<&'static str, usize>,
    /// The number of the last question.
    round: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Due,
    /// Something moved meanwhile: when it is told, it is due again.
    Later,
    /// Sums or rows are being read; `again`: it was due once more meanwhile, and what is read may be of before.
    Reading {
        again: bool,
    },
    Asked {
        version: u64,
        round: u32,
        total: u128,
    },
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It belongs to nothing that was asked.
    Nothing,
    /// The rows are the same.
    Same,
    /// The peer differs and cannot, or will not, be mended.
    Differs,
    /// Rows of the wrong buckets are to be read: [`Comparing::gives`] or [`Comparing::moved`] follows.
    Search { version: u64, round: u32, theirs: Vec<u128> },
}

impl Comparing {
    pub fn due(&mut self, dataset: &'static str) {
        let state = self.of.entry(dataset).or_insert(State::Due);
        *state = match state {
            State::Reading { .. } => State::Reading { again: true },
            _ => State::Due,
        };
        self.rounds.remove(dataset);
    }

    pub fn is_done(&self) -> bool {
        self.of.is_empty()
    }

    /// Heads or receipts have come: what waited for them is due again.
    pub fn again(&mut self, level: impl Fn(&str) -> Option<u64>) {
        for (dataset, state) in &mut self.of {
            match state {
                State::Later => *state = State::Due,
                State::Asked { version, .. } if level(dataset).is_some_and(|level| level != *version) => {
                    *state = State::Due;
                }
                _ => {}
            }
        }
    }

    /// The dataset whose sums to read next. [`Comparing::ask`] or [`Comparing::moved`] follows.
    pub fn next(&mut self, level: impl Fn(&str) -> Option<u64>) -> Option<&'static str> {
        let due = |(dataset, state): &(&&'static str, &mut State)| **state == State::Due && level(dataset).is_some();
        let (dataset, state) = self.of.iter_mut().find(due)?;
        *state = State::Reading { again: false };
        Some(dataset)
    }

    /// What was read is of another version than the peer has.
    pub fn moved(&mut self, dataset: &'static str) {
        self.after_reading(dataset, State::Later);
    }

    fn after_reading(&mut self, dataset: &'static str, next: State) -> bool {
        let again = self.of.get(dataset) == Some(&State::Reading { again: true });
        self.of.insert(dataset, if again { State::Due } else { next });
        !again
    }

    /// The number of the question whether the peer has the same, if it is to be asked.
    pub fn ask(&mut self, dataset: &'static str, version: u64, sums: &Sums) -> Option<u32> {
        self.round = self.round.wrapping_add(1);
        let round = self.round;
        self.after_reading(dataset, State::Asked { version, round, total: sums.total() }).then_some(round)
    }

    /// Whether to send the rows of wrong buckets; the peer answers once more.
    pub fn gives(&mut self, dataset: &'static str, version: u64, round: u32, sums: &Sums) -> bool {
        self.after_reading(dataset, State::Asked { version, round, total: sums.total() })
    }

    /// Something of the dataset cannot be sent: it is left until the next time.
    pub fn give_up(&mut self, dataset: &'static str) {
        self.of.remove(dataset);
    }

    pub fn answered(&mut self, dataset: &'static str, version: u64, round: u32, sums: Vec<u128>) -> Outcome {
        match self.of.get(dataset) {
            Some(State::Asked { version: asked, round: number, total }) if (*asked, *number) == (version, round) => {
                if let [sum] = sums[..] {
                    let same = sum == *total;
                    self.of.remove(dataset);
                    return if same { Outcome::Same } else { Outcome::Differs };
                }
                let rounds = self.rounds.entry(dataset).or_default();
                *rounds += 1;
                if *rounds > BUCKETS {
                    self.of.remove(dataset);
                    return Outcome::Differs;
                }
                self.of.insert(dataset, State::Reading { again: false });
                Outcome::Search { version, round, theirs: sums }
            }
            _ => Outcome::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_the_night_is_ahead() {
        let mut random = rand::rng();
        for hour in 0..24 {
            let now = NaiveTime::from_hms_opt(hour, 30, 0).unwrap();
            let at = (u64::from(now.num_seconds_from_midnight()) + until_night(now, &mut random).as_secs()) % 86_400;
            assert!((3_600..18_000).contains(&at), "{hour}:30 and then at second {at}");
        }
    }

    #[test]
    fn only_what_is_level_is_compared_and_a_move_starts_again() {
        let mut comparing = Comparing::default();
        let sums = Sums::default();
        let at = |version: Option<u64>| move |_: &str| version;
        comparing.due("items");
        assert_eq!(comparing.next(at(None)), None, "the peer has not all of it yet");
        assert_eq!(comparing.next(at(Some(7))), Some("items"));
        assert_eq!(comparing.next(at(Some(7))), None, "one reading at a time");
        assert_eq!(comparing.ask("items", 7, &sums), Some(1));
        comparing.again(at(Some(7)));
        assert_eq!(comparing.next(at(Some(7))), None, "an answer is waited for");
        comparing.again(at(Some(8)));
        assert_eq!(comparing.answered("items", 7, 1, vec![0]), Outcome::Nothing, "it was at another version");
        assert_eq!(comparing.next(at(Some(8))), Some("items"));
        comparing.moved("items");
        assert_eq!(comparing.next(at(Some(8))), None, "not before something is told");
        comparing.again(at(Some(8)));
        assert_eq!(comparing.next(at(Some(8))), Some("items"));
        comparing.due("items");
        assert_eq!(comparing.ask("items", 8, &sums), None, "what was read may be of before it was due again");
        assert_eq!(comparing.next(at(Some(8))), Some("items"));
        assert_eq!(comparing.ask("items", 8, &sums), Some(3));
        let search = Outcome::Search { version: 8, round: 3, theirs: vec![1; 1_024] };
        assert_eq!(comparing.answered("items", 8, 3, vec![1; 1_024]), search);
        assert!(comparing.gives("items", 8, 3, &sums));
        assert_eq!(comparing.answered("items", 8, 2, vec![0]), Outcome::Nothing, "of an earlier question");
        assert_eq!(comparing.answered("items", 8, 3, vec![0]), Outcome::Same);
        assert!(comparing.is_done());
        assert_eq!(comparing.answered("items", 8, 3, vec![0]), Outcome::Nothing);
    }
}
