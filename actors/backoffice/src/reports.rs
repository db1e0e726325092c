//! Reports: one file a report, one line in [`all`]. The page, the command, the exports and the menu come from the list.

pub mod render;
pub mod sales;
pub mod table;

use chrono::NaiveDate;
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr};

pub use table::{Cell, Column, Kind, Table};

/// What a report is asked for. Days are business days, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    pub by: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub store: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("there is no report \"{name}\": choose one of {known}")]
    NoSuchReport { name: String, known: String },
    #[error("report \"{report}\" cannot be made by \"{by}\": choose one of {known}")]
    NoSuchBy { report: &'static str, by: String, known: String },
    #[error("the first day, {from}, is after the last, {to}")]
    DaysTurnedRound { from: NaiveDate, to: NaiveDate },
    #[error("the report has more than {rows_max} rows: choose fewer days or one store")]
    TooLong { rows_max: usize },
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
}

type Run = for<'a> fn(&'a DatabaseConnection, &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>>;

/// A report: its name in commands, and how it is made.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub name: &'static str,
    /// What it can be made by, the usual one first.
    pub by: &'static [&'static str],
    run: Run,
}

impl Report {
    pub async fn run(&self, database: &DatabaseConnection, arguments: &Arguments) -> Result<Table, ReportError> {
        if let (Some(from), Some(to)) = (arguments.from, arguments.to)
            && from > to
        {
            return Err(ReportError::DaysTurnedRound { from, to });
        }
        if let Some(by) = &arguments.by
            && !self.by.contains(&by.as_str())
        {
            return Err(ReportError::NoSuchBy { report: self.name, by: by.clone(), known: self.by.join(", ") });
        }
        (self.run)(database, arguments).await
    }
}

/// All reports. `store_sales` is the same as `sales`, asked of a store's own database.
pub fn all() -> &'static [Report] {
    &[sales::SALES, sales::STORE_SALES]
}

pub fn find(name: &str) -> Result<&'static Report, ReportError> {
    all().iter().find(|report| report.name == name).ok_or_else(|| ReportError::NoSuchReport {
        name: name.to_owned(),
        known: all().iter().map(|report| report.name).collect::<Vec<_>>().join(", "),
    })
}
