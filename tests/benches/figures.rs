//! Figures of the system, each beside its limit measured in the same run: `cargo bench -p tests`, all or by name, as in
//! `cargo bench -p tests -- till screen`. Nothing passes or fails here: a machine that is busy makes both sides slow.

#[path = "figures/backlog.rs"]
mod backlog;
#[path = "figures/bare.rs"]
mod bare;
#[path = "figures/catalogue.rs"]
mod catalogue;
#[path = "figures/cluster.rs"]
mod cluster;
#[path = "figures/counter.rs"]
mod counter;
#[path = "figures/ledger.rs"]
mod ledger;
#[path = "../processes/linked_store.rs"]
#[allow(dead_code)]
mod linked_store;
#[path = "../processes/office.rs"]
#[allow(dead_code)]
mod office;
#[path = "../processes/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "figures/replay.rs"]
mod replay;
#[path = "figures/screen.rs"]
mod screen;
#[path = "figures/table.rs"]
mod table;
#[path = "figures/tap.rs"]
mod tap;
#[path = "figures/till_steps.rs"]
mod till_steps;
#[path = "../sandbox/trade.rs"]
#[allow(dead_code)]
mod trade;

use std::time::{Duration, Instant};

use table::Table;

const NAMES: [&str; 8] = ["till", "ledger", "screen", "catalogue", "replay", "backlog", "tap", "cluster"];
/// How long a process, or what is expected of it, is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    // Cargo adds "--bench".
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let Some(stranger) = wanted.iter().find(|word| !NAMES.contains(&word.as_str())) {
        eprintln!("there are no figures of \"{stranger}\"; there are those of {}", NAMES.join(", "));
        std::process::exit(2);
    }
    let began = Instant::now();
    let mut table = Table::open();
    for name in NAMES.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|word| word == name)) {
        let system = actix::System::new();
        match name {
            "till" => system.block_on(till_steps::measure(&mut table)),
            "ledger" => system.block_on(ledger::measure(&mut table)),
            "screen" => system.block_on(screen::measure(&mut table)),
            "catalogue" => system.block_on(catalogue::measure(&mut table)),
            "replay" => system.block_on(replay::measure(&mut table)),
            "backlog" => system.block_on(backlog::measure(&mut table)),
            "tap" => system.block_on(tap::measure(&mut table)),
            _ => system.block_on(cluster::measure(&mut table)),
        }
    }
    println!("\nmeasured in {} s", began.elapsed().as_secs());
}
