//! A table of a report as text for a terminal, as CSV, JSON and XLSX.

use std::fmt::Write as _;

use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::{Map, Value};

use super::{Cell, Kind, Table};

/// Aligned columns with a line of totals, for a terminal.
pub fn text(table: &Table) -> String {
    let totals = table.totals();
    let total_cells: Vec<String> = totals
        .iter()
        .enumerate()
        .map(|(index, cell)| match cell {
            Some(cell) => cell.to_string(),
            None if index == 0 => "total".to_owned(),
            None => String::new(),
        })
        .collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
    let widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let cells = rows.iter().map(|row| row[index].chars().count());
            cells.chain([column.name.chars().count(), total_cells[index].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        for (index, cell) in cells.iter().enumerate() {
            let gap = if index == 0 { "" } else { "  " };
            let width = widths[index];
            let written = if table.columns[index].kind.is_number() {
                write!(text, "{gap}{cell:>width$}")
            } else {
                write!(text, "{gap}{cell:<width$}")
            };
            written.expect("a string takes all that is written to it");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    line(&table.columns.iter().map(|column| column.name.to_owned()).collect::<Vec<_>>());
    line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
    for row in &rows {
        line(row);
    }
    line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
    line(&total_cells);
    text
}

/// # Panics
/// Never: writing to memory does not fail.
pub fn csv(table: &Table) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = |cells: Vec<String>| writer.write_record(cells).expect("memory takes all that is written to it");
    record(table.columns.iter().map(|column| column.name.to_owned()).collect());
    for row in &table.rows {
        record(row.iter().map(Cell::to_string).collect());
    }
    writer.into_inner().expect("memory takes all that is written to it")
}

/// A list of objects with the columns of the CSV form. Counts are numbers; money and quantities decimal strings.
pub fn json(table: &Table) -> Value {
    let row = |row: &Vec<Cell>| {
        let pairs = table.columns.iter().zip(row).map(|(column, cell)| {
            let value = match cell {
                Cell::Count(count) => Value::from(*count),
                other => Value::from(other.to_string()),
            };
            (column.name.to_owned(), value)
        });
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    Value::Array(table.rows.iter().map(row).collect())
}

/// A workbook of one sheet: numbers are numbers, money shown with two decimals, the first row fixed, a row of totals.
///
/// Excel keeps numbers as binary doubles: an amount of up to 15 digits comes back as it was.
pub fn xlsx(title: &str, table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let head = Format::new().set_bold().set_border_bottom(rust_xlsxwriter::FormatBorder::Thin);
    let money = Format::new().set_num_format("#,##0.00");
    let money_total = money.clone().set_bold();
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name(title)?.set_freeze_panes(1, 0)?;
    for (index, column) in (0u16..).zip(&table.columns) {
        sheet.write_with_format(0, index, column.name, &head)?;
        sheet.set_column_width(index, if column.kind == Kind::Text { 22 } else { 15 })?;
    }
    let mut number = 0;
    for row in &table.rows {
        number += 1;
        for (index, cell) in (0u16..).zip(row) {
            match cell {
                Cell::Text(text) => sheet.write(number, index, text)?,
                Cell::Count(count) => sheet.write(number, index, *count)?,
                Cell::Quantity(quantity) => sheet.write(number, index, quantity.to_decimal().to_f64())?,
                Cell::Money(amount) => sheet.write_with_format(number, index, amount.to_decimal().to_f64(), &money)?,
            };
        }
    }
    number += 1;
    sheet.write_with_format(number, 0, "total", &bold)?;
    for (index, total) in (0u16..).zip(table.totals()) {
        match total {
            Some(Cell::Money(amount)) => {
                sheet.write_with_format(number, index, amount.to_decimal().to_f64(), &money_total)?;
            }
            Some(Cell::Count(count)) => {
                sheet.write_with_format(number, index, count, &bold)?;
            }
            Some(Cell::Quantity(quantity)) => {
                sheet.write_with_format(number, index, quantity.to_decimal().to_f64(), &bold)?;
            }
            Some(Cell::Text(_)) | None => {}
        }
    }
    book.save_to_buffer()
}
