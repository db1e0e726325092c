//! Durable transfers a second through the accounts port, from a client in another process, beside bare SQLite transactions of
//! the same rows in the same run: `cargo bench -p processing`, or by name, as in `cargo bench -p processing -- sizes hot`.
//!
//! | name | what |
//! | --- | --- |
//! | sizes | 1, 10, 100 and 8,189 transfers in flight |
//! | hot | all transfers credit one account, beside spread ones |
//! | till | approvals of a store with `OPENSTORE_ACCOUNTS` customers at 200 a second for `OPENSTORE_SECONDS`, beside bare commits |
//! | start | a start with `OPENSTORE_ACCOUNTS` wallets and `OPENSTORE_TRANSFERS` transfers on disk, the figures after it, and verifying it |
//! | midnight | `OPENSTORE_LOTS` lots expire while people pay |
//! | ingest | 50 stores bring `OPENSTORE_DOCUMENTS` documents to a root (in the database `OPENSTORE_POSTGRES`, if given), and another asks for rights meanwhile |
//! | gifts | `OPENSTORE_GIFTS` gift cards are issued |
//!
//! Nothing passes or fails here. Figures of TigerBeetle on the same kind of machine: 439-785, 3,736-7,657, 16,554-39,980 and
//! 261,187-271,766 a second at the four sizes.

#[path = "transfers/bare.rs"]
mod bare;
#[path = "transfers/gifts.rs"]
mod gifts;
#[path = "transfers/ingest.rs"]
mod ingest;
#[path = "transfers/load.rs"]
mod load;
#[path = "transfers/midnight.rs"]
mod midnight;
#[path = "transfers/server.rs"]
mod server;
#[path = "transfers/start.rs"]
mod start;
#[path = "transfers/till.rs"]
mod till;

use std::path::Path;
use std::time::{Duration, Instant};

use load::Load;
use processing::keeper::{Door, Keeper, Making};
use processing::machine::root::{Policy, Root};
use processing::root_side::RootTicks;
use runtime::clock::Clock;
use runtime::node::{Node, Tree};
use runtime::spec::{ChildSpec, Strategy};
use server::Server;

const NAMES: [&str; 7] = ["sizes", "hot", "till", "start", "midnight", "ingest", "gifts"];
const SIZES: [usize; 4] = [1, 10, 100, 8_189];
/// Each figure is the middle one of so many, taken in turns with its peer: a disk has moods.
const TURNS: usize = 3;
const TURN: Duration = Duration::from_millis(1_500);
const ACCOUNTS: u64 = 10_000;

fn main() {
    if let Ok(folder) = std::env::var(server::FOLDER) {
        return server::serve(Path::new(&folder));
    }
    // Cargo adds "--bench".
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for name in NAMES.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|word| word == name)) {
        match name {
            "sizes" => runtime.block_on(sizes()),
            "hot" => runtime.block_on(hot()),
            "till" => runtime.block_on(till::measure()),
            "midnight" => runtime.block_on(midnight::measure()),
            "ingest" => runtime.block_on(ingest::measure()),
            "gifts" => runtime.block_on(gifts::measure()),
            _ => runtime.block_on(start::measure()),
        }
    }
}

/// A number that the caller may set.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// In milliseconds.
fn per_mille(times: &mut [Duration], per_mille: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * per_mille / 1000).min(times.len() - 1)].as_secs_f64() * 1e3
}

/// A root with its book in a file, or in the PostgreSQL database `OPENSTORE_POSTGRES`.
async fn root_in(folder: &Path, clock: &Clock) -> (Door<Root>, Node) {
    let door: Door<Root> = Door::default();
    let making = match std::env::var("OPENSTORE_POSTGRES") {
        Ok(url) => Making::in_postgres(url, || Root::new(Policy::default()), Root::restored),
        Err(_) => Making::in_file(folder.join("root.sqlite"), || Root::new(Policy::default()), Root::restored),
    };
    let mut tree = Tree::new("bench");
    tree.group("accounts", Strategy::OneForOne);
    let (opened, time) = (door.clone(), clock.clone());
    tree.child(ChildSpec::new("accounts/root", "keeper", move || {
        std::future::ready(Ok(Keeper::new(making.clone(), opened.clone(), time.clone())))
    }));
    let ticking = door.clone();
    tree.child(ChildSpec::new("accounts/ticks", "root_ticks", move || {
        std::future::ready(Ok(RootTicks::new(ticking.clone())))
    }));
    let node = tree.start().await;
    (door, node)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn sizes() {
    println!(
        "{:>9}  {:>12}  {:>16}  {:>16}  {:>7}",
        "in flight", "transfers/s", "bare rows/s", "bare blocks/s", "ratio"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("book"), ACCOUNTS).await;
    let mut load = Load::connect(&server, ACCOUNTS).await;
    let bare = bare::Bare::open(&folder.path().join("bare.sqlite")).await;
    for size in SIZES {
        let (mut ours, mut rows, mut blocks) = (vec![], vec![], vec![]);
        for _ in 0..TURNS {
            ours.push(load.run(size, TURN, load::Spread::Even).await.rate());
            rows.push(bare.rows(size, TURN).await);
            blocks.push(bare.blocks(size, TURN).await);
        }
        let (ours, rows, blocks) = (middle(ours), middle(rows), middle(blocks));
        println!("{size:>9}  {ours:>12.0}  {rows:>16.0}  {blocks:>16.0}  {:>7.2}", ours / rows);
    }
    println!("the last ratio is over bare rows; a longest answer at the last size took {:.1} ms", load.longest_ms());
}

async fn hot() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(&folder.path().join("book"), ACCOUNTS).await;
    let mut load = Load::connect(&server, ACCOUNTS).await;
    let (mut even, mut hot) = (vec![], vec![]);
    for _ in 0..TURNS * 2 + 1 {
        even.push(load.run(8_189, TURN, load::Spread::Even).await.rate());
        hot.push(load.run(8_189, TURN, load::Spread::Hot).await.rate());
    }
    let (even, hot) = (middle(even), middle(hot));
    println!("one hot account: {hot:.0} transfers/s, spread ones: {even:.0}/s, ratio {:.2}", hot / even);
}

/// How long something took.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let done = work.await;
    (done, began.elapsed())
}
