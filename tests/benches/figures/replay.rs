//! Replay of a till script on a whole chain in one process: operations a second, beside bare commits of the same number as
//! its tills made.

use std::path::Path;
use std::time::{Duration, Instant};

use domain::ids::StoreId;
use runtime::clock::Clock;
use store_node::chain::{Chain, ChainOptions};
use store_node::replay::runner::Runner;
use store_node::replay::script::{Operation, Reader};

use crate::bare::Bare;
use crate::counter::{bytes_written, commits};
use crate::table::{Table, ms, rate, worked};
use crate::trade;

const STORES: u32 = 4;
const DAYS: u32 = 3;
const RECEIPTS_A_DAY: u32 = 60;

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let made = trade::make(1, STORES, DAYS, RECEIPTS_A_DAY, trade::Weather::Fine);
    let script = Reader::new(Path::new("made"), made.script.as_bytes());
    let operations: Vec<Operation> = script.collect::<Result<_, _>>().expect("a script");
    let clock = Clock::by_hand(operations[0].at);
    let chain = Chain::start(ChainOptions::new(folder.path().join("chain"), clock)).await.expect("a chain");
    let mut runner = Runner::new(chain, false);
    // The first shift of each store starts its machines: that is not what is measured.
    let (first, rest) = operations.split_at(STORES as usize);
    run(&mut runner, first).await;
    let commits_before = in_all(&mut runner).await.0;

    let worked_before = worked();
    let (sold, settled, refused) = run(&mut runner, rest).await;
    let worked = worked() - worked_before;
    let (commits, bytes) = in_all(&mut runner).await;
    let steps = commits - commits_before;
    let bytes_each = usize::try_from(bytes / commits).expect("small");
    runner.into_chain().stop().await;

    let bare = Bare::open(&folder.path().join("bare.sqlite")).await;
    bare.commits(100, bytes_each).await;
    let limit = bare.commits(steps, bytes_each).await;
    bare.close().await;

    let (count, receipts) = (rest.len() as u64, made.receipts - refused);
    table.row(
        "replay: operations",
        format!("{:.0} /s", rate(count, settled)),
        format!("bare commits, {:.1} an operation: {:.0} /s", steps as f64 / count as f64, rate(count, limit)),
        limit.as_secs_f64() / settled.as_secs_f64(),
    );
    table.note(format!(
        "{receipts} receipts of 1 to 14 lines in {STORES} stores and {DAYS} days: {:.0} receipts/s at the tills, {:.0} /s until the head office had them; {refused} operations refused",
        rate(receipts, sold),
        rate(receipts, settled),
    ));
    table.note(format!(
        "tills made {steps} commits of {bytes_each} bytes; processors worked {:.2} ms an operation in tills, stores and head office",
        ms(worked) / count as f64,
    ));
}

/// Run operations; the time until the last was done, until everything was at the head office, and how many were refused:
/// a made return may want more cash than its drawer has.
async fn run(runner: &mut Runner, operations: &[Operation]) -> (Duration, Duration, u64) {
    let began = Instant::now();
    let mut sold = Duration::ZERO;
    let summary =
        runner.run(operations, &mut std::io::sink(), |_| sold = began.elapsed()).await.expect("no node fails");
    (sold, began.elapsed(), summary.refused)
}

/// Commits of all tills and the bytes they wrote.
async fn in_all(runner: &mut Runner) -> (u64, u64) {
    let chain = runner.chain();
    let (mut all, mut bytes) = (0, 0);
    for (store, till) in chain.tills() {
        let store: StoreId = store;
        let node = chain.till(&store, till).expect("a till");
        let made = commits(node).await;
        all += made;
        bytes += bytes_written(&node.database).await;
    }
    (all, bytes)
}
