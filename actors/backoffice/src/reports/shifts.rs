//! One row a shift: its receipts, its turnover, and its cash. An open shift shows what has arrived of it so far.

use futures_util::future::BoxFuture;
use messages::v1::document::ShiftTotals;
use migrations::entity::receipt::{Column as ReceiptColumn, Entity as Receipt};
use migrations::entity::shift;
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter, QuerySelect};

use super::rows::{
    SHIFT_COLUMNS, local_ms, maybe_money, money, money_column, read, shift_cells, shifts, text, text_column,
};
use super::{Arguments, Cell, Column, Kind, Report, ReportError, Table};

pub const SHIFTS: Report = Report { name: "shifts", by: &[], takes: &[], run };

const OWN_COLUMNS: [Column; 12] = [
    text_column("opened"),
    text_column("closed"),
    text_column("operator"),
    Column { name: "receipts", kind: Kind::Count, summed: true },
    money_column("sales"),
    money_column("returns"),
    money_column("net"),
    Column { name: "cancelled", kind: Kind::Count, summed: true },
    money_column("cancelled_total"),
    money_column("expected"),
    money_column("counted"),
    money_column("over_short"),
];

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let columns = SHIFT_COLUMNS.into_iter().chain(OWN_COLUMNS).collect();
        let mut rows = Vec::new();
        for shift in shifts(database, arguments, Condition::all()).await? {
            let figures = match &shift.totals {
                Some(body) => {
                    closed(&read(|| format!("shift {} of {}/{}", shift.shift, shift.store, shift.till), body)?)
                }
                None => so_far(database, &shift).await?,
            };
            let at = |at_ms: Option<i64>| at_ms.map_or_else(|| text(""), |at_ms| local_ms(at_ms, shift.offset_s));
            let mut cells = shift_cells(&shift);
            cells.extend([at(shift.opened_ms), at(shift.closed_ms), text(shift.operator.as_str())]);
            cells.extend(figures.cells());
            cells.extend([maybe_money(shift.counted), maybe_money(shift.over_short)]);
            rows.push(cells);
        }
        Ok(Table { columns, rows })
    })
}

#[derive(Default)]
struct Figures {
    receipts: i64,
    sales: i64,
    returns: i64,
    cancelled: i64,
    cancelled_total: i64,
    expected: Option<i64>,
}

impl Figures {
    fn cells(&self) -> [Cell; 7] {
        [
            Cell::Count(self.receipts),
            money(self.sales),
            money(self.returns),
            money(self.sales - self.returns),
            Cell::Count(self.cancelled),
            money(self.cancelled_total),
            maybe_money(self.expected),
        ]
    }
}

fn closed(totals: &ShiftTotals) -> Figures {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Figures {
        receipts: count(totals.sales_count.saturating_add(totals.returns_count)),
        sales: totals.sales.minor(),
        returns: totals.returns.minor(),
        cancelled: count(totals.cancelled_count),
        cancelled_total: totals.cancelled.minor(),
        expected: Some(totals.cash_expected.minor()),
    }
}

async fn so_far(database: &DatabaseConnection, shift: &shift::Model) -> Result<Figures, ReportError> {
    let kinds: Vec<(String, i64, i64)> = Receipt::find()
        .select_only()
        .column(ReceiptColumn::Kind)
        .column_as(ReceiptColumn::Uid.count(), "receipts")
        .column_as(ReceiptColumn::Total.sum().cast_as("BIGINT"), "total")
        .filter(ReceiptColumn::Store.eq(shift.store.as_str()))
        .filter(ReceiptColumn::Till.eq(shift.till))
        .filter(ReceiptColumn::Shift.eq(shift.shift))
        .group_by(ReceiptColumn::Kind)
        .into_tuple()
        .all(database)
        .await?;
    let mut figures = Figures::default();
    for (kind, count, total) in kinds {
        match kind.as_str() {
            "sale" => (figures.receipts, figures.sales) = (figures.receipts + count, total),
            "return" => (figures.receipts, figures.returns) = (figures.receipts + count, total),
            "cancelled" => (figures.cancelled, figures.cancelled_total) = (count, total),
            _ => {}
        }
    }
    Ok(figures)
}
