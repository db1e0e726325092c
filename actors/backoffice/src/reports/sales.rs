//! Sales: by day, store, till, product, hour, tender or VAT rate, read from the sums and never from receipts.
//!
//! Columns, after the key that gives the report its shape: `receipts` (`lines` by product), `sales`, `returns`, `net`
//! (sales less returns) and `vat` (contained in net). Amounts include VAT. By product there is no `receipts`, for one
//! receipt has many products; by tender there is no `vat`, for a tender pays all rates of a receipt.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::Money;
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, Statement, Value};

use super::{Arguments, Cell, Column, Kind, Report, ReportError, Table};
use crate::totals::rate_of_number;

/// More rows than this are no report for a person, and would fill the memory of a node.
const ROWS_MAX: usize = 200_000;

const BY: [&str; 7] = ["day", "store", "till", "product", "hour", "tender", "vat"];

pub const SALES: Report = Report { name: "sales", by: &BY, takes: &[], run };
pub const STORE_SALES: Report = Report { name: "store_sales", by: &BY, takes: &[], run };

/// One shape of the report: the table of sums that it is read from, and its key.
struct Shape {
    by: &'static str,
    table: &'static str,
    /// The key in SQL.
    key: &'static str,
    /// What is counted: the column of the result and of the table.
    counted: &'static str,
    has_vat: bool,
    key_of: fn(&QueryResult) -> Result<String, DbErr>,
}

fn text(row: &QueryResult) -> Result<String, DbErr> {
    row.try_get_by_index::<String>(0)
}

const SHAPES: [Shape; BY.len()] = [
    Shape {
        by: "day",
        table: "sales_hour",
        key: "business_day",
        counted: "receipts",
        has_vat: true,
        key_of: |row| row.try_get_by_index::<NaiveDate>(0).map(|day| day.to_string()),
    },
    Shape { by: "store", table: "sales_hour", key: "store", counted: "receipts", has_vat: true, key_of: text },
    Shape {
        by: "till",
        table: "sales_hour",
        key: "store || '/' || CAST(till AS TEXT)",
        counted: "receipts",
        has_vat: true,
        key_of: text,
    },
    Shape { by: "product", table: "sales_item", key: "code", counted: "lines", has_vat: true, key_of: text },
    Shape {
        by: "hour",
        table: "sales_hour",
        key: "hour",
        counted: "receipts",
        has_vat: true,
        key_of: |row| row.try_get_by_index::<i64>(0).map(|hour| format!("{hour:02}")),
    },
    Shape { by: "tender", table: "sales_tender", key: "tender", counted: "receipts", has_vat: false, key_of: text },
    Shape {
        by: "vat",
        table: "sales_vat",
        key: "rate",
        counted: "receipts",
        has_vat: true,
        key_of: |row| row.try_get_by_index::<i64>(0).map(|rate| rate_of_number(rate).to_string()),
    },
];

fn run<'a>(database: &'a DatabaseConnection, arguments: &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>> {
    Box::pin(async move {
        let by = arguments.by.as_deref().unwrap_or(BY[0]);
        let shape = SHAPES.iter().find(|shape| shape.by == by).unwrap_or(&SHAPES[0]);
        let rows = database.query_all_raw(statement(database, shape, arguments)).await?;
        if rows.len() > ROWS_MAX {
            return Err(ReportError::TooLong { rows_max: ROWS_MAX });
        }
        let mut rows = rows.iter().map(|row| cells(shape, row)).collect::<Result<Vec<_>, DbErr>>()?;
        if shape.by != "vat" {
            // By bytes: databases order letters by their own locales. Rates are in order as numbers already.
            rows.sort_by(|one, other| text_of(&one[0]).cmp(text_of(&other[0])));
        }
        Ok(Table { columns: columns(shape), rows })
    })
}

fn text_of(cell: &Cell) -> &str {
    match cell {
        Cell::Text(text) => text,
        Cell::Count(_) | Cell::Quantity(_) | Cell::Money(_) => "",
    }
}

fn columns(shape: &Shape) -> Vec<Column> {
    // The receipts of tenders and rates overlap: one may have two of them.
    let counted_sums = matches!(shape.table, "sales_hour" | "sales_item");
    let money = |name| Column { name, kind: Kind::Money, summed: true };
    // "vat" is the key's name when the report is made by rate, so there the amount is called "vat_amount".
    let vat = if shape.by == "vat" { "vat_amount" } else { "vat" };
    let mut columns = vec![
        Column { name: shape.by, kind: Kind::Text, summed: false },
        Column { name: shape.counted, kind: Kind::Count, summed: counted_sums },
        money("sales"),
        money("returns"),
        money("net"),
    ];
    columns.extend(shape.has_vat.then(|| money(vat)));
    columns
}

/// The days and the store as a condition, with its values.
fn condition(arguments: &Arguments) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut filters: Vec<String> = Vec::new();
    let mut filter = |text: &str, value: Value| {
        values.push(value);
        filters.push(format!("{text} ${}", values.len()));
    };
    if let Some(from) = arguments.from {
        filter("business_day >=", from.into());
    }
    if let Some(to) = arguments.to {
        filter("business_day <=", to.into());
    }
    if let Some(store) = &arguments.store {
        filter("store =", store.as_str().into());
    }
    let kept = if filters.is_empty() { String::new() } else { format!(" WHERE {}", filters.join(" AND ")) };
    (kept, values)
}

fn statement(database: &DatabaseConnection, shape: &Shape, arguments: &Arguments) -> Statement {
    let (kept, values) = condition(arguments);
    let vat = if shape.has_vat { ", CAST(SUM(vat) AS BIGINT)" } else { "" };
    let Shape { table, key, counted, .. } = shape;
    let sql = format!(
        "SELECT {key} AS key, CAST(SUM({counted}) AS BIGINT), CAST(SUM(sales) AS BIGINT), \
         CAST(SUM(returns) AS BIGINT){vat} FROM {table}{kept} GROUP BY 1 ORDER BY 1 LIMIT {limit}",
        limit = ROWS_MAX + 1
    );
    Statement::from_sql_and_values(database.get_database_backend(), sql, values)
}

/// What the receipts of these days called each item, by code.
pub async fn names(
    database: &DatabaseConnection,
    arguments: &Arguments,
) -> Result<BTreeMap<String, String>, ReportError> {
    let (kept, values) = condition(arguments);
    let sql = format!("SELECT code, MAX(name) FROM sales_item{kept} GROUP BY code LIMIT {ROWS_MAX}");
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    let rows = database.query_all_raw(statement).await?;
    let pair = |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
    Ok(rows.iter().map(pair).collect::<Result<_, DbErr>>()?)
}

fn cells(shape: &Shape, row: &QueryResult) -> Result<Vec<Cell>, DbErr> {
    let number = |index| row.try_get_by_index::<i64>(index);
    let money = |minor| Cell::Money(Money::from_minor(minor));
    let (sales, returns) = (number(2)?, number(3)?);
    let mut cells = vec![
        Cell::Text((shape.key_of)(row)?),
        Cell::Count(number(1)?),
        money(sales),
        money(returns),
        money(sales - returns),
    ];
    if shape.has_vat {
        cells.push(money(number(4)?));
    }
    Ok(cells)
}

/// The newest business day on which anything was sold.
pub async fn newest_day(database: &DatabaseConnection) -> Result<Option<NaiveDate>, ReportError> {
    let statement = Statement::from_string(database.get_database_backend(), "SELECT MAX(business_day) FROM sales_hour");
    let row = database.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}
