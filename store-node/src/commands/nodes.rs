//! `store-node node`: which tills may link to this store's server by a key.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use domain::ids::TillId;
use hq_node::commands::nodes::{Known, add, look};
use link::trust;
use migrations::ServerMigrator;
use migrations::database::Database;

use crate::settings;
use crate::tree::till_peer;

#[derive(Debug, Args)]
pub struct Node {
    #[command(subcommand)]
    pub what: What,
    #[arg(long, default_value = "deploy/store.toml", global = true)]
    pub config: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Print a token by which a till can be enrolled once, within a day.
    Add {
        #[arg(value_parser = ["till"])]
        role: String,
        number: u32,
    },
    #[command(flatten)]
    Known(Known),
}

pub async fn run(Node { what, config }: Node) -> anyhow::Result<()> {
    let settings = settings::read(&config)?;
    let (data, store) = (&settings.data, &settings.store);
    let folder = crate::nodes::store_folder(data, store);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let file = crate::nodes::server_file(data, store);
    let database = Database::open_sqlite::<ServerMigrator>(&file).await;
    let database = database.with_context(|| format!("cannot open the database {}", file.display()))?;
    match what {
        What::Add { number, .. } => {
            add(&database, &folder.join(trust::FOLDER), &till_peer(store, TillId(number))).await?;
        }
        What::Known(known) => look(&database, known).await?,
    }
    Ok(database.close().await?)
}
