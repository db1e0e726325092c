//! Label scales and price labels: whether everything in the shop says the same price.

use std::collections::BTreeMap;
use std::time::Duration;

use devices::label_scale::{self, Timing, Wire};
use devices::sim::fault::Fault;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use domain::ids::{ItemCode, OperatorNumber, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use messages::v1::catalogue::{BarcodeKind, BarcodeRule, Item, Unit};
use messages::v1::receipt::TenderType;
use messages::v1::till::TillCommand;
use runtime::clock::Clock;
use scales::keeper::ScaleSettings;
use scales::requests::{HangLabels, OutdatedLabels};
use serde_json::json;
use store_node::chain::{Chain, ChainOptions};

use crate::sandbox::{FIXTURE, in_system, labels_known, parse};

const PATIENCE: Duration = Duration::from_secs(60);
const PRICES: u32 = 200;
const SCALES: usize = 5;
const TILLS: u32 = 3;

fn scale(number: usize, device: &LabelScaleHandle) -> ScaleSettings {
    ScaleSettings {
        name: format!("scale-{number}"),
        department: String::new(),
        protocol: label_scale::find("shtrih-print").expect("it is spoken"),
        address: "memory".to_owned(),
        connector: device.connector(Wire::Datagram),
        password: None,
        articles_per_second_max: None,
        timing: Timing { answer: Duration::from_millis(300), ..Timing::default() },
    }
}

fn goods(price: i64) -> Vec<Item> {
    let make = |number: u32| Item {
        unit: Unit::Kilogram,
        plu: Some(number),
        ..Item::new(
            ItemCode(format!("W{number:03}")),
            format!("Weighed {number}"),
            Money::from_minor(price + i64::from(number)),
            VatRate::percent(10),
        )
    };
    (1..=PRICES).map(make).collect()
}

async fn says(chain: &Chain, store: &StoreId, expected: &str) {
    let mut shop = chain.store(store).expect("a store").shop.clone();
    let reached = shop.wait_for(|now| now.coherence.to_string() == expected);
    let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
    assert!(reached, "{expected}, not {}", chain.store(store).expect("a store").shop.borrow().coherence);
}

#[test]
fn retail_s60_the_manager_sees_who_is_behind_and_an_old_label_is_sold_at_its_sum_and_reported() {
    in_system(async {
        let store = StoreId::new("S1").expect("a store");
        let data = tempfile::tempdir().expect("a temporary folder");
        let devices: Vec<_> = (0..SCALES)
            .map(|_| LabelScaleHandle::new(LabelScaleKind::ShtrihPrint, LabelScaleSettings::default()))
            .collect();
        let mut options = ChainOptions::new(data.path().to_owned(), Clock::by_hand(parse(FIXTURE)[0].at));
        let scales = devices.iter().enumerate().map(|(index, device)| scale(index + 1, device));
        options.scales = BTreeMap::from([(store.clone(), scales.collect())]);
        let mut chain = Chain::start(options).await.expect("a chain");
        let rule = BarcodeRule {
            prefix: "24".to_owned(),
            length: 13,
            item: [2, 5],
            value: [7, 5],
            decimals: 2,
            kind: BarcodeKind::Price,
        };
        chain.put_barcode_rule(rule).await.expect("a rule");
        let plan = json!({ "departments": [{ "weight_prefix": 24, "value": "sum" }] });
        chain.put_till_settings("scales".to_owned(), None, plan.to_string()).await.expect("a plan");
        chain.put_items(goods(10_000)).await.expect("goods");
        for till in (1..=TILLS).map(TillId) {
            chain.ensure_till(&store, till).await.expect("a till");
        }
        labels_known(&chain, &store).await;
        says(&chain, &store, "tills 3/3, scales 5/5, labels 0/0").await;

        devices[1].set_fault(Fault::Offline);
        chain.put_items(goods(20_000)).await.expect("prices");
        says(&chain, &store, "tills 3/3, scales 4/5, labels 0/200").await;
        hang(&chain, &store, 2).await;
        says(&chain, &store, "tills 3/3, scales 4/5, labels 198/200").await;
        let weighed = |device: &LabelScaleHandle| device.weigh(7, Quantity::from_thousandths(1_250)).expect("a label");
        let (old, new) = (weighed(&devices[1]), weighed(&devices[0]));
        assert_eq!([old.sum, new.sum].map(Money::minor), [12_509, 25_009], "scale 2 prints the old price");

        let till = TillId(1);
        let ask = async |command| chain.ask(&store, till, PATIENCE, command).await.expect("it answers").expect("done");
        let (operator, pin) = (OperatorNumber("1".to_owned()), "1".to_owned());
        ask(TillCommand::OpenShift { operator, pin, float: Money::ZERO }).await;
        for label in [&old, &new] {
            ask(TillCommand::Scan { data: label.barcode.clone(), quantity: None }).await;
        }
        let due = old.sum + new.sum;
        let paid = ask(TillCommand::Pay { tender: TenderType::Cash, amount: due, number: None }).await;
        let lines = &paid.receipt.expect("a receipt").lines;
        let sold = lines.iter().map(|line| format!("{} x {} = {}", line.quantity, line.unit_price, line.amount));
        assert_eq!(sold.collect::<Vec<_>>(), ["1.25 x 100.07 = 125.09", "1.25 x 200.07 = 250.09"]);
        chain.settle(PATIENCE).await.expect("all is at the head office");
        let rows = chain.report("audit", &BTreeMap::new(), None, None).await.expect("a report").expect("its rows");
        let told = format!("{} {} {}", rows[0]["kind"], rows[0]["subject"], rows[0]["reason"]);
        assert_eq!(told, r#""old_label" "W007" "printed at 100.07, now 200.07""#);

        devices[1].set_fault(Fault::None);
        says(&chain, &store, "tills 3/3, scales 5/5, labels 198/200").await;
        assert_eq!(weighed(&devices[1]).sum, new.sum);
        hang(&chain, &store, 0).await;
        says(&chain, &store, "tills 3/3, scales 5/5, labels 0/0").await;
        chain.stop().await;
    });
}

/// Hang all labels that must be hung but so many.
async fn hang(chain: &Chain, store: &StoreId, but: usize) {
    let scales = &chain.store(store).expect("a store").scales;
    let asked = OutdatedLabels { after: String::new(), limit: u64::from(PRICES) };
    let mut items = scales.outdated_labels.ask(asked).await.expect("it listens").expect("it reads");
    items.truncate(items.len().saturating_sub(but));
    let version = scales.goods.borrow().version;
    scales.hang_labels.ask(HangLabels { items, version }).await.expect("it listens").expect("it is noted");
}
