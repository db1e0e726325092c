//! `store-node replay`: a till script through the real tills, stores and head office, on a clock that the script sets.

mod commands;
pub mod expect;
mod head_office;
mod parts;
pub mod runner;
pub mod script;

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use runtime::clock::Clock;

use crate::chain::{Chain, ChainOptions};
use runner::Runner;

/// Exit status of a malformed script.
const EXIT_MALFORMED: u8 = 2;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The script; one that ends in .zst is unpacked.
    script: PathBuf,
    /// Where the result lines go; standard output if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Keep the databases here.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Use the head office at this link instead of one in this process.
    #[arg(long)]
    hq: Option<String>,
    /// The stores' token at that head office.
    #[arg(long, default_value = "demo")]
    token: String,
    /// Wait between operations as long as the script says.
    #[arg(long)]
    realtime: bool,
}

/// Run the command. A malformed script is refused before anything of it is run.
pub async fn run(arguments: Arguments) -> ExitCode {
    let operations = match script::read(&arguments.script) {
        Ok(operations) => operations,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(EXIT_MALFORMED);
        }
    };
    match run_operations(&arguments, operations).await {
        Ok(summary) => {
            let runner::Summary { operations, refused, unmet } = summary;
            eprintln!("{operations} operations, {refused} refused unexpectedly, {unmet} not as expected");
            if summary.all_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("replay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_operations(arguments: &Arguments, operations: Vec<script::Operation>) -> anyhow::Result<runner::Summary> {
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(file) => Box::new(BufWriter::new(File::create(file)?)),
        None => Box::new(std::io::stdout().lock()),
    };
    let temporary = arguments.data.is_none().then(tempfile::tempdir).transpose()?;
    let data = match (&arguments.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => anyhow::bail!("no folder for the databases"),
    };
    let start = operations.first().map(|operation| operation.at).unwrap_or_default();
    let mut options = ChainOptions::new(data, Clock::by_hand(start));
    options.hq = arguments.hq.clone().map(|url| (url, arguments.token.clone()));
    let chain = Chain::start(options).await?;
    let bar = progress(operations.len());
    let mut runner = Runner::new(chain, arguments.realtime);
    let ran = runner.run(&operations, &mut out, |done| bar.set_position(done as u64)).await;
    bar.finish_and_clear();
    runner.into_chain().stop().await;
    Ok(ran?)
}

fn progress(operations: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} operations  {per_sec}  {eta} left");
    ProgressBar::new(operations as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
