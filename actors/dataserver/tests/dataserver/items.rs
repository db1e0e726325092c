//! Items and barcode rules: what changes, and what is refused.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use dataserver::browse;
use dataserver::requests::{PutBarcodeRules, PutItems, RemoveItems};
use domain::ids::ItemCode;
use domain::money::Money;
use domain::quantity::Quantity;
use link::datasets::DatasetSource;
use link::datasets::table::TableDatasets;
use messages::v1::catalogue::{BARCODE_RULES, BarcodeKind, BarcodeRule, ITEMS, Item, PastPrice};

use crate::{at_hq, item, published};

#[tokio::test]
async fn what_does_not_change_is_not_published_again() {
    at_hq(async |hq| {
        let put = |items: &[Item]| PutItems { items: items.to_vec() };
        assert_eq!(hq.ask(put(&[item("A", 100), item("B", 100)])).await, published(2, 2, 0));
        assert_eq!(hq.ask(put(&[item("A", 100), item("B", 200), item("C", 1)])).await, published(4, 2, 1));
        assert_eq!(hq.ask(put(&[item("A", 100)])).await, published(4, 0, 1));
        assert_eq!(hq.rings.load(Ordering::Relaxed), 2);

        let remove =
            |codes: &[&str]| RemoveItems { codes: codes.iter().map(|code| ItemCode((*code).to_owned())).collect() };
        assert_eq!(hq.ask(remove(&["A", "NOBODY"])).await, published(5, 1, 1));
        assert_eq!(hq.ask(remove(&["A"])).await, published(5, 0, 1));
        let changes = TableDatasets::new(hq.database.clone()).changes(ITEMS, 4, 10).await.unwrap();
        assert_eq!((changes.len(), changes[0].key.as_str(), changes[0].deleted), (1, "A", true));
        assert_eq!(hq.ask(put(&[item("A", 100)])).await, published(6, 1, 0));
        let state = hq.node.look().await.unwrap().children[0].state.clone().unwrap();
        assert_eq!(state["datasets"]["items"], serde_json::json!({ "version": 6, "rows": 3 }));
    })
    .await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_as_a_whole() {
    at_hq(async |hq| {
        let bad = PutItems { items: vec![item("A", 100), item("B", -1)] };
        assert_eq!(
            hq.ask(bad).await.unwrap_err().to_string(),
            "item B, price: -0.01 is not between 0 and 1000000000.00"
        );
        let rule = |prefix: &str, value| BarcodeRule {
            prefix: prefix.to_owned(),
            length: 13,
            item: [2, 5],
            value,
            decimals: 3,
            kind: BarcodeKind::Weight,
        };
        let refused = hq.ask(PutBarcodeRules { rules: vec![rule("22", [7, 5]), rule("23", [8, 5])] }).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "barcode rule 23/13: the value must lie between the prefix and the check digit, at positions 2 to 11"
        );
        assert_eq!((hq.versions(ITEMS).await, hq.versions(BARCODE_RULES).await), (0, 0));
        assert_eq!(hq.ask(PutBarcodeRules { rules: vec![rule("22", [7, 5])] }).await, published(1, 1, 0));
        assert_eq!(browse::barcode_rules(&hq.database.reader).await.unwrap(), [rule("22", [7, 5])]);
        let many = PutItems { items: vec![item("A", 1); 10_001] };
        assert_eq!(
            hq.ask(many).await.unwrap_err().to_string(),
            "10001 rows are too many for one request: at most 10000 are taken"
        );
    })
    .await;
}

#[tokio::test]
async fn a_price_that_has_ended_is_remembered_by_the_publisher_alone() {
    at_hq(async |hq| {
        let start = hq.clock.now();
        hq.ask(PutItems { items: vec![item("A", 100)] }).await.unwrap();
        hq.clock.set(start + TimeDelta::days(2));
        let claimed = PastPrice { price: Money::from_minor(1), until: start };
        let cheaper = Item { past_prices: vec![claimed], ..item("A", 80) };
        assert_eq!(hq.ask(PutItems { items: vec![cheaper.clone()] }).await, published(2, 1, 0));
        let kept = browse::item(&hq.database.reader, "A").await.unwrap().unwrap();
        let ended = PastPrice { price: Money::from_minor(100), until: start + TimeDelta::days(2) };
        assert_eq!(kept.past_prices, [ended]);
        assert_eq!(hq.ask(PutItems { items: vec![cheaper] }).await, published(2, 0, 1));
        assert_eq!(hq.ask(PutItems { items: vec![kept] }).await, published(2, 0, 1));

        hq.clock.set(start + TimeDelta::days(40));
        assert_eq!(hq.ask(PutItems { items: vec![item("A", 80)] }).await, published(2, 0, 1));
        let renamed = Item { name: "Another name".to_owned(), ..item("A", 80) };
        assert_eq!(hq.ask(PutItems { items: vec![renamed] }).await, published(3, 1, 0));
        assert!(browse::item(&hq.database.reader, "A").await.unwrap().unwrap().past_prices.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_item_says_when_and_how_it_is_sold() {
    at_hq(async |hq| {
        let money = Money::from_minor;
        let beer = Item {
            no_sale: Some("22:00-08:00".parse().unwrap()),
            open_price: Some([money(100), money(500)]),
            deposit: Some(ItemCode("BOTTLE".to_owned())),
            tare: Some(Quantity::from_thousandths(15)),
            ..item("BEER", 300)
        };
        assert_eq!(hq.ask(PutItems { items: vec![beer.clone()] }).await, published(1, 1, 0));
        assert_eq!(browse::item(&hq.database.reader, "BEER").await.unwrap(), Some(beer.clone()));
        for (wrong, sentence) in [
            (
                Item { open_price: Some([money(2), money(1)]), ..beer.clone() },
                "item BEER, open_price: 0.02 to 0.01 is no range: the lower price comes first",
            ),
            (
                Item { open_price: Some([money(-2), money(1)]), ..beer.clone() },
                "item BEER, open_price: -0.02 to 0.01 is not between 0 and 1000000000.00",
            ),
            (
                Item { deposit: Some(beer.code.clone()), ..beer.clone() },
                "item BEER, deposit: an item cannot be the deposit of itself",
            ),
            (
                Item { tare: Some(Quantity::from_thousandths(-1)), ..beer.clone() },
                "item BEER, tare: -0.001 kg is not between 0 and 100",
            ),
        ] {
            assert_eq!(hq.ask(PutItems { items: vec![wrong] }).await.unwrap_err().to_string(), sentence);
        }
        assert_eq!(hq.versions(ITEMS).await, 1);
    })
    .await;
}
