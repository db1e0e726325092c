//! How fast prices reach scales, beside the line that carries them: `cargo bench -p scales`.
//!
//! Lines are simulated: every answer comes after [`ANSWERS_AFTER`], as from a scale on a shop's network. The limit is the bare
//! driver alone on such a line, measured in the same run. Then a shop of forty scales, of which ten are broken, is given ten
//! thousand changed prices in five documents.

#[path = "../tests/scales/counter.rs"]
#[allow(dead_code)]
mod counter;

use std::time::{Duration, Instant};

use counter::{Counter, PATIENCE, Place, all_priced, is_equal, place, priced, prices};
use devices::label_scale::LabelScaleSetup;
use devices::sim::fault::Fault;
use scales::plan;

const GOODS: u32 = 2_000;
const SCALES: usize = 40;
const BROKEN: usize = 10;
/// Documents of changed prices, one after another: ten thousand prices.
const DOCUMENTS: u64 = 5;
const ANSWERS_AFTER: Duration = Duration::from_millis(5);
/// Protocols that send one article at a time.
const SHTRIH_PRINT: usize = 0;
const CAS: usize = 4;

fn main() {
    println!("{:50}{:>12}{:>22}", "figure", "seconds", "articles/s a scale");
    for (protocol, name) in [(SHTRIH_PRINT, "Shtrih-Print"), (CAS, "CAS CL5000")] {
        let bare = runtime::system::run(bare(protocol));
        row(&format!("{name}: the bare driver on a line of its own"), bare, 1);
        let alone = runtime::system::run(loaded(&[one(0, protocol)]));
        row(&format!("{name}: its keeper, written down, read back"), alone, 1);
        println!("    ratio {:.2}", alone.as_secs_f64() / bare.as_secs_f64());
    }
    runtime::system::run(shop());
}

fn row(what: &str, took: Duration, documents: u64) {
    let rate = f64::from(GOODS) * documents as f64 / took.as_secs_f64();
    println!("{what:50}{:>12.1}{rate:>22.0}", took.as_secs_f64());
}

fn one(number: usize, protocol: usize) -> Place {
    let place = place(&format!("scale-{number:02}"), protocol);
    place.device.set_fault(Fault::Slow(ANSWERS_AFTER));
    place
}

/// The limit: what the protocol lets a line carry.
async fn bare(protocol: usize) -> Duration {
    let Place { device, settings } = one(0, protocol);
    let mut driver = (settings.protocol.driver)(settings.connector.clone(), LabelScaleSetup::default());
    let goods = priced(1, GOODS, 1_000);
    let wanted = plan::wanted(&goods, &goods.department("").expect("a plan"), &driver.abilities());
    let items: Vec<_> = wanted.items.into_values().map(|article| article.item).collect();
    let began = Instant::now();
    driver.upload(&items).await.expect("they are taken");
    let took = began.elapsed();
    assert_eq!(device.count(), GOODS as usize);
    took
}

/// How long until the scales have every article.
async fn loaded(places: &[Place]) -> Duration {
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let counter = Counter::open(&folder, places, priced(1, GOODS, 1_000)).await;
    counter.until("written", |views| views.values().all(|view| view.version == 1)).await;
    let took = began.elapsed();
    counter.all_equal(1).await;
    counter.node.shutdown().await;
    took
}

/// Forty scales, ten of them broken in three ways; five documents of two thousand prices.
async fn shop() {
    let folder = tempfile::tempdir().expect("a folder");
    let places: Vec<Place> = (0..SCALES).map(|number| one(number, SHTRIH_PRINT)).collect();
    let counter = Counter::open(&folder, &places, priced(1, GOODS, 1_000)).await;
    counter.all_equal(1).await;
    for (number, Place { device, .. }) in places.iter().enumerate().take(BROKEN) {
        device.set_fault(match number {
            0..5 => Fault::Offline,
            5..8 => Fault::Slow(ANSWERS_AFTER * 20),
            _ => Fault::Garbage,
        });
    }
    let began = Instant::now();
    for document in 1..=DOCUMENTS {
        let version = 1 + document;
        counter.goods.send_replace(priced(version, GOODS, 1_000 + version as i64).into());
        counter.until("thirty", |views| views.values().skip(BROKEN).all(|view| view.version >= version)).await;
    }
    let thirty = began.elapsed();
    let late = counter.board.now().values().take(BROKEN).filter(|view| !is_equal(view, 1 + DOCUMENTS)).count();
    row("30 of 40 Shtrih-Print, 5 documents", thirty, DOCUMENTS);
    println!("    {late} of the {BROKEN} broken ones were not done then");

    let began = Instant::now();
    for Place { device, .. } in places.iter().take(BROKEN) {
        device.set_fault(Fault::Slow(ANSWERS_AFTER));
    }
    counter.all_equal(1 + DOCUMENTS).await;
    row("the other 10, by themselves, once mended", began.elapsed(), 1);
    let last = 1_000 + 1 + DOCUMENTS as i64;
    assert!(places.iter().all(|place| prices(&place.device) == all_priced(GOODS, last)), "every price is right");
    counter.node.shutdown().await;
    assert!(thirty < PATIENCE * 10);
}
