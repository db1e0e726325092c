//! Label scales: the documented bytes, each driver against its simulator, and both against lines that misbehave.

use std::time::Duration;

use chrono::NaiveDate;
use devices::label_scale::{
    self, BarcodeValue, Halted, ItemUnit, LabelScale, LabelScaleError, LabelScaleSetup, PrefixRule, ScaleItem, Timing,
    Wire, find, massak_vpm,
};
use devices::port::Connector;
use devices::sim::control::Controlled;
use devices::sim::fault::Fault;
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings, NotWeighed};
use domain::money::Money;
use domain::quantity::Quantity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[path = "label_scales/bytes.rs"]
mod bytes;
#[path = "label_scales/lines.rs"]
mod lines;
#[path = "label_scales/noise.rs"]
mod noise;
#[path = "label_scales/picture.rs"]
mod picture;

/// Waits short enough for a test and long enough for a busy machine.
const QUICK: Timing = Timing {
    answer: Duration::from_millis(250),
    busy: Duration::from_millis(10),
    poll: Duration::from_millis(10),
    clear: Duration::from_secs(20),
};
const GOODS: u32 = 2000;

/// A driver with its simulator. The name is that of the protocol.
struct Pair {
    name: &'static str,
    wire: Wire,
    scale: LabelScaleHandle,
    driver: Box<dyn LabelScale>,
}

fn settings(items_max: usize) -> LabelScaleSettings {
    LabelScaleSettings { items_max, clear_time: Duration::from_millis(50), ..LabelScaleSettings::default() }
}

/// The driver of a protocol, quick to give up.
fn driver(protocol: &str, connector: Connector) -> Box<dyn LabelScale> {
    driver_of(protocol, connector, BarcodeValue::Amount)
}

fn driver_of(protocol: &str, connector: Connector, barcode_value: BarcodeValue) -> Box<dyn LabelScale> {
    let setup = LabelScaleSetup { barcode_value, timing: QUICK, ..LabelScaleSetup::default() };
    (find(protocol).expect("it is spoken").driver)(connector, setup)
}

/// Every protocol, each with a simulator in memory.
fn pairs(items_max: usize) -> Vec<Pair> {
    let pair = |name, kind, wire| {
        let scale = LabelScaleHandle::new(kind, settings(items_max));
        let driver = driver(name, scale.connector(wire));
        Pair { name, wire, scale, driver }
    };
    vec![
        pair("shtrih-print", LabelScaleKind::ShtrihPrint, Wire::Datagram),
        pair("shtrih-print-serial", LabelScaleKind::ShtrihPrint, Wire::Serial),
        pair("massak-vpm", LabelScaleKind::MassakVpm, Wire::Tcp),
        pair("mertech", LabelScaleKind::Mertech, Wire::Tcp),
        pair("cas-cl5000", LabelScaleKind::CasCl5000, Wire::Tcp),
    ]
}

fn goods(driver: &dyn LabelScale, count: u32) -> Vec<ScaleItem> {
    let abilities = driver.abilities();
    (1..=count)
        .map(|plu| {
            let unit = if plu % 7 == 0 { ItemUnit::Piece } else { ItemUnit::Weight };
            let has_text = plu % 50 == 1 && plu <= abilities.text_plu_max && abilities.text_bytes_max > 0;
            ScaleItem {
                plu,
                code: 10_000 + plu,
                name: format!("Сыр Российский 50% фасованный номер {plu}"),
                price: Money::from_minor(10_000 + i64::from(plu)),
                unit,
                group: (plu % 90) as u16,
                tare: abilities.tare_max.min(Quantity::from_thousandths(i64::from(plu % 20))),
                shelf_life_days: (plu % 60) as u16,
                text: if has_text {
                    "Состав: молоко, соль, закваска ".repeat(5).trim().to_owned()
                } else {
                    String::new()
                },
                label: 0,
                barcode_prefix: if unit == ItemUnit::Weight { 22 } else { 23 },
            }
        })
        .collect()
}

/// What the simulator keeps, as the driver says that it is kept.
fn kept(driver: &dyn LabelScale, items: &[ScaleItem]) -> Vec<ScaleItem> {
    items.iter().map(|item| driver.kept(item)).collect()
}

fn stored(pair: &Pair) -> Vec<ScaleItem> {
    pair.scale.items().iter().map(|item| pair.driver.kept(item)).collect()
}

#[tokio::test]
async fn two_thousand_goods_are_uploaded_changed_deleted_and_read_back() {
    for mut pair in pairs(4000) {
        let name = pair.name;
        pair.driver.status().await.expect(name);
        let mut items = goods(&*pair.driver, GOODS);
        assert_eq!(pair.driver.upload(&items).await, Ok(items.len()), "{name}");
        assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");

        for item in items.iter_mut().step_by(10) {
            item.price += Money::from_minor(5);
        }
        let changed: Vec<ScaleItem> = items.iter().step_by(10).cloned().collect();
        assert_eq!(pair.driver.upload(&changed).await, Ok(changed.len()), "{name}");
        assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");

        let abilities = pair.driver.abilities();
        if abilities.delete {
            let gone: Vec<u32> = items.iter().map(|item| item.plu).filter(|plu| plu % 3 == 0).collect();
            assert_eq!(pair.driver.delete(&gone).await, Ok(gone.len()), "{name}");
            assert_eq!(pair.driver.delete(&gone).await, Ok(gone.len()), "{name}: what is not there is deleted");
            items.retain(|item| item.plu % 3 != 0);
            assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");
        }
        if abilities.read_back {
            for item in items.iter().step_by(97) {
                assert_eq!(pair.driver.read_back(item.plu).await, Ok(Some(pair.driver.kept(item))), "{name}");
            }
            assert_eq!(pair.driver.read_back(GOODS + 1).await, Ok(None), "{name}");
        }
        assert_eq!(pair.driver.clear().await, Ok(()), "{name}");
        assert_eq!(pair.scale.count(), 0, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_told_apart_and_pass() {
    for mut pair in pairs(4000) {
        let name = pair.name;
        let items = goods(&*pair.driver, 30);
        pair.driver.upload(&items[..10]).await.expect(name);
        let full = match name {
            // The protocol has no word for it: the file is not taken.
            "massak-vpm" => LabelScaleError::Refused { code: 0x43, sentence: "it does not take the file".into() },
            _ => LabelScaleError::MemoryFull,
        };
        for (fault, cause) in
            [("memory_full", full), ("offline", LabelScaleError::NoAnswer), ("slow:2000", LabelScaleError::NoAnswer)]
        {
            pair.scale.set_fault(fault.parse().expect("a fault"));
            assert_eq!(pair.driver.upload(&items[10..]).await, Err(Halted { done: 0, cause }), "{name} {fault}");
            pair.scale.set_fault(Fault::None);
            assert_eq!(pair.driver.upload(&items[..10]).await, Ok(10), "{name} after {fault}");
        }
        pair.scale.set_fault(Fault::Garbage);
        let garbled = pair.driver.upload(&items[10..]).await;
        assert!(
            matches!(
                &garbled,
                Err(Halted { done: 0, cause: LabelScaleError::Protocol { .. } | LabelScaleError::NoAnswer })
            ),
            "{name}: {garbled:?}"
        );
        pair.scale.set_fault(Fault::Refuse(97));
        let refused = pair.driver.upload(&items[10..]).await;
        assert!(
            matches!(&refused, Err(Halted { done: 0, cause: LabelScaleError::Refused { .. } })),
            "{name}: {refused:?}"
        );
        pair.scale.set_fault(Fault::NoAnswerAfterCommit);
        assert_eq!(pair.driver.upload(&items).await, Ok(30), "{name}: what was done twice is done once");
        assert_eq!(pair.scale.fault(), Fault::None, "{name}");
        assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");
        pair.scale.set_fault(Fault::PaperOut);
        assert_eq!(pair.scale.weigh(1, Quantity::ONE), Err(NotWeighed::NoPaper), "{name}");
        if let Some(paper) = pair.driver.status().await.expect(name).paper {
            assert!(!paper, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_loses_questions_and_answers_loses_no_goods() {
    for mut pair in pairs(4000) {
        let name = pair.name;
        let items = goods(&*pair.driver, 60);
        pair.scale.set_fault("loses:7".parse().expect("a fault"));
        assert_eq!(pair.driver.upload(&items).await, Ok(60), "{name}");
        assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");
        assert_eq!(pair.driver.delete(&[1, 60]).await, Ok(2), "{name}");
        assert_eq!(pair.scale.count(), 58, "{name}");
    }
}

#[tokio::test]
async fn an_upload_that_was_cut_goes_on_where_it_stopped() {
    for mut pair in pairs(4000) {
        let name = pair.name;
        pair.driver.status().await.expect(name);
        let items = goods(&*pair.driver, 1500);
        let scale = pair.scale.clone();
        let cutter = tokio::spawn(async move {
            while scale.count() < 300 {
                tokio::task::yield_now().await;
            }
            scale.set_fault(Fault::Offline);
            scale.cut_links();
        });
        let halted = tokio::time::timeout(Duration::from_secs(60), pair.driver.upload(&items)).await.expect(name);
        cutter.await.expect("the cutter");
        let Err(Halted { done, .. }) = halted else { panic!("{name}: {halted:?}") };
        assert!(done < items.len(), "{name}: {done}");
        let there = stored(&pair);
        for item in &items[..done] {
            assert!(there.contains(&pair.driver.kept(item)), "{name}: PLU {} was said to be stored", item.plu);
        }
        pair.scale.set_fault(Fault::None);
        assert_eq!(pair.driver.upload(&items[done..]).await, Ok(items.len() - done), "{name}");
        assert_eq!(stored(&pair), kept(&*pair.driver, &items), "{name}");
    }
}

#[tokio::test]
async fn what_is_weighed_out_is_printed_and_counted() {
    for mut pair in pairs(4000) {
        let name = pair.name;
        let items = goods(&*pair.driver, 10);
        pair.driver.upload(&items).await.expect(name);
        let weighed = pair.scale.weigh(3, Quantity::from_thousandths(535)).expect(name);
        assert_eq!(weighed.sum, Money::from_minor(5352), "{name}");
        assert_eq!(weighed.barcode, "2210003005355", "{name}");
        assert_eq!(weighed.sell_by, weighed.packed.date().checked_add_days(chrono::Days::new(3)), "{name}");
        pair.scale.weigh(3, Quantity::from_thousandths(465)).expect(name);
        pair.scale.weigh(7, Quantity::from_thousandths(4000)).expect(name);
        assert_eq!(pair.scale.weigh(11, Quantity::ONE), Err(NotWeighed::NoPlu { plu: 11 }), "{name}");
        assert_eq!(pair.scale.weigh(7, Quantity::from_thousandths(500)), Err(NotWeighed::Quantity), "{name}");
        assert_eq!(pair.scale.labels().len(), 3, "{name}");

        let plus: Vec<u32> = items.iter().map(|item| item.plu).collect();
        let totals = pair.driver.totals(&plus).await;
        if !pair.driver.abilities().totals {
            assert_eq!(totals, Err(LabelScaleError::NotSupported), "{name}");
            continue;
        }
        let totals = totals.expect(name);
        let found: Vec<(u32, Quantity, u32)> = totals.iter().map(|t| (t.plu, t.quantity, t.labels)).collect();
        assert_eq!(found, [(3, Quantity::ONE, 2), (7, Quantity::from_thousandths(4000), 1)], "{name}");
        for total in &totals {
            let sold: Money =
                pair.scale.labels().iter().filter(|label| label.item.plu == total.plu).map(|l| l.sum).sum();
            assert!(total.sum.is_none_or(|sum| sum == sold), "{name}");
        }
    }
}

#[tokio::test]
async fn labels_carry_what_the_scale_was_last_set_to() {
    for mut pair in pairs(4000) {
        let (name, abilities) = (pair.name, pair.driver.abilities());
        let mut items = goods(&*pair.driver, 2);
        items[1].label = abilities.labels_max.min(1);
        pair.driver.upload(&items).await.expect(name);
        let printed = |plu| pair.scale.weigh(plu, Quantity::from_thousandths(535)).expect(name).barcode;
        let amounts = ["2210001005357", "2210002005356"];
        let sums = ["2210001053518", "2210002053517"];
        assert_eq!([printed(1), printed(2)], amounts, "{name}");
        let is_set_by_hand = matches!(name, "cas-cl5000" | "mertech");
        assert_eq!(abilities.sums, name != "mertech", "{name}");

        for (value, expected) in [(BarcodeValue::Sum, sums), (BarcodeValue::Sum, sums), (BarcodeValue::Amount, amounts)]
        {
            let mut driver = driver_of(name, pair.scale.connector(pair.wire), value);
            driver.upload(&items).await.expect(name);
            let expected = if is_set_by_hand { amounts } else { expected };
            assert_eq!([printed(1), printed(2)], expected, "{name} {value:?}");
        }
    }
}

#[tokio::test]
async fn a_scale_that_was_set_to_sums_by_hand_prints_them() {
    let settings = LabelScaleSettings { barcode_value: BarcodeValue::Sum, ..settings(10) };
    let scale = LabelScaleHandle::new(LabelScaleKind::CasCl5000, settings);
    let mut driver = driver_of("cas-cl5000", scale.connector(Wire::Tcp), BarcodeValue::Sum);
    driver.upload(&goods(&*driver, 1)).await.expect("an upload");
    let label = scale.weigh(1, Quantity::from_thousandths(535)).expect("a label");
    assert_eq!(label.barcode, "2210001053518");
    let heavy = scale.weigh(1, Quantity::from_thousandths(10_000));
    assert_eq!(heavy, Err(NotWeighed::Quantity));
}

#[tokio::test]
async fn clock_and_keys_are_set() {
    let then = NaiveDate::from_ymd_opt(2026, 11, 23).and_then(|day| day.and_hms_opt(12, 30, 0)).expect("a time");
    for mut pair in pairs(4000) {
        let (name, abilities) = (pair.name, pair.driver.abilities());
        let set = pair.driver.set_time(then).await;
        if abilities.time {
            assert_eq!(set, Ok(()), "{name}");
            assert!((pair.scale.clock() - then).num_seconds().abs() < 20, "{name}");
            if let Some(shown) = pair.driver.status().await.expect(name).clock {
                assert!((shown - then).num_seconds().abs() < 20, "{name}");
            }
        } else {
            assert_eq!(set, Err(LabelScaleError::NotSupported), "{name}");
        }
        let set = pair.driver.set_hot_keys(&[(1, 5), (36, 7)]).await;
        if abilities.hot_keys_max > 0 {
            assert_eq!(set, Ok(()), "{name}");
            assert_eq!(pair.scale.hot_keys(), [(1, 5), (36, 7)], "{name}");
        } else {
            assert_eq!(set, Err(LabelScaleError::NotSupported), "{name}");
        }
    }
}

#[tokio::test]
async fn a_scale_at_whose_menu_somebody_works_is_busy() {
    let mut pair = pairs(4000).remove(0);
    let items = goods(&*pair.driver, 2);
    pair.driver.upload(&items[..1]).await.expect("an upload");
    pair.scale.set_busy(true);
    assert!(pair.driver.status().await.is_ok_and(|status| status.busy));
    assert_eq!(pair.driver.upload(&items).await, Err(Halted { done: 0, cause: LabelScaleError::Busy }));
    assert_eq!(pair.driver.clear().await, Err(LabelScaleError::Busy));
    pair.scale.set_busy(false);
    assert_eq!(pair.driver.upload(&items).await, Ok(2));
    pair.scale.select(Some(2));
    assert_eq!(pair.driver.upload(&items).await, Err(Halted { done: 1, cause: LabelScaleError::Busy }));
    assert_eq!(pair.driver.delete(&[2]).await, Err(Halted { done: 0, cause: LabelScaleError::Busy }));
    pair.scale.select(None);
    assert_eq!(pair.driver.delete(&[2]).await, Ok(1));
}

#[tokio::test]
async fn a_scale_whose_goods_were_broken_is_not_said_to_keep_them() {
    let mut pair = pairs(4000).into_iter().find(|pair| pair.name == "massak-vpm").expect("the protocol");
    let items = goods(&*pair.driver, 5);
    pair.driver.upload(&items[..3]).await.expect("an upload");
    // Another host begins a file and goes away.
    let mut half = Vec::new();
    massak_vpm::codec::encode(b"\x82\x01\x02\x00\x01\x00\x02\x00AB", &mut half);
    let mut port = (pair.scale.connector(Wire::Tcp))().await.expect("a port");
    port.write_all(&half).await.expect("the scale listens");
    port.read_u8().await.expect("an answer");
    let halted = pair.driver.upload(&items[3..]).await;
    assert!(matches!(&halted, Err(Halted { done: 0, cause: LabelScaleError::GoodsLost })), "{halted:?}");
    assert!(pair.driver.status().await.is_ok_and(|status| status.items == Some(0)));
    pair.driver.clear().await.expect("cleared");
    assert_eq!(pair.driver.upload(&items).await, Ok(5));
    assert_eq!(stored(&pair), kept(&*pair.driver, &items));
}

#[tokio::test]
async fn a_scale_is_told_what_to_do_in_words() {
    let mut pair = pairs(4000).remove(0);
    let items = goods(&*pair.driver, 5);
    pair.driver.upload(&items).await.expect("an upload");
    let tell = |word: &str, rest: &str| pair.scale.obey(word, rest).map(|said| said.map(|value| value.to_string()));
    let says = |word: &str, rest: &str, part: &str| tell(word, rest).expect(word).expect(word).contains(part);
    assert!(says("weigh", "3 0.535", "\"barcode\":\"2210003005355\""));
    assert!(says("weigh", "3 0.535", "<text"));
    assert!(pair.scale.picture().is_some_and(|picture| picture.contains(">OpenStore</text>")));
    assert!(says("labels", "", "\"sum\":\"53.52\""));
    assert!(says("totals", "", "\"plu\":3"));
    assert_eq!(tell("weigh", "9 1"), Some(Err("the scale has no PLU 9".into())));
    for fault in LabelScaleHandle::FAULTS {
        let value = match *fault {
            "slow" => " 250ms",
            "loses" => " 7",
            "refuse" => " 8D",
            _ => "",
        };
        let fault = format!("{fault}{value}");
        assert!(says("fault", &fault, "null"));
        assert_eq!(pair.scale.fault().to_string(), fault);
    }
    assert!(tell("fault", "overload").expect("a word").is_err_and(|problem| problem.contains("is not a fault")));
    assert_eq!(tell("dance", ""), None);
}

#[test]
fn articles_that_do_not_fit_are_refused_before_anything_is_sent() {
    for pair in pairs(4000) {
        let abilities = pair.driver.abilities();
        let fits = |change: &dyn Fn(&mut ScaleItem)| {
            let mut item = goods(&*pair.driver, 2).remove(1);
            change(&mut item);
            abilities.fits(&item)
        };
        assert_eq!(fits(&|_| {}), Ok(()), "{}", pair.name);
        let refused: &[&dyn Fn(&mut ScaleItem)] = &[
            &|item| item.plu = 0,
            &|item| item.plu = abilities.plu_max + 1,
            &|item| item.code = 0,
            &|item| item.code = abilities.code_max + 1,
            &|item| item.name = "  ".into(),
            &|item| item.name = "я".repeat(abilities.name_bytes_max + 1),
            &|item| item.text = "я".repeat(abilities.text_bytes_max + 1),
            &|item| item.price = abilities.price_max + Money::from_minor(1),
            &|item| item.price = Money::from_minor(-1),
            &|item| item.tare = abilities.tare_max + Quantity::from_thousandths(1),
            &|item| item.tare = Quantity::from_thousandths(-1),
        ];
        for (number, change) in refused.iter().enumerate() {
            assert!(fits(*change).is_err(), "{} {number}", pair.name);
        }
        if abilities.prefixes != PrefixRule::OfScale {
            assert!(fits(&|item| item.barcode_prefix = 100).is_err(), "{}", pair.name);
        }
    }
}

#[tokio::test]
async fn an_article_that_does_not_fit_stops_an_upload() {
    for mut pair in pairs(4000) {
        let mut items = goods(&*pair.driver, 5);
        items[3].price = Money::from_minor(-1);
        let halted = pair.driver.upload(&items).await;
        assert!(
            matches!(&halted, Err(Halted { done: 0, cause: LabelScaleError::Unfit { plu: 4, .. } })),
            "{}: {halted:?}",
            pair.name
        );
        assert_eq!(pair.scale.count(), 0, "{}", pair.name);
    }
}

#[test]
fn protocols_are_found_by_their_names() {
    for pair in pairs(10) {
        assert!(
            label_scale::find(pair.name)
                .is_some_and(|protocol| protocol.address.parse::<devices::port::PortAddress>().is_ok())
        );
    }
    assert!(label_scale::find("abacus").is_none());
}
