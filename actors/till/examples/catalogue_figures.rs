//! Figures of a till's catalogue: loads a file of barcodes and measures loading, opening, memory and look-ups.
//!
//! `cargo run --release -p till --example catalogue_figures -- FILE.tsv[.zst]`, with the columns barcode and name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use domain::ids::ItemCode;
use domain::money::Money;
use domain::vat::VatRate;
use link::datasets::{Change, DatasetSink};
use messages::codec::to_body;
use messages::v1::catalogue::{ITEMS, Item, Unit};
use till::catalogue::{Catalogue, Found};

/// Rows of one delivery of a first load, as the link sends them.
const DELIVERY_ROWS: usize = 2_000;
const LOOK_UPS: u64 = 100_000;
const NAME_SEARCHES: u64 = 200;
/// Every so many look-ups one is for a barcode that nobody has.
const UNKNOWN_EVERY: u64 = 5;
const PRICE_CHANGES: usize = 10_000;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("give the path of a file with the columns barcode and name, separated by tabs, plain or .zst");
        return ExitCode::from(2);
    };
    if !Path::new(&path).is_file() {
        eprintln!("there is no file {path}: nothing was measured");
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measure(Path::new(&path)))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(source: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("catalogue.sqlite");
    let catalogue = Catalogue::open(&file).await?;
    let sink = catalogue.sink();

    let mut barcodes: Vec<u64> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut delivery = Vec::with_capacity(DELIVERY_ROWS);
    let mut loading = Duration::ZERO;
    for (line, version) in lines(source)?.skip(1).zip(1_u64..) {
        let line = line?;
        let mut columns = line.split('\t');
        let (Some(barcode), Some(name)) = (columns.next(), columns.next()) else { continue };
        barcodes.push(barcode.parse()?);
        if version % 5_000 == 0 {
            names.push(name.to_owned());
        }
        let item = item(version, barcode, name, price(version));
        delivery.push(Change { key: item.code.0.clone(), version, deleted: false, body: to_body(&item) });
        if delivery.len() == DELIVERY_ROWS {
            let began = Instant::now();
            sink.keep(ITEMS, std::mem::take(&mut delivery), version).await?;
            loading += began.elapsed();
        }
    }
    let head = barcodes.len() as u64;
    let began = Instant::now();
    sink.keep(ITEMS, delivery, head).await?;
    loading += began.elapsed();
    let memory_after_load = memory_kib("VmHWM");
    catalogue.close().await?;
    println!("barcodes             {head}");
    println!("first load           {:.1} s in deliveries of {DELIVERY_ROWS}", loading.as_secs_f64());
    println!("file                 {:.1} MB", std::fs::metadata(&file)?.len() as f64 / 1e6);
    println!("memory after load    {:.1} MB at most", memory_after_load / 1e3);

    let began = Instant::now();
    let catalogue = Catalogue::open(&file).await?;
    println!("open                 {:.1} ms", began.elapsed().as_secs_f64() * 1e3);

    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let mut random = Random(head);
    for n in 0..LOOK_UPS {
        let barcode = barcodes[usize::try_from(random.next() % head)?];
        let nobody = n % UNKNOWN_EVERY == 0;
        let scanned = if nobody { nobodys(barcode) } else { format!("]E0{barcode:013}\r") };
        let began = Instant::now();
        let found = catalogue.find(&scanned).await?;
        let took = began.elapsed();
        match found {
            Found::Item(_) if !nobody => known.push(took),
            Found::Unknown if nobody => unknown.push(took),
            other => return Err(format!("{scanned} was found as {other:?}").into()),
        }
    }
    percentiles("look-up, known", &mut known);
    percentiles("look-up, unknown", &mut unknown);

    let mut by_name = Vec::new();
    for _ in 0..NAME_SEARCHES {
        let name = &names[usize::try_from(random.next() % names.len() as u64)?];
        let words: Vec<&str> = name.split(' ').filter(|word| word.chars().count() > 2).take(2).collect();
        let began = Instant::now();
        catalogue.by_name(&words.join(" "), 20).await?;
        by_name.push(began.elapsed());
    }
    percentiles("by two words of a name", &mut by_name);

    let delta = (0..PRICE_CHANGES).map(|n| {
        let number = 1 + random.next() % head;
        let barcode = format!("{:013}", barcodes[usize::try_from(number - 1).unwrap_or(0)]);
        let item = item(number, &barcode, "Changed", price(number + 1));
        Change { key: item.code.0.clone(), version: head + 1 + n as u64, deleted: false, body: to_body(&item) }
    });
    let delta: Vec<Change> = delta.collect();
    let sink = catalogue.sink();
    let upto = head + PRICE_CHANGES as u64;
    let changing = async {
        let began = Instant::now();
        sink.keep(ITEMS, delta, upto).await.map(|()| began.elapsed())
    };
    let mut meanwhile = Vec::new();
    let selling = async {
        while catalogue.version() < upto {
            let barcode = barcodes[usize::try_from(random.next() % head).unwrap_or(0)];
            let began = Instant::now();
            catalogue.find(&format!("{barcode:013}")).await?;
            meanwhile.push(began.elapsed());
        }
        Ok(())
    };
    let (took, ()) = futures_util::future::try_join(changing, selling).await?;
    println!("{PRICE_CHANGES} changes        {:.2} s", took.as_secs_f64());
    percentiles("look-up meanwhile", &mut meanwhile);
    println!("memory               {:.1} MB now", memory_kib("VmRSS") / 1e3);
    Ok(())
}

fn lines(source: &Path) -> std::io::Result<impl Iterator<Item = std::io::Result<String>>> {
    let file = File::open(source)?;
    let bytes: Box<dyn Read> = if source.extension().is_some_and(|extension| extension == "zst") {
        Box::new(zstd::Decoder::new(file)?)
    } else {
        Box::new(file)
    };
    Ok(BufReader::new(bytes).lines())
}

/// Codes in another order than the barcodes, as a back-office has them.
fn code(number: u64) -> String {
    format!("{:08}", number * 48_271 % 99_999_989)
}

fn price(number: u64) -> Money {
    Money::from_minor(i64::try_from(990 + number % 9_973 * 10).unwrap_or(990))
}

fn item(number: u64, barcode: &str, name: &str, price: Money) -> Item {
    Item {
        code: ItemCode(code(number)),
        name: name.to_owned(),
        price,
        vat: VatRate::percent(22),
        unit: Unit::Piece,
        barcodes: vec![barcode.to_owned()],
        plu: None,
        group: None,
        marked: false,
        min_age: None,
        discountable: true,
    }
}

/// A barcode with a right check digit from a range that the file does not have.
fn nobodys(barcode: u64) -> String {
    let payload = format!("99{:010}", barcode / 10 % 10_000_000_000);
    let check = domain::barcode::expected_check_digit(&format!("{payload}0")).unwrap_or('0');
    format!("{payload}{check}")
}

fn percentiles(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |per_mille: usize| times.get(times.len() * per_mille / 1000).or(times.last()).copied().unwrap_or_default();
    println!(
        "{what:<24} {} times: p50 {:.3} ms, p99 {:.3} ms, longest {:.3} ms",
        times.len(),
        at(500).as_secs_f64() * 1e3,
        at(990).as_secs_f64() * 1e3,
        at(1000).as_secs_f64() * 1e3,
    );
}

/// A number of `/proc/self/status`, in KiB; zero where there is no such file.
fn memory_kib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0.0)
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}
