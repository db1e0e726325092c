//! The head office takes receipts off the link, beside bare inserts of the very same rows in transactions of the same size;
//! in SQLite files, or on the server in `OPENSTORE_TEST_POSTGRES`.

use std::time::{Duration, Instant};

use backoffice::ledger::TradeLedger;
use domain::ids::{ItemCode, OperatorNumber, ReceiptId, StoreId, TillId};
use domain::money::Money;
use domain::quantity::Quantity;
use domain::vat::VatRate;
use link::apply::{Origin, Peer, PeerRole, Received};
use link::chain::Place;
use link::frame::Numbered;
use link::inbox;
use link::session::sending::BATCH_DOCUMENTS_MAX;
use messages::v1::document::Document;
use messages::v1::receipt::{Receipt, ReceiptKind, ReceiptLine, Tender, TenderType, VatSum};
use migrations::database::Database;
use migrations::entity::{
    inbox_cursor, origin_head, receipt, sales_hour, sales_item, sales_tender, sales_vat, till_state,
};
use migrations::{ServerMigrator, scratch};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait, Statement, Value};
use uuid::Uuid;

use crate::table::{Table, median, ms, rate, worked};

const LINES: u32 = 10;
const ITEMS: u64 = 5_000;
const BATCHES: u64 = 24;
/// Most values of one statement that SQLite takes.
const VALUES_MAX: usize = 32_766;

pub(crate) async fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    let open = async |name: &str| scratch::open::<ServerMigrator>(folder.path(), name).await;
    let (ledger, bare, scratch) =
        (open("ledger.sqlite").await, open("bare.sqlite").await, open("scratch.sqlite").await);
    let peer = Peer { name: "S1".to_owned(), role: PeerRole::Store };
    let (mut place, mut number, mut rows_in_all) = (Place::default(), 0, 0);
    let (mut ledger_s, mut bare_s, mut ratios) = (vec![], vec![], vec![]);
    let (mut ledger_worked, mut bare_worked) = (Duration::ZERO, Duration::ZERO);
    let count = BATCH_DOCUMENTS_MAX as u64;
    for n in 0..BATCHES {
        let before = place;
        let batch = batch(&mut place, &mut number);
        let rows = rows_of(&scratch, &peer, &batch, n).await;
        rows_in_all += rows.iter().map(|rows| rows.values.len() / rows.columns.len()).sum::<usize>();

        let (began, worked_before) = (Instant::now(), worked());
        let taken = inbox::take(&ledger, &TradeLedger::new(false), &peer, before, &batch).await.expect("taken");
        let by_ledger = began.elapsed();
        ledger_worked += worked() - worked_before;
        assert_eq!(taken.applied, count);

        let (began, worked_before) = (Instant::now(), worked());
        insert(&bare, rows).await;
        let by_inserts = began.elapsed();
        bare_worked += worked() - worked_before;
        ledger_s.push(rate(count, by_ledger));
        bare_s.push(rate(count, by_inserts));
        ratios.push(by_inserts.as_secs_f64() / by_ledger.as_secs_f64());
    }
    let receipts = BATCHES * count;
    let (first, last) = (ledger_s[1], ledger_s[ledger_s.len() - 1]);
    table.row(
        "head office: receipts applied",
        format!("{:.0} /s", median(ledger_s)),
        format!("bare inserts of the same rows: {:.0} /s", median(bare_s)),
        median(ratios),
    );
    table.note(format!(
        "receipts of {LINES} lines over {ITEMS} items, {count} a transaction, {:.1} rows a receipt; {first:.0} /s after {count}, {last:.0} /s after {receipts}",
        rows_in_all as f64 / receipts as f64,
    ));
    table.note(format!(
        "processors worked {:.3} ms a receipt, {:.3} ms for its bare rows",
        ms(ledger_worked) / receipts as f64,
        ms(bare_worked) / receipts as f64,
    ));
    for database in [ledger, bare, scratch] {
        database.close().await.expect("closed");
    }
}

/// A full batch of receipts that follow `place` and `number`, as they come off the link.
pub(crate) fn batch(place: &mut Place, number: &mut u64) -> Vec<Numbered> {
    (0..BATCH_DOCUMENTS_MAX)
        .map(|_| {
            *number += 1;
            let numbered = numbered(*place, *number);
            *place = numbered.place;
            numbered
        })
        .collect()
}

fn numbered(before: Place, number: u64) -> Numbered {
    let document = Document::ReceiptClosed(Box::new(receipt("S1", number)));
    let (id, body, type_id) = (Uuid::now_v7(), document.to_body(), document.type_id());
    let place = before.next(id, &body);
    let store = StoreId::new("S1").expect("a code");
    // One till of the store: its own chain is the store's.
    let origin = Origin { store, till: TillId(1), sequence: place.sequence, chain: place.chain };
    Numbered { place, document: Received { id, type_id, schema: 1, origin, created_ms: 0, body } }
}

/// The receipt of that number in a store.
pub(crate) fn receipt(store: &str, number: u64) -> Receipt {
    let lines: Vec<ReceiptLine> = (1..=LINES)
        .map(|line| {
            let item = (number * 31 + u64::from(line) * 977) % ITEMS;
            let amount = Money::from_minor(i64::try_from(100 + item).expect("small"));
            let vat_rate = VatRate::percent(if item.is_multiple_of(3) { 10 } else { 22 });
            ReceiptLine {
                line,
                code: ItemCode(format!("{item:05}")),
                name: format!("Goods number {item}"),
                quantity: Quantity::ONE,
                unit_price: amount,
                discount: Money::ZERO,
                amount,
                vat_rate,
                vat: vat_rate.contained_in(amount),
                voided: false,
                of_line: None,
                mark: None,
                deposit_of: None,
                group: None,
                points: Money::ZERO,
                load: false,
            }
        })
        .collect();
    let total = lines.iter().map(|line| line.amount).sum();
    let mut vat: Vec<VatSum> = Vec::new();
    for line in &lines {
        match vat.iter_mut().find(|sum| sum.rate == line.vat_rate) {
            Some(sum) => sum.amount += line.vat,
            None => vat.push(VatSum { rate: line.vat_rate, amount: line.vat }),
        }
    }
    let seconds = 1_764_000_000 + i64::try_from(number).expect("small") * 20;
    let at = chrono::DateTime::from_timestamp(seconds, 0).expect("a time").fixed_offset();
    Receipt {
        uid: ReceiptId(Uuid::now_v7()),
        store: StoreId::new(store).expect("a code"),
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
        vat,
        lines,
        tenders: vec![Tender::new(TenderType::Cash, total)],
        change: Money::ZERO,
        fiscal: None,
        of: None,
        of_fiscal: None,
        customer: None,
        discounts: Vec::new(),
        approvals: Vec::new(),
        recalled: None,
        accounts: Vec::new(),
        points: None,
    }
}

/// Rows of one table, value after value.
pub(crate) struct Rows {
    table: &'static str,
    columns: Vec<&'static str>,
    values: Vec<Value>,
}

/// The rows that a batch makes or changes, under the name of a store of its own: plain inserts never meet a row that is
/// there.
pub(crate) async fn rows_of(scratch: &Database, peer: &Peer, batch: &[Numbered], n: u64) -> Vec<Rows> {
    let before = Place { sequence: batch[0].place.sequence - 1, ..Place::default() };
    let transaction = scratch.begin().await.expect("a transaction");
    let received: Vec<Received> = batch.iter().map(|numbered| numbered.document.clone()).collect();
    let outcomes = link::apply::Apply::apply(&TradeLedger::new(false), &transaction, peer, &received).await;
    outcomes.expect("applied");
    transaction.commit().await.expect("committed");
    let store = format!("S{n:04}");
    let rows = vec![
        rows::<receipt::Entity>(scratch, "receipt", &store).await,
        rows::<sales_hour::Entity>(scratch, "sales_hour", &store).await,
        rows::<sales_item::Entity>(scratch, "sales_item", &store).await,
        rows::<sales_tender::Entity>(scratch, "sales_tender", &store).await,
        rows::<sales_vat::Entity>(scratch, "sales_vat", &store).await,
        rows::<till_state::Entity>(scratch, "till_state", &store).await,
        link_row::<inbox_cursor::Entity>(
            "inbox_cursor",
            vec![store.as_str().into(), 1.into(), signed(before.sequence), vec![0_u8; 16].into(), 0_i64.into()],
        ),
        link_row::<origin_head::Entity>(
            "origin_head",
            vec![store.as_str().into(), 1_i64.into(), signed(before.sequence), vec![0_u8; 16].into()],
        ),
    ];
    for rows in &rows {
        scratch.writer.execute_unprepared(&format!("DELETE FROM {}", rows.table)).await.expect("emptied");
    }
    rows
}

fn signed(number: u64) -> Value {
    i64::try_from(number).expect("small").into()
}

fn columns<E: EntityTrait>() -> Vec<&'static str> {
    E::Column::iter().map(|column| column.as_str()).collect()
}

fn link_row<E: EntityTrait>(table: &'static str, values: Vec<Value>) -> Rows {
    Rows { table, columns: columns::<E>(), values }
}

async fn rows<E>(scratch: &Database, table: &'static str, store: &str) -> Rows
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    let found = E::find().all(&scratch.reader).await.expect("rows");
    let value = |row: &E::Model, column: E::Column| {
        if column.as_str() == "store" { store.into() } else { row.get(column) }
    };
    let values = found.iter().flat_map(|row| E::Column::iter().map(|column| value(row, column))).collect();
    Rows { table, columns: columns::<E>(), values }
}

/// One transaction, as few statements as SQLite takes.
pub(crate) async fn insert(database: &Database, all: Vec<Rows>) {
    let transaction = database.begin().await.expect("a transaction");
    let backend = transaction.get_database_backend();
    for Rows { table, columns, mut values } in all {
        let width = columns.len();
        while !values.is_empty() {
            let rest = values.split_off(values.len().min(VALUES_MAX / width * width));
            let rows: Vec<String> = (0..values.len() / width).map(|row| place(backend, row * width, width)).collect();
            let places = rows.join(",");
            let sql = format!("INSERT INTO {table} ({}) VALUES {places}", columns.join(","));
            let insert = Statement::from_sql_and_values(backend, sql, values);
            transaction.execute_raw(insert).await.expect("inserted");
            values = rest;
        }
    }
    transaction.commit().await.expect("committed");
}

/// A row whose values are bound, `before` of them in the rows before it. SQLite looks through all names for each `$1`.
fn place(backend: DbBackend, before: usize, width: usize) -> String {
    let name = |column| if backend == DbBackend::Postgres { format!("${}", before + column) } else { "?".to_owned() };
    format!("({})", (1..=width).map(name).collect::<Vec<_>>().join(","))
}
