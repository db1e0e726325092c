//! A chain of shops under everything that lines, disks, machines and people do to it, by seed: the link of production with its
//! real SQL, in simulated time. One seed is one run, byte for byte.
//!
//! `cargo test -p link --test sim -- --seed 7`: this one; `--seeds 2000 --from 1`: so many; `--log file`: all events of a `--seed`;
//! `--mutants`: only whether defects of the model are noticed.
//!
//! | rule | what must be true |
//! |---|---|
//! | I1 | what a till committed is at the head office in the end, unless no disk was left that held it; and every till goes on |
//! | I2 | no server has the effects of a document twice |
//! | I3 | every server applied the documents of each till in their order, without a gap |
//! | I4 | in the end a till, its store and the head office have the same chain of it, and the same documents |
//! | I5 | a till that was compared never gives a number again that somebody knows |
//! | I6 | what is acknowledged lies on the disk of the node that says so, in no open transaction |
//! | I7 | no more documents are on the way than the window lets, and one |
//! | I8 | two machines of one name are told, and one of them is refused |
//! | I9 | effects, heads of tills, cursors and what is kept always moved together |
//! | I10 | the same seed is the same run |

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test binary: nothing is exported, and a failed step is a failed test"
)]

#[path = "sim/books.rs"]
mod books;
#[path = "../../processing/tests/sim/cores.rs"]
mod cores;
#[path = "sim/disk.rs"]
mod disk;
#[path = "sim/mutants.rs"]
mod mutants;
#[path = "sim/node.rs"]
mod node;
#[path = "sim/plan.rs"]
mod plan;
#[path = "../../processing/tests/sim/random.rs"]
mod random;
#[path = "sim/seen.rs"]
mod seen;
#[path = "sim/wire.rs"]
mod wire;
#[path = "sim/world.rs"]
mod world;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use cores::on_all_cores;
use disk::Templates;
use seen::SHOWN_MAX;
use world::Ended;

/// Without arguments: fit for every change.
const SEEDS: u64 = 60;
/// Every so many seeds one is run again and must be the same.
const AGAIN_EVERY: u64 = 25;

#[derive(Default)]
struct Asked {
    seed: Option<u64>,
    seeds: Option<u64>,
    from: Option<u64>,
    log: Option<String>,
    mutants: bool,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is not a number"));
        match word.as_str() {
            "--seed" => asked.seed = Some(number(value()?)?),
            "--seeds" => asked.seeds = Some(number(value()?)?),
            "--from" => asked.from = Some(number(value()?)?),
            "--mutants" => asked.mutants = true,
            "--log" => asked.log = Some(value()?),
            // What the harness of tests is told is not for this one.
            _ => {}
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let asked = match asked() {
        Ok(asked) => asked,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let templates = Arc::new(Templates::make());
    if let Some(seed) = asked.seed {
        let lines_max = if asked.log.is_some() { usize::MAX } else { SHOWN_MAX };
        let ended = world::run(&templates, seed, None, lines_max);
        if let Some(file) = asked.log {
            std::fs::write(file, ended.log.join("\n")).unwrap();
        }
        return told(&[(seed, ended)]);
    }
    if asked.mutants {
        return if mutants::are_noticed(&templates) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let first = asked.from.unwrap_or(1);
    let seeds: Vec<u64> = (first..first + asked.seeds.unwrap_or(SEEDS)).collect();
    let ended = run_all(&templates, &seeds);
    if asked.seeds.is_none() && !mutants::are_noticed(&templates) {
        return ExitCode::FAILURE;
    }
    told(&ended)
}

/// How each ended; now and then one is run again.
fn run_all(templates: &Arc<Templates>, seeds: &[u64]) -> Vec<(u64, Ended)> {
    let (begun, all) = (Instant::now(), Mutex::new(Vec::new()));
    on_all_cores(seeds, |seed| {
        let mut ended = world::run(templates, seed, None, SHOWN_MAX);
        if ended.violation.is_none() && seed % AGAIN_EVERY == 0 {
            let again = world::run(templates, seed, None, SHOWN_MAX);
            if again.hash != ended.hash {
                let violation = Some("I10: a second run of this seed is another".to_owned());
                ended = Ended { violation, ..again };
            }
        }
        if let Some(violation) = &ended.violation {
            eprintln!("seed {seed} failed: {violation}");
        }
        all.lock().expect("nobody panics with it").push((seed, ended));
    });
    let all = all.into_inner().expect("nobody panics with it");
    let sum = |of: fn(&Ended) -> u64| all.iter().map(|(_, ended)| of(ended)).sum::<u64>();
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "{} seeds in {seconds:.1} s, {:.1} a second: {} documents, {} of them died with their disks, {} frames, {} crashes, {} disks put \
         back, {} hours simulated",
        all.len(),
        all.len() as f64 / seconds,
        sum(|ended| ended.made as u64),
        sum(|ended| ended.lost as u64),
        sum(|ended| ended.frames),
        sum(|ended| ended.crashes),
        sum(|ended| ended.restores),
        sum(|ended| ended.simulated_s) / 3600,
    );
    all
}

fn told(ended: &[(u64, Ended)]) -> ExitCode {
    let mut failed: Vec<(u64, &String, &Vec<String>)> =
        ended.iter().filter_map(|(seed, ended)| Some((*seed, ended.violation.as_ref()?, &ended.log))).collect();
    failed.sort();
    let Some((seed, violation, log)) = failed.first() else { return ExitCode::SUCCESS };
    for line in &log[log.len().saturating_sub(SHOWN_MAX)..] {
        eprintln!("{line}");
    }
    eprintln!(
        "seed {seed}: {violation}\n{} of {} seeds failed; again: cargo test -p link --test sim -- --seed {seed}",
        failed.len(),
        ended.len()
    );
    ExitCode::FAILURE
}
