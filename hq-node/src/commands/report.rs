//! `hq-node report`: a report of a database that is only read, also while the node runs.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use backoffice::reports::{self, Arguments, render};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use sea_orm::{ConnectOptions, Database};

use super::existing;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    Table,
    Csv,
    Json,
    Xlsx,
}

#[derive(Debug, Args)]
pub struct Report {
    /// The report: sales.
    pub name: String,
    /// What it is made by: day, store, till, product, hour, tender or vat.
    #[arg(long)]
    pub by: Option<String>,
    #[arg(long, value_enum, default_value = "table")]
    pub format: Form,
    /// First business day, as 2026-11-25.
    #[arg(long)]
    pub from: Option<NaiveDate>,
    /// Last business day.
    #[arg(long)]
    pub to: Option<NaiveDate>,
    /// One store only.
    #[arg(long)]
    pub store: Option<String>,
    /// Folder of the head office's database.
    #[arg(long, default_value = "data")]
    pub data: PathBuf,
}

pub async fn run(command: Report) -> anyhow::Result<()> {
    let file = existing(&command.data)?;
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display()));
    options.max_connections(1).sqlx_logging(false);
    let database =
        Database::connect(options).await.with_context(|| format!("the database {} cannot be read", file.display()))?;
    let arguments = Arguments { by: command.by, from: command.from, to: command.to, store: command.store };
    let report = reports::find(&command.name)?;
    let table = report.run(&database, &arguments).await?;
    let bytes = match command.format {
        Form::Table => render::text(&table).into_bytes(),
        Form::Csv => render::csv(&table),
        Form::Json => format!("{:#}\n", render::json(&table)).into_bytes(),
        Form::Xlsx => render::xlsx(report.name, &table)?,
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    out.write_all(&bytes)?;
    out.flush()?;
    Ok(database.close().await?)
}
