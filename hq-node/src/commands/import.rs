//! `hq-node import items`: a file of items into the catalogue of a head office that is not running.
//!
//! It goes through the same publisher as the page and the interface, so the same rules hold.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dataserver::requests::{ImportItems, ImportPhase};
use link::admit::TokenTable;
use runtime::claim::Claim;
use runtime::clock::Clock;

use super::open;
use crate::settings::DATABASE_FILE;
use crate::tree;

#[derive(Debug, Args)]
pub struct Import {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Items from a CSV file: code, name, price, vat and more columns.
    Items {
        file: PathBuf,
        /// Take the good rows and leave the bad ones out.
        #[arg(long)]
        skip_bad: bool,
        /// Folder of the head office's database.
        #[arg(long, default_value = "data")]
        data: PathBuf,
    },
}

pub async fn run(Import { what: What::Items { file, skip_bad, data } }: Import) -> anyhow::Result<()> {
    let _claim = Claim::take(&data.join(DATABASE_FILE))?;
    let database = open(&data).await?;
    let (tree, parts) =
        tree::tree("hq", &database, None, &Clock::system(), Arc::new(TokenTable::new(database.clone())));
    let node = tree.start().await;
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let import = ImportItems { file, name, skip_bad };
    parts.publisher.reference::<ImportItems>().ask(import).await??;
    let mut imports = parts.imports;
    let view = imports
        .wait_for(|view| view.phase != ImportPhase::None && !view.phase.is_running())
        .await
        .context("the import was interrupted")?
        .clone();
    node.shutdown().await;
    database.close().await?;
    for row in &view.bad {
        eprintln!("{row}");
    }
    if view.bad_rows > view.bad.len() as u64 {
        eprintln!("and {} more bad rows", view.bad_rows - view.bad.len() as u64);
    }
    match view.phase {
        ImportPhase::Done => {
            println!("{}: {} items changed, {} were as they are", view.name, view.changed, view.unchanged);
            Ok(())
        }
        _ => bail!(
            "{} was not imported: {}",
            view.name,
            view.failure.unwrap_or_else(|| format!("{} rows cannot be used, nothing was changed", view.bad_rows))
        ),
    }
}
