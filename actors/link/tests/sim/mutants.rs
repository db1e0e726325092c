//! A defect is put into the model on purpose: some seed must notice. What no seed notices is not looked at.

use std::sync::Arc;

use crate::disk::Templates;
use crate::node::Mutant;
use crate::seen::SHOWN_MAX;
use crate::world;

/// A mutant that was not noticed in so many seeds lives.
const SEEDS_MAX: u64 = 30;

/// Each with the rules of which one must notice it.
const ALL: [(Mutant, &[&str]); 5] = [
    (Mutant::Forgets, &["I9", "I3", "I1"]),
    (Mutant::AppliesTwice, &["I2"]),
    (Mutant::KeepsItsNumber, &["I5"]),
    (Mutant::Lies, &["I6", "I9"]),
    (Mutant::Forges, &["I6"]),
];

pub fn are_noticed(templates: &Arc<Templates>) -> bool {
    let mut all = true;
    for (mutant, rules) in ALL {
        let noticed = (1..=SEEDS_MAX).find_map(|seed| {
            let violation = world::run(templates, seed, Some(mutant), SHOWN_MAX).violation?;
            Some((seed, violation))
        });
        match noticed {
            Some((seed, violation)) if rules.iter().any(|rule| violation.starts_with(rule)) => {
                eprintln!("{mutant:?} is noticed by seed {seed}: {violation}");
            }
            other => {
                eprintln!("{mutant:?} is not noticed as it must be: {other:?}");
                all = false;
            }
        }
    }
    all
}
