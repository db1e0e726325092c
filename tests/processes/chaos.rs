//! Servers and tills of a shop killed in bad moments: what was committed and not acknowledged, and everything at random.

use std::cell::Cell;
use std::time::{Duration, Instant};

use domain::ids::TillId;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::program::Program;
use super::shop::{Counter, Shop};
use super::terminal::{CASH, Terminal};
use super::{HEAD, PATIENCE};
use crate::faultproxy::{Fault, FaultProxy, Spoil, Way};
use crate::sandbox::{eventually, in_system};

/// The kind of an acknowledgement on the link.
const ACK: u8 = 6;

#[test]
fn fault_f02_a_store_killed_between_commit_and_acknowledgement_has_the_receipt_once() {
    in_system(async {
        let shop = Shop::new();
        let (hq, store) = shop.start().await;
        let counter = shop.counter(TillId(1)).await;
        let proxy = FaultProxy::to(shop.store_address()).await;
        let mut till = shop.till_through(&counter, proxy.address());
        till.open_shift().await;
        till.sell(1).await;
        till.shows("all sent").await;

        proxy.set_way(Way::Down, Fault::Spoil { how: Spoil::Lose, kind: ACK, times: u32::MAX });
        till.sell(2).await;
        // The store has committed it, or the head office would not have it.
        shop.hq_has(2).await;
        // That one, and whatever before it was acknowledged too late.
        till.shows("unsent").await;
        assert!(proxy.counters().spoilt > 0);
        store.kill();
        till.sell(3).await;
        proxy.set(Fault::None);
        let store = shop.begin_store();
        till.shows("all sent").await;
        shop.hq_has(3).await;
        till.leave().await;
        hq.kill();
        store.kill();
        agree(&shop, &[(counter, 3)]).await;
    });
}

/// Tills that sell at once.
const TILLS: u32 = 3;
/// The wait between two deaths of servers, at least and at most.
const BETWEEN_MS: std::ops::Range<u64> = 1_000..8_000;
const SECONDS: &str = "OPENSTORE_CHAOS_SECONDS";

/// `OPENSTORE_CHAOS_SECONDS=600 cargo test -p tests s59 -- --ignored --nocapture`, with `OPENSTORE_CHAOS_SEED` once more the same.
#[test]
#[ignore = "needs OPENSTORE_CHAOS_SECONDS, for how long processes are killed"]
fn retail_s59_processes_killed_at_random_lose_double_and_reorder_nothing() {
    in_system(async {
        if let Some((until, seed)) = asked() {
            die_at_random(&Shop::new(), until, seed).await;
        }
    });
}

#[test]
#[ignore = "needs OPENSTORE_CHAOS_SECONDS, and the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn retail_s59_nor_do_three_processes_of_a_head_office_on_postgres_and_nats() {
    in_system(async {
        if let Some((until, seed)) = asked() {
            die_at_random(&Shop::on_servers().await, until, seed).await;
        }
    });
}

/// Until when, and by which seed.
fn asked() -> Option<(Instant, u64)> {
    let read = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let Some(seconds) = read(SECONDS) else {
        println!("{SECONDS} says nothing: processes were not killed at random");
        return None;
    };
    let seed = read("OPENSTORE_CHAOS_SEED").unwrap_or_else(rand::random);
    println!("processes die at random for {seconds} s, seed {seed}");
    Some((Instant::now() + Duration::from_secs(seconds), seed))
}

async fn die_at_random(shop: &Shop, until: Instant, seed: u64) {
    let (mut parts, mut store) = shop.start_parts().await;
    let at_work = Cell::new(TILLS);
    let tills = (1..=TILLS).map(|till| works(shop, TillId(till), seed, until, &at_work));
    let servers = async {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut deaths, mut beginning) = ([0_u32; 2], Instant::now());
        while at_work.get() > 0 {
            let wait = Duration::from_millis(random.random_range(BETWEEN_MS));
            let waited = async || (at_work.get() == 0 || beginning.elapsed() >= wait).then_some(());
            eventually("the next death", PATIENCE + wait, waited).await;
            beginning = Instant::now();
            if random.random_ratio(1, 2) {
                let part = random.random_range(0..parts.len());
                // The dead one leaves its port first.
                parts.remove(part).kill();
                parts.insert(part, shop.begin_part(part));
                deaths[0] += 1;
            } else {
                store.kill();
                store = shop.begin_store();
                deaths[1] += 1;
            }
        }
        (parts, store, deaths)
    };
    let (worked, (mut parts, mut store, deaths)) = tokio::join!(join_all(tills), servers);
    let total = worked.iter().map(|(_, _, sold)| sold).sum();
    let mut counters = Vec::new();
    for (mut till, counter, sold) in worked {
        shop.has_sent_all(counter.till).await;
        till.shows("all sent").await;
        till.leave().await;
        counters.push((counter, sold));
    }
    for program in parts.iter_mut().chain([&mut store]) {
        assert!(program.is_running(), "it did not survive its start:\n{}", program.said());
    }
    shop.hq_has(total).await;
    parts.into_iter().for_each(Program::kill);
    store.kill();
    agree(shop, &counters).await;
    println!("{total} receipts; the head office died {} times, the store {} times", deaths[0], deaths[1]);
}

/// Sell until it is time, dying now and then: between receipts, with one open, or over its payment. What was sold in the end.
async fn works(
    shop: &Shop,
    number: TillId,
    seed: u64,
    until: Instant,
    at_work: &Cell<u32>,
) -> (Terminal, Counter, u64) {
    let mut random = StdRng::seed_from_u64(seed ^ u64::from(number.0));
    let counter = shop.counter(number).await;
    let mut till = shop.till(&counter);
    till.open_shift().await;
    let mut sold = 0;
    while Instant::now() < until {
        let dies = random.random_ratio(1, 12).then(|| random.random_range(0..3));
        if dies == Some(0) {
            till = killed(till, shop, &counter);
            till.shows(&next(sold)).await;
        }
        assert!(till.scan_first().await, "the till died over a scan");
        if dies == Some(1) {
            till = killed(till, shop, &counter);
            till.shows("the open receipt is here").await;
        }
        till.pay(CASH).await;
        if dies == Some(2) {
            till = killed(till, shop, &counter);
            let (done, open) = (next(sold + 1), "the open receipt is here");
            let seen = |words: &str| words.contains(&done).then_some(true).or(words.contains(open).then_some(false));
            if till.look("what became of the receipt", seen).await == Some(false) {
                till.pay(CASH).await;
                till.closed(sold + 1).await;
            }
        } else {
            till.closed(sold + 1).await;
        }
        sold += 1;
    }
    at_work.set(at_work.get() - 1);
    (till, counter, sold)
}

/// The same till in another life.
fn killed(till: Terminal, shop: &Shop, counter: &Counter) -> Terminal {
    drop(till);
    shop.till(counter)
}

/// The number of the next receipt, as the screen has it.
fn next(sold: u64) -> String {
    format!("receipt {:08}", sold + 1)
}

/// Totals, numbers and chains are the same at tills, devices, store and head office. All of them have stopped.
async fn agree(shop: &Shop, counters: &[(Counter, u64)]) {
    let mut rows = Vec::new();
    for (counter, sold) in counters {
        let heads = shop.chain_heads(counter.till).await;
        assert_eq!(heads[0].map(|(sequence, _)| sequence), Some(1 + sold), "the shift and its receipts");
        assert_eq!(heads, [heads[0]; 3], "till {}", counter.till);
        shop.verify_journal(counter.till).await;
        assert_eq!(counter.fiscal.documents().len() as u64, 1 + sold);
        let minor = |each: u64| format!("{}.{:02}", sold * each / 100, sold * each % 100);
        // Milk at 89.90 has 8.17 of VAT.
        let (sum, vat) = (minor(8_990), minor(817));
        rows.push(format!("S1/{},{sold},{sum},0.00,{sum},{vat}\n", counter.till));
    }
    rows.sort();
    assert_eq!(shop.report(), HEAD.to_owned() + &rows.concat());
}
