//! Runs by seed, on all cores; and what a failure says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use crate::cores::on_all_cores;
use crate::plan::Plan;
use crate::shown::movement;
use crate::world::{HOUR_MS, MINUTE_MS, SECOND_MS, Stats, Violation, World};

/// Events that a failure shows.
pub(crate) const SHOWN_MAX: usize = 40;
/// Postings of the root that it shows: money goes a long way.
const POSTINGS_MAX: usize = 200;
/// I13: all is done so long after the last fault.
pub(crate) const DONE_MS: u64 = 60 * SECOND_MS;

pub(crate) struct Ended {
    pub(crate) hash: u64,
    pub(crate) stats: Stats,
    pub(crate) violation: Option<Violation>,
}

/// One run of a plan, to its end or to the first rule that is broken.
pub(crate) fn run(plan: &Plan, seed: u64) -> Ended {
    end(plan, seed, false).0
}

/// What the root posted on the accounts that a failure is about.
fn postings(world: &World, about: &[String]) -> Vec<String> {
    let all = world
        .root
        .postings()
        .into_iter()
        .map(|posting| format!("{} ({:?})", movement(&posting.transfer), posting.code));
    let concerns = |line: &String| about.iter().any(|word| line.split(' ').any(|part| part == word));
    let mut lines: Vec<String> = all.filter(concerns).collect();
    lines.split_off(lines.len().saturating_sub(POSTINGS_MAX))
}

fn end(plan: &Plan, seed: u64, log: bool) -> (Ended, World) {
    let mut world = World::new(plan.clone(), seed, log);
    let end = plan.hours * HOUR_MS;
    let result = catch_unwind(AssertUnwindSafe(|| {
        world.run_to(end);
        if world.violation.is_none() {
            world.calm_down();
            // A cashier finishes what is open.
            world.run_to(end + DONE_MS + MINUTE_MS);
        }
        if world.violation.is_none() {
            world.check_quiet();
        }
    }));
    if let Err(panic) = result {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned())).unwrap_or_default();
        world.fail(format!("a machine gave up: {said}"), &[]);
    }
    world.stats.blocks = world.root.blocks + world.shops.iter().map(|shop| shop.node.blocks).sum::<u64>();
    let ended = Ended { hash: world.hash, stats: world.stats.clone(), violation: world.violation.clone() };
    (ended, world)
}

/// The failure of a seed, told: when, which rule, what happened before, and how to see it again.
pub(crate) fn tell(plan: &Plan, seed: u64, test: &str) -> String {
    let (ended, world) = end(plan, seed, true);
    let log = world.log.clone().unwrap_or_default();
    if let Ok(path) = std::env::var("OPENSTORE_SIM_LOG") {
        let lines: Vec<String> = log.iter().map(|(at_ms, line)| format!("{} {line}", clock(*at_ms))).collect();
        std::fs::write(path, lines.join("\n")).expect("the log of the run can be written");
    }
    let Some(violation) = ended.violation else {
        return format!("seed {seed} failed once and did not fail again: a run is not the same twice");
    };
    let about = &violation.about;
    let concerns = |line: &str| about.is_empty() || about.iter().any(|word| line.contains(word.as_str()));
    let mut lines: Vec<String> = log
        .iter()
        .rev()
        .filter(|(_, line)| concerns(line))
        .take(SHOWN_MAX)
        .map(|(at_ms, line)| format!("  {} {line}", clock(*at_ms)))
        .collect();
    lines.reverse();
    format!(
        "seed {seed} at {}: {}\nthe last events of it:\n{}\nthe root's last postings of it:\n  {}\nagain: OPENSTORE_SIM_SEED={seed} OPENSTORE_SIM_HOURS={} \
         cargo test -p processing --test sim {test} -- --nocapture",
        clock(violation.at_ms),
        violation.sentence,
        lines.join("\n"),
        postings(&world, about).join("\n  "),
        plan.hours
    )
}

pub(crate) fn clock(at_ms: u64) -> String {
    let (seconds, ms) = (at_ms / SECOND_MS, at_ms % SECOND_MS);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// All seeds, on as many cores as there are. The seeds that failed, in order.
pub(crate) fn run_all(plan: &Plan, seeds: &[u64], run: fn(&Plan, u64) -> Ended) -> (Vec<(u64, String)>, Stats) {
    let found = Mutex::new((Vec::new(), Stats::default()));
    on_all_cores(seeds, |seed| {
        let ended = run(plan, seed);
        let mut found = found.lock().expect("a run does not panic here");
        found.1.add(&ended.stats);
        if let Some(violation) = ended.violation {
            eprintln!("seed {seed} failed at {}: {}", clock(violation.at_ms), violation.sentence);
            found.0.push((seed, violation.sentence));
        }
    });
    let (mut failed, stats) = found.into_inner().expect("a run does not panic here");
    failed.sort_unstable();
    (failed, stats)
}

impl Stats {
    fn add(&mut self, other: &Stats) {
        self.operations += other.operations;
        self.approved += other.approved;
        self.declined += other.declined;
        self.crashes += other.crashes;
        self.partitions += other.partitions;
        self.restores += other.restores;
        self.blocks += other.blocks;
        self.fences += other.fences;
        self.late += other.late;
    }
}
