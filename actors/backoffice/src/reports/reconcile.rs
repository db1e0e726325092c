//! Each closed shift against its receipts as they are stored here: are all numbers there, does each receipt add up, and do
//! they make the totals that the till printed? A row that says `ok`, or one for each thing that is wrong.

mod sums;

use futures_util::future::BoxFuture;
use messages::codec::from_body;
use messages::v1::document::ShiftTotals;
use messages::v1::receipt::Receipt;
use migrations::entity::receipt::{Column as ReceiptColumn, Entity, Model};
use migrations::entity::shift;
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::{SHIFT_COLUMNS, read, shift_cells, shifts, text, text_column};
use super::{Arguments, Cell, Column, Kind, Report, ReportError, Table};
use crate::find_receipt::is_closed;
use crate::ledger::check;
use sums::Sums;

pub const RECONCILE: Report = Report { name: "reconcile", by: &[], takes: &[], run };

/// Receipts read at a time.
const PAGE_ROWS: u64 = 1_000;
/// Things that are told of one shift; the rest only repeats that it is wrong.
const TOLD_MAX: usize = 50;

const OK: &str = "ok";

/// What is wrong with a receipt, with numbers that are missing, or with the shift: then there is no number.
struct Finding {
    number: String,
    text: String,
}

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let mut columns = SHIFT_COLUMNS.to_vec();
        columns.extend([
            Column { name: "receipts", kind: Kind::Count, summed: false },
            text_column("number"),
            text_column("result"),
        ]);
        let mut rows = Vec::new();
        for shift in shifts(database, arguments, Condition::all().add(shift::Column::ClosedMs.is_not_null())).await? {
            let (receipts, mut findings) = look(database, &shift).await?;
            if findings.is_empty() {
                findings.push(Finding { number: String::new(), text: OK.to_owned() });
            }
            findings.truncate(TOLD_MAX);
            rows.extend(findings.into_iter().map(|Finding { number, text: result }| {
                let mut cells = shift_cells(&shift);
                cells.extend([Cell::Count(receipts), text(number), text(result)]);
                cells
            }));
        }
        Ok(Table { columns, rows })
    })
}

/// How many numbers the shift took, and what is wrong.
async fn look(database: &DatabaseConnection, shift: &shift::Model) -> Result<(i64, Vec<Finding>), ReportError> {
    let mut findings = Vec::new();
    let mut sums = Sums::default();
    let mut receipts = 0;
    let mut last: Option<i64> = None;
    loop {
        let page = Entity::find()
            .filter(ReceiptColumn::Store.eq(shift.store.as_str()))
            .filter(ReceiptColumn::Till.eq(shift.till))
            .filter(ReceiptColumn::Shift.eq(shift.shift))
            .filter(ReceiptColumn::Sequence.gt(last.unwrap_or(i64::MIN)))
            .order_by_asc(ReceiptColumn::Sequence)
            .limit(PAGE_ROWS)
            .all(database)
            .await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let before = match last {
                Some(last) => last,
                None => number_before(database, &row).await?,
            };
            findings.extend(missing(before, row.sequence));
            last = Some(row.sequence);
            receipts += 1;
            let mut wrong = |text| findings.push(Finding { number: row.sequence.to_string(), text });
            match from_body::<Receipt>(&row.body) {
                Ok(receipt) => {
                    sums.add(&row.kind, &receipt);
                    if let Err(text) = judge(&row, &receipt) {
                        wrong(text);
                    }
                }
                Err(error) => wrong(error.to_string()),
            }
        }
    }
    let what = || format!("shift {} of {}/{}", shift.shift, shift.store, shift.till);
    let totals: ShiftTotals = read(what, shift.totals.as_deref().unwrap_or_default())?;
    let differing = sums.differences(&totals).into_iter();
    findings.extend(differing.map(|text| Finding { number: String::new(), text }));
    Ok((receipts, findings))
}

/// The number that the till gave before this one, in whatever shift; zero if there is none here.
async fn number_before(database: &DatabaseConnection, row: &Model) -> Result<i64, ReportError> {
    let before: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(ReceiptColumn::Sequence.max(), "before")
        .filter(ReceiptColumn::Store.eq(row.store.as_str()))
        .filter(ReceiptColumn::Till.eq(row.till))
        .filter(ReceiptColumn::Sequence.lt(row.sequence))
        .into_tuple()
        .one(database)
        .await?;
    Ok(before.flatten().unwrap_or(0))
}

fn missing(before: i64, number: i64) -> Option<Finding> {
    let number = match number - before {
        ..=1 => return None,
        2 => (before + 1).to_string(),
        _ => format!("{}-{}", before + 1, number - 1),
    };
    Some(Finding { number, text: "missing".to_owned() })
}

/// A stored receipt against itself.
fn judge(row: &Model, receipt: &Receipt) -> Result<(), String> {
    if receipt.uid.0 != row.uid || receipt.sequence != u64::try_from(row.sequence).unwrap_or(0) {
        return Err(format!("its body is that of receipt {} with number {}", receipt.uid, receipt.sequence));
    }
    if receipt.total.minor() != row.total {
        let stored = domain::money::Money::from_minor(row.total);
        return Err(format!("its row says {stored}, its body {}", receipt.total));
    }
    let sums = || if is_closed(&row.kind) { check::sums(receipt) } else { Ok(()) };
    check::bounds(receipt).and_then(|()| sums()).map_err(|wrong| wrong.to_string())
}
