//! How fast the ledger applies receipts, beside bare batched inserts of the very same rows into the same tables.
//!
//! `cargo run --release -p backoffice --example ledger_speed [RECEIPTS]`. The design asks for at least half the speed.

use std::time::{Duration, Instant};

use backoffice::ledger::TradeLedger;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use link::apply::{Apply, Origin, Outcome, Peer, PeerRole, Received};
use messages::v1::document::Document;
use messages::v1::receipt::{Receipt, ReceiptKind, ReceiptLine, Tender, TenderType, VatSum};
use migrations::ServerMigrator;
use migrations::database::Database;
use migrations::entity::{receipt, sales_hour, sales_item, sales_tender, sales_vat, till_state};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use uuid::Uuid;

const BATCH: usize = 500;
const LINES: u32 = 10;
const ITEMS: u64 = 5_000;
/// Columns of a receipt: chunks of the bare insert stay within what SQLite takes.
const VARIABLES_MAX: usize = 32_766;

fn receipt(number: u64) -> Receipt {
    let rate = VatRate::percent(20);
    let lines: Vec<ReceiptLine> = (1..=LINES)
        .map(|line| {
            let item = (number * 31 + u64::from(line) * 977) % ITEMS;
            let amount = Money::from_minor(i64::try_from(100 + item).expect("small"));
            ReceiptLine {
                line,
                code: ItemCode(format!("{item:05}")),
                name: format!("Item number {item}"),
                quantity: Quantity::ONE,
                unit_price: amount,
                discount: Money::ZERO,
                amount,
                vat_rate: rate,
                vat: rate.contained_in(amount),
                voided: false,
                of_line: None,
            }
        })
        .collect();
    let total = lines.iter().map(|line| line.amount).sum();
    let at = chrono::DateTime::from_timestamp(1_764_000_000 + i64::try_from(number).expect("small") * 20, 0)
        .expect("a time")
        .fixed_offset();
    Receipt {
        uid: ReceiptId(Uuid::now_v7()),
        store: StoreId::new("S1").expect("a code"),
        till: TillId(1),
        sequence: number,
        shift: 1,
        business_day: at.date_naive(),
        kind: ReceiptKind::Sale,
        at,
        operator: OperatorNumber("7".to_owned()),
        discount: Money::ZERO,
        rounding: Money::ZERO,
        total,
        vat: vec![VatSum { rate, amount: lines.iter().map(|line| line.vat).sum() }],
        lines,
        tenders: vec![Tender { tender: TenderType::Cash, amount: total }],
        change: Money::ZERO,
        fiscal: None,
        of: None,
    }
}

async fn open(folder: &std::path::Path, name: &str) -> Database {
    Database::open_sqlite::<ServerMigrator>(&folder.join(name)).await.expect("a database")
}

async fn by_ledger(database: &Database, batches: &[Vec<Received>]) -> Duration {
    let from = Peer { name: "S1".to_owned(), role: PeerRole::Store };
    let began = Instant::now();
    for batch in batches {
        let transaction = database.begin().await.expect("a transaction");
        let outcomes = TradeLedger::new(false).apply(&transaction, &from, batch).await.expect("applied");
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
        transaction.commit().await.expect("committed");
    }
    began.elapsed()
}

/// The rows that one batch makes, with a store of its own so that plain inserts never meet a row that is there.
struct Rows {
    receipts: Vec<receipt::ActiveModel>,
    hours: Vec<sales_hour::ActiveModel>,
    items: Vec<sales_item::ActiveModel>,
    tenders: Vec<sales_tender::ActiveModel>,
    rates: Vec<sales_vat::ActiveModel>,
    tills: Vec<till_state::ActiveModel>,
}

async fn rows_of(folder: &std::path::Path, number: usize, batch: &[Received]) -> Rows {
    let scratch = open(folder, &format!("scratch-{number}.sqlite")).await;
    by_ledger(&scratch, std::slice::from_ref(&batch.to_vec())).await;
    let store = format!("S{number}");
    macro_rules! all {
        ($table:ident) => {
            $table::Entity::find()
                .all(&scratch.reader)
                .await
                .expect("rows")
                .into_iter()
                .map(|row| $table::ActiveModel { store: Set(store.clone()), ..row.into_active_model().reset_all() })
                .collect()
        };
    }
    let rows = Rows {
        receipts: all!(receipt),
        hours: all!(sales_hour),
        items: all!(sales_item),
        tenders: all!(sales_tender),
        rates: all!(sales_vat),
        tills: all!(till_state),
    };
    scratch.close().await.expect("closed");
    rows
}

async fn bare_inserts(database: &Database, all: Vec<Rows>) -> Duration {
    let began = Instant::now();
    for Rows { receipts, hours, items, tenders, rates, tills } in all {
        let transaction = database.begin().await.expect("a transaction");
        macro_rules! put {
            ($table:ident, $rows:ident, $columns:expr) => {
                for some in $rows.chunks(VARIABLES_MAX / $columns) {
                    let insert = $table::Entity::insert_many(some.to_vec());
                    insert.exec_without_returning(&transaction).await.expect("inserted");
                }
            };
        }
        put!(receipt, receipts, 10);
        put!(sales_hour, hours, 8);
        put!(sales_item, items, 9);
        put!(sales_tender, tenders, 6);
        put!(sales_vat, rates, 7);
        put!(till_state, tills, 8);
        transaction.commit().await.expect("committed");
    }
    began.elapsed()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().expect("a folder");
    let received: Vec<Received> = (1..=count)
        .map(|number| {
            let document = Document::ReceiptClosed(Box::new(receipt(number)));
            let origin = Origin {
                store: StoreId::new("S1").expect("a code"),
                till: TillId(1),
                sequence: number,
                chain: [0; 16],
            };
            let (id, type_id) = (Uuid::now_v7(), document.type_id());
            Received { id, type_id, schema: 1, origin, created_ms: 0, body: document.to_body() }
        })
        .collect();
    let batches: Vec<Vec<Received>> = received.chunks(BATCH).map(<[_]>::to_vec).collect();
    let full = open(folder.path(), "ledger.sqlite").await;
    let ledger = by_ledger(&full, &batches).await;

    let mut rows = Vec::with_capacity(batches.len());
    for (number, batch) in batches.iter().enumerate() {
        rows.push(rows_of(folder.path(), number, batch).await);
    }
    let bare = bare_inserts(&open(folder.path(), "bare.sqlite").await, rows).await;
    let rate = |time: Duration| u128::from(count) * 1_000 / time.as_millis().max(1);
    println!("{count} receipts of {LINES} lines, {BATCH} a transaction");
    println!("ledger        {:>8} receipts/s", rate(ledger));
    println!("bare inserts  {:>8} receipts/s", rate(bare));
    println!("ledger / bare {:>8} %", bare.as_millis() * 100 / ledger.as_millis().max(1));
}
