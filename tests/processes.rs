//! Real processes, real sockets, `kill -9`: what was sold is fiscalised once, is numbered without gaps, and arrives once.

pub(crate) mod program;
mod shop;
mod terminal;

use std::time::Duration;

use domain::ids::TillId;
use futures_util::future::join_all;
use till::SagaStep;

use crate::sandbox::{eventually, in_system};
use program::Program;
use shop::Shop;
use terminal::Terminal;

/// As long as anything here may take on a busy machine: a line is dialled again within a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

const HEAD: &str = "till,receipts,sales,returns,net,vat\n";

#[test]
fn retail_s32_s33_a_till_killed_at_any_step_sells_every_receipt_once() {
    in_system(async {
        let shop = Shop::new();
        let _running = shop.start().await;
        let tills = SagaStep::ALL.into_iter().zip(1..).map(|(step, number)| dies_at(&shop, TillId(number), step));
        let survivors = join_all(tills).await;
        let count = survivors.len();
        shop.hq_has(2 * count as u64).await;
        for (number, mut till) in (1..).map(TillId).zip(survivors) {
            till.shows("all sent").await;
            till.leave().await;
            shop.verify_journal(number).await;
        }
        let rows = (1..=count).map(|till| format!("S1/{till},2,179.80,0.00,179.80,16.34\n"));
        assert_eq!(shop.report(), HEAD.to_owned() + &rows.collect::<String>());
    });
}

/// Two receipts, during the first of which the process kills itself.
async fn dies_at(shop: &Shop, number: TillId, step: SagaStep) -> Terminal {
    let fiscal = shop.fiscal(number).await;
    let mut till = shop.mortal_till(number, &fiscal, step);
    till.open_shift().await;
    if till.scan().await {
        assert_ne!(step, SagaStep::Open, "the first line opens the receipt");
        till.pay().await;
    }
    assert_eq!(till.ended().await.as_deref(), Some("Killed"), "{step:?}");

    let mut till = shop.till(number, &fiscal);
    match step {
        SagaStep::Open => {
            till.shows("the open receipt is here").await;
            till.pay().await;
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
    assert_eq!(fiscal.documents(), ["1 OpenShift 0.00", "2 Sale 89.90", "3 Sale 89.90"], "{step:?}");
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
        let fiscal = shop.fiscal(number).await;
        let mut till = shop.till(number, &fiscal);
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
        assert_eq!(fiscal.documents().len() as u64, 1 + sold);
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
    assert!(till.scan().await);
    till.pay().await;
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
        let mut fiscal = shop.fiscal(number).await;
        let mut till = shop.till(number, &fiscal);
        till.open_shift().await;

        // Dead before it was asked.
        assert!(till.scan().await);
        fiscal.kill();
        till.pay().await;
        till.shows("Paid, but not fiscalised yet").await;
        till.shows("PAID, WAITING").await;
        fiscal.start().await;
        till.press("r");
        till.closed(1).await;

        // Dead between its document and its answer.
        assert!(till.scan().await);
        fiscal.control("fault no_answer_after_commit");
        till.pay().await;
        let made = async || (fiscal.documents().len() == 3).then_some(());
        eventually("the second receipt in the device", PATIENCE, made).await;
        fiscal.kill();
        till.shows("PAID, WAITING").await;
        fiscal.start().await;
        till.press("r");
        till.closed(2).await;
        assert_eq!(fiscal.documents(), ["1 OpenShift 0.00", "2 Sale 89.90", "3 Sale 89.90"]);
        till.leave().await;
        shop.verify_journal(number).await;
    });
}

#[test]
fn a_till_sells_without_its_store() {
    in_system(async {
        let shop = Shop::new();
        let number = TillId(1);
        let fiscal = shop.fiscal(number).await;
        // One evening with a store, for the catalogue.
        let running = shop.start().await;
        let mut till = shop.till(number, &fiscal);
        till.open_shift().await;
        assert!(till.scan().await);
        till.shows("all sent").await;
        till.leave().await;
        drop(running);

        // The next morning nobody has started the server.
        let mut till = shop.till(number, &fiscal);
        till.shows("the open receipt is here").await;
        till.pay().await;
        till.closed(1).await;
        till.shows("1 unsent").await;
        till.sell(2).await;
        till.shows("2 unsent").await;
        till.shows("server ○").await;
        till.leave().await;
        shop.verify_journal(number).await;
    });
}
