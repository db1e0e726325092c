//! Label scales of a store whose server is killed in the middle of an upload, again and again.

use std::fmt::Write as _;

use futures_util::future::join_all;
use serde_json::json;

use super::PATIENCE;
use super::emulator::Emulator;
use super::shop::Shop;
use crate::sandbox::{eventually, in_system};

const GOODS: u64 = 600;
const DEATHS: u64 = 4;
/// Over sockets, from three makers.
const KINDS: [&str; 3] = ["massak-vpm", "mertech", "cas-cl5000"];

fn price(number: u64, round: u64) -> String {
    format!("{}.{:02}", 10 + number % 90, round)
}

fn goods(round: u64) -> String {
    let mut file = "code,name,price,vat,unit,plu\n".to_owned();
    for number in 1..=GOODS {
        writeln!(file, "W{number},Weighed {number},{},10,kg,{number}", price(number, round)).expect("it is written");
    }
    file
}

#[test]
fn a_store_server_that_is_killed_while_it_loads_scales_leaves_no_wrong_price() {
    in_system(async {
        let shop = Shop::new();
        let scales = join_all(KINDS.map(|kind| Emulator::on(kind, shop.path(kind)))).await;
        shop.has_scales(&scales);
        for scale in &scales {
            scale.fault("slow 5ms");
        }
        let (_hq, mut store) = shop.start().await;
        let rule = json!([{
            "prefix": "22", "length": 13, "item": [2, 5], "value": [7, 5], "decimals": 3, "kind": "weight"
        }]);
        shop.put("barcode-rules", &rule).await;
        for round in 0..DEATHS {
            shop.import(goods(round)).await;
            let new = |scale: &Emulator| {
                scale.articles().iter().filter(|(number, now)| *now == price(*number, round)).count()
            };
            eventually("some prices are new", PATIENCE, async || {
                scales.iter().all(|scale| new(scale) > 0).then_some(())
            })
            .await;
            store.kill();
            store = shop.begin_store();
        }
        let expected: Vec<(u64, String)> = (1..=GOODS).map(|number| (number, price(number, DEATHS - 1))).collect();
        for scale in &scales {
            scale.fault("none");
            eventually(&format!("the prices of {}", scale.kind), PATIENCE, async || {
                (scale.articles() == expected).then_some(())
            })
            .await;
        }
    });
}
