//! A rule is left out on purpose: some seed must notice. What no seed notices is not tested.

use processing::machine::subordinate::Mutant;

use crate::plan::{Plan, Work};
use crate::run::{Ended, run, run_all};

/// A kind that was not noticed in so many seeds lives.
const SEEDS_MAX: u64 = 40;

/// What is left out.
#[derive(Clone, Copy, Debug)]
enum Left {
    Rule(Mutant),
    /// Answers leave before their block is durable.
    Durability,
}

const ALL: [Left; 8] = [
    Left::Rule(Mutant::NoDedup),
    Left::Durability,
    Left::Rule(Mutant::NoLeases),
    Left::Rule(Mutant::KeepsRights),
    Left::Rule(Mutant::NoWitness),
    Left::Rule(Mutant::ReclaimsSilent),
    Left::Rule(Mutant::GrantsEarly),
    Left::Rule(Mutant::NoQuarantine),
];

/// Those that the actors of production are noticed to leave out.
const LIVE: [Left; 7] = [
    Left::Rule(Mutant::NoDedup),
    Left::Rule(Mutant::NoLeases),
    Left::Rule(Mutant::KeepsRights),
    Left::Rule(Mutant::NoWitness),
    Left::Rule(Mutant::ReclaimsSilent),
    Left::Rule(Mutant::GrantsEarly),
    Left::Rule(Mutant::NoQuarantine),
];

/// Each must be noticed. `at_once`: seeds that are run before it is looked whether one noticed.
pub(crate) fn all_are_noticed(at_once: u64) {
    are_noticed(&ALL, &Plan::new(Work::Plain), run, (1, at_once));
}

/// The same with the actors of production, from seed `first`.
pub(crate) fn live_are_noticed(plan: &Plan, seeds: (u64, u64)) {
    are_noticed(&LIVE, plan, crate::live::run, seeds);
}

fn are_noticed(kinds: &[Left], plan: &Plan, run: fn(&Plan, u64) -> Ended, (first_seed, at_once): (u64, u64)) {
    let mut alive = Vec::new();
    for left in kinds {
        let mut plan = plan.clone();
        match *left {
            Left::Rule(mutant) => plan.mutant = Some(mutant),
            Left::Durability => plan.answers_early = true,
        }
        let (mut noticed, mut done, mut first) = (0, 0, None);
        while noticed == 0 && done < SEEDS_MAX {
            let seeds: Vec<u64> = (done..(done + at_once).min(SEEDS_MAX)).map(|seed| first_seed + seed).collect();
            done += seeds.len() as u64;
            let (failed, _) = run_all(&plan, &seeds, run);
            noticed += failed.len();
            first = first.or(failed.into_iter().next());
        }
        let first = first.map_or(String::new(), |(seed, sentence)| format!("seed {seed}: {sentence}"));
        eprintln!("{:<24} {noticed:>3} of {done:>3}  {first}", format!("{left:?}"));
        if noticed == 0 {
            alive.push(*left);
        }
    }
    assert!(alive.is_empty(), "no seed noticed that these were left out: {alive:?}");
}
