//! Durable steps of a till: receipts of ten scans and a payment in cash, beside bare commits of as many bytes.

use std::time::{Duration, Instant};

use domain::money::Money;
use messages::v1::till::TillCommand;
use till::ShowTill;

use crate::bare::Bare;
use crate::counter::{Counter, barcode, bytes_written};
use crate::table::{Table, Times, median, ms, rate, worked};

const GOODS: u64 = 5_000;
const SCANS: u64 = 10;
const RECEIPTS: u64 = 20;
const ROUNDS: usize = 11;

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = Counter::open(folder.path(), GOODS).await;
    let bare = Bare::open(&folder.path().join("bare.sqlite")).await;
    let mut next = 0;
    // The first receipts fill caches and show how many bytes a commit has.
    round(&counter, &mut next, &mut Times::default()).await;
    let commits = counter.commits().await;
    let bytes = bytes_written(&counter.till.database).await / commits;
    let bytes_each = usize::try_from(bytes).expect("small");
    bare.commits(RECEIPTS, bytes_each).await;

    let (mut scans, mut steps_s, mut bare_s, mut ratios, mut ratios_alone) =
        (Times::default(), vec![], vec![], vec![], vec![]);
    let (mut in_device, mut in_all) = (Duration::ZERO, Duration::ZERO);
    let (mut till_worked, mut bare_worked, mut steps) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..ROUNDS {
        let (before, device_before, worked_before) = (counter.commits().await, counter.in_device(), worked());
        let took = round(&counter, &mut next, &mut scans).await;
        till_worked += worked() - worked_before;
        let count = counter.commits().await - before;
        let device = counter.in_device() - device_before;
        let worked_before = worked();
        let limit = bare.commits(count, bytes_each).await;
        bare_worked += worked() - worked_before;
        steps += count;
        in_device += device;
        in_all += took;
        steps_s.push(rate(count, took));
        bare_s.push(rate(count, limit));
        ratios.push(limit.as_secs_f64() / took.as_secs_f64());
        ratios_alone.push(limit.as_secs_f64() / (took - device).as_secs_f64());
    }
    let receipts = RECEIPTS * ROUNDS as u64;
    table.row(
        "till: durable steps",
        format!("{:.0} /s", median(steps_s)),
        format!("bare commits of {bytes} bytes: {:.0} /s", median(bare_s)),
        median(ratios),
    );
    table.note(format!(
        "{:.1} commits a receipt of {SCANS} scans and cash; {:.1} ms a receipt, {:.0} % of it in the emulated device; ratio without the device {:.2}",
        steps as f64 / receipts as f64,
        ms(in_all) / receipts as f64,
        in_device.as_secs_f64() * 100.0 / in_all.as_secs_f64(),
        median(ratios_alone),
    ));
    table.note(format!(
        "processors worked {:.2} ms a step, {:.2} ms a bare commit",
        ms(till_worked) / steps as f64,
        ms(bare_worked) / steps as f64,
    ));
    let single = bare.statements(steps / ROUNDS as u64, bytes_each).await;
    table.note(format!(
        "a bare commit begins, inserts and commits; as one statement: {:.0} /s, which most steps of the till are",
        rate(steps / ROUNDS as u64, single),
    ));
    parts(table, &counter, &bare, bytes_each, &mut scans).await;
    bare.close().await;
    counter.close().await;
}

/// Some receipts; the time they took.
async fn round(counter: &Counter, next: &mut u64, scans: &mut Times) -> Duration {
    let began = Instant::now();
    for _ in 0..RECEIPTS {
        let mut due = Money::ZERO;
        for _ in 0..SCANS {
            *next += 1;
            let asked = Instant::now();
            due = counter.scan(1 + *next * 7 % GOODS).await.due.expect("a sum");
            scans.add(asked.elapsed());
        }
        counter.pay(due).await;
    }
    began.elapsed()
}

/// What a scan is made of.
async fn parts(table: &mut Table, counter: &Counter, bare: &Bare, bytes: usize, scans: &mut Times) {
    let [mut commits, mut looks, mut views, mut toggles] = [(); 4].map(|()| Times::default());
    for number in 1..=300 {
        commits.add(bare.commits(1, bytes).await);
        let began = Instant::now();
        counter.till.catalogue.find(&barcode(number)).await.expect("found");
        looks.add(began.elapsed());
        let began = Instant::now();
        counter.till.show.ask(ShowTill).await.expect("a view");
        views.add(began.elapsed());
        // Two that undo each other, and store one small record each.
        for _ in 0..2 {
            let began = Instant::now();
            counter.give(TillCommand::ToggleReturn).await;
            toggles.add(began.elapsed());
        }
    }
    let medians = [scans, &mut toggles, &mut commits, &mut looks, &mut views].map(|times| ms(times.median()));
    let [scan, toggle, commit, look, view] = medians;
    table.note(format!(
        "medians: a scan {scan:.2} ms, a command that only commits {toggle:.2}; bare commit {commit:.2}, look-up {look:.2}, question to the till and its view {view:.2}",
    ));
}
