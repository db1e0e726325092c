//! The lower node's side of comparing datasets: says whether its rows are the same, takes the rows of wrong buckets, and says
//! so again.
//!
//! The node above is believed row by row, but not when it has less than half of what is here: then it is being filled anew,
//! and a shop does not lose its goods to that.

use std::collections::{BTreeMap, VecDeque};

use super::Incident;
use super::taking::COLLECTED_ROWS_MAX;
use crate::datasets::digest::{Buckets, Mended, Sums};
use crate::datasets::{At, Change};
use crate::frame::{Anew, Digest};

/// Of a dataset with fewer rows the node above may take away all.
const BELIEVED_ROWS: u64 = 100;

#[derive(Clone, Debug, Default)]
pub struct Mending {
    of: BTreeMap<&'static str, Asked>,
    /// Done one after another by the shell.
    jobs: VecDeque<Job>,
}

#[derive(Clone, Debug)]
struct Asked {
    version: u64,
    round: u32,
    total: u128,
    /// Rows above.
    rows: u64,
    mended: Mended,
    collected: Vec<Change>,
    /// The last round changed nothing: more rounds would not either.
    stuck: bool,
}

/// Something to do with the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// [`Mending::summed`] follows.
    Sum { dataset: &'static str },
    /// [`Mending::mended`] follows.
    Mend { dataset: &'static str, version: u64, round: u32, buckets: Buckets, rows: Vec<Change> },
}

impl Mending {
    pub fn next_job(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }

    /// The node above says what it has. `level` is the version here, if all that has come is committed.
    pub fn asked(&mut self, dataset: &'static str, level: Option<u64>, digest: &Digest) {
        let [total] = digest.sums[..] else { return };
        if level != Some(digest.version) {
            return;
        }
        // What was mended for an earlier question is told with the answer to this one.
        let mended = self.of.remove(dataset).map(|earlier| earlier.mended).unwrap_or_default();
        let asked = Asked {
            version: digest.version,
            round: digest.round,
            total,
            rows: digest.rows,
            mended,
            collected: Vec::new(),
            stuck: false,
        };
        self.of.insert(dataset, asked);
        let sum = Job::Sum { dataset };
        if !self.jobs.contains(&sum) {
            self.jobs.push_back(sum);
        }
    }

    /// The sums of the rows here; nothing if the version moved: the node above will ask again. The answer to send.
    pub fn summed(&mut self, dataset: &'static str, sums: Option<At<Sums>>) -> Option<Digest> {
        let asked = self.of.get(dataset)?;
        let Some(At { version, of: sums }) = sums.filter(|sums| sums.version == asked.version) else {
            self.of.remove(dataset);
            return None;
        };
        let same = sums.total() == asked.total;
        let believed = sums.rows() <= BELIEVED_ROWS.max(asked.rows.saturating_mul(2));
        if !same && !believed {
            tracing::error!(
                dataset,
                here = sums.rows(),
                above = asked.rows,
                "the node above has too little: nothing is taken away"
            );
        }
        let ends = same || asked.stuck || !believed;
        let answer = Digest {
            dataset: dataset.to_owned(),
            version,
            round: asked.round,
            rows: sums.rows(),
            mended: u32::try_from(asked.mended.rows()).unwrap_or(u32::MAX),
            keys: if asked.mended.rows() > 0 { asked.mended.to_string() } else { String::new() },
            sums: if ends { vec![sums.total()] } else { sums.buckets().to_vec() },
        };
        if ends {
            self.of.remove(dataset);
        }
        Some(answer)
    }

    /// Rows of wrong buckets came.
    pub fn rows(&mut self, dataset: &'static str, mut anew: Anew) -> Result<(), Incident> {
        let Some(asked) = self.of.get_mut(dataset) else { return Ok(()) };
        if (asked.version, asked.round) != (anew.version, anew.round) {
            return Ok(());
        }
        asked.collected.extend(std::mem::take(&mut anew.rows));
        if asked.collected.len() > COLLECTED_ROWS_MAX {
            let what = format!("it sends more than {COLLECTED_ROWS_MAX} rows of {dataset} to mend at once");
            return Err(Incident::Protocol { whose: "the node above".to_owned(), what });
        }
        if !anew.more {
            let rows = std::mem::take(&mut asked.collected);
            let Anew { version, round, buckets, .. } = anew;
            self.jobs.push_back(Job::Mend { dataset, version, round, buckets, rows });
        }
        Ok(())
    }

    /// What was mended; nothing if the version moved.
    pub fn mended(&mut self, dataset: &'static str, round: u32, mended: Option<Mended>) {
        match (self.of.get_mut(dataset), mended) {
            (Some(asked), Some(mended)) => {
                asked.stuck = mended.rows() == 0 && asked.round == round;
                asked.mended.and(mended);
                let sum = Job::Sum { dataset };
                if !self.jobs.contains(&sum) {
                    self.jobs.push_back(sum);
                }
            }
            _ => drop(self.of.remove(dataset)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: &str = "items";

    fn row(key: usize, version: u64) -> Change {
        Change { key: key.to_string(), version, deleted: false, body: vec![1] }
    }

    fn at(version: u64, rows: impl IntoIterator<Item = Change>) -> Option<At<Sums>> {
        let mut sums = Sums::default();
        rows.into_iter().for_each(|row| sums.add(&row));
        Some(At { version, of: sums })
    }

    fn asks(version: u64, rows: u64, sums: Option<At<Sums>>) -> Digest {
        let sums = vec![sums.unwrap().of.total()];
        Digest { dataset: ITEMS.to_owned(), version, round: 1, rows, mended: 0, keys: String::new(), sums }
    }

    #[test]
    fn a_wrong_row_is_mended_in_two_rounds() {
        let mut mending = Mending::default();
        let above = || at(9, [row(1, 9), row(2, 5)]);
        mending.asked(ITEMS, Some(8), &asks(9, 2, above()));
        assert_eq!(mending.next_job(), None, "not level");
        mending.asked(ITEMS, Some(9), &asks(9, 2, above()));
        assert_eq!(mending.next_job(), Some(Job::Sum { dataset: ITEMS }));
        let differs = mending.summed(ITEMS, at(9, [row(1, 4), row(2, 5)])).unwrap();
        assert_eq!(differs.sums.len(), 1_024);
        let part = |rows, more| Anew {
            dataset: ITEMS.to_owned(),
            version: 9,
            round: 1,
            buckets: Buckets::default(),
            more,
            rows,
        };
        mending.rows(ITEMS, part(vec![row(1, 9)], true)).unwrap();
        assert_eq!(mending.next_job(), None);
        mending.rows(ITEMS, part(vec![row(2, 5)], false)).unwrap();
        assert!(matches!(mending.next_job(), Some(Job::Mend { version: 9, rows, .. }) if rows.len() == 2));
        mending.mended(ITEMS, 1, Some(Mended { changed: 1, keys: vec!["1".to_owned()], ..Mended::default() }));
        assert_eq!(mending.next_job(), Some(Job::Sum { dataset: ITEMS }));
        let same = mending.summed(ITEMS, above()).unwrap();
        assert_eq!((same.sums.len(), same.mended), (1, 1));
        assert_eq!(same.keys, "0 missing, 1 different, 0 too many: 1");
        assert_eq!(mending.summed(ITEMS, above()), None, "it is over");
    }

    #[test]
    fn what_does_not_help_ends() {
        let mut mending = Mending::default();
        mending.asked(ITEMS, Some(9), &asks(9, 1, at(9, [row(1, 9)])));
        mending.next_job();
        mending.summed(ITEMS, at(9, [])).unwrap();
        mending.mended(ITEMS, 1, Some(Mended::default()));
        assert_eq!(mending.summed(ITEMS, at(9, [])).unwrap().sums.len(), 1);
        let many = || at(9, (0..500).map(|key| row(key, 9)));
        mending.asked(ITEMS, Some(9), &asks(9, 249, at(9, [row(1, 9)])));
        assert_eq!(mending.summed(ITEMS, many()).unwrap().sums.len(), 1, "a shop does not lose its goods");
        mending.asked(ITEMS, Some(9), &asks(9, 250, at(9, [row(1, 9)])));
        assert_eq!(mending.summed(ITEMS, many()).unwrap().sums.len(), 1_024);
        mending.summed(ITEMS, at(10, []));
        mending.mended(ITEMS, 1, Some(Mended::default()));
        assert_eq!(mending.summed(ITEMS, many()), None, "the version moved");
    }
}
