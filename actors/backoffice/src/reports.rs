//! Reports: one file a report, one line in [`all`]. The page, the command, the exports and the menu come from the list.

pub mod audit;
pub mod cancelled;
pub mod cash;
pub mod reconcile;
pub mod render;
pub mod returns;
mod rows;
pub mod sales;
pub mod shifts;
pub mod table;

use std::collections::BTreeMap;

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
    /// What only some reports take, by name: see [`Report::takes`].
    pub more: BTreeMap<String, String>,
}

impl Arguments {
    /// The value of one of [`Report::takes`].
    pub fn chosen(&self, name: &str) -> Option<&str> {
        self.more.get(name).map(String::as_str)
    }
}

/// Something that only some reports can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub name: &'static str,
    pub values: &'static [&'static str],
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("there is no report \"{name}\": choose one of {known}")]
    NoSuchReport { name: String, known: String },
    #[error("report \"{report}\" cannot be made by \"{by}\": choose one of {known}")]
    NoSuchBy { report: &'static str, by: String, known: String },
    #[error("report \"{report}\" is made in one way: leave out \"by\"")]
    NotBy { report: &'static str },
    #[error("report \"{report}\" takes no \"{name}\"")]
    NoSuchChoice { report: &'static str, name: String },
    #[error("\"{name}\" of report \"{report}\" cannot be \"{value}\": choose one of {known}")]
    NoSuchValue { report: &'static str, name: String, value: String, known: String },
    #[error("the first day, {from}, is after the last, {to}")]
    DaysTurnedRound { from: NaiveDate, to: NaiveDate },
    #[error("the report has more than {rows_max} rows: choose fewer days or one store")]
    TooLong { rows_max: usize },
    #[error("{what} cannot be read: {reason}")]
    Unreadable { what: String, reason: String },
    #[error("the database did not answer: {0}")]
    Database(#[from] DbErr),
}

type Run = for<'a> fn(&'a DatabaseConnection, &'a Arguments) -> BoxFuture<'a, Result<Table, ReportError>>;

/// A report: its name in commands, and how it is made.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub name: &'static str,
    /// What it can be made by, the usual one first; empty: it has one shape.
    pub by: &'static [&'static str],
    /// What it can be asked for besides days and a store.
    pub takes: &'static [Choice],
    run: Run,
}

impl Report {
    pub async fn run(&self, database: &DatabaseConnection, arguments: &Arguments) -> Result<Table, ReportError> {
        if let (Some(from), Some(to)) = (arguments.from, arguments.to)
            && from > to
        {
            return Err(ReportError::DaysTurnedRound { from, to });
        }
        self.check(arguments)?;
        (self.run)(database, arguments).await
    }

    fn check(&self, arguments: &Arguments) -> Result<(), ReportError> {
        let report = self.name;
        if let Some(by) = arguments.by.as_ref().filter(|by| !self.by.contains(&by.as_str())) {
            if self.by.is_empty() {
                return Err(ReportError::NotBy { report });
            }
            return Err(ReportError::NoSuchBy { report, by: by.clone(), known: self.by.join(", ") });
        }
        for (name, value) in &arguments.more {
            let Some(choice) = self.takes.iter().find(|choice| choice.name == name) else {
                return Err(ReportError::NoSuchChoice { report, name: name.clone() });
            };
            if !choice.values.contains(&value.as_str()) {
                let known = choice.values.join(", ");
                return Err(ReportError::NoSuchValue { report, name: name.clone(), value: value.clone(), known });
            }
        }
        Ok(())
    }
}

/// All reports. `store_sales` is the same as `sales`, asked of a store's own database.
pub fn all() -> &'static [Report] {
    &[
        sales::SALES,
        sales::STORE_SALES,
        shifts::SHIFTS,
        cash::CASH,
        returns::RETURNS,
        cancelled::CANCELLED,
        audit::AUDIT,
        reconcile::RECONCILE,
    ]
}

pub fn find(name: &str) -> Result<&'static Report, ReportError> {
    all()
        .iter()
        .find(|report| report.name == name)
        .ok_or_else(|| ReportError::NoSuchReport { name: name.to_owned(), known: names() })
}

/// For a person who must choose one.
pub fn names() -> String {
    all().iter().map(|report| report.name).collect::<Vec<_>>().join(", ")
}
