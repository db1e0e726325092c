//! `hq-node report`: a report of a database that is only read, also while the node runs.

use std::io::{BufWriter, Write};

use backoffice::reports::{self, Arguments, render};
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::Office;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    Table,
    Csv,
    Json,
    Xlsx,
}

#[derive(Debug, Args)]
pub struct Report {
    #[arg(help = format!("The report: one of {}", reports::names()))]
    pub name: String,
    /// What only some reports take, as kind=approved or without_receipt=yes.
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    pub more: Vec<(String, String)>,
    /// What the sales are made by: day, store, till, product, hour, tender or vat.
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
    #[command(flatten)]
    pub at: Office,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("\"{text}\" is not like kind=approved"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub async fn run(command: Report) -> anyhow::Result<()> {
    let database = command.at.read_only().await?;
    let Report { by, from, to, store, .. } = command;
    let arguments = Arguments { by, from, to, store, more: command.more.into_iter().collect() };
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
