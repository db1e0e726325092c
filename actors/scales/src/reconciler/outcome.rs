//! How a step went, and what follows from it.

use std::time::Duration;

use devices::label_scale::{Halted, LabelScaleError, LabelScaleStatus, ScaleItem};

use super::{ASIDE_FOR, DIFFERENCES_MAX, DOUBTS_MAX, Note, PROBES, REFUSALS_MAX, RETRY, Reconciler, SetAside, Step};
use crate::plan::{Digest, digest};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Greeted {
        status: LabelScaleStatus,
        /// Its clock shows another time than the shop's, and can be set.
        clock_is_off: bool,
    },
    Done,
    /// Of a list; the scale takes so many articles at once.
    Halted {
        halted: Halted,
        batch_items: usize,
    },
    /// In the order in which they were asked; `kept` is what should have been found.
    Read(Vec<Compared>),
    Failed(LabelScaleError),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub kept: ScaleItem,
    pub found: Option<ScaleItem>,
}

impl Reconciler {
    /// What must be written down now that the step went so.
    pub fn after(&mut self, step: &Step, outcome: Outcome, now: Duration) -> Vec<Note> {
        let (notes, failure) = match (step, outcome) {
            (_, Outcome::Greeted { status, clock_is_off }) => return self.greeted(&status, clock_is_off, now),
            // A scale whose clock cannot be set still sells.
            (Step::SetTime, outcome) => {
                self.clock_is_off = false;
                (Vec::new(), lost_line(outcome))
            }
            // One that cannot be emptied is written over.
            (Step::Clear, Outcome::Done | Outcome::Failed(LabelScaleError::NotSupported)) => {
                self.to_read.clear();
                self.set_aside.clear();
                (vec![Note::Emptied], None)
            }
            (Step::Erase(plus), Outcome::Done) => (vec![Note::Gone(plus.clone())], None),
            (Step::Erase(plus), Outcome::Halted { halted, .. }) => {
                (vec![Note::Gone(plus[..halted.done.min(plus.len())].to_vec())], Some(halted.cause))
            }
            (Step::Write(items), Outcome::Done) => (self.written(items), None),
            (Step::Write(items), Outcome::Halted { halted, batch_items }) => {
                self.halted(items, halted, batch_items, now)
            }
            (Step::Keys(keys), Outcome::Done) => (vec![Note::Keys(digest(keys))], None),
            // Keys are a comfort: a scale that does not take them sells all the same.
            (
                Step::Keys(keys),
                Outcome::Failed(error @ (LabelScaleError::NotSupported | LabelScaleError::Refused { .. })),
            ) => {
                self.differs(format!("keys: {error}"));
                (vec![Note::Keys(digest(keys))], None)
            }
            (Step::ReadBack(_), Outcome::Read(found)) => (self.compared(found, now), None),
            (_, Outcome::Failed(error)) => (Vec::new(), Some(error)),
            (_, _) => (Vec::new(), None),
        };
        match failure {
            Some(LabelScaleError::GoodsLost) => return [notes, vec![Note::Strange]].concat(),
            Some(error) => self.failed(&error, now),
            None => {
                self.failures = 0;
                self.retry_at = None;
                self.failure = None;
                self.greeted = self.greeted.map(|_| now);
            }
        }
        notes
    }

    /// It answers. That alone mends no failure: the step that failed is still to be done.
    fn greeted(&mut self, status: &LabelScaleStatus, clock_is_off: bool, now: Duration) -> Vec<Note> {
        let is_met_again = self.greeted.replace(now).is_none();
        self.clock_is_off |= clock_is_off;
        let known = &self.known;
        let certain = || known.items.iter().filter(|(_, digest)| digest.is_some()).map(|(plu, _)| *plu);
        match status.items {
            // Somebody has emptied or exchanged it: it is emptied again, because what lies there is not ours.
            Some(count) if known.begun && (count < certain().count() || count > known.items.len()) => {
                return vec![Note::Strange];
            }
            _ => {}
        }
        if is_met_again && self.reads_back {
            let step = (certain().count() / PROBES).max(1);
            let probes: Vec<u32> = certain().step_by(step).take(PROBES).collect();
            self.to_read.extend(probes);
        }
        Vec::new()
    }

    fn differs(&mut self, difference: String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }

    fn written(&mut self, items: &[ScaleItem]) -> Vec<Note> {
        self.careful = self.careful.saturating_sub(items.len());
        self.refusals_in_row = 0;
        if self.reads_back {
            self.to_read.extend(items.iter().map(|item| item.plu));
        }
        vec![Note::There(items.iter().filter_map(|item| Some((item.plu, self.digest_of(item.plu)?))).collect())]
    }

    fn halted(
        &mut self,
        items: &[ScaleItem],
        halted: Halted,
        batch_items: usize,
        now: Duration,
    ) -> (Vec<Note>, Option<LabelScaleError>) {
        let done = halted.done.min(items.len());
        let notes = if done > 0 { self.written(&items[..done]) } else { Vec::new() };
        let left = &items[done..];
        let Some(first) = left.first() else { return (notes, None) };
        let culprit = match &halted.cause {
            LabelScaleError::Unfit { plu, .. } => left.iter().find(|item| item.plu == *plu),
            _ => (batch_items == 1 || left.len() == 1).then_some(first),
        };
        match (&halted.cause, culprit) {
            (
                LabelScaleError::Refused { .. } | LabelScaleError::Unfit { .. } | LabelScaleError::MemoryFull,
                Some(item),
            ) => {
                self.refusals_in_row += u32::from(!matches!(halted.cause, LabelScaleError::MemoryFull));
                if self.refusals_in_row > REFUSALS_MAX {
                    self.set_aside.clear();
                    return (notes, Some(halted.cause));
                }
                self.refused(item, halted.cause.to_string(), now);
                (notes, None)
            }
            (LabelScaleError::Refused { .. } | LabelScaleError::MemoryFull, None) => {
                self.careful = left.len().min(batch_items);
                (notes, None)
            }
            _ => {
                self.behind = first.plu.saturating_add(1);
                (notes, Some(halted.cause))
            }
        }
    }

    /// Of the article that should lie at this number.
    fn digest_of(&self, plu: u32) -> Option<Digest> {
        self.wanted.as_ref().and_then(|wanted| wanted.items.get(&plu)).map(|article| article.digest)
    }

    fn refused(&mut self, item: &ScaleItem, why: String, now: Duration) {
        self.careful = self.careful.saturating_sub(1);
        if let Some(digest) = self.digest_of(item.plu) {
            self.set_aside.insert(item.plu, SetAside { digest, why, until: now + ASIDE_FOR });
        }
    }

    fn compared(&mut self, read: Vec<Compared>, now: Duration) -> Vec<Note> {
        let mut unknown = Vec::new();
        for Compared { kept, found } in read {
            self.to_read.remove(&kept.plu);
            if found.as_ref() == Some(&kept) {
                self.doubts.remove(&kept.plu);
                continue;
            }
            let difference = difference(&kept, found.as_ref());
            let doubts = self.doubts.entry(kept.plu).or_insert(0);
            *doubts += 1;
            if *doubts >= DOUBTS_MAX {
                let why = format!("it reads back otherwise each time: {difference}");
                self.refused(&kept, why, now);
            }
            unknown.push(kept.plu);
            self.differs(difference);
        }
        if unknown.is_empty() {
            return Vec::new();
        }
        // Where one differs others may: another device may stand there, or somebody worked at it.
        self.to_read.extend(self.known.items.keys());
        vec![Note::Unknown(unknown)]
    }

    fn failed(&mut self, error: &LabelScaleError, now: Duration) {
        self.retry_at = Some(now + RETRY.delay(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.failure = Some(error.to_string());
        if matches!(error, LabelScaleError::Offline { .. } | LabelScaleError::NoAnswer) {
            self.greeted = None;
        }
    }
}

/// What a step that matters to nobody says of the line.
fn lost_line(outcome: Outcome) -> Option<LabelScaleError> {
    match outcome {
        Outcome::Failed(error @ (LabelScaleError::Offline { .. } | LabelScaleError::NoAnswer)) => Some(error),
        _ => None,
    }
}

/// The first thing that is not as it should be.
fn difference(kept: &ScaleItem, found: Option<&ScaleItem>) -> String {
    let plu = kept.plu;
    let Some(found) = found else { return format!("PLU {plu}: it is not there") };
    let fields = [
        ("name", kept.name.clone(), found.name.clone()),
        ("price", kept.price.to_string(), found.price.to_string()),
        ("code", kept.code.to_string(), found.code.to_string()),
        ("tare", kept.tare.to_string(), found.tare.to_string()),
        ("shelf life", kept.shelf_life_days.to_string(), found.shelf_life_days.to_string()),
        ("text", kept.text.clone(), found.text.clone()),
    ];
    match fields.into_iter().find(|(_, kept, found)| kept != found) {
        Some((field, kept, found)) => format!("PLU {plu}: {field} {found}, {kept} is wanted"),
        None => format!("PLU {plu}: {found:?}, {kept:?} is wanted"),
    }
}
