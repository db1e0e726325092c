//! Goods that came back, with the sale that they are of, if it is known.

use domain::rights::Right;
use futures_util::future::BoxFuture;
use messages::v1::receipt::Receipt;
use sea_orm::DatabaseConnection;

use super::rows::{RECEIPT_COLUMNS, allowed, money, money_column, numbers, receipt_cells, receipts, text, text_column};
use super::{Arguments, Choice, Report, ReportError, Table};

const WITHOUT_RECEIPT: Choice = Choice { name: "without_receipt", values: &["yes"] };

pub const RETURNS: Report = Report { name: "returns", by: &[], takes: &[WITHOUT_RECEIPT], run };

/// Acts of a return that a supervisor may have to allow.
const RIGHTS: [Right; 4] =
    [Right::ReturnByReceipt, Right::ReturnWithoutReceipt, Right::ReturnByFiscalCode, Right::RefundInCash];

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let mut columns = RECEIPT_COLUMNS.to_vec();
        columns.extend([text_column("sale"), money_column("total"), text_column("approver"), text_column("reason")]);
        let mut found = receipts(database, "return", arguments).await?;
        if arguments.chosen(WITHOUT_RECEIPT.name).is_some() {
            found.retain(|(_, receipt)| receipt.of.is_none() && receipt.of_fiscal.is_none());
        }
        let sales = found.iter().filter_map(|(_, receipt)| receipt.of.map(|of| of.0)).collect();
        let sales = numbers(database, sales).await?;
        let sale = |receipt: &Receipt| match (receipt.of, &receipt.of_fiscal) {
            (Some(of), _) => sales.get(&of.0).cloned().unwrap_or_else(|| of.to_string()),
            (None, Some(code)) => format!("fiscal document {} of {}", code.number, code.device),
            (None, None) => String::new(),
        };
        let rights = RIGHTS.map(Right::name);
        let rows = found.iter().map(|(row, receipt)| {
            let mut cells = receipt_cells(row, receipt);
            cells.extend([text(sale(receipt)), money(row.total)]);
            cells.extend(allowed(&receipt.approvals, &rights));
            cells
        });
        Ok(Table { columns, rows: rows.collect() })
    })
}
