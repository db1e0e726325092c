//! `hq-node import items`: a file of items into the catalogue of a head office that is not running.
//!
//! It goes through the same publisher as the page and the interface, so the same rules hold.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use dataserver::requests::{ImportItems, ImportPhase};

use super::Office;
use crate::tree::{self, Ground};

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
        #[command(flatten)]
        at: Office,
    },
}

pub async fn run(Import { what: What::Items { file, skip_bad, at } }: Import) -> anyhow::Result<()> {
    let _claim = at.claim()?;
    let database = at.open().await?;
    let (tree, parts) = tree::tree(Ground::publishing(&database));
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
