//! A rule is left out on purpose: some seed must notice. What no seed notices is not tested.

use processing::machine::subordinate::Mutant;

use crate::plan::{Plan, Work};
use crate::run::run_all;

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

/// Each must be noticed. `at_once`: seeds that are run before it is looked whether one noticed.
pub(crate) fn all_are_noticed(at_once: u64) {
    let mut alive = Vec::new();
    for left in ALL {
        let mut plan = Plan::new(Work::Plain);
        match left {
            Left::Rule(mutant) => plan.mutant = Some(mutant),
            Left::Durability => plan.answers_early = true,
        }
        let (mut noticed, mut run, mut first) = (0, 0, None);
        while noticed == 0 && run < SEEDS_MAX {
            let seeds: Vec<u64> = (run + 1..=(run + at_once).min(SEEDS_MAX)).collect();
            run += seeds.len() as u64;
            let (failed, _) = run_all(&plan, &seeds);
            noticed += failed.len();
            first = first.or(failed.into_iter().next());
        }
        let first = first.map_or(String::new(), |(seed, sentence)| format!("seed {seed}: {sentence}"));
        eprintln!("{:<24} {noticed:>3} of {run:>3}  {first}", format!("{left:?}"));
        if noticed == 0 {
            alive.push(left);
        }
    }
    assert!(alive.is_empty(), "no seed noticed that these were left out: {alive:?}");
}
