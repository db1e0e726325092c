//! The processing centre under everything that nodes, lines and disks can do, by seed: the real machines, each with its
//! journal on a disk that fails, in simulated time. One seed is one run.
//!
//! `OPENSTORE_SIM_SEEDS=1000`: so many seeds, from `OPENSTORE_SIM_FROM`; `OPENSTORE_SIM_SEED=17`: this one; `OPENSTORE_SIM_HOURS`: their length;
//! `OPENSTORE_SIM_LOG=file`: all events of the first of them.
//!
//! `processing_live_*` run the actors of production instead of the machines alone, on one paused clock; `OPENSTORE_L1_SEEDS`,
//! `OPENSTORE_L1_FROM` and `OPENSTORE_L1_HOURS` are theirs. The rules are the same: I8 is looked at every few seconds, I14 of
//! what was answered at every start, I13 in the actors as they run. They have no people at the root, but for fences, and no
//! clocks that jump.
//!
//! | rule | how it is looked at |
//! |---|---|
//! | I1, I2, I9, I10 | `Ledger::check` of every book, each half hour and in quiet |
//! | I3 | in quiet, a card and asset: what the root has is what was received, less what was handed over and taken back |
//! | I4 | each half hour: a store's right is its escrow at the root and what is on its way |
//! | I5 | at every receipt, by what tills really did: never more is handed over than was received |
//! | I6 | in quiet: what a till settled and what a second copy says is at the root, once and whole |
//! | I7 | in quiet: both logs of each store are equal on both sides, with their chains |
//! | I8 | after every commit: incarnations, epochs and positions only grow, but for a restoration |
//! | I11, I12 | `s13_block`, `s22_merge_in_a_partition`; I3 with merges in every run |
//! | I13 | in quiet, within a minute and what a cashier has open: all acknowledged, nobody recovers, nothing waits |
//! | I14 | in quiet: a book made anew from its blocks is the same; after a crash: what was answered is known |
//! | I15 | in quiet: a store's tenders and redemptions are equal in both books and are what its tills did |

#[path = "sim/checks.rs"]
mod checks;
#[path = "sim/cores.rs"]
mod cores;
#[path = "sim/customers.rs"]
mod customers;
#[path = "sim/desk.rs"]
mod desk;
#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/ghost.rs"]
mod ghost;
#[path = "sim/life.rs"]
mod life;
#[path = "sim/live.rs"]
mod live;
#[path = "sim/mutants.rs"]
mod mutants;
#[path = "sim/node.rs"]
mod node;
#[path = "sim/plan.rs"]
mod plan;
#[path = "sim/random.rs"]
mod random;
#[path = "sim/regressions.rs"]
mod regressions;
#[path = "sim/run.rs"]
mod run;
#[path = "sim/scenarios.rs"]
mod scenarios;
#[path = "sim/shop.rs"]
mod shop;
#[path = "sim/shown.rs"]
mod shown;
#[path = "sim/till.rs"]
mod till;
#[path = "sim/versions.rs"]
mod versions;
#[path = "sim/wire.rs"]
mod wire;
#[path = "sim/world.rs"]
mod world;

use plan::{Plan, Work};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// The seeds that are asked for, else so many.
fn seeds(otherwise: u64) -> Vec<u64> {
    match setting("OPENSTORE_SIM_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = setting("OPENSTORE_SIM_FROM").unwrap_or(1);
            (first..first + setting("OPENSTORE_SIM_SEEDS").unwrap_or(otherwise)).collect()
        }
    }
}

/// Seeds and hours of the runs with the actors of production.
fn live_seeds(otherwise: u64) -> Vec<u64> {
    let first = setting("OPENSTORE_L1_FROM").unwrap_or(1);
    (first..first + setting("OPENSTORE_L1_SEEDS").unwrap_or(otherwise)).collect()
}

fn live_plan(work: Work, hours: u64) -> Plan {
    let mut plan = Plan::new(work);
    plan.hours = setting("OPENSTORE_L1_HOURS").unwrap_or(hours);
    plan.till_every_ms = 30_000;
    plan.faults.fenced_per_mille = 50;
    plan
}

/// Half of all crashes bring an old copy back, and stores are given up too early; the mutants are looked for in it.
fn harsh_plan(hours: u64) -> Plan {
    let mut plan = live_plan(Work::Plain, hours);
    (plan.faults.shop_restored_per_mille, plan.faults.root_restored_per_mille) = (500, 500);
    plan.faults.fenced_per_mille = 300;
    (plan.cards, plan.spend_max) = (20, 8_000);
    plan
}

fn hold_live(plan: &Plan, seeds: &[u64], test: &str) {
    let began = std::time::Instant::now();
    let (failed, stats) = run::run_all(plan, seeds, live::run);
    eprintln!("{test}: {} seeds of {} h in {:?}: {stats:?}", seeds.len(), plan.hours, began.elapsed());
    if std::env::var("OPENSTORE_SIM_LOG").is_ok() && failed.is_empty() {
        live::tell(plan, seeds[0]);
    }
    if let Some(first) = failed.first() {
        for (seed, sentence) in &failed {
            eprintln!("seed {seed}: {sentence}");
        }
        panic!("{} of {} seeds failed\n{}", failed.len(), seeds.len(), live::tell(plan, first.0));
    }
}

fn hold(plan: &Plan, seeds: &[u64], test: &str) {
    let began = std::time::Instant::now();
    let (failed, stats) = run::run_all(plan, seeds, run::run);
    eprintln!("{test}: {} seeds of {} h in {:?}: {stats:?}", seeds.len(), plan.hours, began.elapsed());
    if std::env::var("OPENSTORE_SIM_LOG").is_ok() && failed.is_empty() {
        run::tell(plan, seeds[0], test);
    }
    if let Some(first) = failed.first() {
        for (seed, sentence) in &failed {
            eprintln!("seed {seed}: {sentence}");
        }
        panic!("{} of {} seeds failed\n{}", failed.len(), seeds.len(), run::tell(plan, first.0, test));
    }
}

#[test]
fn processing_calm() {
    let mut plan = Plan::calm(Work::Plain);
    plan.hours = setting("OPENSTORE_SIM_HOURS").unwrap_or(6);
    hold(&plan, &seeds(4), "processing_calm");
}

#[test]
fn processing_plain() {
    let mut plan = Plan::new(Work::Plain);
    plan.hours = setting("OPENSTORE_SIM_HOURS").unwrap_or(24);
    hold(&plan, &seeds(20), "processing_plain");
}

#[test]
fn processing_s01_never_overdrawn() {
    let mut plan = Plan::new(Work::All);
    plan.hours = setting("OPENSTORE_SIM_HOURS").unwrap_or(24);
    hold(&plan, &seeds(100), "processing_s01_never_overdrawn");
}

#[test]
fn processing_mutants_are_noticed() {
    mutants::all_are_noticed(setting("OPENSTORE_SIM_SEEDS").unwrap_or(4));
}

#[test]
fn processing_s02_same_card_two_parted_stores() {
    scenarios::s02_same_card_two_parted_stores();
}

#[test]
fn processing_s06_duplicates() {
    scenarios::s06_duplicates();
}

#[test]
fn processing_s09_store_restored_from_a_backup() {
    scenarios::s09_store_restored_from_a_backup();
}

#[test]
fn processing_s10_silent_rollback_without_a_line() {
    scenarios::s10_silent_rollback_without_a_line();
}

#[test]
fn processing_s11_root_lost() {
    scenarios::s11_root_lost();
}

#[test]
fn processing_s12_dead_store() {
    scenarios::s12_dead_store();
}

#[test]
fn processing_s13_block() {
    scenarios::s13_block();
}

#[test]
fn processing_s14_offline_day() {
    scenarios::s14_offline_day();
}

#[test]
fn processing_s15_recall() {
    scenarios::s15_recall();
}

#[test]
fn processing_s22_merge_in_a_partition() {
    scenarios::s22_merge_in_a_partition();
}

#[test]
fn processing_the_same_seed_is_the_same_run() {
    let mut plan = Plan::new(Work::All);
    plan.hours = 4;
    for seed in [7, 8] {
        assert_eq!(run::run(&plan, seed).hash, run::run(&plan, seed).hash);
    }
    assert_ne!(run::run(&plan, 7).hash, run::run(&plan, 8).hash);
}

#[test]
fn processing_again_a_backup_from_before_the_last_fence() {
    regressions::a_backup_from_before_the_last_fence();
}

#[test]
fn processing_again_a_fence_and_documents_on_their_way() {
    regressions::a_fence_and_documents_on_their_way();
}

#[test]
fn processing_again_a_backup_with_what_a_fence_cut() {
    regressions::a_backup_with_what_a_fence_cut();
}

#[test]
fn processing_again_a_crash_between_fence_and_recovery() {
    regressions::a_crash_between_fence_and_recovery();
}

#[test]
fn processing_again_words_of_the_root_are_lost() {
    regressions::words_of_the_root_are_lost();
}

#[test]
fn processing_again_a_late_second_comparison() {
    regressions::a_late_second_comparison();
}

#[test]
fn processing_again_a_restored_root_whose_welcome_is_lost() {
    regressions::a_restored_root_whose_welcome_is_lost();
}

#[test]
fn processing_again_a_root_restored_twice_from_one_backup() {
    regressions::a_root_restored_twice_from_one_backup();
}

#[test]
fn processing_again_a_fence_that_nobody_heard_and_a_restored_root() {
    regressions::a_fence_that_nobody_heard_and_a_restored_root();
}

#[test]
fn processing_again_money_of_a_fenced_store_with_an_approval_on_it() {
    regressions::money_of_a_fenced_store_with_an_approval_on_it();
}

#[test]
fn processing_again_a_returned_right_that_both_books_forgot() {
    regressions::a_returned_right_that_both_books_forgot();
}

#[test]
fn processing_again_a_given_right_that_both_books_forgot() {
    regressions::a_given_right_that_both_books_forgot();
}

#[test]
fn processing_again_two_lives_that_heard_of_the_same_epoch() {
    regressions::two_lives_that_heard_of_the_same_epoch();
}

#[test]
fn processing_again_a_merge_that_the_root_forgot() {
    customers::a_merge_that_the_root_forgot();
}

#[test]
fn processing_again_a_parting_that_the_root_forgot() {
    customers::a_parting_that_the_root_forgot();
}

#[test]
fn processing_again_a_debt_paid_before_the_parting_was_heard() {
    customers::a_debt_paid_before_the_parting_was_heard();
}

#[test]
fn processing_again_a_newcomer_whom_the_root_knew() {
    customers::a_newcomer_whom_the_root_knew();
}

#[test]
fn processing_again_points_taken_back_before_they_were_given() {
    customers::points_taken_back_before_they_were_given();
}

#[test]
fn processing_what_was_given_lately_is_known_everywhere() {
    customers::what_was_given_lately_is_known_everywhere();
}

#[test]
fn processing_seeds_that_failed_once() {
    hold(&Plan::new(Work::Plain), &regressions::PLAIN_SEEDS, "processing_plain");
    hold(&Plan::new(Work::All), &regressions::ALL_SEEDS, "processing_s01_never_overdrawn");
}

#[test]
fn processing_live_never_overdrawn() {
    hold_live(&live_plan(Work::All, 2), &live_seeds(3), "processing_live_never_overdrawn");
}

#[test]
fn processing_s25_mixed_versions() {
    let mut plan = live_plan(Work::All, 2);
    plan.mixed = true;
    hold_live(&plan, &live_seeds(2), "processing_s25_mixed_versions");
}

#[test]
fn processing_s25_logs_of_other_versions() {
    versions::logs_can_be_read();
}

#[test]
fn processing_s25_rolling_update() {
    scenarios::s25_rolling_update();
}

#[test]
fn processing_live_harsh() {
    hold_live(&harsh_plan(3), &live_seeds(2), "processing_live_harsh");
}

#[test]
fn processing_live_the_same_seed_is_the_same_run() {
    let plan = live_plan(Work::All, 1);
    for seed in live_seeds(2) {
        let (once, again) = (live::run(&plan, seed), live::run(&plan, seed));
        eprintln!("seed {seed}: {:x} and {:x}", once.hash, again.hash);
        assert_eq!(once.hash, again.hash, "seed {seed}");
    }
}

#[test]
fn processing_live_mutants_are_noticed() {
    mutants::live_are_noticed(&harsh_plan(1), setting("OPENSTORE_L1_FROM"), setting("OPENSTORE_L1_SEEDS").unwrap_or(1));
}

#[test]
fn processing_live_an_idle_hour_asks_little() {
    let mut plan = Plan::calm(Work::Script);
    plan.cards = 4;
    // A talk that asks its own door in circles never lets the simulated time go on.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(live::idle_hour(&plan)));
    let cost = told.recv_timeout(std::time::Duration::from_secs(120)).expect("an idle hour passes");
    eprintln!("questions and blocks of an idle hour, root first: {cost:?}");
    for (at, (questions, blocks)) in cost.into_iter().enumerate() {
        // About four questions a second: the tick, the look for news, and one question of each store that waits for some.
        let most = if at == 0 { 24_000 } else { 15_000 };
        assert!(questions < most, "node {at} was asked {questions} questions");
        assert!(blocks < 60, "node {at} wrote {blocks} blocks");
    }
}
