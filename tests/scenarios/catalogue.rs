//! A large catalogue: prices change while a till dies, and are either all old or all new; what is taken off sale is not sold. The times of scenario 55 are
//! figures of the bench (`cargo bench -p tests`), beside a bare look-up in the same run.

use std::time::Duration;

use domain::ids::{ItemCode, StoreId, TillId};
use domain::money::Money;
use domain::vat::VatRate;
use messages::v1::catalogue::Item;
use runtime::clock::Clock;
use store_node::chain::{Chain, ChainOptions};

use crate::sandbox::{FIXTURE, in_system, parse};

/// Goods whose prices change; each change is one delivery to the tills.
const GOODS: usize = 10_000;
/// Times that the till dies while prices are on their way.
const DEATHS: i64 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

fn goods(price: i64) -> Vec<Item> {
    let make = |number: usize| {
        let code = ItemCode(format!("G{number:05}"));
        Item::new(code.clone(), code.0, Money::from_minor(price), VatRate::percent(22))
    };
    (0..GOODS).map(make).collect()
}

#[test]
fn retail_s55_a_till_that_dies_in_the_middle_of_a_price_change_has_the_old_or_the_new_prices() {
    in_system(async {
        let (store, till) = (StoreId::new("S1").expect("a store"), TillId(1));
        let data = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::by_hand(parse(FIXTURE)[0].at);
        let mut chain = Chain::start(ChainOptions::new(data.path().to_owned(), clock)).await.expect("a chain");
        chain.put_items(goods(100)).await.expect("goods");
        chain.ensure_till(&store, till).await.expect("a till");
        chain.settle_catalogue(&store, till, PATIENCE).await.expect("a catalogue");
        let mut seen = Vec::new();
        for round in 1..=DEATHS {
            let price = 100 + round;
            chain.put_items(goods(price)).await.expect("prices");
            // Dies a little later each time, somewhere in the delivery.
            let until = tokio::time::Instant::now() + Duration::from_millis(u64::try_from(round).expect("small") * 25);
            tokio::time::sleep_until(until).await;
            chain.crash_till(&store, till).await.expect("it comes back");
            let prices = prices(&chain, &store, till).await;
            assert!(prices.iter().all(|other| *other == prices[0]), "round {round}: a mix of prices");
            seen.push(prices[0]);
            chain.settle_catalogue(&store, till, PATIENCE).await.expect("a catalogue");
            let prices = self::prices(&chain, &store, till).await;
            assert!(prices.iter().all(|now| *now == Money::from_minor(price)), "round {round}: all are new at last");
        }
        println!("prices that the till had when it was back: {seen:?}");
        chain.stop().await;
    });
}

#[test]
fn retail_s56_an_item_that_is_taken_off_sale_is_not_sold_within_five_seconds_or_after_reconnect() {
    in_system(async {
        let (store, online, offline) = (StoreId::new("S1").expect("a store"), TillId(1), TillId(2));
        let data = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::by_hand(parse(FIXTURE)[0].at);
        let mut chain = Chain::start(ChainOptions::new(data.path().to_owned(), clock)).await.expect("a chain");
        chain.put_items(goods(100)[..2].to_vec()).await.expect("goods");
        for till in [online, offline] {
            chain.ensure_till(&store, till).await.expect("a till");
            chain.settle_catalogue(&store, till, PATIENCE).await.expect("a catalogue");
        }
        chain.set_till_link(&store, offline, false).await.expect("a line");
        chain.remove_item(ItemCode("G00001".to_owned())).await.expect("it is removed");
        chain.settle_catalogue(&store, online, Duration::from_secs(5)).await.expect("within five seconds");
        assert_eq!(sold(&chain, &store, online).await, ["G00000"]);
        assert_eq!(sold(&chain, &store, offline).await, ["G00000", "G00001"], "nobody could tell it");
        chain.set_till_link(&store, offline, true).await.expect("a line");
        chain.settle_catalogue(&store, offline, PATIENCE).await.expect("a catalogue");
        assert_eq!(sold(&chain, &store, offline).await, ["G00000"]);
        chain.stop().await;
    });
}

async fn sold(chain: &Chain, store: &StoreId, till: TillId) -> Vec<&'static str> {
    let catalogue = &chain.till(store, till).expect("a till").catalogue;
    let mut sold = Vec::new();
    for code in ["G00000", "G00001"] {
        if catalogue.by_code(&ItemCode(code.to_owned())).await.expect("a catalogue").is_some() {
            sold.push(code);
        }
    }
    sold
}

async fn prices(chain: &Chain, store: &StoreId, till: TillId) -> Vec<Money> {
    let catalogue = &chain.till(store, till).expect("a till").catalogue;
    let mut prices = Vec::with_capacity(GOODS / 50);
    for number in (0..GOODS).step_by(50) {
        let code = ItemCode(format!("G{number:05}"));
        prices.push(catalogue.by_code(&code).await.expect("a catalogue").expect("goods").price);
    }
    prices
}
