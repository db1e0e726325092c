//! Keepers and simulated scales: loaded, kept right, broken on purpose, killed.

use std::time::Duration;

use devices::sim::fault::Fault;
use domain::barcode::in_store::InStoreRules;
use domain::quantity::Quantity;
use messages::v1::catalogue::BarcodeKind;
use messages::v1::scales::{LabelValue, ScaleDepartment, Scales};
use runtime::node::Node;
use scales::requests::{Command, ReadBack, ShowShelf};
use scales::view::Phase;

use super::counter::{Counter, PROTOCOLS, Place, all_priced, goods, is_equal, item, place, priced, prices, rule};

fn run(work: impl Future<Output = ()>) {
    runtime::system::run(work);
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn every_protocol_is_loaded_changed_and_emptied() {
    run(async {
        let folder = folder();
        let places: Vec<Place> = PROTOCOLS.iter().enumerate().map(|(index, (name, ..))| place(name, index)).collect();
        // Another program had put other goods there.
        for Place { device, settings } in &places {
            let mut other = (settings.protocol.driver)(settings.connector.clone(), Default::default());
            let stranger = scales::plan::wanted(&priced(1, 300, 5), &ScaleDepartment::default(), &other.abilities());
            other.upload(&[stranger.items[&300].item.clone()]).await.expect("it is written");
            assert_eq!(device.count(), 1, "{}", settings.name);
        }
        let counter = Counter::open(&folder, &places, priced(1, 120, 1_000)).await;
        counter.all_equal(1).await;
        for Place { device, settings } in &places {
            assert_eq!(prices(device), all_priced(120, 1_000), "{}", settings.name);
        }
        // One leaves, one is new, one price changes.
        let changed = (2..=121).map(|number| item(number, if number == 7 { 990 } else { 1_000 }));
        counter.goods.send_replace(goods(2, changed).into());
        counter.all_equal(2).await;
        for Place { device, settings } in &places {
            let there = prices(device);
            assert_eq!((there.len(), there[0], there[5]), (120, (2, 1_000), (7, 990)), "{}", settings.name);
            let label = device.weigh(7, Quantity::from_thousandths(1_250)).expect("a label");
            assert_eq!(label.sum.minor(), 1_238, "1.250 kg at 9.90, {}", settings.name);
        }
        for Place { device, settings } in &places {
            counter.act(&settings.name, Command::Clear).await;
            counter.until("emptied", |views| views[&settings.name].phase == Phase::Paused && device.count() == 0).await;
        }
        counter.goods.send_replace(priced(3, 10, 500).into());
        counter.act("mertech", Command::Load).await;
        counter.until("loaded", |views| is_equal(&views["mertech"], 3)).await;
        assert_eq!(places[0].device.count(), 0, "the others stay empty until they are loaded");
        counter.node.shutdown().await;
    });
}

#[test]
fn what_a_person_changed_at_the_scale_is_found_and_mended() {
    run(async {
        let folder = folder();
        let places = [place("counter", 0)];
        let counter = Counter::open(&folder, &places, priced(1, 20, 1_000)).await;
        counter.all_equal(1).await;
        // Another program writes to the scale past us.
        let mut other = (places[0].settings.protocol.driver)(places[0].settings.connector.clone(), Default::default());
        let mut cheaper = places[0].device.items()[4].clone();
        cheaper.price = domain::money::Money::from_minor(1);
        other.upload(&[cheaper]).await.expect("it is written");
        let found = counter.refs["counter"].read_back.ask(ReadBack { plu: 5 }).await.expect("it listens");
        let found = found.expect("it answers").found.expect("it is there");
        assert_eq!(found.price.minor(), 1);
        counter.act("counter", Command::Check).await;
        counter.until("mended", |views| !views["counter"].differences.is_empty()).await;
        counter.all_equal(1).await;
        assert_eq!(counter.board.now()["counter"].differences, ["PLU 5: price 0.01, 10.00 is wanted"]);
        assert_eq!(prices(&places[0].device), all_priced(20, 1_000));
        counter.node.shutdown().await;
    });
}

/// Forty scales; ten of them are broken in three ways.
#[test]
fn broken_scales_delay_no_other_and_catch_up_by_themselves() {
    const GOODS: u32 = 60;
    run(async {
        let folder = folder();
        let places: Vec<Place> =
            (0..40).map(|number| place(&format!("scale-{number:02}"), number % PROTOCOLS.len())).collect();
        let counter = Counter::open(&folder, &places, priced(1, GOODS, 1_000)).await;
        counter.all_equal(1).await;
        let faults = [Fault::Offline, Fault::Slow(Duration::from_millis(100)), Fault::Garbage];
        let broken = |number: usize| match number {
            0..5 => Some(faults[0]),
            5..8 => Some(faults[1]),
            8..10 => Some(faults[2]),
            _ => None,
        };
        for (number, Place { device, .. }) in places.iter().enumerate() {
            device.set_fault(broken(number).unwrap_or_default());
        }
        counter.goods.send_replace(priced(2, GOODS, 1_100).into());
        counter.until("thirty", |views| views.values().skip(10).all(|view| is_equal(view, 2))).await;
        for (number, Place { device, .. }) in places.iter().enumerate().take(10) {
            // A slow one that takes its goods in one file may be done as well.
            if !matches!(broken(number), Some(Fault::Slow(_))) {
                let view = &counter.board.now()[&format!("scale-{number:02}")];
                assert!(!is_equal(view, 2), "{number} is not done: {view:?}");
                assert!(device.items().iter().any(|item| item.price.minor() == 1_000), "{number}");
            }
            device.set_fault(Fault::None);
        }
        counter.all_equal(2).await;
        for Place { device, settings } in &places {
            assert_eq!(prices(device), all_priced(GOODS, 1_100), "{}", settings.name);
        }
        counter.node.shutdown().await;
    });
}

/// The keepers end wherever they are, as they do when the process dies: the actor system goes without a word.
#[test]
fn a_death_in_the_middle_changes_nothing() {
    const GOODS: u32 = 300;
    let folder = folder();
    let places: Vec<Place> = PROTOCOLS.iter().enumerate().map(|(index, (name, ..))| place(name, index)).collect();
    for Place { device, .. } in &places {
        device.set_fault(Fault::Slow(Duration::from_millis(2)));
    }
    for round in 0..3_u64 {
        run(async {
            let counter = Counter::open(&folder, &places, priced(round + 1, GOODS, 1_000 + round as i64)).await;
            counter.until("begun", |views| views.values().all(|view| view.written > 0)).await;
            drop::<Node>(counter.node);
        });
    }
    run(async {
        let counter = Counter::open(&folder, &places, priced(9, GOODS, 1_000)).await;
        counter.all_equal(9).await;
        for Place { device, settings } in &places {
            assert_eq!(prices(device), all_priced(GOODS, 1_000), "{}", settings.name);
        }
        let written: u64 = counter.board.now().values().map(|view| view.written).sum();
        assert!(written > 0);
        counter.node.shutdown().await;
    });
    run(async {
        let counter = Counter::open(&folder, &places, priced(9, GOODS, 1_000)).await;
        counter.all_equal(9).await;
        let written: u64 = counter.board.now().values().map(|view| view.written).sum();
        assert_eq!(written, 0, "what lies there already is not sent again after a restart");
        counter.node.shutdown().await;
    });
}

#[test]
fn a_full_memory_is_told_and_a_scale_without_a_plan_is_left_alone() {
    run(async {
        let folder = folder();
        let places = [place("full", 0), place("other", 2)];
        let mut other = places[1].settings.clone();
        other.department = "bakery".to_owned();
        let places = [
            Place { device: places[0].device.clone(), settings: places[0].settings.clone() },
            Place { device: places[1].device.clone(), settings: other },
        ];
        places[0].device.set_fault(Fault::MemoryFull);
        let mut with_plan = priced(1, 30, 1_000);
        with_plan.plan = Scales { departments: vec![ScaleDepartment::default()] };
        let counter = Counter::open(&folder, &places, with_plan).await;
        counter.until("told", |views| views["full"].set_aside == 30).await;
        let shelf = counter.refs["full"].shelf.ask(ShowShelf).await.expect("it listens");
        assert_eq!(shelf.set_aside[0].2, "the memory of the scale is full: take goods off it");
        assert_eq!(counter.board.now()["full"].version, 0, "it is not taken for right");
        counter.until("left alone", |views| views["other"].phase == Phase::NoPlan).await;
        assert!(counter.refs["other"].shelf.ask(ShowShelf).await.expect("it listens").wanted.is_none());
        places[0].device.set_fault(Fault::None);
        counter.act("full", Command::Load).await;
        counter.until("loaded", |views| is_equal(&views["full"], 1)).await;
        counter.node.shutdown().await;
    });
}

#[test]
fn labels_end_with_a_sum_as_soon_as_the_plan_says_so() {
    run(async {
        let folder = folder();
        let places = [place("shtrih", 0), place("massa", 2)];
        let counter = Counter::open(&folder, &places, priced(1, 10, 74_900)).await;
        counter.all_equal(1).await;
        let barcodes = || {
            places
                .each_ref()
                .map(|place| place.device.weigh(5, Quantity::from_thousandths(475)).expect("a label").barcode)
        };
        assert_eq!(barcodes(), ["2200005004753", "2200005004753"]);
        let mut sums = priced(2, 10, 74_900);
        let mut rule = rule("22", BarcodeKind::Price);
        rule.decimals = 2;
        sums.rules = InStoreRules::new(vec![rule.checked().expect("it makes sense")]);
        let department = ScaleDepartment { value: LabelValue::Sum, ..ScaleDepartment::default() };
        sums.plan = Scales { departments: vec![department] };
        counter.goods.send_replace(sums.into());
        counter.all_equal(2).await;
        assert_eq!(barcodes(), ["2200005355787", "2200005355787"]);
        counter.node.shutdown().await;
    });
}
