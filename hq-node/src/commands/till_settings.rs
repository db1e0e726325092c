//! `hq-node till-settings`: how the tills behave, put into a head office that is not running, and shown.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use dataserver::requests::{PutTillSettings, RemoveTillSettings, SettingsKey};
use dataserver::{browse, sections};
use domain::ids::StoreId;

use super::{Office, publish};

#[derive(Debug, Args)]
pub struct TillSettings {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Put a section from a JSON file; see deploy/TILL-SETTINGS.md.
    Put {
        /// roles, cash, sale, tax, quick_keys, bindings, receipt_text or loyalty.
        section: String,
        file: PathBuf,
        /// For one store only.
        #[arg(long)]
        store: Option<StoreId>,
        #[command(flatten)]
        at: Office,
    },
    /// Take a section back: the store has those of the chain, the chain the built-in ones.
    Remove {
        section: String,
        #[arg(long)]
        store: Option<StoreId>,
        #[command(flatten)]
        at: Office,
    },
    /// Which sections were put.
    List {
        #[command(flatten)]
        at: Office,
    },
    /// A section as it counts, as JSON.
    Show {
        section: String,
        #[arg(long)]
        store: Option<StoreId>,
        #[command(flatten)]
        at: Office,
    },
}

pub async fn run(TillSettings { what }: TillSettings) -> anyhow::Result<()> {
    match what {
        What::Put { section, file, store, at } => {
            let json = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let key = SettingsKey { section, store };
            let put = PutTillSettings { key: key.clone(), json };
            let done = publish(&at, async |to| Ok(to.put_till_settings.ask(put).await?)).await?;
            println!("{key}: {}", if done.changed > 0 { "changed" } else { "was like this already" });
            Ok(())
        }
        What::Remove { section, store, at } => {
            let key = SettingsKey { section, store };
            let remove = RemoveTillSettings { key: key.clone() };
            let done = publish(&at, async |to| Ok(to.remove_till_settings.ask(remove).await?)).await?;
            println!("{key}: {}", if done.changed > 0 { "removed" } else { "was not there" });
            Ok(())
        }
        What::List { at } => list(&at).await,
        What::Show { section, store, at } => {
            let kind = sections::find(&section)?;
            let database = at.existing().await?;
            let mut value = browse::till_section(&database.reader, kind, store.as_ref()).await?;
            if value.is_none() && store.is_some() {
                value = browse::till_section(&database.reader, kind, None).await?;
            }
            println!("{:#}", value.unwrap_or_else(|| kind.defaults()));
            Ok(database.close().await?)
        }
    }
}

async fn list(at: &Office) -> anyhow::Result<()> {
    let database = at.existing().await?;
    let mut after: Option<String> = None;
    loop {
        let keys = browse::till_settings(&database.reader, after.as_deref(), browse::PAGE_ROWS_MAX).await?;
        for key in &keys {
            println!("{key}");
        }
        if keys.len() < browse::PAGE_ROWS_MAX {
            return Ok(database.close().await?);
        }
        after = keys.last().cloned();
    }
}
