//! Days of trade from till to head office: what HQ reports equals what was sold, to the penny, in fine weather and with
//! links cut for days and nodes killed all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::sandbox::trade::{self, Totals, Weather};
use crate::sandbox::{in_system, numbered_without_a_gap, run, sales};

#[test]
fn made_up_days_are_reported_to_the_penny() {
    days(1, Weather::Fine);
}

#[test]
fn days_with_cut_links_and_killed_nodes_are_reported_to_the_penny() {
    days(2, Weather::Storm);
}

fn days(seed: u64, weather: Weather) {
    let trade = trade::make(seed, 3, 6, 30, weather);
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (summary, _, mut runner) = run(data.path(), &trade.script).await;
        assert!(summary.all_met(), "seed {seed}: {summary:?}");
        for (by, expected) in &trade.expected {
            assert_eq!(&sales(runner.chain(), by).await, expected, "seed {seed}: sales by {by}");
        }
        assert_eq!(numbered_without_a_gap(runner.chain()).await, trade.receipts, "seed {seed}");
        runner.into_chain().stop().await;
    });
}

/// 11,665 real receipts of 37 shops; each store's links cut for ten days, its server killed, and the head office killed.
#[test]
fn real_receipts_are_reported_to_the_penny_through_a_storm() {
    let Some(folder) = real_data() else { return };
    let script = storm(&real_script(&folder), 3);
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (summary, results, mut runner) = run(data.path(), &script).await;
        assert!(summary.all_met(), "{summary:?}");
        let closed = results.iter().filter(|result| result["over_short"] == "0.00").count();
        assert_eq!(closed, 873, "shifts that were closed with nothing over or short");
        for by in ["day", "store", "product", "hour"] {
            let expected = reference(&folder.join(format!("reference/per_{by}.csv")));
            assert_eq!(sales(runner.chain(), by).await, expected, "sales by {by}");
        }
        assert_eq!(numbered_without_a_gap(runner.chain()).await, 11_665);
        runner.into_chain().stop().await;
    });
}

/// The folder of the real data, which is not part of the project.
fn real_data() -> Option<PathBuf> {
    let shared = std::env::var_os("OPENSTORE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let folder = shared.join("data/online_retail");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("THE REAL RECEIPTS ARE ABSENT ({}): this test checked nothing", folder.display());
    None
}

fn real_script(folder: &Path) -> Vec<String> {
    let unpack =
        Command::new("zstd").arg("-dc").arg(folder.join("online_retail.csv.zst")).stdout(Stdio::piped()).spawn();
    let unpacked = unpack.expect("zstd runs").stdout.expect("its output is taken");
    let tool = folder.join("../../tools/online_retail_to_script.py");
    let made = Command::new("python3").arg(tool).stdin(unpacked).output().expect("python3 runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("the script is UTF-8").lines().map(str::to_owned).collect()
}

/// Weave faults into a script: in the middle every store's links are cut for ten days; stores and HQ die twenty times each.
fn storm(lines: &[String], seed: u64) -> String {
    const CUT_FROM: &str = "2011-03-10";
    const CUT_UNTIL: &str = "2011-03-20";
    const DEATHS: usize = 20;
    let mut random = StdRng::seed_from_u64(seed);
    let mut pick = |count: usize| -> Vec<usize> { (0..count).map(|_| random.random_range(0..lines.len())).collect() };
    let (store_dies, hq_dies) = (pick(DEATHS), pick(DEATHS));
    let mut cut = BTreeSet::new();
    let mut script = String::new();
    for (n, line) in lines.iter().enumerate() {
        let operation: Value = serde_json::from_str(line).expect("a line of the script is JSON");
        let (store, at) =
            (operation["store"].as_str().unwrap_or_default(), operation["at"].as_str().unwrap_or_default());
        let mut say = |mut act: Value| {
            act["store"] = json!(store);
            act["at"] = json!(at);
            writeln!(script, "{act}").expect("a string takes any text");
        };
        let in_the_cut = (CUT_FROM..CUT_UNTIL).contains(&&at[..10]);
        if cut.contains(store) != in_the_cut {
            if in_the_cut {
                cut.insert(store.to_owned())
            } else {
                cut.remove(store)
            };
            say(json!({"do": "link", "between": ["till", "store"], "up": !in_the_cut}));
            say(json!({"do": "link", "between": ["store", "hq"], "up": !in_the_cut}));
        }
        if store_dies.contains(&n) {
            say(json!({"do": "crash", "node": "store"}));
        }
        if hq_dies.contains(&n) {
            say(json!({"do": "crash", "node": "hq"}));
        }
        writeln!(script, "{line}").expect("a string takes any text");
    }
    // A store that did not trade after the cut is linked again at the end.
    for store in &cut {
        for between in [["till", "store"], ["store", "hq"]] {
            let act = json!({"do": "link", "between": between, "up": true, "store": store});
            writeln!(script, "{act}").expect("a string takes any text");
        }
    }
    script
}

fn reference(file: &Path) -> BTreeMap<String, Totals> {
    let mut rows = csv::Reader::from_path(file).expect("the reference is there");
    let number = |text: &str| text.parse::<Decimal>().expect("a number");
    let row = |row: csv::StringRecord| {
        let totals = Totals {
            count: row[1].parse().expect("a count"),
            sales: number(&row[2]),
            returns: number(&row[3]),
            vat: number(&row[5]),
        };
        (row[0].to_owned(), totals)
    };
    rows.records().map(|record| row(record.expect("a row"))).collect()
}
