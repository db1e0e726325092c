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

/// With the actors of production: each with the seed from which it is looked for, which noticed it soonest of the first ones.
const LIVE: [(Mutant, u64); 7] = [
    (Mutant::NoDedup, 6),
    (Mutant::NoLeases, 6),
    (Mutant::KeepsRights, 2),
    (Mutant::NoWitness, 3),
    (Mutant::ReclaimsSilent, 1),
    (Mutant::GrantsEarly, 5),
    (Mutant::NoQuarantine, 4),
];

/// Each must be noticed. `at_once`: seeds that are run before it is looked whether one noticed.
pub(crate) fn all_are_noticed(at_once: u64) {
    are_noticed(&ALL.map(|left| (left, 1)), &Plan::new(Work::Plain), run, at_once);
}

/// The same with the actors of production; from seed `from`, if it is said.
pub(crate) fn live_are_noticed(plan: &Plan, from: Option<u64>, at_once: u64) {
    let kinds = LIVE.map(|(mutant, soonest)| (Left::Rule(mutant), from.unwrap_or(soonest)));
    are_noticed(&kinds, plan, crate::live::run, at_once);
}

fn are_noticed(kinds: &[(Left, u64)], plan: &Plan, run: fn(&Plan, u64) -> Ended, at_once: u64) {
    let mut alive = Vec::new();
    for (left, first_seed) in kinds {
        let mut plan = plan.clone();
        match *left {
            Left::Rule(mutant) => plan.mutant = Some(mutant),
            Left::Durability => plan.answers_early = true,
        }
        let (mut noticed, mut done, mut first) = (0, 0, None);
        while noticed == 0 && done < SEEDS_MAX {
            let seeds: Vec<u64> = (done..(done + at_once).min(SEEDS_MAX)).map(|seed| *first_seed + seed).collect();
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
