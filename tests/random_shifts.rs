//! Random shifts: sales, returns, voids, discounts, customers, parked receipts, mixed tenders, dying tills, devices that
//! fail and lines that are cut. Afterwards the journal, the shifts' totals, the fiscal devices, the terminals, the store
//! and the head office say the same, to the penny, by tender and by VAT rate.
//!
//! A failure names its seed; `OPENSTORE_SHIFTS_SEED` runs that one alone.

mod accounts;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use devices::sim::shtrih::{Operation as Done, StoredDocument, StoredKind};
use devices::terminal::TerminalOperation;
use domain::ids::{StoreId, TillId};
use domain::money::Money;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::{ReceiptKind, TenderType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use store_node::chain::{Chain, ChainOptions};
use store_node::replay::runner::{Runner, SETTLE_DEADLINE};
use till::records;

use crate::sandbox::{FIXTURE, in_system, parse};

/// Tills of the store, shifts of each, and what is done in a shift.
const TILLS: u32 = 3;
const SHIFTS: u32 = 100;
const STEPS: u32 = 12;
const SEED: u64 = 20_261_126;
const CODES: [&str; 8] = [
    "4600000000015",
    "4600000000022",
    "4600000000039",
    "4600000000046",
    "4600000000077",
    "2200123012500",
    "2400456356122",
    "4600000000114",
];

/// What is sold and given back, by tender and by rate, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    sales: i64,
    returns: i64,
    tenders: BTreeMap<String, i64>,
    /// Turnover, net of returns.
    rates: BTreeMap<String, i64>,
    vat: BTreeMap<String, i64>,
}

impl Sums {
    fn add(&mut self, totals: &ShiftTotals) {
        self.sales += totals.sales.minor();
        self.returns += totals.returns.minor();
        for tender in &totals.tenders {
            *self.tenders.entry(word(tender.tender)).or_default() += (tender.sales - tender.returns).minor();
        }
        for rate in &totals.vat {
            *self.rates.entry(rate.rate.to_string()).or_default() += (rate.sales - rate.returns).minor();
            *self.vat.entry(rate.rate.to_string()).or_default() += (rate.sales_vat - rate.returns_vat).minor();
        }
    }

    fn tidy(mut self) -> Sums {
        for sums in [&mut self.tenders, &mut self.rates, &mut self.vat] {
            sums.retain(|_, sum| *sum != 0);
        }
        self
    }
}

fn word(tender: TenderType) -> String {
    json!(tender).as_str().expect("a word").to_owned()
}

/// A till's life under one seed.
struct Player {
    random: StdRng,
    till: u32,
    /// Sales that may come back, by the id of their operation.
    sold: Vec<String>,
    n: u32,
    line_up: bool,
}

impl Player {
    fn chance(&mut self, in_hundred: u32) -> bool {
        self.random.random_ratio(in_hundred, 100)
    }

    /// One thing that a cashier, a device or a cable does.
    fn step(&mut self, due: Money) -> Value {
        self.n += 1;
        let till = self.till;
        let mut operation = match self.random.random_range(0..100) {
            0..38 => {
                let code = CODES[self.random.random_range(0..CODES.len())];
                json!({"do": "scan", "data": code})
            }
            38..42 => json!({"do": "repeat"}),
            42..47 => json!({"do": "void", "line": self.random.random_range(1..4)}),
            47..50 => json!({"do": "quantity", "line": self.random.random_range(1..4), "quantity": "2"}),
            50..53 => json!({"do": "discount", "percent": "3", "reason": "random"}),
            53..56 => {
                json!({"do": "discount", "line": self.random.random_range(1..3), "amount": "1.11", "reason": "random"})
            }
            56..58 => accounts::card(&mut self.random),
            58..60 => json!({"do": "park", "name": "random"}),
            60..63 => json!({"do": "recall"}),
            63..65 => json!({"do": "cancel"}),
            65..68 => {
                let faults = ["declined", "no_answer", "no_answer_after_commit", "none"];
                let fault = faults[self.random.random_range(0..faults.len())];
                json!({"do": "device", "device": "terminal", "fault": fault})
            }
            68..70 => {
                let fault = if self.chance(50) { "no_answer_after_commit" } else { "none" };
                json!({"do": "device", "device": "fiscal", "fault": fault})
            }
            70..72 => json!({"do": "crash", "node": "till"}),
            72..75 => {
                let steps = [
                    "paying",
                    "paid",
                    "fiscalising",
                    "registered",
                    "closed",
                    "terminalasked",
                    "terminalanswered",
                    "accountanswered",
                ];
                json!({"do": "crash", "node": "till", "when": steps[self.random.random_range(0..steps.len())]})
            }
            75..77 => {
                self.line_up = !self.line_up;
                json!({"do": "link", "between": ["till", "store"], "up": self.line_up})
            }
            77..82 if !self.sold.is_empty() => {
                let of = self.sold[self.random.random_range(0..self.sold.len())].clone();
                let tender = if self.chance(50) { "cash" } else { "card" };
                json!({"do": "return", "of": format!("@{of}"), "lines": [{"line": 1, "quantity": "1"}], "tender": tender})
            }
            82..85 => accounts::burn(&mut self.random),
            85..88 => accounts::pay(&mut self.random, due),
            _ => {
                let part = Money::from_minor(due.minor() / 2);
                let (tender, amount) = match self.random.random_range(0..5) {
                    0 | 1 => ("cash", due + Money::from_minor(self.random.random_range(0..5) * 1_000)),
                    2 => ("card", due),
                    3 => ("qr", due),
                    _ => ("card", part),
                };
                json!({"do": "pay", "tender": tender, "amount": amount})
            }
        };
        operation["store"] = json!("S1");
        operation["till"] = json!(till);
        operation["id"] = json!(format!("{till}-{}", self.n));
        operation
    }
}

struct World {
    runner: Runner,
    at: chrono::DateTime<chrono::FixedOffset>,
    seed: u64,
}

impl World {
    /// Do it; a refusal is an answer, a node that fails is not.
    async fn act(&mut self, mut operation: Value) -> serde_json::Map<String, Value> {
        self.at += chrono::Duration::seconds(7);
        operation["at"] = json!(self.at.to_rfc3339());
        let line = operation.to_string();
        let operations = parse(&line);
        match self.runner.step(&operations[0]).await {
            Ok((result, _)) => result,
            Err(error) => panic!("seed {}: {line}: {error:#}", self.seed),
        }
    }

    async fn view(&mut self, till: u32) -> std::sync::Arc<messages::v1::view::TillView> {
        self.runner.chain().view(&store(), TillId(till)).await.expect("a till shows itself")
    }

    /// Bring whatever is open at a till to an end, so that its shift can be closed.
    async fn finish(&mut self, till: u32) {
        for device in ["fiscal", "terminal"] {
            self.act(json!({"do": "device", "store": "S1", "till": till, "device": device, "fault": "none"})).await;
        }
        for _ in 0..8 {
            let view = self.view(till).await;
            let waits = matches!(
                view.mode,
                messages::v1::view::TillMode::WaitingForFiscal | messages::v1::view::TillMode::WaitingForTerminal
            );
            let next = if waits {
                json!({"do": "resume"})
            } else if view.lines.is_empty() && view.customer.is_none() {
                return;
            } else {
                json!({"do": "cancel"})
            };
            let mut next = next;
            (next["store"], next["till"]) = (json!("S1"), json!(till));
            self.act(next).await;
        }
        let view = self.view(till).await;
        panic!("seed {}: the receipt of till {till} does not come to an end: {view:?}", self.seed);
    }
}

fn store() -> StoreId {
    StoreId::new("S1").expect("a store")
}

#[test]
fn retail_s50_three_hundred_random_shifts_agree_everywhere() {
    let seed = std::env::var("OPENSTORE_SHIFTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("seed {seed}");
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let goods = FIXTURE.rsplit_once("{\"do\":\"open_shift\"").expect("a fixture").0;
        let fixture = parse(&format!("{goods}{}", accounts::fixture()));
        let at = fixture[0].at;
        let clock = runtime::clock::Clock::by_hand(at);
        let chain = Chain::start(ChainOptions::new(data.path().to_owned(), clock)).await.expect("the chain starts");
        let mut world = World { runner: Runner::new(chain, false), at, seed };
        world.runner.run(&fixture, &mut Vec::new(), |_| {}).await.expect("the fixture");
        let mut players: Vec<Player> = (1..=TILLS)
            .map(|till| {
                let random = StdRng::seed_from_u64(seed ^ u64::from(till));
                Player { random, till, sold: Vec::new(), n: 0, line_up: true }
            })
            .collect();
        let mut z: BTreeMap<u32, Sums> = BTreeMap::new();
        for _ in 0..SHIFTS {
            for till in 1..=TILLS {
                // "7" is in no staff list: such a one may do everything, so that no supervisor is needed.
                let open =
                    json!({"do": "open_shift", "store": "S1", "till": till, "operator": "7", "float": "3000.00"});
                let opened = world.act(open).await;
                assert_eq!(opened["ok"], json!(true), "seed {seed}: {opened:?}");
            }
            for _ in 0..STEPS {
                for player in &mut players {
                    let due = world.view(player.till).await.due;
                    let operation = player.step(due);
                    let result = world.act(operation).await;
                    if result
                        .get("receipt")
                        .is_some_and(|receipt| receipt["kind"] == "sale" && !receipt["fiscal"].is_null())
                    {
                        player.sold.push(result["id"].as_str().expect("an id").to_owned());
                    }
                }
            }
            for till in 1..=TILLS {
                world.finish(till).await;
                let closed =
                    world.act(json!({"do": "close_shift", "store": "S1", "till": till, "counted": "3000.00"})).await;
                let totals = closed.get("totals").unwrap_or_else(|| panic!("seed {seed}: {closed:?}"));
                let totals: ShiftTotals = serde_json::from_value(totals.clone()).expect("totals");
                z.entry(till).or_default().add(&totals);
            }
            world.at += chrono::Duration::hours(2);
        }
        for till in 1..=TILLS {
            world
                .act(json!({"do": "link", "store": "S1", "till": till, "between": ["till", "store"], "up": true}))
                .await;
        }
        let chain = world.runner.chain();
        chain.settle(SETTLE_DEADLINE).await.expect("everything is delivered");
        compare(chain, z, seed).await;
        world.runner.into_chain().stop().await;
    });
}

async fn compare(chain: &mut Chain, z: BTreeMap<u32, Sums>, seed: u64) {
    let mut all = Sums::default();
    let mut story = String::new();
    for (till, sums) in z {
        let sums = sums.tidy();
        let journal = of_journal(chain, till).await;
        assert_eq!(journal, sums, "seed {seed}: the journal of till {till} and its shifts");
        let device = of_device(&chain.emulator(&store(), TillId(till)).expect("a till").documents());
        assert_eq!(device, of_kinds(&sums), "seed {seed}: the fiscal device of till {till} and its shifts");
        let desk = chain.desk(&store(), TillId(till)).expect("a till");
        for (tender, terminal) in [("card", desk.card_terminal), ("qr", desk.qr_terminal)] {
            let moved: i64 = terminal
                .charges()
                .iter()
                .map(|charge| match charge.operation {
                    TerminalOperation::Sale if charge.reversed => 0,
                    TerminalOperation::Sale => charge.amount.minor(),
                    TerminalOperation::Refund => -charge.amount.minor(),
                    TerminalOperation::Reverse => 0,
                })
                .sum();
            let told = sums.tenders.get(tender).copied().unwrap_or_default();
            assert_eq!(moved, told, "seed {seed}: the {tender} terminal of till {till} and its shifts");
        }
        writeln!(story, "till {till}: sales {} returns {} {:?}", sums.sales, sums.returns, sums.tenders).expect("text");
        all.sales += sums.sales;
        all.returns += sums.returns;
        for (to, from) in [(&mut all.tenders, sums.tenders), (&mut all.rates, sums.rates), (&mut all.vat, sums.vat)] {
            from.into_iter().for_each(|(key, sum)| *to.entry(key).or_default() += sum);
        }
    }
    println!("{story}");
    assert!(all.sales > 0 && all.returns > 0 && all.tenders.len() >= 3, "seed {seed}: something was sold: {story}");
    let (hq, store_database) =
        (chain.hq().expect("hq").database().clone(), chain.store(&store()).expect("a store").database.clone());
    for (node, database) in [("the head office", hq), ("the store", store_database)] {
        let told = of_reports(&database.reader).await;
        assert_eq!(told, all.clone().tidy(), "seed {seed}: {node} and the shifts of its tills");
        let wrong = not_reconciled(&database.reader).await;
        assert!(wrong.is_empty(), "seed {seed}: {node} is not reconciled: {wrong:?}");
    }
    accounts::compare(chain, seed).await;
    damage_is_named(chain).await;
}

/// From the receipts as the till keeps them, each checked against its own lines.
async fn of_journal(chain: &Chain, till: u32) -> Sums {
    let database = chain.till(&store(), TillId(till)).expect("a till").database.clone();
    records::verify_journal(&database).await.expect("an unbroken journal");
    let mut sums = Sums::default();
    let mut after = 0;
    loop {
        let page = records::receipts(&database, after, 500).await.expect("receipts");
        let Some(last) = page.last() else { return sums.tidy() };
        for (expected, ended) in (after + 1..).zip(&page) {
            assert_eq!(ended.receipt.sequence, expected, "numbers have no gaps");
        }
        after = last.receipt.sequence;
        for ended in page.iter().filter(|ended| ended.is_closed()) {
            let receipt = &ended.receipt;
            let way = if receipt.kind == ReceiptKind::Sale { 1 } else { -1 };
            match receipt.kind {
                ReceiptKind::Sale => sums.sales += receipt.total.minor(),
                ReceiptKind::Return => sums.returns += receipt.total.minor(),
            }
            let mut left = receipt.change.minor();
            for tender in &receipt.tenders {
                let change = if tender.tender == TenderType::Cash { std::mem::take(&mut left) } else { 0 };
                *sums.tenders.entry(word(tender.tender)).or_default() += way * (tender.amount.minor() - change);
            }
            for line in receipt.lines.iter().filter(|line| !line.voided) {
                *sums.rates.entry(line.vat_rate.to_string()).or_default() += way * line.amount.minor();
                *sums.vat.entry(line.vat_rate.to_string()).or_default() += way * line.vat.minor();
            }
        }
    }
}

/// What a fiscal device can tell: cash, and all that is electronic.
fn of_kinds(sums: &Sums) -> BTreeMap<&'static str, i64> {
    let tender = |name: &str| sums.tenders.get(name).copied().unwrap_or_default();
    BTreeMap::from([
        ("sales", sums.sales),
        ("returns", sums.returns),
        ("cash", tender("cash")),
        ("electronic", tender("card") + tender("qr")),
        ("22", sums.rates.get("22").copied().unwrap_or_default()),
        ("10", sums.rates.get("10").copied().unwrap_or_default()),
    ])
}

fn of_device(documents: &[StoredDocument]) -> BTreeMap<&'static str, i64> {
    let mut told = BTreeMap::from([("sales", 0), ("returns", 0), ("cash", 0), ("electronic", 0), ("22", 0), ("10", 0)]);
    for document in documents {
        let (kind, way) = match document.kind {
            StoredKind::Receipt(Done::Sale) => ("sales", 1),
            StoredKind::Receipt(Done::SaleReturn) => ("returns", -1),
            _ => continue,
        };
        *told.entry(kind).or_default() += document.total.minor();
        *told.entry("cash").or_default() += way * document.payments[0].minor();
        *told.entry("electronic").or_default() += way * document.payments[1].minor();
        for line in &document.lines {
            let rate = if line.tax_group == 1 { "10" } else { "22" };
            *told.entry(rate).or_default() += way * line.amount.minor();
        }
    }
    told
}

async fn of_reports(database: &sea_orm::DatabaseConnection) -> Sums {
    use backoffice::reports::{Arguments, find, render};
    let mut sums = Sums::default();
    for by in ["tender", "vat"] {
        let report = find("sales").expect("the report");
        let arguments = Arguments { by: Some(by.to_owned()), ..Arguments::default() };
        let rows = render::json(&report.run(database, &arguments).await.expect("rows"));
        for row in rows.as_array().expect("rows") {
            let money = |column: &str| row[column].as_str().expect("money").parse::<Money>().expect("money").minor();
            let key = row[by].as_str().expect("a key").to_owned();
            match by {
                "tender" => {
                    sums.tenders.insert(key, money("net"));
                }
                _ => {
                    sums.sales += money("sales");
                    sums.returns += money("returns");
                    sums.rates.insert(key.clone(), money("net"));
                    sums.vat.insert(key, money("vat_amount"));
                }
            }
        }
    }
    sums.tidy()
}

/// Rows of the reconciliation that are not well.
async fn not_reconciled(database: &sea_orm::DatabaseConnection) -> Vec<Value> {
    use backoffice::reports::{Arguments, find, render};
    let report = find("reconcile").expect("the report");
    let rows = render::json(&report.run(database, &Arguments::default()).await.expect("rows"));
    rows.as_array().expect("rows").iter().filter(|row| !row.to_string().contains("\"ok\"")).cloned().collect()
}

/// A receipt of the store that somebody changed is named by its number.
async fn damage_is_named(chain: &Chain) {
    use sea_orm::{ConnectionTrait, Statement};
    let database = chain.store(&store()).expect("a store").database.clone();
    let backend = database.writer.get_database_backend();
    let change = "UPDATE receipt SET total = total + 1 WHERE till = 2 AND sequence = \
                  (SELECT MIN(sequence) FROM receipt WHERE till = 2 AND kind = 'sale')";
    database.writer.execute_raw(Statement::from_string(backend, change)).await.expect("changed");
    let wrong = not_reconciled(&database.reader).await;
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["till"].to_string().trim_matches('"'), "2");
}
