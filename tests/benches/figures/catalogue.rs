//! The till's catalogue: loading, opening, memory and look-ups, beside a bare prepared SELECT by key on the same file.
//!
//! 100,000 made items always; a file of real barcodes too, if the variable `OPENSTORE_BARCODES` names one (columns barcode
//! and name, separated by tabs, with a header line; plain or .zst).

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Instant;

use migrations::CatalogueMigrator;
use migrations::database::Database;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, Statement};
use till::catalogue::{Catalogue, Found};

use crate::counter::{barcode, item, load, name};
use crate::table::{Table, Times, memory_mb, ms, rate};

const MADE: u64 = 100_000;
const LOOK_UPS: usize = 20_000;
const SEARCHES: usize = 500;
/// Goods that a search shows.
const SHOWN: usize = 30;
const BARCODES: &str = "OPENSTORE_BARCODES";

pub(crate) async fn measure(table: &mut Table) {
    let made: Vec<(String, String)> = (1..=MADE).map(|number| (barcode(number), name(number))).collect();
    figures(table, "made items", made).await;
    match std::env::var_os(BARCODES) {
        None => table.note(format!("{BARCODES} names no file of barcodes: real ones were not measured")),
        Some(file) => match lines(Path::new(&file)) {
            Err(error) => table.note(format!("{BARCODES}: {}: {error}: nothing was measured", file.to_string_lossy())),
            Ok(goods) => figures(table, "real items", goods).await,
        },
    }
}

async fn figures(table: &mut Table, what: &str, goods: Vec<(String, String)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("catalogue.sqlite");
    let count = goods.len() as u64;
    let catalogue = Catalogue::open(&file).await.expect("a catalogue");
    let items = (1_u64..).zip(&goods).map(|(number, (barcode, name))| item(number, barcode.clone(), name.clone()));
    let loading = load(&catalogue, items).await;
    catalogue.close().await.expect("closed");

    let memory_before = memory_mb("VmRSS");
    let began = Instant::now();
    let catalogue = Catalogue::open(&file).await.expect("a catalogue");
    let opening = began.elapsed();
    let database = Database::open_sqlite::<CatalogueMigrator>(&file).await.expect("a database");
    let (mut found, mut bare) = (Times::default(), Times::default());
    let mut random = StdRng::seed_from_u64(1);
    let select_one = async |id: i64| {
        let select = "SELECT body FROM item WHERE id = $1";
        let select = Statement::from_sql_and_values(database.reader.get_database_backend(), select, [id.into()]);
        let began = Instant::now();
        let row = database.reader.query_one_raw(select).await.expect("an answer").expect("a row");
        let body: Vec<u8> = row.try_get_by_index(0).expect("bytes");
        (began.elapsed(), body.len())
    };
    for _ in 0..LOOK_UPS {
        let at = random.random_range(0..goods.len());
        let scanned = &goods[at].0;
        let began = Instant::now();
        let answer = catalogue.find(scanned).await.expect("an answer");
        found.add(began.elapsed());
        assert!(matches!(answer, Found::Item(_)), "{scanned} was found as {answer:?}");
        let id = i64::try_from(random.random_range(1..=count)).expect("small");
        bare.add(select_one(id).await.0);
    }
    let mut typed = Times::default();
    for _ in 0..SEARCHES {
        let (barcode, name) = &goods[random.random_range(0..goods.len())];
        let whole = if random.random_bool(0.5) { barcode } else { name };
        let text: String = whole.chars().take(random.random_range(2..=9)).collect();
        let began = Instant::now();
        catalogue.search(&text, SHOWN).await.expect("an answer");
        typed.add(began.elapsed());
    }
    let memory = memory_mb("VmRSS");
    table.row(
        &format!("catalogue: {count} {what}"),
        format!("{:.3} ms a look-up", ms(found.median())),
        format!("a bare SELECT by key: {:.3} ms", ms(bare.median())),
        found.median().as_secs_f64() / bare.median().as_secs_f64(),
    );
    table.note(format!("look-up: {}; bare SELECT: {}", found.spread(), bare.spread()));
    table.note(format!("search by the first 2 to 9 letters of a name or digits of a code: {}", typed.spread()));
    table.note(format!(
        "loaded in {:.1} s ({:.0} rows/s), file {:.0} MB, opened in {:.1} ms; memory of the process {memory:.0} MB, {memory_before:.0} MB before it was opened",
        loading.as_secs_f64(),
        rate(count, loading),
        std::fs::metadata(&file).map_or(0.0, |file| file.len() as f64 / 1e6),
        ms(opening),
    ));
    database.close().await.expect("closed");
    catalogue.close().await.expect("closed");
}

fn lines(file: &Path) -> std::io::Result<Vec<(String, String)>> {
    let open = File::open(file)?;
    let bytes: Box<dyn Read> = if file.extension().is_some_and(|extension| extension == "zst") {
        Box::new(zstd::Decoder::new(open)?)
    } else {
        Box::new(open)
    };
    let mut goods = Vec::new();
    for line in BufReader::new(bytes).lines().skip(1) {
        let line = line?;
        let mut columns = line.split('\t');
        if let (Some(barcode), Some(name)) = (columns.next(), columns.next()) {
            goods.push((format!("{barcode:0>13}"), name.to_owned()));
        }
    }
    Ok(goods)
}
