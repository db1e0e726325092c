//! The one harness: a chain of real nodes in a folder of its own, driven by till scripts.

pub(crate) mod trade;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::ids::StoreId;
use migrations::scratch;
use runtime::clock::Clock;
use serde_json::Value;
use store_node::chain::{Chain, ChainOptions};
use store_node::replay::runner::{Runner, Summary};
use store_node::replay::script::{Operation, Reader};

/// Goods and rules of the acceptance scenarios.
pub(crate) const FIXTURE: &str = r#"
{"do":"item","store":"S1","till":1,"at":"2026-06-01T09:00:00+03:00","code":"MILK","name":"Milk","price":"89.90","vat":"10","barcodes":["4600000000015"]}
{"do":"item","code":"BREAD","name":"Bread","price":"45.50","vat":"10","barcodes":["4600000000022"]}
{"do":"item","code":"COFFEE","name":"Coffee","price":"349.00","vat":"22","barcodes":["4600000000039"]}
{"do":"item","code":"CHOC","name":"Chocolate","price":"119.99","vat":"22","barcodes":["4600000000046"]}
{"do":"item","code":"BAG","name":"Bag","price":"7.00","vat":"22","barcodes":["4600000000077"]}
{"do":"item","code":"WATER","name":"Water","price":"64.90","vat":"22","barcodes":["4600000000084"],"marked":true}
{"do":"item","code":"BOTTLE","name":"Bottle deposit","price":"10.00","vat":"22","barcodes":["4600000000060"]}
{"do":"item","code":"BEER","name":"Beer","price":"99.00","vat":"22","barcodes":["4600000000091"],"min_age":18,"discountable":false,"no_sale":"22:00-08:00"}
{"do":"item","code":"JUICE","name":"Juice in glass","price":"120.00","vat":"22","barcodes":["4600000000114"],"deposit":"BOTTLE"}
{"do":"item","code":"BATT","name":"Batteries","price":"199.00","vat":"22","barcodes":["4600000000107"]}
{"do":"item","code":"SHAMPOO","name":"Shampoo","price":"259.00","vat":"22","barcodes":["4600000000121"]}
{"do":"item","code":"PASTE","name":"Toothpaste","price":"100.00","vat":"22","barcodes":["4600000000138"]}
{"do":"item","code":"FLOWER","name":"Flowers","price":"1.00","vat":"22","barcodes":["4600000000145"],"open_price":["1.00","1000.00"]}
{"do":"item","code":"APPLE","name":"Apples","price":"129.90","vat":"10","unit":"kg","plu":123}
{"do":"item","code":"CHEESE","name":"Cheese","price":"749.00","vat":"10","unit":"kg","plu":456}
{"do":"barcode_rule","prefix":"22","length":13,"item":[2,5],"value":[7,5],"decimals":3,"kind":"weight"}
{"do":"barcode_rule","prefix":"24","length":13,"item":[2,5],"value":[7,5],"decimals":2,"kind":"price"}
{"do":"operator","number":"1","name":"Anna Ivanova","pin":"1111","role":"cashier"}
{"do":"operator","number":"2","name":"Pavel Smirnov","pin":"2222","role":"senior_cashier","card":"card-of-pavel"}
{"do":"operator","number":"9","name":"Olga Petrova","pin":"9999","role":"store_admin"}
{"do":"open_shift","operator":"1","pin":"1111","float":"5000.00"}
"#;

/// Run `work` on an actix system of its own.
pub(crate) fn in_system<T>(work: impl Future<Output = T>) -> T {
    runtime::system::run(work)
}

pub(crate) fn parse(script: &str) -> Vec<Operation> {
    Reader::new(Path::new("scenario"), script.as_bytes())
        .collect::<Result<_, _>>()
        .expect("the scenario is well formed")
}

/// Run a script on a new chain under `data`; the summary, the result lines, and the runner for a closer look.
pub(crate) async fn run(data: &Path, script: &str) -> (Summary, Vec<Value>, Runner) {
    let operations = parse(script);
    let clock = Clock::by_hand(operations.first().map(|operation| operation.at).unwrap_or_default());
    run_on(ChainOptions::new(data.to_owned(), clock), &operations).await
}

async fn run_on(options: ChainOptions, operations: &[Operation]) -> (Summary, Vec<Value>, Runner) {
    let chain = Chain::start(options).await.expect("the chain starts");
    let mut runner = Runner::new(chain, false);
    let mut out = Vec::new();
    let summary = runner.run(operations, &mut out, |_| {}).await.expect("no node fails");
    let results = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let results = results.map(|line| serde_json::from_slice(line).expect("a result line is JSON")).collect();
    (summary, results, runner)
}

/// Run the fixture and then `script` on a new chain: every expectation must be met, and nothing else refused.
#[track_caller]
pub(crate) fn check(script: &str) {
    check_and(script, async |_| {});
}

/// As [`check`], with the databases of the head office and of store S1's server on PostgreSQL.
#[track_caller]
pub(crate) fn check_on_postgres(script: &str) {
    let operations = parse(&format!("{FIXTURE}{script}"));
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::by_hand(operations.first().map(|operation| operation.at).unwrap_or_default());
        let mut options = ChainOptions::new(data.path().to_owned(), clock);
        for node in ["hq", "S1"] {
            let address = scratch::address(data.path(), node).await.expect("the address of a server");
            options.databases.insert(node.to_owned(), address);
        }
        let (summary, results, runner) = run_on(options, &operations).await;
        runner.into_chain().stop().await;
        let bad = unexpected(&results);
        assert!(summary.all_met(), "not as expected:\n{}", bad.join("\n"));
    });
}

/// As [`check`], and look at the chain before it stops.
#[track_caller]
pub(crate) fn check_and(script: &str, look: impl AsyncFnOnce(&mut Chain)) {
    let script = format!("{FIXTURE}{script}");
    in_system(async {
        let data = tempfile::tempdir().expect("a temporary folder");
        let (summary, results, mut runner) = run(data.path(), &script).await;
        let bad = unexpected(&results);
        if bad.is_empty() {
            look(runner.chain()).await;
        }
        runner.into_chain().stop().await;
        assert!(summary.all_met(), "not as expected:\n{}", bad.join("\n"));
    });
}

fn unexpected(results: &[Value]) -> Vec<String> {
    let is_bad = |result: &&Value| {
        result["met"] == Value::Bool(false) || (result["ok"] == Value::Bool(false) && result["met"].is_null())
    };
    results.iter().filter(is_bad).map(Value::to_string).collect()
}

/// Wait until `look` answers, at most `deadline`; the only wait there is.
pub(crate) async fn eventually<T, Look, Looking>(what: &str, deadline: Duration, look: Look) -> T
where
    Look: Fn() -> Looking,
    Looking: Future<Output = Option<T>>,
{
    let waited = tokio::time::timeout(deadline, async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    });
    waited.await.unwrap_or_else(|_| panic!("within {deadline:?}: {what} did not come"))
}

/// Wait until a store knows which price labels hang: what changes from then on must be hung anew.
pub(crate) async fn labels_known(chain: &Chain, store: &StoreId) {
    eventually("the labels of the store are known", Duration::from_secs(60), async || {
        let tree = chain.store(store).expect("a store").node.look().await.expect("the tree");
        let planner = tree.children.iter().find(|child| child.path == "scales/planner").expect("a planner");
        let told = serde_json::to_value(planner).expect("JSON");
        told["state"]["labels_known"].as_bool().filter(|known| *known)
    })
    .await;
}

/// The rows of HQ's `sales` report, by key: count, sales, returns, vat.
pub(crate) async fn sales(chain: &mut Chain, by: &str) -> BTreeMap<String, trade::Totals> {
    let args = BTreeMap::from([("by".to_owned(), Value::from(by))]);
    let rows = chain.report("sales", &args, None, None).await.expect("hq answers").expect("the report exists");
    let text =
        |row: &Value, column: &str| row[column].as_str().map(str::to_owned).unwrap_or_else(|| row[column].to_string());
    let number = |row: &Value, column: &str| text(row, column).parse().expect("a number");
    let count = if by == "product" { "lines" } else { "receipts" };
    let row = |row: &Value| {
        let totals = trade::Totals {
            count: text(row, count).parse().expect("a count"),
            sales: number(row, "sales"),
            returns: number(row, "returns"),
            vat: number(row, "vat"),
        };
        (text(row, by), totals)
    };
    rows.as_array().expect("rows").iter().map(row).collect()
}

/// Every till's chain ends the same at till, store and head office, its journal is unbroken, and its receipts are numbered
/// from 1 without a gap. How many receipts there are.
pub(crate) async fn numbered_without_a_gap(chain: &Chain) -> u64 {
    let mut receipts = 0;
    for (store, till) in chain.tills() {
        let [at_till, at_store, at_hq] = chain.heads(&store, till).await.expect("heads");
        assert!(at_till.is_some() && at_till == at_store && at_till == at_hq, "{store}/{till}: chain heads differ");
        let database = &chain.till(&store, till).expect("the till runs").database;
        till::records::verify_journal(database).await.expect("the journal is unbroken");
        let ended = till::records::receipts(database, 0, u64::from(u32::MAX)).await.expect("receipts");
        for (number, ended) in (1..).zip(&ended) {
            assert_eq!(ended.receipt.sequence, number, "{store}/{till}: receipt numbers have a gap");
        }
        receipts += ended.len() as u64;
    }
    receipts
}
