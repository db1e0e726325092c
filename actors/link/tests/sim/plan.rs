//! What a run is like, by its seed: how often what goes wrong.

use crate::node::Mutant;
use crate::random::Random;
use crate::wire::Weather;

pub const SECOND_MS: u64 = 1_000;

#[derive(Clone, Debug)]
pub struct Plan {
    pub stores: usize,
    pub tills: usize,
    /// Faults end after this time.
    pub faults_ms: u64,
    pub weather: Weather,
    /// Mean times between; none: never.
    pub crash_every_ms: Option<u64>,
    pub disk_every_ms: Option<u64>,
    pub part_every_ms: Option<u64>,
    pub clock_every_ms: Option<u64>,
    pub save_every_ms: u64,
    pub sell_every_ms: u64,
    /// Of 1,000 crashes, those after which an old copy is put back, and those after which nothing is left.
    pub restored: u64,
    pub lost: u64,
    /// Of 1,000 of these, those that take the note with them.
    pub whole: u64,
    pub clones: bool,
    pub window: u32,
    pub mutant: Option<Mutant>,
}

impl Plan {
    pub fn of(random: &mut Random) -> Plan {
        let mut sometimes = |mean_s: u64| {
            let mean_s = random.between(mean_s / 2, mean_s * 2);
            random.chance(850).then_some(mean_s * SECOND_MS)
        };
        let (crash_every_ms, disk_every_ms, part_every_ms) = (sometimes(15), sometimes(15), sometimes(20));
        let clock_every_ms = sometimes(30);
        let restores = random.chance(700);
        Plan {
            stores: 5,
            tills: 2,
            faults_ms: random.between(60, 180) * SECOND_MS,
            weather: Weather::of(random),
            crash_every_ms,
            disk_every_ms,
            part_every_ms,
            clock_every_ms,
            save_every_ms: random.between(4, 20) * SECOND_MS,
            sell_every_ms: random.between(3, 20) * SECOND_MS,
            restored: if restores { random.between(50, 400) } else { 0 },
            lost: if restores { random.between(0, 120) } else { 0 },
            whole: random.between(0, 600),
            clones: random.chance(250),
            window: [4, 30, 1_000][random.index(3)],
            mutant: None,
        }
    }
}
