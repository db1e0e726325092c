//! What to do next with one scale: a pure machine between what should lie on it and what surely does.
//!
//! It asks for one step at a time, is told how the step went, and answers what must be written down. [`Known`] is what was
//! written down; everything else may be forgotten in a crash and is found out again.

mod known;
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use devices::label_scale::{Abilities, ScaleItem};
use runtime::spec::Backoff;

pub use known::{Known, Note};
pub use outcome::{Compared, Outcome};

use crate::plan::{Digest, Wanted, digest};

/// How often a scale is asked how it is while there is nothing to do.
pub const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A scale that cannot be reached is tried again so soon at first, and so rarely at last.
const RETRY: Backoff =
    Backoff { min: Duration::from_secs(1), max: Duration::from_secs(60), factor: 2, jitter_percent: 20 };
/// A scale is gone through once a day, article by article.
const CHECK_EVERY_MS: i64 = 24 * 3600 * 1000;
/// An article that reads back otherwise so many times is set aside: writing it once more will not help.
const DOUBTS_MAX: u8 = 3;
/// So many refusals one after another, and the scale refuses everything, as with a wrong password.
const REFUSALS_MAX: u32 = 5;
/// What was refused is tried again after this: somebody may have made room.
const ASIDE_FOR: Duration = Duration::from_secs(15 * 60);
/// Articles that are read back when a scale is met again: another device may stand at its address.
const PROBES: usize = 3;
/// Differences that are kept for people.
const DIFFERENCES_MAX: usize = 50;

/// What is to be done with the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask how it is.
    Greet,
    SetTime,
    /// Take everything off.
    Clear,
    Erase(Vec<u32>),
    Write(Vec<ScaleItem>),
    Keys(Vec<(u16, u32)>),
    /// Compare these with what was written.
    ReadBack(Vec<ScaleItem>),
    /// Nothing for so long.
    Rest(Duration),
}

/// An article that a scale did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SetAside {
    digest: Digest,
    why: String,
    until: Duration,
}

#[derive(Debug, Default)]
pub struct Reconciler {
    known: Known,
    wanted: Option<Arc<Wanted>>,
    set_aside: BTreeMap<u32, SetAside>,
    /// To be compared with what the scale has.
    to_read: BTreeSet<u32>,
    doubts: BTreeMap<u32, u8>,
    /// What differed when it was last read back, as "PLU 12: price 10.00, 12.00 is wanted".
    differences: Vec<String>,
    /// When it was last heard; nothing: the line was lost since.
    greeted: Option<Duration>,
    clock_is_off: bool,
    failures: u32,
    retry_at: Option<Duration>,
    failure: Option<String>,
    /// So many articles are sent one by one, because one of them was refused among others.
    careful: usize,
    refusals_in_row: u32,
    /// Writing goes on behind this number, so that one article that fails does not keep the others back.
    behind: u32,
    reads_back: bool,
}

impl Reconciler {
    pub fn new(known: Known) -> Reconciler {
        Reconciler { known, ..Reconciler::default() }
    }

    /// What should lie on the scale from now on; nothing: leave it as it is.
    pub fn want(&mut self, wanted: Option<Arc<Wanted>>, abilities: &Abilities) {
        self.reads_back = abilities.read_back;
        self.set_aside.retain(|plu, aside| {
            let article = wanted.as_ref().and_then(|wanted| wanted.items.get(plu));
            article.is_some_and(|article| article.digest == aside.digest)
        });
        self.wanted = wanted;
    }

    /// The next step, with at most so many articles in it. `now` is the time since the start, `clock_ms` that of the shop.
    pub fn next(&mut self, articles_max: usize, now: Duration, clock_ms: i64) -> Step {
        if let Some(at) = self.retry_at.filter(|at| *at > now) {
            return Step::Rest(at - now);
        }
        let Some(greeted) = self.greeted.filter(|greeted| now < *greeted + LOOK_EVERY) else { return Step::Greet };
        self.set_aside.retain(|_, aside| aside.until > now);
        let look = greeted + LOOK_EVERY - now;
        if !self.known.begun && (self.known.paused || self.wanted.is_some()) && !self.is_held() {
            return Step::Clear;
        }
        let Some(wanted) = self.wanted.clone().filter(|_| !self.known.paused && self.known.begun) else {
            self.is_well();
            return if self.clock_is_off { Step::SetTime } else { Step::Rest(look) };
        };
        let room = articles_max.max(1);
        let surplus: Vec<u32> = if self.is_held() { Vec::new() } else { self.surplus(&wanted).take(room).collect() };
        let write_max = if self.careful > 0 { 1 } else { room };
        let write: Vec<ScaleItem> = self.missing(&wanted).take(write_max).cloned().collect();
        // New prices come before what is sold no more, unless there is no room for them.
        let is_full = self.known.items.len() + write.len() > wanted.items_max;
        if !surplus.is_empty() && (write.is_empty() || is_full) {
            return Step::Erase(surplus);
        }
        if !write.is_empty() {
            return Step::Write(write);
        }
        if self.known.keys != Some(digest(&wanted.hot_keys))
            && !(wanted.hot_keys.is_empty() && self.known.keys.is_none())
        {
            return Step::Keys(wanted.hot_keys.clone());
        }
        if self.clock_is_off {
            return Step::SetTime;
        }
        let read: Vec<ScaleItem> = self
            .to_read
            .iter()
            .filter_map(|plu| Some(wanted.items.get(plu)?.item.clone()))
            .filter(|item| self.known.items.contains_key(&item.plu))
            .take(room)
            .collect();
        if !read.is_empty() {
            return Step::ReadBack(read);
        }
        self.to_read.clear();
        self.is_well();
        let until_check =
            self.known.checked_ms.map_or(0, |at| (at + CHECK_EVERY_MS - clock_ms).clamp(0, CHECK_EVERY_MS));
        Step::Rest(look.min(Duration::from_millis(until_check.unsigned_abs()).max(Duration::from_secs(1))))
    }

    /// Nothing of what is planned fits: that is a mistake in the plan or in the tills' rules, and no reason to empty a scale.
    pub fn is_held(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.items.is_empty() && !wanted.left_out.is_empty())
            && !self.known.paused
    }

    /// Everything was done that there was to do.
    fn is_well(&mut self) {
        self.failures = 0;
        self.failure = None;
    }

    /// Articles that are not surely there and may be sent, by their numbers, those behind the last trouble first.
    fn missing<'a>(&'a self, wanted: &'a Wanted) -> impl Iterator<Item = &'a ScaleItem> {
        let (behind, before) = (wanted.items.range(self.behind..), wanted.items.range(..self.behind));
        behind.chain(before).filter_map(|(plu, article)| {
            let is_there = self.known.items.get(plu) == Some(&Some(article.digest));
            (!is_there && !self.set_aside.contains_key(plu)).then_some(&article.item)
        })
    }

    /// Numbers at which something may lie that must not: what is wanted no more, and the old price of what was refused.
    fn surplus(&self, wanted: &Wanted) -> impl Iterator<Item = u32> {
        let is_wanted = |plu: &u32| wanted.items.contains_key(plu) && !self.set_aside.contains_key(plu);
        self.known.items.keys().copied().filter(move |plu| !is_wanted(plu))
    }

    /// What must be written down before a step is done (SC-1). All that is about to be sent is noted at once, so that a
    /// long upload costs one note and not one a batch.
    pub fn before(&self, step: &Step) -> Vec<Note> {
        let doubtful: Vec<u32> = match (step, &self.wanted) {
            (Step::Write(_), Some(wanted)) => self.missing(wanted).map(|item| item.plu).collect(),
            (Step::Erase(_), Some(wanted)) => self.surplus(wanted).collect(),
            _ => Vec::new(),
        };
        let news: Vec<u32> = doubtful.into_iter().filter(|plu| self.known.items.get(plu) != Some(&None)).collect();
        if news.is_empty() { Vec::new() } else { vec![Note::Unknown(news)] }
    }

    /// What was written down counts.
    pub fn apply(&mut self, note: &Note) {
        self.known.apply(note);
    }

    /// A scale that is as it should be is gone through once a day; what is written down when that begins. What was just loaded
    /// was read back then.
    pub fn check_if_due(&mut self, clock_ms: i64) -> Vec<Note> {
        match self.known.checked_ms {
            _ if !self.is_equal() || self.greeted.is_none() || self.reading() > 0 => Vec::new(),
            None => vec![Note::Checked(clock_ms)],
            // A clock that was ahead once is no reason never to look again.
            Some(at) if clock_ms >= at + CHECK_EVERY_MS || clock_ms < at => self.check(clock_ms),
            Some(_) => Vec::new(),
        }
    }

    /// Go through the whole scale: read every article back, or write every one where that cannot be read.
    pub fn check(&mut self, clock_ms: i64) -> Vec<Note> {
        self.differences.clear();
        self.doubts.clear();
        self.set_aside.clear();
        // What a driver remembers of the scale is asked anew, and where a clock cannot be read it is set.
        self.greeted = None;
        self.clock_is_off = true;
        let mut notes = vec![Note::Checked(clock_ms)];
        if self.reads_back {
            self.to_read = self.known.items.keys().copied().collect();
        } else {
            notes.extend(self.write_all());
        }
        notes
    }

    /// Everything is to be written once more.
    pub fn write_all(&mut self) -> Vec<Note> {
        self.set_aside.clear();
        self.try_again();
        let known: Vec<u32> = self.known.items.keys().copied().collect();
        vec![Note::Unknown(known)]
    }

    /// Take everything off, and leave it empty until it is loaded again.
    pub fn clear(&mut self) -> Vec<Note> {
        self.try_again();
        vec![Note::Strange, Note::Paused(true)]
    }

    /// Load it, now.
    pub fn load(&mut self) -> Vec<Note> {
        self.set_aside.clear();
        self.try_again();
        vec![Note::Paused(false)]
    }

    pub fn set_time(&mut self) {
        self.clock_is_off = true;
        self.try_again();
    }

    fn try_again(&mut self) {
        self.retry_at = None;
        self.failures = 0;
        self.refusals_in_row = 0;
    }

    /// Everything that may lie on it does, and nothing else.
    pub fn is_equal(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| {
            self.known.begun
                && !self.known.paused
                && self.missing(wanted).next().is_none()
                && self.surplus(wanted).next().is_none()
        })
    }

    /// The driver is another one: nothing is done before it has heard the scale.
    pub fn lose_contact(&mut self) {
        self.greeted = None;
    }

    pub fn has_contact(&self) -> bool {
        self.greeted.is_some()
    }

    pub fn known(&self) -> &Known {
        &self.known
    }

    pub fn wanted(&self) -> Option<&Arc<Wanted>> {
        self.wanted.as_ref()
    }

    /// Articles that wait: to be written and to be taken off.
    pub fn waiting(&self) -> usize {
        let Some(wanted) = &self.wanted else { return 0 };
        self.missing(wanted).count() + self.surplus(wanted).count()
    }

    pub fn reading(&self) -> usize {
        self.to_read.len()
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub fn differences(&self) -> &[String] {
        &self.differences
    }

    /// Why this article is set aside.
    pub fn why_set_aside(&self, plu: u32) -> Option<&str> {
        self.set_aside.get(&plu).map(|aside| aside.why.as_str())
    }

    pub fn set_aside_count(&self) -> usize {
        self.set_aside.len()
    }
}
