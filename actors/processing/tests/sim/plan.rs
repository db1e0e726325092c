//! What a run is like: how many nodes, which faults, which work.

use processing::machine::subordinate::Mutant;

use crate::world::{HOUR_MS, MINUTE_MS, SECOND_MS};

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) lost_per_mille: u64,
    pub(crate) doubled_per_mille: u64,
    pub(crate) slow_per_mille: u64,
    pub(crate) slow_ms: u64,
    pub(crate) least_ms: u64,
    pub(crate) most_ms: u64,
    /// Every message so many times, and none lost.
    pub(crate) copies: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Mean times between; zero: never.
    pub(crate) partition_every_ms: u64,
    pub(crate) shop_crash_every_ms: u64,
    pub(crate) root_crash_every_ms: u64,
    pub(crate) shop_restored_per_mille: u64,
    pub(crate) root_restored_per_mille: u64,
    /// Of the partitions, those in which somebody at the root gives the store up too early (with actors only).
    pub(crate) fenced_per_mille: u64,
    pub(crate) clocks_jump: bool,
}

/// What tills and people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Only spends, loads and returns of prepaid money.
    Plain,
    /// All that there is.
    All,
    /// Nothing by itself: a script does it.
    Script,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) shops: usize,
    pub(crate) tills: usize,
    pub(crate) cards: usize,
    pub(crate) hours: u64,
    pub(crate) line: Line,
    pub(crate) faults: Faults,
    pub(crate) work: Work,
    /// Mean time between what one till does.
    pub(crate) till_every_ms: u64,
    /// Inputs that wait for others before their block is written.
    pub(crate) batch_per_mille: u64,
    pub(crate) mutant: Option<Mutant>,
    /// A store answers before its block is durable.
    pub(crate) answers_early: bool,
    pub(crate) opening: i64,
    pub(crate) standing_max: i64,
    /// A right that nobody used for so long goes back.
    pub(crate) idle_ms: u64,
    /// Prepaid money spent a time, at most.
    pub(crate) spend_max: i64,
    /// Some stores and tills are of another version (with actors only).
    pub(crate) mixed: bool,
}

impl Plan {
    pub(crate) fn new(work: Work) -> Plan {
        Plan {
            shops: 4,
            tills: 2,
            cards: 50,
            hours: 24,
            line: Line {
                lost_per_mille: 30,
                doubled_per_mille: 50,
                slow_per_mille: 20,
                slow_ms: 60 * SECOND_MS,
                least_ms: 1,
                most_ms: 300,
                copies: None,
            },
            faults: Faults {
                partition_every_ms: 30 * MINUTE_MS,
                shop_crash_every_ms: HOUR_MS,
                root_crash_every_ms: 90 * MINUTE_MS,
                shop_restored_per_mille: 100,
                root_restored_per_mille: 150,
                fenced_per_mille: 0,
                clocks_jump: true,
            },
            work,
            till_every_ms: 60 * SECOND_MS,
            batch_per_mille: 200,
            mutant: None,
            answers_early: false,
            opening: 20_000,
            standing_max: 20_000,
            idle_ms: 4 * HOUR_MS,
            spend_max: 5_000,
            mixed: false,
        }
    }

    pub(crate) fn calm(work: Work) -> Plan {
        let mut plan = Plan::new(work);
        plan.line.lost_per_mille = 0;
        plan.line.doubled_per_mille = 0;
        plan.line.slow_per_mille = 0;
        plan.faults = Faults {
            partition_every_ms: 0,
            shop_crash_every_ms: 0,
            root_crash_every_ms: 0,
            shop_restored_per_mille: 0,
            root_restored_per_mille: 0,
            fenced_per_mille: 0,
            clocks_jump: false,
        };
        plan
    }
}
