//! Real processes, real sockets, `kill -9`: what was sold is fiscalised once, is numbered without gaps, and arrives once.

mod cashier;
mod chaos;
mod disk;
mod emulator;
mod keys;
mod linked_store;
mod office;
pub(crate) mod program;
mod scales;
mod several;
mod shop;
mod terminal;

use std::time::Duration;

use domain::ids::TillId;
use futures_util::future::join_all;
use till::SagaStep;

use crate::sandbox::{eventually, in_system};
use program::Program;
use shop::Shop;
use terminal::{CARD, CASH, Terminal};

/// As long as anything here may take on a busy machine: a line is dialled again within a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

const HEAD: &str = "till,receipts,sales,returns,net,vat\n";

#[test]
fn fault_f01_retail_s32_s33_a_till_killed_at_any_step_sells_and_charges_every_receipt_once() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let by_card = SagaStep::ALL.map(|step| (step, CARD));
        // Cash asks no terminal.
        let asks = |step| matches!(step, SagaStep::TerminalAsked | SagaStep::TerminalAnswered);
        let in_cash = SagaStep::ALL.into_iter().filter(|step| !asks(*step)).map(|step| (step, CASH));
        let deaths = by_card.into_iter().chain(in_cash).zip((1..).map(TillId));
        let survivors = join_all(deaths.map(|((step, tender), till)| dies_at(&shop, till, step, tender))).await;
        let count = survivors.len();
        shop.hq_has(2 * count as u64).await;
        for (number, mut till) in (1..).map(TillId).zip(survivors) {
            till.shows("all sent").await;
            till.leave().await;
            shop.verify_journal(number).await;
        }
        let mut rows: Vec<_> = (1..=count).map(|till| format!("S1/{till},2,179.80,0.00,179.80,16.34\n")).collect();
        rows.sort();
        assert_eq!(shop.report(), HEAD.to_owned() + &rows.concat());
    });
}

/// Two receipts, during the first of which the process kills itself. The second is paid in cash.
async fn dies_at(shop: &Shop, number: TillId, step: SagaStep, tender: &str) -> Terminal {
    let counter = shop.counter_with_card(number).await;
    let mut till = shop.mortal_till(&counter, step);
    till.open_shift().await;
    if till.scan_first().await {
        assert_ne!(step, SagaStep::Open, "the first line opens the receipt");
        till.pay(tender).await;
    }
    assert_eq!(till.ended().await.as_deref(), Some("Killed"), "{step:?}");

    let mut till = shop.till(&counter);
    match step {
        // The terminal was not asked yet, and says so itself.
        SagaStep::Open | SagaStep::TerminalAsked => {
            till.shows("the open receipt is here").await;
            till.pay(tender).await;
            till.closed(1).await;
        }
        SagaStep::Fiscalised | SagaStep::Closed => till.shows("receipt 00000002").await,
        // Nobody has to press anything.
        _ => {
            till.shows("asked the device: the last receipt is closed").await;
            till.shows("receipt 00000002").await;
        }
    }
    till.sell(2).await;
    assert_eq!(counter.fiscal.documents(), ["1 OpenShift 0.00", "2 Sale 89.90", "3 Sale 89.90"], "{step:?}");
    let charges: &[&str] = if tender == CARD { &["sale 89.90"] } else { &[] };
    assert_eq!(counter.charges(), charges, "{step:?}");
    till
}

/// Times that each of the two servers is killed.
const KILLS: u64 = 20;

#[test]
fn fault_servers_killed_while_a_till_sells_lose_and_double_nothing() {
    in_system(async {
        let shop = Shop::new();
        let (mut hq, mut store) = shop.start().await;
        let number = TillId(1);
        let counter = shop.counter(number).await;
        let mut till = shop.till(&counter);
        till.open_shift().await;
        let mut sold = 0;
        for _ in 0..KILLS {
            // It has just had a receipt when it dies, and dies before or after it has written it down.
            till.shows("server ●").await;
            sold = outlive(&mut till, sold, store).await;
            store = shop.begin_store();
            sold += 1;
            till.sell(sold).await;

            // The store has a line to it when something new arrives there.
            let before = shop.receipts_at_hq().await.unwrap_or_default();
            sold += 1;
            till.sell(sold).await;
            let arrived = async || shop.receipts_at_hq().await.filter(|count| *count > before || *count == sold);
            eventually("a receipt at the head office", PATIENCE, arrived).await;
            sold = outlive(&mut till, sold, hq).await;
            hq = shop.begin_hq();
        }
        till.shows("all sent").await;
        shop.hq_has(sold).await;
        assert_eq!(shop.report(), format!("{HEAD}S1/1,{sold},10788.00,0.00,10788.00,980.40\n"));
        assert_eq!(counter.fiscal.documents().len() as u64, 1 + sold);
        assert!(hq.is_running() && store.is_running());
        till.leave().await;
        hq.kill();
        store.kill();
        let heads = shop.chain_heads(number).await;
        assert_eq!(heads[0].map(|(sequence, _)| sequence), Some(1 + sold), "the shift and its receipts");
        assert_eq!(heads, [heads[0]; 3]);
        shop.verify_journal(number).await;
    });
}

/// A receipt in the middle of which `server` dies, and one more; how many are sold now.
async fn outlive(till: &mut Terminal, sold: u64, server: Program) -> u64 {
    assert!(till.scan_first().await);
    till.pay(CASH).await;
    server.kill();
    till.closed(sold + 1).await;
    till.sell(sold + 2).await;
    sold + 2
}

#[test]
fn fault_a_fiscal_device_that_dies_holds_the_receipt_until_it_is_back() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let number = TillId(1);
        let mut counter = shop.counter(number).await;
        let mut till = shop.till(&counter);
        till.open_shift().await;

        // Dead before it was asked.
        assert!(till.scan_first().await);
        counter.fiscal.kill();
        till.pay(CASH).await;
        till.shows("Paid, but not fiscalised yet").await;
        till.shows("PAID, WAITING").await;
        counter.fiscal.start().await;
        till.press("r").await;
        till.closed(1).await;

        // Dead between its document and its answer.
        assert!(till.scan_first().await);
        counter.fiscal.fault("no_answer_after_commit");
        till.pay(CASH).await;
        let made = async || (counter.fiscal.documents().len() == 3).then_some(());
        eventually("the second receipt in the device", PATIENCE, made).await;
        counter.fiscal.kill();
        till.shows("PAID, WAITING").await;
        counter.fiscal.start().await;
        till.press("r").await;
        till.closed(2).await;
        assert_eq!(counter.fiscal.documents(), ["1 OpenShift 0.00", "2 Sale 89.90", "3 Sale 89.90"]);
        till.leave().await;
        shop.verify_journal(number).await;
    });
}

#[test]
fn a_till_sells_without_its_store() {
    in_system(async {
        let shop = Shop::new();
        let number = TillId(1);
        let counter = shop.counter(number).await;
        // One evening with a store, for the catalogue.
        let running = shop.start().await;
        let mut till = shop.till(&counter);
        till.open_shift().await;
        assert!(till.scan_first().await);
        till.shows("all sent").await;
        till.leave().await;
        drop(running);

        // The next morning nobody has started the server.
        let mut till = shop.till(&counter);
        till.shows("the open receipt is here").await;
        till.pay(CASH).await;
        till.closed(1).await;
        till.shows("1 unsent").await;
        till.sell(2).await;
        till.shows("2 unsent").await;
        till.shows("server ○").await;
        till.leave().await;
        shop.verify_journal(number).await;
    });
}
