//! Receipts that were given up: goods were rung up and nobody paid.

use domain::rights::Right;
use futures_util::future::BoxFuture;
use sea_orm::DatabaseConnection;

use super::rows::{RECEIPT_COLUMNS, allowed, money, money_column, receipt_cells, receipts, text_column};
use super::{Arguments, Report, ReportError, Table};

pub const CANCELLED: Report = Report { name: "cancelled", by: &[], takes: &[], run };

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let mut columns = RECEIPT_COLUMNS.to_vec();
        columns.extend([money_column("total"), text_column("approver"), text_column("reason")]);
        let found = receipts(database, "cancelled", arguments).await?;
        let rows = found.iter().map(|(row, receipt)| {
            let mut cells = receipt_cells(row, receipt);
            cells.push(money(row.total));
            cells.extend(allowed(&receipt.approvals, &[Right::CancelReceipt.name()]));
            cells
        });
        Ok(Table { columns, rows: rows.collect() })
    })
}
