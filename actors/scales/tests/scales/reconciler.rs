//! The machine against a scale that is a map: every failure, crash and change of mind, drawn by chance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use devices::label_scale::{Abilities, Halted, ItemUnit, LabelScaleError, LabelScaleStatus, PrefixRule, ScaleItem};
use domain::ids::ItemCode;
use domain::money::Money;
use domain::quantity::Quantity;
use proptest::prelude::*;
use scales::plan::{Article, LeftOut, Wanted, WhyNot, digest};
use scales::reconciler::{Compared, Known, Note, Outcome, Reconciler, Step};

const ABILITIES: Abilities = Abilities {
    items_max: 50,
    plu_max: 50,
    code_max: 99_999,
    name_bytes_max: 28,
    text_bytes_max: 100,
    text_plu_max: 50,
    price_max: Money::from_minor(999_999),
    group_max: 0,
    tare_max: Quantity::ONE,
    shelf_life_days_max: 999,
    labels_max: 0,
    prefixes: PrefixRule::OfItem,
    sums: true,
    hot_keys_max: 0,
    read_back: true,
    delete: true,
    clear: true,
    time: false,
    totals: false,
    line_bytes_per_second: None,
};
/// Steps after which a scale that does what it is told must be right.
const STEPS_MAX: usize = 400;

fn article(plu: u32, price: i64) -> ScaleItem {
    ScaleItem {
        plu,
        code: plu,
        name: format!("Goods {plu}"),
        price: Money::from_minor(price),
        unit: ItemUnit::Weight,
        barcode_prefix: 22,
        ..ScaleItem::default()
    }
}

fn wanted(prices: &BTreeMap<u32, i64>) -> Option<Arc<Wanted>> {
    let articles = prices.iter().map(|(plu, price)| {
        let item = article(*plu, *price);
        (*plu, Article { code: ItemCode(plu.to_string()), digest: digest(&item), item })
    });
    let (items, items_max) = (articles.collect(), ABILITIES.items_max);
    Some(Arc::new(Wanted { version: 1, items, items_max, ..Wanted::default() }))
}

/// What happens to one step.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Good,
    /// So many articles are done, then the line breaks; the next one may be done too, and nobody knows.
    Breaks {
        done: usize,
        one_more: bool,
    },
    /// The store node dies after so many, and comes back on what it wrote down.
    Dies {
        done: usize,
    },
    /// Articles with this remainder of eight are refused, by a scale that also cannot take them off.
    Refuses(u32),
    /// Every article is refused, as with a wrong password.
    RefusesAll,
    /// There is no room for an article that is not there.
    Full,
}

#[derive(Clone, Debug)]
enum Event {
    Step(Fate),
    /// These prices from now on; an article without one is not wanted.
    Want(BTreeMap<u32, i64>),
    /// Somebody empties the scale by hand, or puts another in its place.
    Emptied,
    /// Somebody changes a price at the scale.
    Changed {
        plu: u32,
        price: i64,
    },
    Check,
    WriteAll,
    Pause,
    Load,
}

struct World {
    scale: BTreeMap<u32, ScaleItem>,
    /// What is on the disk.
    disk: Known,
    machine: Reconciler,
    wanted: Option<Arc<Wanted>>,
    now: Duration,
    batch: usize,
    /// It says how many articles it has.
    counts: bool,
    /// Somebody else changed the scale, so what is known may be wrong until it is gone through.
    is_touched: bool,
}

impl World {
    fn new(batch: usize, counts: bool) -> World {
        // Before we come anything may lie there.
        let scale = BTreeMap::from([(3, article(3, 1)), (49, article(49, 1))]);
        let mut machine = Reconciler::new(Known::default());
        machine.want(None, &ABILITIES);
        World {
            scale,
            disk: Known::default(),
            machine,
            wanted: None,
            now: Duration::ZERO,
            batch,
            counts,
            is_touched: false,
        }
    }

    fn note(&mut self, notes: &[Note]) {
        for note in notes {
            self.disk.apply(note);
            self.machine.apply(note);
        }
    }

    fn dies(&mut self) {
        self.machine = Reconciler::new(self.disk.clone());
        self.machine.want(self.wanted.clone(), &ABILITIES);
    }

    /// Do so many articles of a step.
    fn effect(&mut self, step: &Step, done: usize) {
        match step {
            Step::Clear => {
                self.scale.clear();
                self.is_touched = false;
            }
            Step::Erase(plus) => plus.iter().take(done).for_each(|plu| drop(self.scale.remove(plu))),
            Step::Write(items) => {
                self.scale.extend(items.iter().take(done).map(|item| (item.plu, item.clone())));
            }
            _ => {}
        }
    }

    fn step(&mut self, fate: Fate) {
        self.now += Duration::from_secs(5);
        let clock_ms = i64::try_from(self.now.as_millis()).expect("not so long");
        let notes = self.machine.check_if_due(clock_ms);
        self.note(&notes);
        let step = self.machine.next(4, self.now, clock_ms);
        if let Step::Rest(_) = step {
            return;
        }
        let notes = self.machine.before(&step);
        self.note(&notes);
        let count = match &step {
            Step::Write(items) => items.len(),
            Step::Erase(plus) => plus.len(),
            _ => 1,
        };
        let offline = LabelScaleError::Offline { reason: "the cable".to_owned() };
        let is_list = matches!(step, Step::Write(_) | Step::Erase(_));
        let outcome = match (fate, &step) {
            (Fate::Dies { done }, _) => {
                self.effect(&step, done.min(count));
                return self.dies();
            }
            (Fate::Breaks { done, one_more }, _) if is_list => {
                let done = done.min(count - 1) / self.batch * self.batch;
                self.effect(&step, done + if one_more { self.batch } else { 0 });
                Outcome::Halted { halted: Halted { done, cause: offline }, batch_items: self.batch }
            }
            (Fate::Breaks { one_more, .. }, _) => {
                if one_more {
                    self.effect(&step, count);
                }
                Outcome::Failed(offline)
            }
            (Fate::Full, Step::Write(items)) if items.iter().any(|item| !self.scale.contains_key(&item.plu)) => {
                let first = items.iter().position(|item| !self.scale.contains_key(&item.plu)).expect("there is one");
                let done = first / self.batch * self.batch;
                self.effect(&step, done);
                let halted = Halted { done, cause: LabelScaleError::MemoryFull };
                Outcome::Halted { halted, batch_items: self.batch }
            }
            (Fate::RefusesAll, Step::Write(_) | Step::Erase(_)) => {
                let cause = LabelScaleError::Refused { code: 122, sentence: "wrong password".to_owned() };
                Outcome::Halted { halted: Halted { done: 0, cause }, batch_items: self.batch }
            }
            (Fate::RefusesAll, Step::Clear | Step::SetTime) => {
                Outcome::Failed(LabelScaleError::Refused { code: 122, sentence: "wrong password".to_owned() })
            }
            (Fate::Refuses(rest), Step::Write(items)) if items.iter().any(|item| item.plu % 8 == rest) => {
                // A batch is refused whole, and the batches before it were taken.
                let first = items.iter().position(|item| item.plu % 8 == rest).expect("there is one");
                let done = first / self.batch * self.batch;
                self.effect(&step, done);
                let cause = LabelScaleError::Refused { code: 131, sentence: "bad price".to_owned() };
                Outcome::Halted { halted: Halted { done, cause }, batch_items: self.batch }
            }
            (_, Step::Greet) => Outcome::Greeted {
                status: LabelScaleStatus {
                    items: self.counts.then_some(self.scale.len()),
                    ..LabelScaleStatus::default()
                },
                clock_is_off: false,
            },
            (_, Step::ReadBack(items)) => Outcome::Read(
                items
                    .iter()
                    .map(|item| Compared { kept: item.clone(), found: self.scale.get(&item.plu).cloned() })
                    .collect(),
            ),
            _ => {
                self.effect(&step, count);
                Outcome::Done
            }
        };
        let notes = self.machine.after(&step, outcome, self.now);
        self.note(&notes);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Step(fate) => self.step(fate),
            Event::Want(prices) => {
                self.wanted = wanted(&prices);
                self.machine.want(self.wanted.clone(), &ABILITIES);
            }
            Event::Emptied => {
                self.scale.clear();
                self.is_touched = true;
            }
            Event::Changed { plu, price } => {
                self.scale.insert(plu, article(plu, price));
                self.is_touched = true;
            }
            Event::Check => {
                let notes = self.machine.check(i64::try_from(self.now.as_millis()).expect("not so long"));
                self.note(&notes);
            }
            Event::WriteAll => {
                let notes = self.machine.write_all();
                self.note(&notes);
            }
            Event::Pause => {
                let notes = self.machine.clear();
                self.note(&notes);
            }
            Event::Load => {
                let notes = self.machine.load();
                self.note(&notes);
            }
        }
        assert_eq!(*self.machine.known(), self.disk, "memory and disk say the same");
        if self.is_touched {
            return;
        }
        for (plu, known) in &self.disk.items {
            let there = self.scale.get(plu).map(digest);
            assert!(known.is_none() || *known == there, "PLU {plu} is taken for certain and is {there:?} (SC-1)");
        }
        if self.disk.begun {
            let strange = self.scale.keys().find(|plu| !self.disk.items.contains_key(plu));
            assert_eq!(strange, None, "nothing lies there that is not known of");
        }
    }
}

fn prices() -> impl Strategy<Value = BTreeMap<u32, i64>> {
    prop::collection::btree_map(1..30_u32, 1..4_i64, 0..20)
}

fn event() -> impl Strategy<Value = Event> {
    let fate = prop_oneof![
        8 => Just(Fate::Good),
        2 => (0..4_usize, any::<bool>()).prop_map(|(done, one_more)| Fate::Breaks { done, one_more }),
        2 => (0..5_usize).prop_map(|done| Fate::Dies { done }),
        1 => (0..8_u32).prop_map(Fate::Refuses),
        1 => Just(Fate::RefusesAll),
        1 => Just(Fate::Full),
    ];
    prop_oneof![
        20 => fate.prop_map(Event::Step),
        3 => prices().prop_map(Event::Want),
        1 => Just(Event::Emptied),
        1 => (1..50_u32, 1..9_i64).prop_map(|(plu, price)| Event::Changed { plu, price }),
        1 => Just(Event::Check),
        1 => Just(Event::WriteAll),
        1 => Just(Event::Pause),
        2 => Just(Event::Load),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_the_scale_is_right_in_the_end(
        events in prop::collection::vec(event(), 0..120),
        last in prices(),
        batch in prop_oneof![Just(1_usize), Just(2)],
        counts in any::<bool>(),
    ) {
        let mut world = World::new(batch, counts);
        for event in events {
            world.happens(event);
        }
        world.happens(Event::Want(last.clone()));
        if world.disk.paused {
            world.happens(Event::Load);
        }
        if world.is_touched {
            // What lies at numbers that were never ours only a count or a clearing finds.
            world.happens(Event::Pause);
            world.happens(Event::Load);
        }
        for _ in 0..STEPS_MAX {
            world.happens(Event::Step(Fate::Good));
        }
        let wanted: BTreeMap<u32, ScaleItem> = last.iter().map(|(plu, price)| (*plu, article(*plu, *price))).collect();
        prop_assert!(world.machine.is_equal(), "{:?}", world.machine);
        prop_assert_eq!(world.scale, wanted);
    }
}

/// Steps of an untroubled scale, as words.
fn story(world: &mut World, steps: usize) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..steps {
        let clock_ms = i64::try_from(world.now.as_millis()).expect("not so long");
        let word = match world.machine.next(4, world.now, clock_ms) {
            Step::Write(items) => format!("write {}", items.len()),
            Step::Erase(plus) => format!("erase {plus:?}"),
            Step::ReadBack(items) => format!("read {}", items.len()),
            Step::Rest(_) => "rest".to_owned(),
            step => format!("{step:?}").to_lowercase(),
        };
        told.push(word);
        world.happens(Event::Step(Fate::Good));
    }
    told
}

#[test]
fn a_scale_that_is_met_for_the_first_time_is_emptied_filled_and_read() {
    let mut world = World::new(1, true);
    world.happens(Event::Want((1..=6).map(|plu| (plu, 100)).collect()));
    assert_eq!(story(&mut world, 7), ["greet", "clear", "write 4", "write 2", "read 4", "read 2", "rest"]);
    world.happens(Event::Want((2..=6).map(|plu| (plu, if plu == 4 { 90 } else { 100 })).collect()));
    assert_eq!(story(&mut world, 4), ["write 1", "erase [1]", "read 1", "rest"]);
}

#[test]
fn a_scale_without_a_plan_keeps_what_it_has() {
    let mut world = World::new(1, true);
    assert_eq!(story(&mut world, 3), ["greet", "rest", "rest"]);
    assert_eq!(world.scale.len(), 2);
}

#[test]
fn one_refused_article_is_set_aside_until_it_changes() {
    let mut world = World::new(1, true);
    world.happens(Event::Want((1..=6).map(|plu| (plu, 100)).collect()));
    for _ in 0..8 {
        world.step(Fate::Refuses(3));
    }
    assert!(world.machine.is_equal());
    assert_eq!(world.machine.why_set_aside(3), Some("the scale refuses: bad price (code 131)"));
    assert_eq!(world.scale.len(), 5);
    world.happens(Event::Want((1..=6).map(|plu| (plu, 101)).collect()));
    for _ in 0..4 {
        world.step(Fate::Good);
    }
    assert_eq!(world.machine.why_set_aside(3), None);
    assert_eq!(world.scale.len(), 6);
}

#[test]
fn the_old_price_of_a_refused_article_does_not_stay_on_the_scale() {
    let mut world = World::new(1, true);
    world.happens(Event::Want((1..=4).map(|plu| (plu, 100)).collect()));
    assert_eq!(story(&mut world, 5), ["greet", "clear", "write 4", "read 4", "rest"]);
    world.happens(Event::Want((1..=4).map(|plu| (plu, 110)).collect()));
    for _ in 0..2 {
        world.step(Fate::Refuses(3));
    }
    assert_eq!(story(&mut world, 3), ["erase [3]", "read 3", "rest"]);
    assert!(world.machine.is_equal());
    assert!(!world.scale.contains_key(&3), "it is not sold at the old price");
}

#[test]
fn a_scale_that_refuses_everything_fails_and_is_not_taken_for_right() {
    let mut world = World::new(1, true);
    world.happens(Event::Want((1..=40).map(|plu| (plu, 100)).collect()));
    assert_eq!(story(&mut world, 2), ["greet", "clear"]);
    for _ in 0..30 {
        world.step(Fate::RefusesAll);
    }
    assert!(!world.machine.is_equal());
    assert_eq!(world.machine.set_aside_count(), 0);
    assert_eq!(world.machine.failure(), Some("the scale refuses: wrong password (code 122)"));
    for _ in 0..40 {
        world.step(Fate::Good);
    }
    assert!(world.machine.is_equal());
}

#[test]
fn another_device_at_the_address_is_noticed_when_it_is_met() {
    let mut world = World::new(1, false);
    world.happens(Event::Want((1..=9).map(|plu| (plu, 100)).collect()));
    for _ in 0..9 {
        world.step(Fate::Good);
    }
    assert!(world.machine.is_equal());
    // The line is lost, and the spare one that stands there then is empty.
    world.now += Duration::from_secs(60);
    world.step(Fate::Breaks { done: 0, one_more: false });
    world.happens(Event::Emptied);
    for _ in 0..20 {
        world.step(Fate::Good);
    }
    assert_eq!(world.scale.len(), 9);
    assert!(world.machine.is_equal());
}

#[test]
fn a_plan_of_which_nothing_fits_empties_no_scale() {
    let mut world = World::new(1, true);
    world.happens(Event::Want((1..=4).map(|plu| (plu, 100)).collect()));
    for _ in 0..5 {
        world.step(Fate::Good);
    }
    let left_out = LeftOut { code: ItemCode("1".to_owned()), name: "Goods 1".to_owned(), why: WhyNot::NoPrice };
    world.wanted = Some(Arc::new(Wanted { version: 2, left_out: vec![left_out], ..Wanted::default() }));
    world.machine.want(world.wanted.clone(), &ABILITIES);
    for _ in 0..5 {
        world.step(Fate::Good);
    }
    assert!(world.machine.is_held() && !world.machine.is_equal());
    assert_eq!(world.scale.len(), 4);
}
